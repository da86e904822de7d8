"""The faults by group."""

from tests.conformance.faults import (
    asking,
    describing,
    paying,
    refusing,
    shaping,
    signing,
    talking,
    telling,
    together,
    trusting,
    writing,
)
from tests.conformance.faults.registry import FAULTS

__all__ = [
    "FAULTS",
    "asking",
    "describing",
    "paying",
    "refusing",
    "shaping",
    "signing",
    "talking",
    "telling",
    "together",
    "trusting",
    "writing",
]
