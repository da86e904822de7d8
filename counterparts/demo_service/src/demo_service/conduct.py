"""How the endpoint behaves for one call: rightly, or broken in one of the ways that occur in the field."""

from dataclasses import dataclass
from enum import StrEnum

from demo_service.fault_switch import ConfirmFault, LookupFault, Switches
from demo_service.kinds import Kind
from demo_service.orders import Order
from eservice_kit import FaultCode


class Conduct(StrEnum):
    """What becomes of a call."""

    OK = "ok"
    SLOW = "slow"
    DOWN = "down"
    HTML = "html"
    UNSIGNED = "unsigned"
    NIL = "nil"
    DEVIATING = "deviating"
    FAULT = "fault"
    FAULT_UNSIGNED = "fault-unsigned"
    TIMEOUT_AFTER_EFFECT = "timeout-after-effect"


@dataclass(frozen=True, slots=True)
class Plan:
    """A conduct; ``delay`` in seconds passes first; ``fault_code`` goes with the two FAULT conducts."""

    conduct: Conduct = Conduct.OK
    delay: float = 0
    fault_code: FaultCode = FaultCode.INTERNAL_ERROR


_LOOKUP_SWITCH = {
    LookupFault.DOWN: Plan(Conduct.DOWN),
    LookupFault.HTML: Plan(Conduct.HTML),
    LookupFault.UNSIGNED: Plan(Conduct.UNSIGNED),
    LookupFault.FAULT: Plan(Conduct.FAULT),
}
_CONFIRM_SWITCH = {
    ConfirmFault.DOWN: Plan(Conduct.DOWN),
    ConfirmFault.HTML: Plan(Conduct.HTML),
    ConfirmFault.UNSIGNED: Plan(Conduct.UNSIGNED),
    ConfirmFault.FAULT_INTERNAL: Plan(Conduct.FAULT),
    ConfirmFault.FAULT_UNKNOWN_ORDER: Plan(Conduct.FAULT, fault_code=FaultCode.UNKNOWN_ORDER),
}
_LOOKUP_KINDS = {
    Kind.DOWN: Plan(Conduct.DOWN),
    Kind.HTML: Plan(Conduct.HTML),
    Kind.UNSIGNED: Plan(Conduct.UNSIGNED),
    Kind.NOT_FOUND_NIL: Plan(Conduct.NIL),
    Kind.NOT_FOUND_UNKNOWN_ORDER: Plan(Conduct.FAULT, fault_code=FaultCode.UNKNOWN_ORDER),
    Kind.NOT_FOUND_INVALID_PARAMETER: Plan(Conduct.FAULT, fault_code=FaultCode.INVALID_PARAMETER),
    Kind.NOT_FOUND_INTERNAL_ERROR: Plan(Conduct.FAULT),
    Kind.ACCESS_REFUSED: Plan(Conduct.FAULT, fault_code=FaultCode.AUTHORIZATION_FAILED),
    Kind.DEVIATION_RICH: Plan(Conduct.DEVIATING),
    Kind.DEVIATION_CANCELLED: Plan(Conduct.DEVIATING),
}
_CONFIRM_KINDS = {
    Kind.CONFIRM_DOWN: Plan(Conduct.DOWN),
    Kind.CONFIRM_HTML: Plan(Conduct.HTML),
    Kind.CONFIRM_UNSIGNED: Plan(Conduct.UNSIGNED),
    Kind.CONFIRM_REFUSED: Plan(Conduct.FAULT, fault_code=FaultCode.UNKNOWN_ORDER),
    Kind.CONFIRM_EXPIRED: Plan(Conduct.FAULT, fault_code=FaultCode.INVOICE_EXPIRED),
    Kind.CONFIRM_FAULT_UNSIGNED: Plan(Conduct.FAULT_UNSIGNED, fault_code=FaultCode.INVALID_PARAMETER),
}


def plan_lookup(order: Order | None, switches: Switches) -> Plan:
    """What becomes of a GetOrderDetails: the switch of the whole service counts before the order's kind."""
    if switches.lookup is LookupFault.SLOW:
        return Plan(Conduct.SLOW, delay=switches.slow_seconds)
    if switches.lookup is not LookupFault.OK:
        return _LOOKUP_SWITCH[switches.lookup]
    if order is None:
        return Plan()
    if order.kind is Kind.SLOW:
        return Plan(Conduct.SLOW, delay=_slowness(order, switches))
    return _LOOKUP_KINDS.get(order.kind, Plan())


def plan_confirmation(order: Order | None, switches: Switches) -> Plan:
    """What becomes of a ConfirmOrderPayment."""
    match switches.confirm:
        case ConfirmFault.SLOW:
            return Plan(Conduct.SLOW, delay=switches.slow_seconds)
        case ConfirmFault.TIMEOUT_AFTER_EFFECT:
            return Plan(Conduct.TIMEOUT_AFTER_EFFECT, delay=switches.slow_seconds)
        case ConfirmFault.OK:
            return _plan_by_kind(order, switches)
        case fault:
            return _CONFIRM_SWITCH[fault]


def _plan_by_kind(order: Order | None, switches: Switches) -> Plan:
    if order is None:
        return Plan()
    match order.kind:
        case Kind.CONFIRM_SLOW:
            return Plan(Conduct.SLOW, delay=_slowness(order, switches))
        case Kind.CONFIRM_TIMEOUT_AFTER_EFFECT:
            return Plan(Conduct.TIMEOUT_AFTER_EFFECT, delay=_slowness(order, switches))
        case kind:
            return _CONFIRM_KINDS.get(kind, Plan())


def _slowness(order: Order, switches: Switches) -> float:
    return switches.slow_seconds if order.slow_seconds is None else order.slow_seconds
