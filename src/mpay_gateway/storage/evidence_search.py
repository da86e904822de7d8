"""Kept messages found by what people have at hand: a number, an order, a payment, a time; and whose they are."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Row, func, literal, select, union_all
from sqlalchemy.engine import Connection

from mpay_gateway.storage.evidence import EvidenceRow
from mpay_gateway.storage.tables import (
    deliveries,
    evidence,
    evidence_bodies,
    fruitless_lookups,
    order_snapshots,
    payments,
    services,
)

_COLUMNS = tuple(evidence.c[name] for name in EvidenceRow.__dataclass_fields__)
_KEPT = evidence_bodies.c.evidence_id.is_not(None)
_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Found:
    """A kept message. `kept`: whether its body is still there."""

    row: EvidenceRow
    kept: bool


@dataclass(frozen=True, slots=True)
class OrderNamed:
    """An order by its key. `service_id`: whose; empty for those of all services that have the key."""

    order_key: str
    service_id: str = ""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose answers a subject's messages are. `believed`: whether one of them led to something."""

    service_id: str
    believed: bool


class EvidenceSearch:
    """Looks over the kept messages; changes none."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def message(self, evidence_id: int) -> Found | None:
        """The message of this number."""
        return next(self._found(evidence.c.id == evidence_id), None)

    def of_subjects(
        self, subjects: Iterable[str], since: datetime | None, until: datetime | None, *, limit: int
    ) -> tuple[Found, ...]:
        """Up to `limit` messages of these subjects, from `since` on and before `until` (UTC), in the order of time."""
        whose = evidence.c.subject.in_(list(subjects))
        return tuple(self._found(whose, *_bounds(since, until), limit=limit))

    def of_order(
        self, named: OrderNamed, since: datetime | None, until: datetime | None, *, limit: int
    ) -> tuple[Found, ...]:
        """The same of every look-up and every payment of an order.

        Their subjects stay in the database: an order may be looked up more often than a statement has room for.
        """
        whose = evidence.c.subject.in_(_subjects_of(named))
        return tuple(self._found(whose, *_bounds(since, until), limit=limit))

    def between(self, since: datetime | None, until: datetime | None, *, limit: int) -> tuple[Found, ...]:
        """The same of all subjects."""
        return tuple(self._found(*_bounds(since, until), limit=limit))

    def subjects_of_payment(self, payment_id: str) -> tuple[str, ...]:
        """The look-up that the payment was made from, and the payment itself; none when there is no such payment."""
        query = select(payments.c.snapshot_id, payments.c.id).where(payments.c.id == payment_id)
        row = self._connection.execute(query).first()
        return () if row is None else tuple(row)

    def owners(self, subjects: Sequence[str]) -> dict[str, Owner]:
        """Whose each subject is, of those that are a service's."""
        told = select(deliveries.c.id).where(
            deliveries.c.payment_id == payments.c.id, deliveries.c.state == "confirmed"
        )
        queries = (
            select(order_snapshots.c.id, order_snapshots.c.service_id, literal(True)).where(
                order_snapshots.c.id.in_(subjects)
            ),
            select(payments.c.id, payments.c.service_id, told.exists()).where(payments.c.id.in_(subjects)),
            select(fruitless_lookups.c.subject, fruitless_lookups.c.service_id, literal(False)).where(
                fruitless_lookups.c.subject.in_(subjects)
            ),
        )
        return {
            subject: Owner(service_id, bool(believed))
            for query in queries
            for subject, service_id, believed in self._connection.execute(query)
        }

    def subjects(self) -> Iterator[str]:
        """Every subject once."""
        query = select(evidence.c.subject).distinct().order_by(evidence.c.subject)
        return iter(self._connection.execute(query.execution_options(yield_per=_AT_ONCE)).scalars())

    def count(self) -> int:
        """How many messages there are."""
        return int(self._connection.execute(select(func.count()).select_from(evidence)).scalar_one())

    def chains(self, subjects: Sequence[str]) -> dict[str, tuple[tuple[EvidenceRow, bytes | None], ...]]:
        """These subjects' messages in the order of their chains, with their bodies; None where one was erased."""
        query = (
            select(*_COLUMNS, evidence_bodies.c.body)
            .join_from(
                evidence, evidence_bodies, evidence_bodies.c.evidence_id == evidence.c.id, isouter=True
            )
            .where(evidence.c.subject.in_(subjects))
            .order_by(evidence.c.subject, evidence.c.seq)
        )
        found: dict[str, list[tuple[EvidenceRow, bytes | None]]] = {}
        for *fields, body in self._connection.execute(query):
            row = EvidenceRow(*fields)
            found.setdefault(row.subject, []).append((row, None if body is None else bytes(body)))
        return {subject: tuple(messages) for subject, messages in found.items()}

    def _found(self, *where: ColumnElement[bool], limit: int = 1) -> Iterator[Found]:
        query = (
            select(*_COLUMNS, _KEPT.label("kept"))
            .join_from(
                evidence, evidence_bodies, evidence_bodies.c.evidence_id == evidence.c.id, isouter=True
            )
            .where(*where)
            .order_by(evidence.c.at, evidence.c.id)
            .limit(limit)
        )
        rows: Iterable[Row[Any]] = self._connection.execute(query)
        return map(_found, rows)


def _subjects_of(named: OrderNamed) -> CompoundSelect[tuple[str]]:
    whose = [literal(named.service_id)] if named.service_id else select(services.c.id)
    return union_all(
        *(
            select(subject).where(table.c.service_id.in_(whose), table.c.order_key == named.order_key)
            for table, subject in (
                (order_snapshots, order_snapshots.c.id), (payments, payments.c.id),
                (fruitless_lookups, fruitless_lookups.c.subject),
            )
        )
    )  # fmt: skip


def _bounds(since: datetime | None, until: datetime | None) -> list[ColumnElement[bool]]:
    bounds = [evidence.c.at >= since] if since is not None else []
    return bounds + ([evidence.c.at < until] if until is not None else [])


def _found(row: Row[Any]) -> Found:
    fields = tuple(row)
    return Found(EvidenceRow(*fields[:-1]), bool(fields[-1]))
