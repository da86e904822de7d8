"""What a service's fault means: the core's one table says it (contract section 5)."""

import re

from mpay_eservice_soap.deviations import fault_deviations
from mpay_eservice_soap.texts import clean_text, for_a_log
from mpay_gateway.api import (
    Deviation,
    InvalidAnswer,
    Proof,
    RemoteRefused,
    Retry,
    ServiceOperation,
    UnknownService,
    rule_of,
)
from mpay_gateway.wssecurity import Fault

_LONGEST_REASON = 120
_LONG_NUMBER = re.compile(r"\d{10,}")


def means_unknown_order(fault: Fault) -> bool:
    """Whether a signed fault of GetOrderDetails says that there is no such order."""
    return rule_of(ServiceOperation.LOOKUP, fault.code).no_order


def is_certain(fault: Fault) -> bool:
    """Whether the fault can mean nothing but that there is no such order."""
    return rule_of(ServiceOperation.LOOKUP, fault.code).certain


def lookup_refusal(fault: Fault, deviations: tuple[Deviation, ...] = ()) -> UnknownService | RemoteRefused:
    """The error for any other signed fault of GetOrderDetails."""
    if fault.code == "UnknownService":
        return UnknownService(f"the service does not know itself by this id: {reason_for_a_log(fault)}")
    return _refused(fault, permanent=_definite(fault), deviations=deviations)


def delivery_refusal(fault: Fault, proof: Proof, deviations: tuple[Deviation, ...] = ()) -> RemoteRefused:
    """The error for a signed fault of ConfirmOrderPayment. `deviations`: of the answer that holds it."""
    return _refused(fault, permanent=_definite(fault), proof=proof, deviations=deviations)


def unsigned_refusal(fault: Fault, deviations: tuple[Deviation, ...] = ()) -> RemoteRefused | InvalidAnswer:
    """The error for a fault that is not signed, or not by the service.

    Anyone may have written it: it is never definite.
    """
    if not fault.code:
        return InvalidAnswer("an unsigned fault without a code")
    unsigned = Deviation("unsigned-fault", "Envelope")
    said = (unsigned, *deviations, *fault_deviations(for_a_log(fault.code, 40)))
    return _refused(fault, permanent=False, deviations=said)


def reason_for_a_log(fault: Fault) -> str:
    """The fault's text in one short line; numbers as long as a personal code are left out."""
    text = _LONG_NUMBER.sub("(number)", clean_text(fault.reason))
    return text if len(text) <= _LONGEST_REASON else text[:_LONGEST_REASON] + "…"


def _definite(fault: Fault) -> bool:
    """Whether the code says no for ever, to a confirmation."""
    return rule_of(ServiceOperation.CONFIRM, fault.code).retry is Retry.NEVER


def _refused(
    fault: Fault, *, permanent: bool, proof: Proof | None = None, deviations: tuple[Deviation, ...] = ()
) -> RemoteRefused:
    return RemoteRefused(
        for_a_log(fault.code, 40),
        reason_for_a_log(fault),
        permanent=permanent,
        proof=proof,
        deviations=deviations,
    )
