"""Money whose confirmation is given up: it becomes the payer's again, and goes back."""

from mpay_gateway.domain.counted import counted
from mpay_gateway.domain.errors import InvalidTransition
from mpay_gateway.domain.payment import (
    CaptureState,
    ClaimState,
    Delivery,
    DeliveryState,
    Payment,
    ReversalGround,
)
from mpay_gateway.domain.transitions import CaptureEvent, ClaimEvent, DeliveryEvent
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.reversal import open_reversal
from mpay_gateway.storage import Work
from mpay_gateway.storage.ledger import SUSPENSE, Entry, owed_back


def give_back(parts: Parts, work: Work, delivery: Delivery, ground: ReversalGround, *, actor: str) -> None:
    """The order does not take the money: it becomes the payer's again.

    Who was paid out of it already owes it back to us.
    """
    now = parts.clock.now()
    capture = next(
        each for each in work.payments.captures_of(delivery.payment_id) if each.state is CaptureState.CLAIMED
    )
    surplus = work.payments.change_capture(capture, CaptureEvent.RELEASE_TO_PAYER, actor=actor, at=now)
    claim = work.claims.of_payment(delivery.payment_id)
    if claim.state is ClaimState.CAPTURED:
        work.claims.change(claim, ClaimEvent.RELEASE, actor=actor, at=now)
    work.settlements.hold_off()
    paid_out = work.settlements.accounts_paid(capture.id)
    owed = (entry.turned() for entry in work.ledger.owed_of(capture.id))
    taken = (
        Entry(owed_back(each.account), each.amount) if each.account in paid_out else each for each in owed
    )
    work.ledger.post(
        "release", capture.id, (*taken, Entry.credit(SUSPENSE, capture.amount)),
        payment_id=delivery.payment_id, at=now,
    )  # fmt: skip
    open_reversal(parts, work, surplus, ground, actor="machine")


def refuse_unanswered(work: Work, payment: Payment, delivery: Delivery) -> None:
    """To be called before a confirmation is given up of which nobody said that the service may know of it.

    Raises: InvalidTransition.
    """
    if delivery.unanswered:
        tries = counted(delivery.unanswered, "try", "tries")
        raise InvalidTransition(
            f"delivery {delivery.id}: {tries} not answered, and the service may have applied one: send it "
            "again, or release it although unanswered"
        )
    if work.restorations.may_have_lost(payment.created_at):
        raise InvalidTransition(
            f"delivery {delivery.id}: the service may have been told in the time that a restored backup lost: send it "
            "again, or release it although unanswered"
        )


def give_up_delivery(parts: Parts, work: Work, delivery_id: str, *, actor: str) -> None:
    """Two operators have decided that the service will not be told: the money goes back. The payment is locked.

    Raises: InvalidTransition when the delivery is not parked any more.
    """
    delivery = work.deliveries.lock(delivery_id)
    if delivery.state is not DeliveryState.PARKED:
        raise InvalidTransition(f"delivery {delivery_id} is {delivery.state.value}")
    work.deliveries.change(delivery, DeliveryEvent.GIVE_UP, actor=actor, at=parts.clock.now())
    give_back(parts, work, delivery, ReversalGround.OPERATORS, actor=actor)
