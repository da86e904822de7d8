"""The unit of work: one transaction of the mandated `transaction` package around one function.

The work is given as a function so that it can run again after a serialization failure. No outbound call can be
made inside it: the marker that it sets makes the hook façade and the HTTP client refuse.

Rows are locked in one order, so that units wait for each other and do not deadlock: intake, payment, order, then
what hangs on the payment, then the days that are settled, then breaker. What hangs on a payment (its tasks, decisions,
delivery, reversals, refunds, audit, evidence) is waited for only while the payment's row is held, so in any order:
nobody else waits for it. Who finishes or renews one task alone holds nothing else, and so does who decides on a line
of a statement that nothing explains. Who claims holds breakers and then
tasks, of which he passes by those that are locked: he waits for nobody.
"""

import random
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

import structlog
import transaction
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session
from transaction.interfaces import TransientError
from zope.sqlalchemy.datamanager import STATUS_CHANGED, join_transaction

from mpay_gateway.boundary import Clock, unit_of_work_open
from mpay_gateway.crash_points import crash_point
from mpay_gateway.storage.engine import FairLock, readers
from mpay_gateway.storage.refusals import Refusals
from mpay_gateway.storage.tasks import LeaseTime
from mpay_gateway.storage.work import Known, Work

T = TypeVar("T")
TRIES = 5
RETRY_SECONDS = 20.0
"""After which the work does not run again, though it might have tries left: somebody waits for it."""
_RETRYABLE_SQLSTATES = {"40001", "40P01", "55P03"}  # serialization failure, deadlock, lock not available
_log = structlog.get_logger("storage")


class _Again(TransientError):
    """The database asks to run the work again. `asked`: in which words."""

    def __init__(self, asked: DBAPIError) -> None:
        super().__init__(str(asked.orig))
        self.asked = asked


class UnitOfWork:
    """Runs functions over a `Work` in a transaction of their own."""

    def __init__(self, engine: Engine, clock: Clock, *, lease_time: LeaseTime = LeaseTime.DATABASE) -> None:
        """`lease_time`: whose clock leases are judged by where many machines share the database (faults.md B30)."""
        self.engine = engine
        self._clock = clock
        self._lease_time = LeaseTime.CALLER if engine.dialect.name == "sqlite" else lease_time
        self._readers = readers(engine)
        self._known = Known()
        self._refusals = Refusals()
        self._turn: AbstractContextManager[None] = (
            FairLock() if engine.dialect.name == "sqlite" else nullcontext()
        )

    def run(self, name: str, work: Callable[[Work], T]) -> T:
        """Run `work`, commit, then run what it left for after the commit.

        Runs at most five times, with jitter, when the database asks for it; after that its last error passes.
        Aborts on any error and lets it through. Refuses to nest.

        A connection that is lost during the commit leaves it open whether there was one: the work does not run
        again, and the error passes. Whoever asks again finds by its id, key or form what was stored (faults.md B22).
        """
        try:
            return self._run(name, work)
        except _Again as again:
            raise again.asked from None
        except DBAPIError as error:
            self._refusals.note(error, name, now=self._clock.monotonic())
            raise

    @property
    def refused(self) -> str:
        """Why the database took nothing of late: a full disk, or it may only be read. Empty when it takes all."""
        return self._refusals.standing(self._clock.monotonic())

    def _run(self, name: str, work: Callable[[Work], T]) -> T:
        manager = transaction.TransactionManager(explicit=True)
        until = self._clock.monotonic() + RETRY_SECONDS
        for number, attempt in enumerate(manager.attempts(TRIES)):
            if number:
                self._clock.sleep(random.uniform(0, 0.02 * 2**number))  # noqa: S311  jitter is no secret
            done: list[tuple[T, Work]] = []
            with unit_of_work_open(name), self._turn, attempt:
                done.append(self._attempt(name, manager, work, until))
                crash_point(f"{name}:before-commit")
            if done and done[0][1].committed:
                crash_point(f"{name}:after-commit")
                result, finished = done[0]
                for follow in finished.followers:
                    self._follow(name, follow)
                return result
        raise AssertionError("attempts() either commits or raises")

    def _follow(self, name: str, follow: Callable[[], object]) -> None:
        """What follows must neither stop the rest nor make a unit that is committed look failed."""
        try:
            follow()
        except Exception:  # noqa: BLE001  the commit stands, whatever follows it
            _log.exception("follower_failed", unit=name)

    def read(self, work: Callable[[Work], T]) -> T:
        """Run `work` for reading only: nothing that it writes stays. Sees one consistent state on SQLite."""
        with unit_of_work_open("read"), self._readers.connect() as connection:
            return work(Work(connection, self._clock, self._lease_time, self._known))

    def _attempt(
        self, name: str, manager: transaction.TransactionManager, function: Callable[[Work], T], until: float
    ) -> tuple[T, Work]:
        session = Session(self.engine, expire_on_commit=False)
        # Without STATUS_CHANGED a session in which only Core statements ran is rolled back without an error.
        # Joined here and now: `register` would hang eight listeners on a session that lives for one unit.
        join_transaction(session, STATUS_CHANGED, manager)
        try:
            work = Work(session.connection(), self._clock, self._lease_time, self._known)
            manager.get().addAfterCommitHook(work.note_commit)
            result = function(work)
            work.flush()
        except DBAPIError as error:
            if _retryable(error) and self._clock.monotonic() < until:
                _log.info("unit_retried", unit=name)
                raise _Again(error) from error
            raise
        return result, work


def _retryable(error: DBAPIError) -> bool:
    if getattr(error.orig, "sqlstate", None) in _RETRYABLE_SQLSTATES:
        return True
    return (
        isinstance(error, OperationalError)
        and isinstance(error.orig, sqlite3.OperationalError)
        and ("locked" in str(error.orig) or "busy" in str(error.orig))
    )
