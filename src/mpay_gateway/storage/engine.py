"""Engines for the two databases, set up so that an acknowledged commit is durable."""

import threading
from collections import deque
from typing import Any, cast

import sqlalchemy
from sqlalchemy import Engine, event
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.engine.interfaces import IsolationLevel
from sqlalchemy.exc import TimeoutError as NoTurn

from mpay_gateway.storage.lean_cursor import LeanCursor

SQLITE_BUSY_MS = 10_000
TURN_SECONDS = 15.0
"""How long a unit waits in its process for its turn at SQLite, whose writers come one after the other."""
POSTGRES_BOUNDS = {
    "lock_timeout": "5s",
    "statement_timeout": "30s",
    "idle_in_transaction_session_timeout": "60s",
}
"""How long PostgreSQL lets one session wait for a lock, run a statement, and hold locks while it says nothing.

None of them ends the wait of a commit for its standby.
"""
CONNECT_SECONDS = 5
"""How long a connection may take to be made, unless the address says otherwise (`connect_timeout`)."""
SILENCE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 20_000}
"""A server whose machine is gone says nothing, and the system would wait for a quarter of an hour or two hours.

So it is given up after 25 s in which it does not even acknowledge (libpq's parameters, in seconds, the last in
milliseconds). A server that only takes its time acknowledges, so that no wait of a commit ends.
"""


def create_engine(url: str | URL, *, pool_size: int = 16) -> Engine:
    """An engine for `sqlite:///…` or `postgresql+psycopg://…`.

    SQLite: WAL, synchronous=FULL, foreign keys on; units that write begin with BEGIN IMMEDIATE behind one fair
    lock in the process. PostgreSQL: READ COMMITTED; what must not race is locked by row; no wait is endless.
    Raises: ValueError for another database.
    """
    parsed = make_url(url)
    match parsed.get_backend_name():
        case "sqlite":
            return _sqlite_engine(parsed, pool_size)
        case "postgresql":
            return _postgresql_engine(parsed, pool_size, max_overflow=pool_size)
        case other:
            raise ValueError(f"no such database: {other}")


def unhurried(connection: Connection, isolation: IsolationLevel = "READ COMMITTED") -> None:
    """Let the transaction take its time: for questions to the whole database, and for migrations.

    A connection for reading has no transaction of its own and begins one here, which sees what `isolation` says.
    """
    if connection.dialect.name == "postgresql":
        if not connection.in_transaction():
            connection.execution_options(isolation_level=isolation)
        for name in ("statement_timeout", "idle_in_transaction_session_timeout"):
            connection.exec_driver_sql(f"SET LOCAL {name} = 0")


def _postgresql_engine(url: URL, pool_size: int, **options: Any) -> Engine:
    parameters = _unless_said_otherwise(url, {"connect_timeout": CONNECT_SECONDS} | SILENCE)
    engine = sqlalchemy.create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_size=pool_size,
        hide_parameters=True,  # errors go to logs, and parameters are people's names and codes
        pool_timeout=10,
        pool_pre_ping=False,
        pool_recycle=1800,
        connect_args={"cursor_factory": LeanCursor} | parameters,
        **options,
    )
    event.listen(engine, "connect", _bound_postgresql)
    return engine


def _unless_said_otherwise(url: URL, parameters: dict[str, int]) -> dict[str, int]:
    return {name: value for name, value in parameters.items() if name not in url.query}


def _bound_postgresql(dbapi_connection: Any, _record: object) -> None:
    """By statements and not by the connection's `options`, which poolers refuse."""
    own, dbapi_connection.autocommit = dbapi_connection.autocommit, True
    dbapi_connection.execute("; ".join(f"SET {name} = '{value}'" for name, value in POSTGRES_BOUNDS.items()))
    dbapi_connection.autocommit = own


def _sqlite_engine(url: URL, pool_size: int) -> Engine:
    engine = sqlalchemy.create_engine(
        url,
        poolclass=sqlalchemy.QueuePool,
        pool_size=pool_size,
        max_overflow=pool_size,
        hide_parameters=True,  # errors go to logs, and parameters are people's names and codes
        connect_args={"check_same_thread": False, "timeout": SQLITE_BUSY_MS / 1000},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    return _beginning(engine, "BEGIN IMMEDIATE")


def readers(engine: Engine) -> Engine:
    """An engine for units that only read.

    SQLite: over the same connections; it waits for no writer. PostgreSQL: over connections of its own, as many as
    the engine keeps, which refuse to write. Each statement stands alone there, since READ COMMITTED shows each one
    another state anyway: no BEGIN and no ROLLBACK go to the server. They are closed with the engine; not by an event,
    which would make every execution look for more of them (see `_beginning`).
    """
    if engine.dialect.name == "sqlite":
        return _beginning(sqlalchemy.create_engine(engine.url, pool=engine.pool), "BEGIN")
    size = cast("sqlalchemy.QueuePool", engine.pool).size()
    reading = _postgresql_engine(
        engine.url, size, max_overflow=0, isolation_level="AUTOCOMMIT", skip_autocommit_rollback=True
    )
    event.listen(reading, "connect", _refuse_writing)
    dispose = engine.dispose

    def dispose_of_both(close: bool = True) -> None:
        reading.dispose(close)
        dispose(close)

    engine.dispose = dispose_of_both  # type: ignore[method-assign]
    return reading


def _refuse_writing(dbapi_connection: Any, _record: object) -> None:
    dbapi_connection.execute("SET default_transaction_read_only = on")


def _beginning(engine: Engine, statement: str) -> Engine:
    """Let the engine's transactions begin with `statement`.

    Not by the event `begin`: with one listener, every execution asks ten lists of listeners for more.
    """

    def begin(dbapi_connection: Any) -> None:
        dbapi_connection.driver_connection.execute(statement)

    engine.dialect.do_begin = begin  # type: ignore[method-assign]
    return engine


def _prepare_sqlite(dbapi_connection: Any, _record: object) -> None:
    dbapi_connection.isolation_level = None  # BEGIN is ours, not the driver's
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={SQLITE_BUSY_MS}",
    ):
        dbapi_connection.execute(f"PRAGMA {pragma}")


class FairLock:
    """A lock that is handed over in the order of asking: no thread waits while later ones pass it by.

    `patience`: seconds after which whoever waits gives up, with sqlalchemy.exc.TimeoutError.
    """

    def __init__(self, patience: float = TURN_SECONDS) -> None:
        self._patience = patience
        self._guard = threading.Lock()
        self._held = False
        self._waiting: deque[threading.Lock] = deque()

    def __enter__(self) -> None:
        with self._guard:
            if not self._held:
                self._held = True
                return
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        if not turn.acquire(timeout=self._patience):
            self._give_up(turn)

    def _give_up(self, turn: threading.Lock) -> None:
        """Leave the queue, unless the turn came at this very moment: then it is taken."""
        with self._guard:
            if turn in self._waiting:
                self._waiting.remove(turn)
                raise NoTurn(f"no turn at the database within {self._patience:g} s")

    def __exit__(self, *_: object) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._held = False
