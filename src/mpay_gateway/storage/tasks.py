"""The one table that workers claim from. A task is a kind of work on a subject, due at a time, leased to one process.

The fence grows with every lease; a result may be written only under the fence of the lease that it was got under.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, or_, select, true, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from mpay_gateway.domain.errors import Conflict
from mpay_gateway.domain.payment import DeliveryState
from mpay_gateway.storage.tables import deliveries, tasks


class TaskKind(StrEnum):
    DELIVER = "deliver"
    RECHECK = "recheck"
    REVERSE = "reverse"


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to do one task until `until`. `fence` proves it at every write."""

    kind: TaskKind
    subject: str
    fence: int
    until: datetime


class Tasks:
    """The stored tasks."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def schedule(self, kind: TaskKind, subject: str, due: datetime | None) -> None:
        """Let the task be due at `due` (None: not at all) and take it from whoever holds it."""
        self._upsert(kind, subject, {"due": due, "lease_until": None, "leased_by": ""})

    def hurry(self, kind: TaskKind, subject: str, due: datetime) -> None:
        """Let the task be due at `due` if it is not due earlier; a running lease goes on."""
        self._session.execute(
            update(tasks)
            .where(
                tasks.c.kind == kind,
                tasks.c.subject == subject,
                or_(tasks.c.due.is_(None), tasks.c.due > due),
            )
            .values(due=due)
        )

    def lease(
        self, kind: TaskKind, subject: str, *, worker: str, now: datetime, until: datetime
    ) -> Lease | None:
        """Take one task whatever its due time, unless somebody holds it. Creates it when it does not exist."""
        self._upsert(kind, subject, {"due": now}, create_only=True)
        fence = self._session.execute(
            update(tasks)
            .where(tasks.c.kind == kind, tasks.c.subject == subject, _free(now))
            .values(due=now, lease_until=until, leased_by=worker, fence=tasks.c.fence + 1)
            .returning(tasks.c.fence)
        ).scalar()
        return None if fence is None else Lease(kind, subject, int(fence), until)

    def claim_due(
        self,
        *,
        worker: str,
        now: datetime,
        until: datetime,
        limit: int,
        full_services: frozenset[str] = frozenset(),
    ) -> tuple[Lease, ...]:
        """Take up to `limit` due tasks that nobody holds, oldest first.

        Deliveries to `full_services` stay where they are: those services take no further call now.
        """
        due = (
            select(tasks.c.id)
            .where(tasks.c.due <= now, _free(now), _welcome(full_services))
            .order_by(tasks.c.due)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        rows = self._session.execute(
            update(tasks)
            .where(tasks.c.id.in_(due.scalar_subquery()))
            .values(lease_until=until, leased_by=worker, fence=tasks.c.fence + 1)
            .returning(tasks.c.kind, tasks.c.subject, tasks.c.fence)
        )
        return tuple(Lease(TaskKind(row.kind), row.subject, int(row.fence), until) for row in rows)

    def check(self, lease: Lease) -> None:
        """Make sure that the lease is still the latest, and keep it so until the unit of work ends.

        Raises: Conflict when another process has taken the task over.
        """
        row = self._session.execute(
            select(tasks.c.fence)
            .where(tasks.c.kind == lease.kind, tasks.c.subject == lease.subject)
            .with_for_update()
        ).first()
        if row is None or row.fence != lease.fence:
            raise Conflict(f"{lease.kind} {lease.subject}: the lease has gone to another process")

    def finish(self, lease: Lease, *, due: datetime | None) -> None:
        """Give the lease back; the task is due again at `due`, or not at all. Raises: Conflict."""
        done = self._session.execute(
            update(tasks)
            .where(
                and_(
                    tasks.c.kind == lease.kind, tasks.c.subject == lease.subject, tasks.c.fence == lease.fence
                )
            )
            .values(due=due, lease_until=None, leased_by="")
        )
        if done.rowcount != 1:  # type: ignore[attr-defined]
            raise Conflict(f"{lease.kind} {lease.subject}: the lease has gone to another process")

    def any_due(self, now: datetime, full_services: frozenset[str] = frozenset()) -> bool:
        """Whether there is anything to claim: a look that takes no lock."""
        query = select(tasks.c.id).where(tasks.c.due <= now, _free(now), _welcome(full_services)).limit(1)
        return self._session.execute(query).first() is not None

    def due_at(self, kind: TaskKind, subject: str) -> datetime | None:
        found = self._session.execute(
            select(tasks.c.due).where(tasks.c.kind == kind, tasks.c.subject == subject)
        ).scalar()
        return found if isinstance(found, datetime) else None

    def _upsert(
        self, kind: TaskKind, subject: str, values: dict[str, object], *, create_only: bool = False
    ) -> None:
        dialect = self._session.get_bind().dialect.name
        statement = (postgresql if dialect == "postgresql" else sqlite).insert(tasks)
        key = ["kind", "subject"]
        row = {"kind": kind, "subject": subject, "fence": 0, "leased_by": "", "lease_until": None} | values
        upsert = (
            statement.on_conflict_do_nothing(index_elements=key)
            if create_only
            # A new schedule is a new fence: whoever held the task may no longer write its result.
            else statement.on_conflict_do_update(
                index_elements=key, set_=values | {"fence": tasks.c.fence + 1}
            )
        )
        self._session.execute(upsert, row)


def _free(now: datetime) -> ColumnElement[bool]:
    return or_(tasks.c.lease_until.is_(None), tasks.c.lease_until < now)


def _welcome(full_services: frozenset[str]) -> ColumnElement[bool]:
    """Not a delivery to one of these services."""
    if not full_services:
        return true()
    waiting = select(deliveries.c.id).where(
        deliveries.c.service_id.in_(full_services),
        deliveries.c.state.in_([DeliveryState.DUE, DeliveryState.LEASED]),
    )
    return or_(tasks.c.kind != TaskKind.DELIVER, tasks.c.subject.not_in(waiting))
