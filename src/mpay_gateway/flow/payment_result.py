"""Steps 11 to 15 as the payer sees them: what became of his payment, and what he can do now."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mpay_gateway.domain.errors import NotFound
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.order import Order
from mpay_gateway.domain.payment import (
    Capture,
    CaptureState,
    Delivery,
    DeliveryState,
    Payment,
    PaymentState,
    Reversal,
    ReversalGround,
    paid_amount,
)
from mpay_gateway.domain.provider_answer import Confirms, Instructions
from mpay_gateway.domain.refund import Refund, came_back
from mpay_gateway.domain.service import Service
from mpay_gateway.domain.service_faults import FaultRule, refusal_of
from mpay_gateway.flow.confirmation_delivery import delivery_key
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.payment_start import next_step_of
from mpay_gateway.flow.settling import settle, settle_key
from mpay_gateway.storage import Work
from mpay_gateway.storage.visits import Visit

SETTLE_WAIT = 8.0
"""Seconds that the result page waits for the provider's answer."""
RESULTS = "results"
"""The name of the places at which result pages wait."""
TOLD_WAIT = 2.0
"""Seconds that the result page waits for the service to be told."""


class Outcome(StrEnum):
    """What the result page says. Each has texts in three languages."""

    PAID = "paid"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    AWAITED = "awaited"
    NOT_KNOWN = "not-known"
    BEING_CHECKED = "being-checked"
    PAID_TWICE = "paid-twice"
    REFUSED_BY_SERVICE = "refused-by-service"
    GIVEN_BACK = "given-back"
    RETURNED = "returned"
    REFUNDED = "refunded"


@dataclass(frozen=True, slots=True)
class ResultPage:
    """Everything that the result page shows.

    `told`: the service has confirmed that it knows. `given_back`: money on its way back or back already, of which
    no service knew; `refunds`: money of which it knew. `number`: what the payer pays under elsewhere.
    """

    outcome: Outcome
    payment: Payment
    service: Service
    order: Order
    visit: Visit
    delivery: Delivery | None
    captures: tuple[Capture, ...]
    given_back: tuple[Reversal, ...]
    refunds: tuple[Refund, ...] = ()

    @property
    def number(self) -> str:
        """Empty where he pays on a provider's page."""
        step = next_step_of(self.payment)
        return step.number if isinstance(step, Instructions) else ""

    @property
    def amount(self) -> Money:
        return paid_amount(self.payment, self.captures)

    @property
    def in_review(self) -> Money | None:
        """What the provider took instead of what it was asked for."""
        return next((each.amount for each in self.captures if each.state is CaptureState.REVIEW), None)

    @property
    def refunded(self) -> Money:
        """What of the money that pays the order went back since."""
        return came_back(self.refunds, self.amount.currency)

    @property
    def refunded_at(self) -> datetime | None:
        """When the last of it went back."""
        return max((each.done_at for each in self.refunds if each.done_at), default=None)

    @property
    def told(self) -> bool:
        return self.delivery is not None and self.delivery.state is DeliveryState.CONFIRMED

    @property
    def fault(self) -> FaultRule | None:
        """What the service refused with, and who settles it."""
        return refusal_of(self.delivery) if self.delivery is not None and not self.told else None

    @property
    def paid_in_time(self) -> bool:
        """Whether the money was taken before the order's due date: what a service that finds it expired is told."""
        due, paid = self.order.due_at, self.payment.captured_at
        return due is not None and paid is not None and paid <= due

    @property
    def parked(self) -> bool:
        """The service refused to be told; people look into it."""
        return self.delivery is not None and self.delivery.state in {
            DeliveryState.PARKED,
            DeliveryState.GIVEN_UP,
        }


def show_result(parts: Parts, token: str, payment_id: str) -> ResultPage:
    """Settle the payment if it is open, wait a moment until the service is told, and show what is known.

    When many wait already, this payer does not: his page says what is known so far, and looks again by itself.
    Raises: NotFound when the payment is not this visit's.
    """
    payment = parts.units.read(lambda work: payment_of_visit(work, token, payment_id))
    _ask_provider(parts, payment)
    with parts.waiting.at(RESULTS) as may_wait:
        if may_wait:
            parts.background.wait(settle_key(payment.id), SETTLE_WAIT)
            parts.background.wait(delivery_key(payment.id), TOLD_WAIT)
    return _known(parts, token, payment)


def look_at_result(parts: Parts, token: str, payment_id: str) -> ResultPage:
    """What is known now, for a page that asks again and again; it holds no thread. Raises: NotFound."""
    payment = parts.units.read(lambda work: payment_of_visit(work, token, payment_id))
    _ask_provider(parts, payment)
    return _known(parts, token, payment)


def _ask_provider(parts: Parts, payment: Payment) -> None:
    """Beside the request, if it is not known what became of the payment, and not asked about just now."""
    if not payment.state.open or parts.registry.accounts[payment.account_id].confirms is not Confirms.PULL:
        return
    if parts.limits.may_ask_provider(payment.id):
        parts.background.start(settle_key(payment.id), lambda: settle(parts, payment.id))


def _known(parts: Parts, token: str, payment: Payment) -> ResultPage:
    service = parts.services.get_any(payment.service_id)
    return parts.units.read(lambda work: _page(work, service, token, payment.id))


def payment_of_visit(work: Work, token: str, payment_id: str) -> Payment:
    """The payment, for the holder of the visit that it was made in. Raises: NotFound."""
    payment = work.payments.get(payment_id)
    if payment.visit_token != token:
        raise NotFound("payment of another visit")
    return payment


def _page(work: Work, service: Service, token: str, payment_id: str) -> ResultPage:
    payment = payment_of_visit(work, token, payment_id)
    delivery = work.deliveries.of_payment(payment.id)
    captures = work.payments.captures_of(payment.id)
    reversals, refunds = work.reversals.of_payment(payment.id), work.refunds.of_payment(payment.id)
    outcome = _outcome(payment, captures, reversals)
    if outcome is Outcome.PAID and came_back(refunds, payment.amount.currency) >= paid_amount(
        payment, captures
    ):
        outcome = Outcome.REFUNDED
    return ResultPage(
        outcome=outcome,
        payment=payment,
        service=service,
        order=work.snapshots.get(payment.snapshot_id).order,
        visit=work.visits.get(token),
        delivery=delivery,
        captures=captures,
        given_back=reversals,
        refunds=refunds,
    )


def _outcome(payment: Payment, captures: tuple[Capture, ...], reversals: tuple[Reversal, ...]) -> Outcome:
    match payment.state:
        case PaymentState.CREATED if payment.next_step:
            return Outcome.AWAITED
        case PaymentState.CREATED | PaymentState.STARTED | PaymentState.AUTHORISED:
            return Outcome.NOT_KNOWN
        case PaymentState.DECLINED:
            return Outcome.DECLINED
        case PaymentState.CANCELLED:
            return Outcome.CANCELLED
        case PaymentState.EXPIRED:
            return Outcome.EXPIRED
        case PaymentState.CAPTURED:
            return _outcome_of_money(captures, reversals)


def _outcome_of_money(captures: tuple[Capture, ...], reversals: tuple[Reversal, ...]) -> Outcome:
    states = {capture.state for capture in captures}
    if CaptureState.CLAIMED in states:
        return Outcome.PAID
    if CaptureState.REVIEW in states:
        return Outcome.BEING_CHECKED
    grounds = {reversal.ground for reversal in reversals}
    if grounds & {ReversalGround.SERVICE_REFUSED, ReversalGround.ORDER_GONE}:
        return Outcome.REFUSED_BY_SERVICE
    if ReversalGround.OPERATORS in grounds:
        return Outcome.RETURNED
    return Outcome.GIVEN_BACK if ReversalGround.BY_PROVIDER in grounds else Outcome.PAID_TWICE
