"""What becomes of each fault of an e-Service: whether it is asked again, when, and who must act. The one table.

Codes are those of the integration guide, version 1.3 (contract, section 5), compared by their local part. A code that
is not listed, or that nobody signed, is decided by nobody: it is asked again.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from mpay_gateway.domain.errors import RemoteRefused
from mpay_gateway.domain.payment import Delivery, DeliveryState

REFUSED = "refused"
"""Why a delivery is parked: the service definitely refuses, an operator decides."""


class ServiceOperation(StrEnum):
    """What the service was asked."""

    LOOKUP = "GetOrderDetails"
    CONFIRM = "ConfirmOrderPayment"


class Retry(StrEnum):
    """Whether it is asked again, and when. Each has texts in three languages."""

    NEVER = "never"
    """Not by itself: the answer is definite."""
    BY_PAYER = "by-payer"
    """When the payer looks again."""
    BY_SCHEDULE = "by-schedule"
    """By itself, without end: after a minute first, hourly at last."""


class Actor(StrEnum):
    """Who must act. Each has texts in three languages."""

    PAYER = "payer"
    SERVICE = "service"
    OPERATOR = "operator"
    PROVIDER = "provider"


@dataclass(frozen=True, slots=True)
class FaultRule:
    """One row. `code`: empty for any other, or for one that nobody signed. `means`: key of its texts.

    `no_order`: in answer to a look-up it says that there is no such order; `certain`: and nothing else.
    """

    operation: ServiceOperation
    code: str
    retry: Retry
    acts: Actor
    means: str
    no_order: bool = False
    certain: bool = False


OTHER = "other"
UNSIGNED = "unsigned"


def _lookup(code: str, acts: Actor, *, no_order: bool = False, certain: bool = False) -> FaultRule:
    retry = Retry.NEVER if acts is Actor.OPERATOR else Retry.BY_PAYER
    return FaultRule(ServiceOperation.LOOKUP, code, retry, acts, code or OTHER, no_order, certain)


def _confirm(code: str, acts: Actor, retry: Retry = Retry.NEVER) -> FaultRule:
    return FaultRule(ServiceOperation.CONFIRM, code, retry, acts, code or OTHER)


RULES = (
    _lookup("UnknownOrder", Actor.PAYER, no_order=True, certain=True),
    _lookup("InvalidParameter", Actor.PAYER, no_order=True),
    _lookup("InternalError", Actor.SERVICE, no_order=True),
    _lookup("UnknownService", Actor.OPERATOR),
    _lookup("AuthenticationFailed", Actor.OPERATOR),
    _lookup("AuthorizationFailed", Actor.OPERATOR),
    _lookup("InvoiceAlreadyPaid", Actor.PAYER),
    _lookup("InvoiceExpired", Actor.SERVICE),
    _lookup("UnknownInvoice", Actor.SERVICE),
    _lookup("UnknownPayment", Actor.SERVICE),
    _lookup("", Actor.SERVICE),
    _confirm("UnknownOrder", Actor.SERVICE),
    _confirm("InvalidParameter", Actor.OPERATOR),
    _confirm("InternalError", Actor.SERVICE, Retry.BY_SCHEDULE),
    _confirm("UnknownService", Actor.OPERATOR),
    _confirm("AuthenticationFailed", Actor.OPERATOR, Retry.BY_SCHEDULE),
    _confirm("AuthorizationFailed", Actor.OPERATOR, Retry.BY_SCHEDULE),
    _confirm("InvoiceAlreadyPaid", Actor.OPERATOR),
    _confirm("InvoiceExpired", Actor.SERVICE),
    _confirm("UnknownInvoice", Actor.SERVICE),
    _confirm("UnknownPayment", Actor.SERVICE),
    _confirm("", Actor.SERVICE, Retry.BY_SCHEDULE),
    FaultRule(ServiceOperation.CONFIRM, "", Retry.BY_SCHEDULE, Actor.SERVICE, UNSIGNED),
)
_SPELLINGS = {"UknownPayment": "UnknownPayment"}
"""As some versions of the guide have it."""
_BY_CODE = {(each.operation, each.code): each for each in RULES if each.means != UNSIGNED}
_UNSIGNED = next(each for each in RULES if each.means == UNSIGNED)


def rule_of(operation: ServiceOperation, code: str) -> FaultRule:
    """What becomes of a signed fault. `code`: without prefix."""
    known = _BY_CODE.get((operation, _SPELLINGS.get(code, code)))
    return known or _BY_CODE[operation, ""]


def refusal_of(delivery: Delivery) -> FaultRule | None:
    """What becomes of the fault that the last try of a delivery brought; None when it brought none.

    A definite code that did not end the tries came unsigned. What an operator has stopped is not told again by itself,
    whatever the fault; of what is given up, the provider gives the money back.
    """
    rule = _rule_of_last_try(delivery)
    if rule is None:
        return None
    if delivery.state is DeliveryState.GIVEN_UP:
        return replace(rule, retry=Retry.NEVER, acts=Actor.PROVIDER)
    stopped = delivery.state is DeliveryState.PARKED and delivery.parked_reason != REFUSED
    return replace(rule, retry=Retry.NEVER, acts=Actor.OPERATOR) if stopped else rule


def _rule_of_last_try(delivery: Delivery) -> FaultRule | None:
    """The row of the fault that is kept with the delivery, as the table has it."""
    kind, _, rest = delivery.last_error.partition(": ")
    if delivery.parked_reason == REFUSED:
        return rule_of(ServiceOperation.CONFIRM, kind)
    if kind != RemoteRefused.__name__:
        return None
    rule = rule_of(ServiceOperation.CONFIRM, rest.partition(":")[0])
    return _UNSIGNED if rule.retry is Retry.NEVER else rule
