"""Payments under a number that the payer takes elsewhere: nobody is called, and the number holds nothing of the order.

Whoever only asked for a number keeps nobody from paying. The first money wins: what a statement brings takes the order
if it has room, also from a claim behind which there is no money yet, where the loser's money goes back by itself.
"""

from collections.abc import Collection
from datetime import datetime

from mpay_gateway.api import Capability
from mpay_gateway.domain.guards import guards
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.payment import Claim, ClaimState, Payment, PaymentState
from mpay_gateway.domain.provider_answer import Instructions
from mpay_gateway.domain.transitions import ClaimEvent
from mpay_gateway.flow.claiming import fits, payable_now
from mpay_gateway.flow.parts import Parts
from mpay_gateway.storage import Work
from mpay_gateway.storage.serial import next_step_to_text
from mpay_gateway.storage.snapshots import Snapshot
from mpay_gateway.storage.tasks import TaskKind
from mpay_gateway.storage.visits import Visit

_MAY_YIELD = {PaymentState.STARTED, PaymentState.AUTHORISED}
"""Not those that are created: behind an inbound claim somebody is putting notes into a machine."""


@guards("claim.number")
def give_number(parts: Parts, work: Work, payment: Payment) -> Payment:
    """Let the payer carry our reference to where he pays; a statement brings it back.

    The claim is let go at once: its payment takes it again when its money comes, as late money does.
    """
    claim = work.claims.of_payment(payment.id)
    work.claims.change(claim, ClaimEvent.RELEASE, actor="machine", at=parts.clock.now())
    step = Instructions(payment.reference, payment.session_until, remote_reference="")
    work.tasks.schedule(TaskKind.EXPIRE, payment.id, payment.session_until)
    return work.payments.amend(payment, next_step=next_step_to_text(step), next_check_at=None)


def numbers_given(work: Work, visit: Visit, *, now: datetime) -> tuple[Payment, ...]:
    """The payments of the visit's order under whose number money may still come, newest first."""
    return tuple(
        payment
        for payment in work.payments.of_order(visit.service_id, visit.order_key)
        if payment.state is PaymentState.CREATED and payment.next_step and now < payment.session_until
    )


def own_number(work: Work, visit: Visit, account_id: str, amount: Money, *, now: datetime) -> Payment | None:
    """The payment that this payer has such a number for already, and whose money the order would take.

    What he filled in is told to the service with the money: other values are another payment.
    """
    for payment in numbers_given(work, visit, now=now):
        same = (payment.visit_token, payment.account_id, payment.amount) == (visit.token, account_id, amount)
        same = same and work.filled_fields.of_payment(payment.id) == visit.filled
        snapshot = work.snapshots.get(payment.snapshot_id)
        if same and snapshot.order.version == visit.accepted_version and _has_room(work, snapshot, payment):
            return payment
    return None


def lock_with_rivals(parts: Parts, work: Work, payment_id: str) -> tuple[Payment, dict[str, Payment]]:
    """Hold a payment, those of its order that may have to yield to it, by id, and then the order."""
    found = work.payments.get(payment_id)
    others = work.payments.of_order(found.service_id, found.order_key)
    rivals = {each.id for each in others if each.id != payment_id and each.state in _MAY_YIELD}
    locked = {each: work.payments.lock(each) for each in sorted({payment_id, *rivals})}
    work.snapshots.lock_order(found.service_id, found.order_key, at=parts.clock.now())
    return locked.pop(payment_id), locked


def make_room(
    parts: Parts, work: Work, payment: Payment, rivals: dict[str, Payment], *, taken: Money
) -> None:
    """Release what rivals without money claim, the newest first, as far as the money that came needs it.

    A rival yields only if its provider gives money back when it is asked to; and none does where that is of no use:
    the money came twice, is of another amount, or somebody else's money is there already. All are locked.
    """
    claim = work.claims.of_payment(payment.id)
    if (
        claim.state is not ClaimState.RELEASED
        or work.payments.captures_of(payment.id)
        or taken != payment.amount
    ):
        return
    snapshot = work.snapshots.get(payment.snapshot_id)
    yielding = [each for each in work.claims.outstanding(snapshot) if _yields(parts, each, rivals)]
    without = {each.payment_id for each in yielding}
    if not _has_room(work, snapshot, payment, without):
        return
    without.clear()
    while not _has_room(work, snapshot, payment, without):
        loser = yielding.pop()
        without.add(loser.payment_id)
        work.claims.change(
            loser, ClaimEvent.RELEASE, actor=f"provider:{payment.account_id}", at=parts.clock.now()
        )


def _yields(parts: Parts, claim: Claim, rivals: dict[str, Payment]) -> bool:
    rival = rivals.get(claim.payment_id)
    if claim.state is not ClaimState.HELD or rival is None or rival.state not in _MAY_YIELD:
        return False
    return Capability.REVERSE in parts.registry.accounts[rival.account_id].capabilities


def _has_room(work: Work, snapshot: Snapshot, payment: Payment, without: Collection[str] = ()) -> bool:
    payable = payable_now(work, snapshot, besides=payment.id, without=without)
    return fits(snapshot.order, payable, payment.amount)
