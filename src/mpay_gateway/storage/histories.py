"""The chains of the whole database, streamed: audit beside the states that it tells of, and evidence."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, String, cast, literal, select, true, union_all

from mpay_gateway.storage.audit import AuditRow
from mpay_gateway.storage.dismissals import LINE
from mpay_gateway.storage.evidence import EvidenceRow
from mpay_gateway.storage.questions import Questions
from mpay_gateway.storage.tables import (
    audit,
    capture_intents,
    captures,
    claims,
    decisions,
    deliveries,
    dismissals,
    evidence,
    evidence_bodies,
    payments,
    refunds,
    reversals,
)

Subject = tuple[str, str]
"""A state machine and the id of the row that it drives."""


@dataclass(frozen=True, slots=True)
class History:
    """One payment's audit in order, and the states that its rows are in now."""

    payment_id: str
    rows: tuple[AuditRow, ...]
    states: dict[Subject, str]


class Histories(Questions):
    """`since`: only payments made since then, and messages of then and later (UTC); None for all."""

    def of_payments(self) -> Iterator[History]:
        """Every payment that has an audit or a state, in the order of ids: two streams merged."""
        audited = _Groups(self._stream(self._audit()))
        stated = _Groups(self._stream(self._states()))
        while audited.key is not None or stated.key is not None:
            payment_id = min(key for key in (audited.key, stated.key) if key is not None)
            rows = tuple(AuditRow(*tuple(row)) for row in audited.take(payment_id))
            states = {(row.machine, row.subject): row.state for row in stated.take(payment_id)}
            yield History(payment_id, rows, states)

    def of_changes(self) -> Iterator[tuple[str, Iterator[Row[Any]]]]:
        """Each payment's changes in order: machine, subject, event, before, after, and nothing else of the audit."""
        columns = (
            audit.c.payment_id,
            audit.c.machine,
            audit.c.subject,
            audit.c.event,
            audit.c.before,
            audit.c.after,
        )
        query = (
            select(*columns).where(self._recent(audit.c.payment_id)).order_by(audit.c.payment_id, audit.c.seq)
        )
        return groupby(self._stream(query), key=_payment)

    def of_messages(self) -> Iterator[tuple[str, Iterator[tuple[EvidenceRow, bytes | None]]]]:
        """Each subject's messages in order, with their bodies where retention has not erased them."""
        columns = [evidence.c[name] for name in EvidenceRow.__dataclass_fields__]
        query = (
            select(*columns, evidence_bodies.c.body)
            .join_from(
                evidence, evidence_bodies, evidence_bodies.c.evidence_id == evidence.c.id, isouter=True
            )
            .where(self._recent_subject())
            .order_by(evidence.c.subject, evidence.c.seq)
        )
        for subject, rows in groupby(self._stream(query), key=lambda row: str(row.subject)):
            yield subject, ((EvidenceRow(*tuple(row)[:-1]), row.body) for row in rows)

    def _audit(self) -> Select[Any]:
        columns = [audit.c[name] for name in AuditRow.__dataclass_fields__]
        return (
            select(*columns)
            .where(self._recent(audit.c.payment_id))
            .order_by(self._by_code_point(audit.c.payment_id), audit.c.seq)
        )

    def _states(self) -> Select[Any]:
        tables = {"payment": payments, "capture": captures, "claim": claims, "delivery": deliveries,
                  "intent": capture_intents, "reversal": reversals, "refund": refunds,
                  "decision": decisions}  # fmt: skip
        parts = []
        for machine, table in tables.items():
            payment_id = table.c.id if table is payments else table.c.payment_id
            parts.append(
                select(payment_id.label("payment_id"), literal(machine).label("machine"),
                       table.c.id.label("subject"), table.c.state)
                .where(self._recent(payment_id))
            )  # fmt: skip
        chain = (LINE + cast(dismissals.c.line_id, String)).label("payment_id")
        parts.append(
            select(chain, literal("decision").label("machine"), dismissals.c.id.label("subject"),
                   dismissals.c.state).where(self._recent(chain))
        )  # fmt: skip
        every = union_all(*parts).subquery()
        return select(every).order_by(self._by_code_point(every.c.payment_id))

    def _by_code_point(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """The order that Python compares by, whatever language the database sorts in."""
        return column.collate("C") if self._connection.dialect.name == "postgresql" else column

    def _recent_subject(self) -> ColumnElement[bool]:
        """Whole chains only: those that begin later."""
        if self._since is None:
            return true()
        begun = select(evidence.c.subject).where(evidence.c.seq == 1, evidence.c.at >= self._since)
        return evidence.c.subject.in_(begun)


class _Groups:
    """A stream in the order of payments, taken payment by payment."""

    def __init__(self, rows: Iterator[Row[Any]]) -> None:
        self._groups = groupby(rows, key=_payment)
        self.key: str | None = None
        self._rows: Iterator[Row[Any]] = iter(())
        self._advance()

    def take(self, payment_id: str) -> list[Row[Any]]:
        """The rows of this payment; none when the stream is at a later one."""
        if self.key != payment_id:
            return []
        rows = list(self._rows)
        self._advance()
        return rows

    def _advance(self) -> None:
        self.key, self._rows = next(self._groups, (None, iter(())))


def _payment(row: Row[Any]) -> str:
    return str(row.payment_id)
