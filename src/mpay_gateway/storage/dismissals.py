"""Dismissals of lines of statements: proposals, and what became of them. A line's chain in the audit is its own."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, exists, insert, select, update
from sqlalchemy.engine import Connection

from mpay_gateway.domain.bank_statement import LineOutcome
from mpay_gateway.domain.decision import DecisionState
from mpay_gateway.domain.dismissal import Dismissal
from mpay_gateway.domain.errors import Conflict, NotFound
from mpay_gateway.domain.transitions import DecisionEvent, next_state
from mpay_gateway.storage.audit import Audit, Change
from mpay_gateway.storage.bank_statements import StoredLine, stored_line
from mpay_gateway.storage.tables import dismissals, statement_lines

LINE = "line:"
"""How the chains of lines begin, beside those of payments."""
_d = dismissals.c


class Dismissals:
    """The stored dismissals."""

    def __init__(self, connection: Connection, audit: Audit) -> None:
        self._connection = connection
        self._audit = audit

    def lock_line(self, line_id: int) -> StoredLine:
        """Read a line and hold it until the unit of work ends. Raises: NotFound."""
        query = select(statement_lines).where(statement_lines.c.id == line_id).with_for_update()
        row = self._connection.execute(query).first()
        if row is None:
            raise NotFound(f"line {line_id} of a statement")
        return stored_line(row)

    def add(self, dismissal: Dismissal) -> None:
        """Store a proposal. The line is locked. Raises: Conflict when one is open for it."""
        already = select(_d.id).where(_d.line_id == dismissal.line_id, _d.state == DecisionState.PROPOSED)
        if (open_one := self._connection.execute(already).scalar()) is not None:
            raise Conflict(f"dismissal {open_one} of the line waits for another operator")
        values = {name: getattr(dismissal, name) for name in Dismissal.__dataclass_fields__}
        self._connection.execute(insert(dismissals), values)
        self._write_down(dismissal, "create", "", dismissal.opened_by, dismissal.opened_at)

    def get(self, dismissal_id: str) -> Dismissal:
        """Raises: NotFound."""
        row = self._connection.execute(select(dismissals).where(_d.id == dismissal_id)).first()
        if row is None:
            raise NotFound(f"dismissal {dismissal_id}")
        return _dismissal(row)

    def open(self) -> tuple[Dismissal, ...]:
        """Proposals that wait for a second operator, the oldest first."""
        return self._many(select(dismissals).where(_d.state == DecisionState.PROPOSED))

    def standing(self, lines: Collection[StoredLine]) -> dict[int, Dismissal]:
        """By line, what was agreed on of those of these lines that are still what they were then."""
        outcomes = {each.id: each.outcome for each in lines}
        query = select(dismissals).where(
            _d.state == DecisionState.APPROVED
        )  # few, where lines may be very many
        return {
            each.line_id: each for each in self._many(query) if each.outcome is outcomes.get(each.line_id)
        }

    def decide(self, dismissal: Dismissal, event: DecisionEvent, *, actor: str, at: datetime) -> Dismissal:
        """Move the dismissal along an edge. The line is locked. Raises: InvalidTransition."""
        after = next_state(dismissal.state, event)
        values = {"state": after, "decided_by": actor, "decided_at": at}
        self._connection.execute(update(dismissals).where(_d.id == dismissal.id).values(values))
        changed = replace(dismissal, state=after, decided_by=actor, decided_at=at)
        self._write_down(changed, event.value, dismissal.state.value, actor, at)
        return changed

    def _write_down(self, dismissal: Dismissal, event: str, before: str, actor: str, at: datetime) -> None:
        detail = f"dismiss, though {dismissal.outcome.value}: {dismissal.reason}"
        chain, after = f"{LINE}{dismissal.line_id}", dismissal.state.value
        self._audit.write(Change(chain, "decision", dismissal.id, event, before, after, actor, at, detail))

    def _many(self, query: Select[Any]) -> tuple[Dismissal, ...]:
        rows = self._connection.execute(query.order_by(_d.opened_at, _d.id))
        return tuple(_dismissal(row) for row in rows)


def is_dismissed(line: Any) -> ColumnElement[bool]:
    """Whether two operators agreed that the line, as it is now, needs nobody. `line`: the table's columns."""
    return exists().where(
        _d.line_id == line.id, _d.state == DecisionState.APPROVED, _d.outcome == line.outcome
    )


def _dismissal(row: Row[Any]) -> Dismissal:
    kept = {"outcome": LineOutcome(row.outcome), "state": DecisionState(row.state)}
    return Dismissal(**row._asdict() | kept)
