"""The one table that workers claim from. A task is a kind of work on a subject, due at a time, leased to one process.

The fence grows with every lease; a result may be written only under the fence of the lease that it was got under.

Whether a lease still runs is judged by one clock only (task_statements). When a task is due is no such question:
callers say it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import ModuleType

from sqlalchemy import bindparam, case, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.sql.dml import Insert

from mpay_gateway.domain.errors import Conflict
from mpay_gateway.domain.guards import guards
from mpay_gateway.storage.statements import insert_once
from mpay_gateway.storage.tables import deliveries, tasks
from mpay_gateway.storage.task_statements import (
    BY_CLOCK,
    CLAIM,
    HURRY_SERVICE,
    IN_HAND,
    LEASE,
    QUEUES,
    THE_TASK,
    LeaseTime,
)
from mpay_gateway.storage.types import UtcDateTime

__all__ = ["Lease", "LeaseTime", "Queue", "TaskKind", "Tasks"]


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
    COUNT = "count"
    ERASE = "erase"


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to do one task for `span`, counted from the last renewal. `fence` proves it at every write.

    `service_id`: whom a claimed delivery goes to, else empty.
    """

    kind: TaskKind
    subject: str
    fence: int
    span: timedelta
    service_id: str = ""


@dataclass(frozen=True, slots=True)
class Queue:
    """Due tasks of one kind of work: the deliveries to a service, or all other tasks, whose `service_id` is empty."""

    service_id: str
    oldest_due: datetime


_WISHED = bindparam("wished_due", type_=UtcDateTime())
_HURRY = (
    update(tasks)
    .where(*THE_TASK)
    .values(
        wishes=tasks.c.wishes + 1,
        due=case((or_(tasks.c.due.is_(None), tasks.c.due > _WISHED), _WISHED), else_=tasks.c.due),
    )
)
_HELD = (*THE_TASK, tasks.c.fence == bindparam("of_fence"))
_RENEW = {
    whose: update(tasks).where(*_HELD).values(lease_until=until) for whose, (_, until) in BY_CLOCK.items()
}
_FENCE = select(tasks.c.fence).where(*THE_TASK).with_for_update()
_FINISH = (
    update(tasks)
    .where(*_HELD)
    .values(fence=tasks.c.fence + 1, due=bindparam("due_at"), lease_until=None, leased_by="")
)
_DUE_AT = select(tasks.c.due).where(*THE_TASK)
_WISHES = select(tasks.c.wishes).where(*THE_TASK)
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
        self._connection.execute(_HURRY, {"of_kind": kind, "of_subject": subject, "wished_due": due})

    def wishes(self, kind: TaskKind, subject: str) -> int:
        """How often the task was hurried. Whoever set out before has not done what was wished for the last time."""
        found = self._connection.execute(_WISHES, {"of_kind": kind, "of_subject": subject}).scalar()
        return int(found or 0)

    def tend(self, kind: TaskKind, subject: str, due: datetime) -> None:
        """Let a task that never ends exist and be due at `due` at the latest; a running lease goes on."""
        row = _new(kind, subject, due)
        self._connection.execute(_CREATE.on(self._connection), row)
        self.hurry(kind, subject, due)

    @guards("lease.free")
    def lease(
        self, kind: TaskKind, subject: str, *, worker: str, now: datetime, until: datetime
    ) -> Lease | None:
        """Take one task whatever its due time, unless somebody holds it. Creates it when it does not exist.

        `until`: so long after `now`, by whichever clock leases are judged.
        """
        row = _new(kind, subject, now)
        self._connection.execute(_CREATE.on(self._connection), row)
        values = {"of_kind": kind, "of_subject": subject, "due_at": now, "by": worker}
        values |= self._clock(now, until - now)
        fence = self._connection.execute(LEASE[self._lease_time], values).scalar()
        return None if fence is None else Lease(kind, subject, int(fence), until - now)

    def queues(self, now: datetime) -> tuple[Queue, ...]:
        """Where there is something to claim, the longest due first: a look that takes no lock."""
        rows = self._connection.execute(QUEUES[self._lease_time], {"due_by": now} | self._clock(now))
        return tuple(sorted((Queue(*row) for row in rows), key=lambda queue: queue.oldest_due))

    def in_hand(self, services: Sequence[str], *, now: datetime, span: timedelta) -> dict[str, int]:
        """How many deliveries to each service all workers together have claimed, for `span` at most."""
        asked = {"of_services": list(services)} | self._clock(now, span)
        rows = self._connection.execute(IN_HAND[self._lease_time], asked)
        return {row.service_id: int(row.held) for row in rows}

    @guards("lease.free")
    def claim_due(
        self, *, worker: str, now: datetime, until: datetime, limit: int, service_id: str = ""
    ) -> tuple[Lease, ...]:
        """Take up to `limit` due tasks of one queue that nobody holds, oldest first."""
        asked = {"of_service": service_id, "due_by": now, "most": limit, "by": worker}
        rows = self._connection.execute(CLAIM[self._lease_time], asked | self._clock(now, until - now))
        return tuple(
            Lease(TaskKind(row.kind), row.subject, int(row.fence), until - now, service_id) for row in rows
        )

    def hurry_service(self, service_id: str, due: datetime) -> None:
        """Let every delivery to a service be due at `due` that is due later. Leases go on.

        What another process holds just now is passed by: it is being sent, or about to be.
        """
        asked = {"of_service": service_id, "due_by": due} | self._clock(due)
        self._connection.execute(HURRY_SERVICE[self._lease_time], asked)

    @guards("lease.fence")
    def check(self, lease: Lease) -> None:
        """Make sure that the lease is still the latest, and keep it so until the unit of work ends.

        Raises: Conflict when another process has taken the task over.
        """
        row = self._connection.execute(_FENCE, {"of_kind": lease.kind, "of_subject": lease.subject}).first()
        if row is None or row.fence != lease.fence:
            raise Conflict(f"{lease.kind} {lease.subject}: the lease has gone to another process")

    @guards("lease.fence")
    def renew(self, lease: Lease, *, now: datetime) -> None:
        """Hold the lease for its whole span again, if it is still the latest: before each send, and between calls.

        A lease that has run out and that nobody took is renewed too: whoever takes it waits for this row, and
        finds it held. So no two processes send at once, however late one of them is. Raises: Conflict.
        """
        found = {"of_kind": lease.kind, "of_subject": lease.subject, "of_fence": lease.fence}
        values = found | self._until(now, lease.span)
        if self._connection.execute(_RENEW[self._lease_time], values).rowcount != 1:
            raise Conflict(f"{lease.kind} {lease.subject}: the lease has gone to another process")

    @guards("lease.fence")
    def finish(self, lease: Lease, *, due: datetime | None) -> None:
        """Give the lease back; the task is due again at `due`, or not at all. Raises: Conflict.

        From now on the lease passes no `check`: a call that ends late in another thread may not send any more.
        """
        found = {"of_kind": lease.kind, "of_subject": lease.subject, "of_fence": lease.fence}
        done = self._connection.execute(_FINISH, found | {"due_at": due})
        if done.rowcount != 1:
            raise Conflict(f"{lease.kind} {lease.subject}: the lease has gone to another process")

    def due_at(self, kind: TaskKind, subject: str) -> datetime | None:
        found = self._connection.execute(_DUE_AT, {"of_kind": kind, "of_subject": subject}).scalar()
        return found if isinstance(found, datetime) else None

    def _clock(self, now: datetime, span: timedelta = timedelta(0)) -> dict[str, object]:
        """Now, and so much later, by whichever clock leases are judged."""
        return (
            {"free_at": now} | self._until(now, span)
            if self._lease_time is LeaseTime.CALLER
            else {"span": span}
        )

    @guards("lease.span")
    def _until(self, now: datetime, span: timedelta) -> dict[str, object]:
        return {"until": now + span} if self._lease_time is LeaseTime.CALLER else {"span": span}


def _new(kind: TaskKind, subject: str, due: datetime | None) -> dict[str, object]:
    return {"kind": kind, "subject": subject, "of_subject": subject, "due": due, "fence": 0} | _NO_LEASE
