"""The times at which the database went back to a backup, and what it must remember not to have gone back again."""

from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select, union, update
from sqlalchemy.engine import Connection

from mpay_gateway.domain.decision import DecisionState
from mpay_gateway.domain.identifiers import AccountId
from mpay_gateway.domain.payment import PaymentState, ReversalState
from mpay_gateway.domain.restoration import Restoration
from mpay_gateway.storage.statements import insert_once
from mpay_gateway.storage.tables import (
    audit,
    decisions,
    payments,
    refunds,
    restorations,
    reversals,
    tasks,
)
from mpay_gateway.storage.tasks import TaskKind
from mpay_gateway.storage.watermark import Mark

_FIELDS = tuple(Restoration.__dataclass_fields__)
_ADD = insert_once(restorations, ["epoch"], returning=restorations.c.epoch)
_NEWEST = select(*(restorations.c[name] for name in _FIELDS)).order_by(restorations.c.epoch.desc()).limit(1)
_LAST = select(audit.c.id, audit.c.digest, audit.c.at).order_by(audit.c.id.desc()).limit(1)
_OPEN = (PaymentState.CREATED, PaymentState.STARTED, PaymentState.AUTHORISED)


class Restorations:
    """The stored restorations."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def newest(self) -> Restoration | None:
        row = self._connection.execute(_NEWEST).first()
        return None if row is None else Restoration(*row)

    def epoch(self) -> int:
        """0 for a database that never went back."""
        newest = self.newest()
        return newest.epoch if newest else 0

    def open(self) -> Restoration | None:
        """The one that nobody has finished yet."""
        newest = self.newest()
        return newest if newest is not None and newest.finished_at is None else None

    def may_have_lost(self, begun_at: datetime) -> bool:
        """Whether what began then may have gone on in a time that a restored backup lost: nobody here knows."""
        newest = self.newest()
        return newest is not None and begun_at < newest.noticed_at

    def add(self, restoration: Restoration) -> bool:
        """False when another process has noticed it first."""
        row = asdict(restoration)
        return self._connection.execute(_ADD.on(self._connection), row).first() is not None

    def change(self, restoration: Restoration, **values: Any) -> Restoration:
        done = update(restorations).where(restorations.c.epoch == restoration.epoch).values(**values)
        self._connection.execute(done)
        return replace(restoration, **values)

    def mark(self) -> Mark:
        """The newest row of the audit, which the database must have for ever."""
        row = self._connection.execute(_LAST).first()
        return Mark(self.epoch(), row.id if row else 0, row.digest if row else "")

    def remembers(self, mark: Mark) -> bool:
        """Whether the database still has a row that it had."""
        if not mark.row:
            return True
        query = select(audit.c.digest).where(audit.c.id == mark.row)
        return self._connection.execute(query).scalar() == mark.digest

    def last_moment(self) -> datetime | None:
        """The time of the newest row of the audit."""
        row = self._connection.execute(_LAST).first()
        return row.at if row else None

    def to_ask_about(
        self, since: datetime, reach: timedelta, accounts: frozenset[AccountId]
    ) -> tuple[str, ...]:
        """Payments of which the lost time may know more: open ones, those begun so shortly before `since`, and those
        whose money was on its way back, or was to be decided on.
        """
        c = payments.c
        moving = union(
            select(decisions.c.payment_id).where(decisions.c.state == DecisionState.PROPOSED),
            select(refunds.c.payment_id).where(refunds.c.acknowledged_at.is_(None)),
            select(reversals.c.payment_id).where(reversals.c.state != ReversalState.DONE),
        )
        lately = c.created_at >= since - reach
        query = (
            select(c.id)
            .where(c.account_id.in_(accounts), or_(c.state.in_(_OPEN), lately, c.id.in_(moving)))
            .order_by(c.id)
        )
        return tuple(self._connection.execute(query).scalars())

    def hurry_checks(self, now: datetime) -> None:
        """Let workers ask about every payment whose outcome is not known, at once."""
        c = tasks.c
        waiting = (c.kind == TaskKind.RECHECK, c.due > now)
        self._connection.execute(update(tasks).where(*waiting).values(due=now))
