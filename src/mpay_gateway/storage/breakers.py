"""The stored breakers: one small row for each kind of call to each counterpart, shared by all processes.

A row is written when a call goes unanswered, when the breaker opens, probes or closes, and at no other time.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row, bindparam, select, update
from sqlalchemy.engine import Connection

from mpay_gateway.domain.breaker import Breaker, Calls, CallsTo
from mpay_gateway.storage.statements import insert_once
from mpay_gateway.storage.tables import breakers

_FIELDS = tuple(name for name in Breaker.__dataclass_fields__ if name != "calls")
_CREATE = insert_once(breakers, ["kind", "subject"])
_LOCK = (
    select(breakers)
    .where(
        breakers.c.kind == bindparam("of_kind"),
        breakers.c.subject.in_(bindparam("of_subjects", expanding=True)),
    )
    .order_by(breakers.c.subject)
    .with_for_update()
)
_SAVE = update(breakers).where(
    breakers.c.kind == bindparam("of_kind"), breakers.c.subject == bindparam("of_subject")
)
_TROUBLED = select(breakers).where(breakers.c.failures > 0).order_by(breakers.c.kind, breakers.c.subject)


class Breakers:
    """The breakers. Whoever changes one has locked it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def troubled(self) -> tuple[Breaker, ...]:
        """Those whose last call went unanswered, the open ones among them."""
        return tuple(map(_breaker, self._connection.execute(_TROUBLED)))

    def lock(self, calls: CallsTo) -> Breaker:
        """Hold one breaker until the unit of work ends. Its row is the last that a unit waits for."""
        return self.lock_all(calls.kind, (calls.subject,))[calls.subject]

    def lock_all(self, kind: Calls, subjects: Iterable[str]) -> dict[str, Breaker]:
        """Hold several breakers of a kind, in one order for everybody; those that are new are closed."""
        wanted = sorted(set(subjects))
        found = self._held(kind, wanted)
        if missing := [each for each in wanted if each not in found]:
            for subject in missing:
                new = Breaker(CallsTo(kind, subject))
                row = {"kind": kind, "subject": subject} | _values(new)
                self._connection.execute(_CREATE.on(self._connection), row)
            found = self._held(kind, wanted)
        return found

    def save(self, breaker: Breaker) -> None:
        """Store what became of a locked breaker."""
        found = {"of_kind": breaker.calls.kind, "of_subject": breaker.calls.subject}
        self._connection.execute(_SAVE, found | _values(breaker))

    def _held(self, kind: Calls, subjects: list[str]) -> dict[str, Breaker]:
        rows = self._connection.execute(_LOCK, {"of_kind": kind, "of_subjects": subjects})
        return {row.subject: _breaker(row) for row in rows}


def _values(breaker: Breaker) -> dict[str, Any]:
    return {name: getattr(breaker, name) for name in _FIELDS}


def _breaker(row: Row[Any]) -> Breaker:
    values = row._asdict()
    return Breaker(CallsTo(Calls(values.pop("kind")), values.pop("subject")), **values)
