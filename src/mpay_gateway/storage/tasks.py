"""The one table that workers claim from. A task is a kind of work on a subject, due at a time, leased to one process.

The fence grows with every lease; a result may be written only under the fence of the lease that it was got under.

Whether a lease still runs is judged by one clock only, whichever machine asks: on PostgreSQL by the database's, on
SQLite, which lives on one machine, by that machine's. When a task is due is no such question: callers say it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import ModuleType

from sqlalchemy import ColumnElement, DateTime, Interval, bindparam, func, literal, or_, select, true, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.sql.dml import Insert, ReturningUpdate

from mpay_gateway.domain.errors import Conflict
from mpay_gateway.storage.statements import insert_once
from mpay_gateway.storage.tables import deliveries, tasks
from mpay_gateway.storage.types import UtcDateTime


class TaskKind(StrEnum):
    DELIVER = "deliver"
    RECHECK = "recheck"
    FINISH = "finish"
    REVERSE = "reverse"
    REFUND = "refund"
    SEAL = "seal"
    EXPIRE = "expire"
    JOB = "job"
    STATEMENT = "statement"


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to do one task for `span`, counted from the last renewal. `fence` proves it at every write."""

    kind: TaskKind
    subject: str
    fence: int
    span: timedelta


class LeaseTime(StrEnum):
    """Whose clock leases are judged by: the database's, or the `now` of whoever asks."""

    DATABASE = "database"
    CALLER = "caller"


_THE_TASK = (tasks.c.kind == bindparam("of_kind"), tasks.c.subject == bindparam("of_subject"))
_HURRY = update(tasks).where(*_THE_TASK, or_(tasks.c.due.is_(None), tasks.c.due > bindparam("not_after")))
_DATABASE_NOW = func.clock_timestamp(type_=DateTime(timezone=True))
_DATABASE_UNTIL = _DATABASE_NOW + bindparam("span", type_=Interval())
_UNTIL = bindparam("until", type_=UtcDateTime())


def _lease(now: ColumnElement[datetime], until: ColumnElement[datetime]) -> ReturningUpdate[int]:
    return (
        update(tasks)
        .where(*_THE_TASK, or_(tasks.c.lease_until.is_(None), tasks.c.lease_until < now))
        .values(
            fence=tasks.c.fence + 1, due=bindparam("due_at"), lease_until=until, leased_by=bindparam("by")
        )
        .returning(tasks.c.fence)
    )


_LEASE = {
    LeaseTime.CALLER: _lease(bindparam("free_at", type_=UtcDateTime()), _UNTIL),
    LeaseTime.DATABASE: _lease(_DATABASE_NOW, _DATABASE_UNTIL),
}
_HELD = (*_THE_TASK, tasks.c.fence == bindparam("of_fence"))
_RENEW = {
    LeaseTime.CALLER: update(tasks).where(*_HELD).values(lease_until=_UNTIL),
    LeaseTime.DATABASE: update(tasks).where(*_HELD).values(lease_until=_DATABASE_UNTIL),
}
_FENCE = select(tasks.c.fence).where(*_THE_TASK).with_for_update()
_FINISH = (
    update(tasks)
    .where(*_HELD)
    .values(fence=tasks.c.fence + 1, due=bindparam("due_at"), lease_until=None, leased_by="")
)
_DUE_AT = select(tasks.c.due).where(*_THE_TASK)
_NO_LEASE: dict[str, object] = {"lease_until": None, "leased_by": ""}
_OF_SERVICE = func.coalesce(
    select(deliveries.c.service_id).where(deliveries.c.id == bindparam("of_subject")).scalar_subquery(), ""
)
"""A delivery's task keeps the service that it goes to, and never changes it."""
_CREATE = insert_once(tasks, ["kind", "subject"], service_id=_OF_SERVICE)


def _schedule(dialect: ModuleType) -> Insert:
    """A new schedule is a new fence: whoever held the task may no longer write its result."""
    statement: postgresql.Insert = dialect.insert(tasks).values(service_id=_OF_SERVICE)
    changed = {"due": statement.excluded.due, "fence": tasks.c.fence + 1} | _NO_LEASE
    return statement.on_conflict_do_update(index_elements=["kind", "subject"], set_=changed)


_SCHEDULE = {"sqlite": _schedule(sqlite), "postgresql": _schedule(postgresql)}


class Tasks:
    """The stored tasks."""

    def __init__(self, connection: Connection, lease_time: LeaseTime) -> None:
        self._connection = connection
        self._lease_time = lease_time

    def schedule(self, kind: TaskKind, subject: str, due: datetime | None) -> None:
        """Let the task be due at `due` (None: not at all) and take it from whoever holds it."""
        row = _new(kind, subject, due)
        self._connection.execute(_SCHEDULE[self._connection.dialect.name], row)

    def hurry(self, kind: TaskKind, subject: str, due: datetime) -> None:
        """Let the task be due at `due` if it is not due earlier; a running lease goes on."""
        self._connection.execute(
            _HURRY, {"of_kind": kind, "of_subject": subject, "not_after": due, "due": due}
        )

    def tend(self, kind: TaskKind, subject: str, due: datetime) -> None:
        """Let a task that never ends exist and be due at `due` at the latest; a running lease goes on."""
        row = _new(kind, subject, due)
        self._connection.execute(_CREATE.on(self._connection), row)
        self.hurry(kind, subject, due)

    def lease(
        self, kind: TaskKind, subject: str, *, worker: str, now: datetime, until: datetime
    ) -> Lease | None:
        """Take one task whatever its due time, unless somebody holds it. Creates it when it does not exist.

        `until`: so long after `now`, by whichever clock leases are judged.
        """
        row = _new(kind, subject, now)
        self._connection.execute(_CREATE.on(self._connection), row)
        values = {"of_kind": kind, "of_subject": subject, "due_at": now, "by": worker}
        if self._lease_time is LeaseTime.CALLER:
            values["free_at"] = now
        values |= self._until(now, until - now)
        fence = self._connection.execute(_LEASE[self._lease_time], values).scalar()
        return None if fence is None else Lease(kind, subject, int(fence), until - now)

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
        # Chosen once and for all: PostgreSQL may run a plain subquery again for each row, and claim more.
        due = (
            select(tasks.c.id)
            .where(tasks.c.due <= now, self._free(now), _welcome(full_services))
            .order_by(tasks.c.due)
            .limit(limit)
            .with_for_update(skip_locked=True)
            .cte("due_tasks")
            .prefix_with("MATERIALIZED", dialect="postgresql")
        )
        rows = self._connection.execute(
            update(tasks)
            .where(tasks.c.id.in_(select(due.c.id)))
            .values(lease_until=self._at(until, until - now), leased_by=worker, fence=tasks.c.fence + 1)
            .returning(tasks.c.kind, tasks.c.subject, tasks.c.fence)
        )
        return tuple(Lease(TaskKind(row.kind), row.subject, int(row.fence), until - now) for row in rows)

    def check(self, lease: Lease) -> None:
        """Make sure that the lease is still the latest, and keep it so until the unit of work ends.

        Raises: Conflict when another process has taken the task over.
        """
        row = self._connection.execute(_FENCE, {"of_kind": lease.kind, "of_subject": lease.subject}).first()
        if row is None or row.fence != lease.fence:
            raise Conflict(f"{lease.kind} {lease.subject}: the lease has gone to another process")

    def renew(self, lease: Lease, *, now: datetime) -> None:
        """Hold the lease for its whole span again, if it is still the latest: before each send, and between calls.

        A lease that has run out and that nobody took is renewed too: whoever takes it waits for this row, and
        finds it held. So no two processes send at once, however late one of them is. Raises: Conflict.
        """
        found = {"of_kind": lease.kind, "of_subject": lease.subject, "of_fence": lease.fence}
        values = found | self._until(now, lease.span)
        if self._connection.execute(_RENEW[self._lease_time], values).rowcount != 1:
            raise Conflict(f"{lease.kind} {lease.subject}: the lease has gone to another process")

    def finish(self, lease: Lease, *, due: datetime | None) -> None:
        """Give the lease back; the task is due again at `due`, or not at all. Raises: Conflict.

        From now on the lease passes no `check`: a call that ends late in another thread may not send any more.
        """
        found = {"of_kind": lease.kind, "of_subject": lease.subject, "of_fence": lease.fence}
        done = self._connection.execute(_FINISH, found | {"due_at": due})
        if done.rowcount != 1:
            raise Conflict(f"{lease.kind} {lease.subject}: the lease has gone to another process")

    def any_due(self, now: datetime, full_services: frozenset[str] = frozenset()) -> bool:
        """Whether there is anything to claim: a look that takes no lock."""
        query = (
            select(tasks.c.id).where(tasks.c.due <= now, self._free(now), _welcome(full_services)).limit(1)
        )
        return self._connection.execute(query).first() is not None

    def due_at(self, kind: TaskKind, subject: str) -> datetime | None:
        found = self._connection.execute(_DUE_AT, {"of_kind": kind, "of_subject": subject}).scalar()
        return found if isinstance(found, datetime) else None

    def _free(self, now: datetime) -> ColumnElement[bool]:
        moment = self._at(now, timedelta(0))
        return or_(tasks.c.lease_until.is_(None), tasks.c.lease_until < moment)

    def _at(self, told: datetime, later: timedelta) -> ColumnElement[datetime]:
        """The instant that the caller tells, or so much later than now by the database's clock."""
        if self._lease_time is LeaseTime.CALLER:
            return literal(told, UtcDateTime())
        return _DATABASE_NOW + literal(later, Interval())

    def _until(self, now: datetime, span: timedelta) -> dict[str, object]:
        return {"until": now + span} if self._lease_time is LeaseTime.CALLER else {"span": span}


def _new(kind: TaskKind, subject: str, due: datetime | None) -> dict[str, object]:
    return {"kind": kind, "subject": subject, "of_subject": subject, "due": due, "fence": 0} | _NO_LEASE


def _welcome(full_services: frozenset[str]) -> ColumnElement[bool]:
    """Not a delivery to one of these services. The task says itself whose it is: such a service may have very many."""
    return tasks.c.service_id.not_in(full_services) if full_services else true()
