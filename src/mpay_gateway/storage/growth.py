"""Which chains grew and are not sealed yet.

The mark of a chain is written in the commit of its rows, whatever numbers the database gives them: rows that
commit late bring their mark late, and cannot be passed over (docs/adr/0015).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, func, insert, select
from sqlalchemy.engine import Connection

from mpay_gateway.domain.seals import Chain
from mpay_gateway.storage.tables import unsealed_chains

_AT_ONCE = 1000
_ADD = insert(unsealed_chains).inline()  # nobody asks for the number of the mark
_REMOVE = delete(unsealed_chains).where(unsealed_chains.c.id.in_(bindparam("ids", expanding=True)))


@dataclass(frozen=True, slots=True)
class Mark:
    """One growth of a chain that is not sealed yet."""

    id: int
    chain: Chain
    subject: str


class Growth:
    """The marks of chains that grew."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._pending: dict[tuple[Chain, str], datetime] = {}

    def note(self, chain: Chain, subject: str, at: datetime) -> None:
        """Mark the chain, with the unit's other rows at its end. `at`: the time of the row."""
        self._pending.setdefault((chain, subject), at)

    def flush(self) -> None:
        """Store the marks in one statement."""
        if self._pending:
            rows = [
                {"chain": chain.value, "subject": subject, "at": at}
                for (chain, subject), at in self._pending.items()
            ]
            self._connection.execute(_ADD, rows)
            self._pending = {}

    def marks(self, limit: int) -> tuple[Mark, ...]:
        """Up to `limit` marks, the oldest first."""
        query = select(unsealed_chains.c.id, unsealed_chains.c.chain, unsealed_chains.c.subject)
        rows = self._connection.execute(query.order_by(unsealed_chains.c.id).limit(limit))
        return tuple(Mark(row.id, Chain(row.chain), row.subject) for row in rows)

    def remove(self, marks: Sequence[Mark]) -> None:
        """Forget these marks and no others: more may have come meanwhile."""
        ids = [mark.id for mark in marks]
        for start in range(0, len(ids), _AT_ONCE):
            self._connection.execute(_REMOVE, {"ids": ids[start : start + _AT_ONCE]})

    def oldest(self) -> datetime | None:
        """The time of the oldest row that waits for its seal; None when none waits."""
        found = self._connection.execute(select(func.min(unsealed_chains.c.at))).scalar()
        return found if isinstance(found, datetime) else None


def subjects_of(marks: Sequence[Mark], chain: Chain) -> tuple[str, ...]:
    """The subjects whose chain of this kind is marked, each once."""
    return tuple({mark.subject: None for mark in marks if mark.chain is chain})
