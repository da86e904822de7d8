"""The bank's SQLite file: one connection per thread, one writer at a time."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

_BUSY_TIMEOUT_S = 10.0


def connect(path: Path) -> sqlite3.Connection:
    """Open the file in autocommit mode with WAL and foreign keys.

    WAL with synchronous=NORMAL loses nothing when the process is killed, only when the machine is; a
    sandbox can afford that and answers in about a millisecond.
    """
    connection = sqlite3.connect(
        path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, cached_statements=256, check_same_thread=False
    )
    connection.row_factory = sqlite3.Row
    try:
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


class Database:
    """A pool of one connection per thread, and the lock that gives writers their turn."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.after_commit: Callable[[], None] = lambda: None
        self._turn = threading.Lock()
        self._local = threading.local()
        self._open: list[sqlite3.Connection] = []
        path.parent.mkdir(parents=True, exist_ok=True)
        schema = resources.files("sandbox_bank").joinpath("schema.sql").read_text(encoding="utf-8")
        self.read().executescript(schema)

    def read(self) -> sqlite3.Connection:
        """Return this thread's connection, outside any transaction."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = connect(self._path)
            self._open.append(connection)
        return connection

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Run a block as one transaction: leaving it commits, an exception rolls back.

        The lock in front keeps the threads in line; SQLite's own waiting lets some starve.
        """
        connection = self.read()
        with self._turn:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
        self.after_commit()

    def close(self) -> None:
        """Close every connection; to be called when no thread uses them any more."""
        for connection in self._open:
            connection.close()
        self._open.clear()
