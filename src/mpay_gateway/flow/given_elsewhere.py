"""What became of money that a payer gave at a kiosk or a counter, as whoever holds its receipt may see it.

Nothing of a person is shown, nor what the order is about: the number on a receipt is no secret.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mpay_gateway.domain.intake import Intake
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.payment import CaptureState, DeliveryState, Payment, paid_amount
from mpay_gateway.domain.refund import came_back
from mpay_gateway.domain.service import Service
from mpay_gateway.flow.parts import Parts
from mpay_gateway.storage import Work


class Fate(StrEnum):
    """What the page says. Each has texts in three languages."""

    TAKEN = "taken"
    NOT_TOLD = "not-told"
    REFUSED = "refused"
    BEING_CHECKED = "being-checked"
    GOES_BACK = "goes-back"
    WENT_BACK = "went-back"


@dataclass(frozen=True, slots=True)
class GivenElsewhere:
    """`at`: when it was given (UTC), None while nobody told us. `reference`: of our payment, empty where there is none.

    `delivery`: whether its service knows, None where it need not.
    """

    fate: Fate
    service: Service
    amount: Money
    at: datetime | None = None
    reference: str = ""
    delivery: DeliveryState | None = None

    @property
    def told(self) -> bool:
        return self.delivery is DeliveryState.CONFIRMED

    @property
    def parked(self) -> bool:
        return self.delivery in {DeliveryState.PARKED, DeliveryState.GIVEN_UP}


def given_as(parts: Parts, intake: Intake) -> GivenElsewhere:
    """What became of what was told under a number of the collector's."""
    service = parts.services.get_any(intake.service_id)
    if intake.reason is not None:
        return GivenElsewhere(Fate.REFUSED, service, intake.amount, intake.at)
    payment_id = intake.payment_id
    if payment_id is None:
        return GivenElsewhere(Fate.NOT_TOLD, service, intake.amount)
    return told_of(parts, parts.units.read(lambda work: work.payments.get(payment_id)))


def told_of(parts: Parts, payment: Payment) -> GivenElsewhere:
    """What became of a payment that began elsewhere."""
    service = parts.services.get_any(payment.service_id)
    return parts.units.read(lambda work: _known(work, service, payment))


def _known(work: Work, service: Service, payment: Payment) -> GivenElsewhere:
    if payment.captured_at is None:
        return GivenElsewhere(Fate.NOT_TOLD, service, payment.amount)
    captures = work.payments.captures_of(payment.id)
    amount = paid_amount(payment, captures)
    fate = _fate(work, payment, {each.state for each in captures}, amount)
    delivery = work.deliveries.of_payment(payment.id) if fate is Fate.TAKEN else None
    state = None if delivery is None else delivery.state
    return GivenElsewhere(fate, service, amount, payment.captured_at, payment.id, state)


def _fate(work: Work, payment: Payment, states: set[CaptureState], amount: Money) -> Fate:
    if CaptureState.CLAIMED in states:
        refunded = came_back(work.refunds.of_payment(payment.id), amount.currency)
        return Fate.WENT_BACK if refunded >= amount else Fate.TAKEN
    if CaptureState.REVIEW in states:
        return Fate.BEING_CHECKED
    back = work.reversals.of_payment(payment.id)
    return Fate.WENT_BACK if back and all(each.done_at for each in back) else Fate.GOES_BACK
