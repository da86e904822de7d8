"""Work that a process does beside its requests: first deliveries, and settling after callbacks.

Everything handed over here is also leased in the task table: if the process dies, a worker takes it over.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import Context

import structlog

from mpay_gateway.domain.errors import MpayError

_log = structlog.get_logger("background")


class Background:
    """A pool in which one job per key runs at a time; whoever asks again waits for the one that runs."""

    def __init__(self, threads: int = 16) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="background")
        self._lock = threading.Lock()
        self._running: dict[str, Future[None]] = {}

    def start(self, key: str, job: Callable[[], object]) -> Future[None]:
        """Run `job` unless a job of this key is running; return the running one."""
        with self._lock:
            running = self._running.get(key)
            if running is not None:
                return running
            # A thread of its own context: the unit of work that asked must not seem open in it.
            future: Future[None] = self._pool.submit(Context().run, self._guarded, key, job)
            self._running[key] = future
        future.add_done_callback(lambda done: self._forget(key, done))
        return future

    def wait(self, key: str, seconds: float) -> bool:
        """Wait for the job of this key. True when none is running any more."""
        with self._lock:
            running = self._running.get(key)
        if running is None:
            return True
        return running in wait([running], seconds).done

    def close(self) -> None:
        """Finish what runs, take nothing new."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _guarded(self, key: str, job: Callable[[], object]) -> None:
        try:
            job()
        except MpayError as error:
            _log.warning("background_job_failed", job=key, error=type(error).__name__)

    def _forget(self, key: str, done: Future[None]) -> None:
        if not done.cancelled() and (error := done.exception()) is not None:
            _log.error("background_job_broke", job=key, exc_info=error)
        with self._lock:
            if (running := self._running.get(key)) is not None and running.done():
                del self._running[key]
