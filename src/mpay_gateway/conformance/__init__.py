"""A conformance kit for e-Services: plays the gateway against any IServiceProvider and says what it gets wrong.

It stands by itself, over raw XML of its own, and shares no reader and no signature with the gateway.
"""

from mpay_gateway.conformance.catalogue import CATALOGUE
from mpay_gateway.conformance.folder import MessageFolder
from mpay_gateway.conformance.identity import (
    Identity,
    UnusableIdentity,
    make_identity,
    read_certificates,
    read_identity,
)
from mpay_gateway.conformance.messages import Contract
from mpay_gateway.conformance.run import Report, run_checks
from mpay_gateway.conformance.target import Limits, Target
from mpay_gateway.conformance.transport import Timeouts
from mpay_gateway.conformance.verdict import Check, Result, Severity, Status

__all__ = [
    "CATALOGUE",
    "Check",
    "Contract",
    "Identity",
    "Limits",
    "MessageFolder",
    "Report",
    "Result",
    "Severity",
    "Status",
    "Target",
    "Timeouts",
    "UnusableIdentity",
    "make_identity",
    "read_certificates",
    "read_identity",
    "run_checks",
]
