"""The statements by which tasks are found, claimed and leased, each built once for each clock.

Whether a lease still runs is judged by one clock only, whichever machine asks: on PostgreSQL by the database's, on
SQLite, which lives on one machine, by that machine's.

Due tasks stand in queues: one for the deliveries to each service, one for everything else. However much waits in one
queue, the others are found beside it by the index on (service_id, due).
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Integer,
    Interval,
    Select,
    Update,
    bindparam,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate

from mpay_gateway.storage.tables import tasks
from mpay_gateway.storage.types import UtcDateTime


class LeaseTime(StrEnum):
    """Whose clock leases are judged by: the database's, or the `now` of whoever asks."""

    DATABASE = "database"
    CALLER = "caller"


def _lease(now: ColumnElement[datetime], until: ColumnElement[datetime]) -> ReturningUpdate[int]:
    return (
        update(tasks)
        .where(*THE_TASK, _free(now))
        .values(_leased(until, due=bindparam("due_at")))
        .returning(tasks.c.fence)
    )


def _leased(until: ColumnElement[datetime], *, due: ColumnElement[datetime]) -> dict[str, object]:
    return {"fence": tasks.c.fence + 1, "due": due, "lease_until": until, "leased_by": bindparam("by")}


def _free(now: ColumnElement[datetime]) -> ColumnElement[bool]:
    return or_(tasks.c.lease_until.is_(None), tasks.c.lease_until < now)


def _claim(now: ColumnElement[datetime], until: ColumnElement[datetime]) -> ReturningUpdate[str, str, int]:
    """A task whose worker dies is due again when its lease ends, behind what was due before: it blocks nobody."""
    # Chosen once and for all: PostgreSQL may run a plain subquery again for each row, and claim more.
    due = (
        select(tasks.c.id)
        .where(tasks.c.service_id == bindparam("of_service"), tasks.c.due <= _DUE_BY, _free(now))
        .order_by(tasks.c.due)
        .limit(bindparam("most", type_=Integer()))
        .with_for_update(skip_locked=True)
        .cte("due_tasks")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    return (
        update(tasks)
        .where(tasks.c.id.in_(select(due.c.id)))
        .values(_leased(until, due=until))
        .returning(tasks.c.kind, tasks.c.subject, tasks.c.fence)
    )


def _queues(now: ColumnElement[datetime]) -> Select[str, datetime]:
    """The queues that have anything, one step along the index each, and what is due longest in each."""
    waiting = tasks.c.due.is_not(None)
    first = select(func.min(tasks.c.service_id).label("service_id")).where(waiting)
    queue = first.cte("queue", recursive=True)
    following = select(func.min(tasks.c.service_id)).where(waiting, tasks.c.service_id > queue.c.service_id)
    queue = queue.union_all(select(following.scalar_subquery()).where(queue.c.service_id.is_not(None)))
    oldest = (
        select(tasks.c.due)
        .where(tasks.c.service_id == queue.c.service_id, tasks.c.due <= _DUE_BY, _free(now))
        .order_by(tasks.c.due)
        .limit(1)
        .scalar_subquery()
    )
    found = select(queue.c.service_id, oldest.label("oldest_due")).subquery()
    return select(found.c.service_id, found.c.oldest_due).where(found.c.oldest_due.is_not(None))


def _in_hand(now: ColumnElement[datetime], until: ColumnElement[datetime]) -> Select[str, int]:
    """A claimed task is due when its lease ends, so that the index finds it. First tries are not counted: they were
    leased, not claimed."""
    return (
        select(tasks.c.service_id, func.count().label("held"))
        .where(
            tasks.c.service_id.in_(bindparam("of_services", expanding=True)),
            tasks.c.due > now, tasks.c.due <= until, tasks.c.lease_until > now,
        )
        .group_by(tasks.c.service_id)
    )  # fmt: skip


def _hurry_service(now: ColumnElement[datetime]) -> Update:
    later = (
        select(tasks.c.id)
        .where(
            tasks.c.service_id == bindparam("of_service"), tasks.c.due > _DUE_BY, _free(now)
        )
        .with_for_update(skip_locked=True)
        .cte("later")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )  # fmt: skip
    return update(tasks).where(tasks.c.id.in_(select(later.c.id))).values(due=_DUE_BY)


THE_TASK = (tasks.c.kind == bindparam("of_kind"), tasks.c.subject == bindparam("of_subject"))
_DUE_BY = bindparam("due_by", type_=UtcDateTime())
_SPAN = bindparam("span", type_=Interval())
_HERE, _HERE_UNTIL = bindparam("free_at", type_=UtcDateTime()), bindparam("until", type_=UtcDateTime())
_THERE = func.clock_timestamp(type_=DateTime(timezone=True))
# An index can be searched by an instant that stands still while the statement runs.
_STILL = func.statement_timestamp(type_=DateTime(timezone=True))

BY_CLOCK = {LeaseTime.CALLER: (_HERE, _HERE_UNTIL), LeaseTime.DATABASE: (_THERE, _THERE + _SPAN)}
LEASE = {whose: _lease(*clock) for whose, clock in BY_CLOCK.items()}
CLAIM = {whose: _claim(*clock) for whose, clock in BY_CLOCK.items()}
QUEUES = {whose: _queues(now) for whose, (now, _) in BY_CLOCK.items()}
HURRY_SERVICE = {whose: _hurry_service(now) for whose, (now, _) in BY_CLOCK.items()}
IN_HAND = {
    LeaseTime.CALLER: _in_hand(_HERE, _HERE_UNTIL),
    LeaseTime.DATABASE: _in_hand(_STILL, _STILL + _SPAN),
}
