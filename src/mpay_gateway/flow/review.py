"""Money in review, once two people have decided: it pays the order as it was taken, or it goes back."""

from dataclasses import replace

from mpay_gateway.domain.errors import NotPayable
from mpay_gateway.domain.guards import guards
from mpay_gateway.domain.invoice import shared
from mpay_gateway.domain.payment import Capture, ClaimState, Payment, ReversalGround
from mpay_gateway.domain.transitions import CaptureEvent, ClaimEvent, allows
from mpay_gateway.flow.claiming import Payable, fits, payable_now, shares
from mpay_gateway.flow.confirmation_opening import open_delivery
from mpay_gateway.flow.holds import hold_of, leave_to_people, was_given_up
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.reversal import open_reversal, record_providers_reversal
from mpay_gateway.flow.reviewed_returns import went_whole_by_itself
from mpay_gateway.storage import Work
from mpay_gateway.storage.ledger import SUSPENSE, Entry, payable
from mpay_gateway.storage.snapshots import Snapshot


@guards("claim.room")
def room_for(work: Work, payment: Payment, capture: Capture) -> tuple[Snapshot, Payable]:
    """The payment's order and the room in it that money in review would take. The payment is locked.

    Raises: NotPayable when the order does not take this amount: it is no part, or more than is payable now; when other
    money of the payment pays it, or did: of one payment its service is told once; and when its hold was to be given up:
    the provider may have given the money back on our word.
    """
    if was_given_up(work, payment.id):
        raise NotPayable("a void of this payment was begun: its money can only go back")
    if not allows(work.claims.of_payment(payment.id).state, ClaimEvent.RESIZE):
        raise NotPayable("other money of this payment pays the order: this money can only go back")
    if work.deliveries.of_payment(payment.id) is not None:
        raise NotPayable(
            "the confirmation of other money of this payment was given up: this money can only go back"
        )
    snapshot = work.snapshots.get(payment.snapshot_id)
    room = payable_now(work, snapshot, besides=payment.id)
    if not fits(snapshot.order, room, capture.amount):
        raise NotPayable(
            f"the order cannot take {capture.amount}: {room.standing.value}, {room.most} at most"
        )
    return snapshot, room


def accept_capture(parts: Parts, work: Work, payment: Payment, capture: Capture, *, actor: str) -> None:
    """Let the money pay the order with the amount that was taken. Payment and order are locked. Raises: NotPayable."""
    (snapshot, room), now = room_for(work, payment, capture), parts.clock.now()
    held = work.claims.of_payment(payment.id)
    as_taken = replace(held, amount=capture.amount, shares=shares(snapshot.order, room, capture.amount))
    claim = work.claims.resize(held, as_taken, payable=room.limit, actor=actor, at=now)
    event = ClaimEvent.CAPTURE if claim.state is ClaimState.HELD else ClaimEvent.RETAKE
    work.claims.change(claim, event, actor=actor, at=now)
    work.payments.change_capture(capture, CaptureEvent.ACCEPT, actor=actor, at=now)
    allocations = shared(snapshot.order, claim.shares)
    owed = (Entry.credit(payable(payment.service_id, each.line.account), each.amount) for each in allocations)
    work.ledger.post(
        "accept", capture.id, (Entry.debit(SUSPENSE, capture.amount), *owed), payment_id=payment.id, at=now
    )
    open_delivery(parts, work, payment, snapshot.order, allocations)


@guards("review.void-key")
def give_capture_back(parts: Parts, work: Work, payment: Payment, capture: Capture, *, actor: str) -> None:
    """Send the money back, and let others pay the order. Payment and order are locked.

    Beside a void that may have given a part of it back nothing is sent: its row tells people to settle the rest.
    What the provider gave back whole by itself is gone: that is written down, and nobody is asked for it. Where that
    may as well be other money of the payment that we ask back just now, it is asked for.
    """
    now = parts.clock.now()
    surplus = work.payments.change_capture(capture, CaptureEvent.GIVE_BACK, actor=actor, at=now)
    claim = work.claims.of_payment(payment.id)
    if claim.state is ClaimState.HELD:
        work.claims.change(claim, ClaimEvent.RELEASE, actor=actor, at=now)
    hold = hold_of(work, payment)
    if hold.void is not None and hold.may_have_left:
        leave_to_people(work, hold.void, surplus, actor=actor, at=now)
    elif went_whole_by_itself(work, surplus):
        record_providers_reversal(parts, work, surplus)
    else:
        open_reversal(parts, work, surplus, ReversalGround.OPERATORS, actor=actor)
