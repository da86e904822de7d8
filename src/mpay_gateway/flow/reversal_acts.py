"""What operators do about a reversal that its provider refused: one has it asked for again; two say that it is back.

Two say so, too, of one that its provider has left without an answer for very long: a bank may never give one.
"""

from collections.abc import Callable

from mpay_gateway.domain.decision import Act, Decision, Proposal
from mpay_gateway.domain.errors import Conflict, InvalidTransition, NotFound
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.payment import Capture, Payment, Reversal, ReversalState
from mpay_gateway.domain.transitions import ReversalEvent
from mpay_gateway.flow.holds import void_key
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.reversal import capture_of, left_of, went_back_otherwise
from mpay_gateway.flow.reviewed_returns import went_by_itself
from mpay_gateway.flow.settling import ask_first
from mpay_gateway.flow.silence import silent_for_long
from mpay_gateway.storage import Work
from mpay_gateway.storage.tasks import TaskKind

_GIVES_BACK = {"reversal", "refund"}


def retry_reversal(parts: Parts, reversal_id: str, *, actor: str) -> Reversal:
    """Ask the provider again now, under the same key. Nothing else changes.

    A provider that refused is asked first what went back: an earlier try may have had its effect, or people sent it.
    Raises: NotFound; InvalidTransition when the money is back, when a part of it is: the same key gives no more; and
    for what was asked back as a hold; Conflict when money of the payment went back that may be of it, or when the
    provider does not say.
    """
    found, payment = parts.units.read(lambda work: _with_payment(work, reversal_id))
    if found.state is ReversalState.REFUSED and ask_first(parts, payment):
        raise Conflict("the provider does not say now what went back: try again later")

    def retry(work: Work) -> Reversal:
        reversal, capture = _held(work, reversal_id)
        now = parts.clock.now()
        if reversal.returned:
            raise InvalidTransition(f"reversal {reversal.id}: {reversal.returned} went back already")
        if _was_a_void(reversal, capture):
            raise InvalidTransition(
                f"reversal {reversal.id} was asked for as a hold: its key may have had its effect"
            )
        if reversal.state is not ReversalState.DUE:
            _refuse_what_may_be_back(work, reversal)
            reversal = work.reversals.change(reversal, ReversalEvent.RETRY, actor=actor, at=now)
        work.tasks.hurry(TaskKind.REVERSE, reversal.id, now)
        return reversal

    return parts.units.run("retry-reversal", retry)


def _with_payment(work: Work, reversal_id: str) -> tuple[Reversal, Payment]:
    reversal = work.reversals.get(reversal_id)
    return reversal, work.payments.get(reversal.payment_id)


def _refuse_what_may_be_back(work: Work, reversal: Reversal) -> None:
    """Raises: Conflict."""
    if back := went_by_itself(work, work.payments.get(reversal.payment_id)):
        raise Conflict(
            f"the provider gave {back} of the payment back in another way, which may be of this reversal: have it give"
            " back by hand what is left, and acknowledge the reversal"
        )


def _was_a_void(reversal: Reversal, capture: Capture) -> bool:
    """Of a hold whose money was taken: left to people, whatever amount its provider gave up under the void's key."""
    return reversal.state is ReversalState.REFUSED and (
        reversal.key == void_key(reversal.payment_id) or capture.amount != reversal.amount
    )


def _held(work: Work, reversal_id: str) -> tuple[Reversal, Capture]:
    """The reversal, locked after its payment, and the capture that it is of. Raises: NotFound."""
    work.payments.lock(work.reversals.get(reversal_id).payment_id)
    reversal = work.reversals.lock(reversal_id)
    return reversal, capture_of(work, reversal)


def proposed_acknowledgement(reversal_id: str) -> Callable[[Work, Payment], Proposal]:
    """That all that is left of a reversal, refused or not answered for very long, went back by another way.

    What it returns raises: NotFound; InvalidTransition when it waits for no person, and when nothing is left of it.
    """

    def propose(work: Work, payment: Payment) -> Proposal:
        reversal = _for_people(work, reversal_id)
        if reversal.payment_id != payment.id:
            raise NotFound(f"reversal {reversal_id} of payment {payment.id}")
        return Proposal(Act.ACKNOWLEDGE, reversal.id, _left(work, reversal))

    return propose


def acknowledge_reversal(parts: Parts, work: Work, decision: Decision) -> None:
    """Book it as gone, and ask for it no more. The payment is locked. Raises: InvalidTransition when it waits for no
    person any more, or when another amount is left of it; Conflict when other money was called back meanwhile."""
    refuse_what_went_since(work, decision)
    reversal = _for_people(work, decision.subject)
    if _left(work, reversal) != decision.amount:
        raise InvalidTransition(
            f"of reversal {reversal.id} another amount than {decision.amount} is left by now"
        )
    work.tasks.schedule(TaskKind.REVERSE, reversal.id, None)  # and takes it from whoever is about to send
    went_back_otherwise(parts, work, reversal, actor=decision.decided_by, detail=decision.reason)


def refuse_what_went_since(work: Work, decision: Decision) -> None:
    """Raises: Conflict when other money of the payment has been called back since this was proposed: by the order of
    the audit, whatever the clocks say. What two people have seen at the bank may be that very sum.
    """
    rows = work.audit.of_payment(decision.payment_id)
    proposed = next(row.seq for row in rows if row.subject == decision.id)
    for row in rows[proposed:]:
        called_back = row.machine in _GIVES_BACK and row.before != "done" and row.after == "done"
        if called_back and row.subject != decision.subject:
            raise Conflict(
                f"{row.machine} {row.subject} of the payment has been called back since this was proposed, which may be"
                " what was seen: look again, reject this, and propose it anew if more went back"
            )


def _left(work: Work, reversal: Reversal) -> Money:
    """What two people can say is back. Raises: InvalidTransition when all of it is: its provider gave too much."""
    left = left_of(work, reversal)
    if not left:
        raise InvalidTransition(f"reversal {reversal.id}: {reversal.returned} went back, nothing is left")
    return left


def _for_people(work: Work, reversal_id: str) -> Reversal:
    """The reversal, locked, if it is refused, or was asked for in vain for very long. Raises: InvalidTransition."""
    reversal = work.reversals.lock(reversal_id)
    unanswered = reversal.state is ReversalState.DUE and bool(reversal.attempts)
    if unanswered and silent_for_long(work, reversal.payment_id, reversal.id):
        return reversal
    if reversal.state is not ReversalState.REFUSED:
        raise InvalidTransition(f"reversal {reversal.id} is {reversal.state.value}, and waits for no person")
    return reversal
