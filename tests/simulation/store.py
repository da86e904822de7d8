"""The database of a world: SQLite in memory, filled from one template, so that a new world costs next to nothing."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy
from sqlalchemy import Engine

from mpay_gateway.storage import create_engine
from mpay_gateway.storage.engine import _beginning
from mpay_gateway.storage.migrate import migrate

_NEXT_DUE = """
    SELECT min(CASE WHEN lease_until IS NULL OR lease_until < due THEN due ELSE lease_until END)
    FROM tasks WHERE due IS NOT NULL AND NOT (
        kind = 'recheck' AND due > ? AND subject IN (
            SELECT payment_id FROM deliveries WHERE state = 'parked'
            UNION ALL SELECT payment_id FROM reversals WHERE state = 'refused'))
    AND NOT (kind = 'statement' AND due > ?)
"""


class Store:
    """One connection for everybody: units of work come one after the other, as SQLite's writers do."""

    def __init__(self) -> None:
        self.raw = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._template = _template()
        self.raw.deserialize(self._template)
        self.raw.execute("PRAGMA foreign_keys=ON")
        self.engine: Engine = _beginning(
            sqlalchemy.create_engine("sqlite://", poolclass=sqlalchemy.StaticPool, creator=lambda: self.raw),
            "BEGIN IMMEDIATE",
        )

    def clear(self) -> None:
        """Bring the tables back to the template."""
        self.raw.deserialize(self._template)

    def keep_as_template(self) -> None:
        """Let every further world begin with what is stored now."""
        self._template = self.raw.serialize()

    def rows(self, query: str, *values: object) -> list[tuple]:
        """What a question finds, asked beside the gateway's own layers."""
        return self.raw.execute(query, values).fetchall()

    def next_due(self, *, resting: datetime, stated_until: datetime) -> datetime | None:
        """When a task can be claimed next, by the clock that leases are judged by.

        From `resting` on, questions count no more that are asked every hour until people see to a parked confirmation
        or a refused reversal. Days whose statement is due after `stated_until` do not count: there is always a next.
        """
        ((found,),) = self.rows(_NEXT_DUE, _written(resting), _written(stated_until))
        return None if found is None else datetime.fromisoformat(found + "+00:00") + timedelta(milliseconds=1)


def _written(moment: datetime) -> str:
    """As SQLite's rows have it."""
    return f"{moment:%Y-%m-%d %H:%M:%S.%f}"


def _template() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "template.sqlite"
        engine = create_engine(f"sqlite:///{path}")
        migrate(engine)
        engine.dispose()
        with _opened(path) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")  # memory knows no log beside the database
            return connection.serialize()


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path)
    try:
        yield connection
    finally:
        connection.close()
