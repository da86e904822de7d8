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
    keys,
    lookup,
    parts,
    refused,
    shape,
    signed,
    timing,
    transport,
    values,
)
from mpay_gateway.conformance.verdict import Check

_MODULES: Final = (
    transport, description, shape, signed, refused, accepted, lookup, keys, content, values, faults, confirmation,
    parts, idempotency, concurrency, timing, encodings,
)  # fmt: skip
_FOUND: Final = tuple(check for module in _MODULES for check in module.CHECKS.found)
_GROUPS: Final = tuple(dict.fromkeys(check.group for check in _FOUND))
CATALOGUE: Final[tuple[Check, ...]] = tuple(
    sorted(_FOUND, key=lambda check: (_GROUPS.index(check.group), check.id))
)
"""Group by group, in each by id."""
