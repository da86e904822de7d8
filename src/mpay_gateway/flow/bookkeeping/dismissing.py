"""A line of a statement that nothing explains: two operators agree that it needs nobody any more.

The books are not touched. The line stays what it is, unposted; what explains it later has it posted all the same.
"""

from mpay_gateway.domain.decision import DecisionState
from mpay_gateway.domain.dismissal import DISMISSIBLE, Dismissal
from mpay_gateway.domain.errors import InvalidTransition, NotAuthorised
from mpay_gateway.domain.guards import guards
from mpay_gateway.domain.remarks import clean_reason
from mpay_gateway.domain.transitions import DecisionEvent
from mpay_gateway.flow.parts import Parts
from mpay_gateway.storage import Work
from mpay_gateway.storage.bank_statements import StoredLine


def propose_dismissal(parts: Parts, line_id: int, reason: str, *, actor: str) -> Dismissal:
    """Propose that a line needs nobody any more. Nothing happens before a second operator approves.

    Raises: NotFound; InvalidTransition for a line that is explained, not looked at yet, or dismissed already;
    Conflict when a proposal is open; InvalidInput for a reason that is missing, too long, or not fit to be stored.
    """
    words = clean_reason(reason)

    def store(work: Work) -> Dismissal:
        line = _unexplained(work, line_id)
        dismissal = Dismissal(
            id=parts.ids.token(), line_id=line.id, outcome=line.outcome, reason=words,
            state=DecisionState.PROPOSED, opened_by=actor, opened_at=parts.clock.now(),
        )  # fmt: skip
        work.dismissals.add(dismissal)
        return dismissal

    return parts.units.run("propose-dismissal", store)


@guards("dismissal.two-people")
def approve_dismissal(parts: Parts, dismissal_id: str, *, actor: str) -> Dismissal:
    """Agree to a proposal of another operator: nobody is told of the line any more.

    Raises: NotFound; NotAuthorised; InvalidTransition when it is decided, or when the line is something else by now.
    """

    def act(work: Work) -> Dismissal:
        dismissal = _held(work, dismissal_id)
        if dismissal.opened_by == actor:
            raise NotAuthorised("two people decide: another operator has to approve this")
        line = _unexplained(work, dismissal.line_id)
        if line.outcome is not dismissal.outcome:
            raise InvalidTransition(
                f"line {line.id} was {dismissal.outcome.value} when it was proposed, and is {line.outcome.value} by now"
            )
        return work.dismissals.decide(dismissal, DecisionEvent.APPROVE, actor=actor, at=parts.clock.now())

    return parts.units.run("approve-dismissal", act)


def reject_dismissal(parts: Parts, dismissal_id: str, *, actor: str) -> Dismissal:
    """Refuse a proposal, or take one's own back. Raises: NotFound; InvalidTransition."""

    def act(work: Work) -> Dismissal:
        return work.dismissals.decide(
            _held(work, dismissal_id), DecisionEvent.REJECT, actor=actor, at=parts.clock.now()
        )

    return parts.units.run("reject-dismissal", act)


def _held(work: Work, dismissal_id: str) -> Dismissal:
    """The dismissal, read under the lock of its line. Raises: NotFound."""
    work.dismissals.lock_line(work.dismissals.get(dismissal_id).line_id)
    return work.dismissals.get(dismissal_id)


def _unexplained(work: Work, line_id: int) -> StoredLine:
    """The line, locked. Raises: NotFound; InvalidTransition."""
    line = work.dismissals.lock_line(line_id)
    if line.outcome not in DISMISSIBLE:
        raise InvalidTransition(f"line {line.id} is {line.outcome.value}, and waits for no person")
    if work.dismissals.standing([line]):
        raise InvalidTransition(f"line {line.id} is dismissed already")
    return line
