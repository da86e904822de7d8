"""What operators do about a reversal that its provider refused: one of them has it asked for again."""

from mpay_gateway.domain.errors import InvalidTransition, NotFound
from mpay_gateway.domain.payment import Capture, Reversal, ReversalState
from mpay_gateway.domain.transitions import ReversalEvent
from mpay_gateway.flow.parts import Parts
from mpay_gateway.storage import Work
from mpay_gateway.storage.tasks import TaskKind


def retry_reversal(parts: Parts, reversal_id: str, *, actor: str) -> Reversal:
    """Ask the provider again now, under the same key. Nothing else changes.

    Raises: NotFound; InvalidTransition when the money is back, when a part of it is: the same key gives no more; and
    for what was asked back as a hold.
    """

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
            reversal = work.reversals.change(reversal, ReversalEvent.RETRY, actor=actor, at=now)
        work.tasks.hurry(TaskKind.REVERSE, reversal.id, now)
        return reversal

    return parts.units.run("retry-reversal", retry)


def _was_a_void(reversal: Reversal, capture: Capture) -> bool:
    """Of a hold whose money was taken: left to people, whatever amount its provider gave up under the void's key."""
    return reversal.state is ReversalState.REFUSED and (
        reversal.key == f"void-{reversal.payment_id}" or capture.amount != reversal.amount
    )


def _held(work: Work, reversal_id: str) -> tuple[Reversal, Capture]:
    """The reversal, locked after its payment, and the capture that it is of. Raises: NotFound."""
    payment = work.payments.lock(work.reversals.get(reversal_id).payment_id)
    reversal = work.reversals.lock(reversal_id)
    for capture in work.payments.captures_of(payment.id):
        if capture.id == reversal.capture_id:
            return reversal, capture
    raise NotFound(f"reversal {reversal_id} of money that was taken: it is the void of a hold")
