"""Work that a process does beside its requests: settling after callbacks, first deliveries, telling plugins.

Each has threads of its own, so that a slow service or plugin keeps no payment from being settled. What matters is
also leased in the task table: if the process dies, a worker takes it over.
"""

import itertools
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import Context
from enum import StrEnum

import structlog

from mpay_gateway.domain.errors import MpayError
from mpay_gateway.storage import DatabaseTrouble

MOST_UNTOLD = 1000
"""Changes that may wait for plugins that are slow to hear of them; those beyond are left out."""
_log = structlog.get_logger("background")


class Lane(StrEnum):
    """Whose threads a job runs in."""

    SETTLING = "settling"
    DELIVERIES = "deliveries"
    LISTENERS = "listeners"


# A provider account has 16 calls at once unless the settings say otherwise: two that hang leave the others theirs.
THREADS: Mapping[Lane, int] = {Lane.SETTLING: 48, Lane.DELIVERIES: 32, Lane.LISTENERS: 4}


class Background:
    """Pools in which one job per key runs at a time; whoever asks again waits for the one that runs."""

    def __init__(self, threads: Mapping[Lane, int] = THREADS) -> None:
        self._pools = {lane: ThreadPoolExecutor(threads[lane], thread_name_prefix=lane) for lane in Lane}
        self._lock = threading.Lock()
        self._running: dict[str, Future[None]] = {}
        self._room = threading.BoundedSemaphore(MOST_UNTOLD)
        self._told = itertools.count(1)

    def start(
        self,
        key: str,
        job: Callable[[], object],
        lane: Lane = Lane.SETTLING,
        *,
        undone: Callable[[], object] | None = None,
    ) -> Future[None]:
        """Run `job` unless a job of this key is running; return the running one.

        `undone` is run instead when the process ends before the turn of `job` comes.
        """
        with self._lock:
            running = self._running.get(key)
            if running is not None:
                return running
            # A thread of its own context: the unit of work that asked must not seem open in it.
            future: Future[None] = self._pools[lane].submit(Context().run, self._guarded, key, job)
            self._running[key] = future
        future.add_done_callback(lambda done: self._forget(key, done, undone))
        return future

    def tell(self, job: Callable[[], object]) -> None:
        """Run `job`, which tells plugins of something. It is left out when too many wait before it."""
        if not self._room.acquire(blocking=False):
            _log.warning("listeners_too_slow", waiting=MOST_UNTOLD)
            return
        told = self.start(f"tell:{next(self._told)}", job, Lane.LISTENERS)
        told.add_done_callback(lambda _: self._room.release())

    def wait(self, key: str, seconds: float) -> bool:
        """Wait for the job of this key. True when none is running any more."""
        with self._lock:
            running = self._running.get(key)
        if running is None:
            return True
        return running in wait([running], seconds).done

    def wait_for_all(self, seconds: float) -> bool:
        """Wait until no job runs, those that jobs began meanwhile included. True when none does any more."""
        until = time.monotonic() + seconds
        while running := self._now_running():
            if not wait(running, max(0.0, until - time.monotonic())).done:
                return False
        return True

    def _now_running(self) -> list[Future[None]]:
        with self._lock:
            return list(self._running.values())

    def close(self) -> None:
        """Finish what runs, take nothing new: lane by lane, since a job may still give another lane its follow-up.

        A payment that is settled now has its first delivery sent, and plugins hear of both. What waits for a thread
        is not begun any more: its leases are given back, so that another process need not wait until they run out.
        """
        for lane in (Lane.SETTLING, Lane.DELIVERIES, Lane.LISTENERS):
            self._pools[lane].shutdown(wait=True, cancel_futures=True)

    def _guarded(self, key: str, job: Callable[[], object]) -> None:
        try:
            job()
        except (MpayError, DatabaseTrouble) as error:
            _log.warning("background_job_failed", job=key, error=type(error).__name__)

    def _forget(self, key: str, done: Future[None], undone: Callable[[], object] | None) -> None:
        if done.cancelled():
            if undone is not None:
                self._guarded(key, undone)
        elif (error := done.exception()) is not None:
            _log.error("background_job_broke", job=key, exc_info=error)
        with self._lock:
            if (running := self._running.get(key)) is not None and running.done():
                del self._running[key]
