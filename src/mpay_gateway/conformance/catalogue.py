"""Every check, in the order in which they run: what harms nobody first, what spends orders last."""

from typing import Final

from mpay_gateway.conformance.checks import (
    accepted,
    concurrency,
    confirmation,
    content,
    description,
    encodings,
    faults,
    idempotency,
    lookup,
    parts,
    refused,
    shape,
    signed,
    timing,
    transport,
)
from mpay_gateway.conformance.verdict import Check

CATALOGUE: Final[tuple[Check, ...]] = tuple(
    check
    for module in (
        transport, description, shape, signed, refused, accepted, lookup, content, faults, confirmation, parts,
        idempotency, concurrency, timing, encodings,
    )
    for check in module.CHECKS.found
)  # fmt: skip
