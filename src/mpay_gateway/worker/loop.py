"""The one loop over the one task table: claim what is due, do it in a bounded pool, look again.

Any number of workers may run beside each other and beside the gateway's own processes: leases keep them apart,
fences keep a late one from writing.
"""

import threading
from collections import defaultdict
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta

import structlog

from mpay_gateway.domain.errors import MpayError
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.schedules import LEASE
from mpay_gateway.storage import Work
from mpay_gateway.storage.tasks import Lease, TaskKind
from mpay_gateway.worker.jobs import JOBS

POLL_SECONDS = 0.5
AGAIN = timedelta(seconds=1)
"""When a delivery is tried again whose service has all the calls in flight that it may have."""
AFTER_BUG = timedelta(minutes=5)
"""When a task is tried again that ended in an error of the program: others go on meanwhile."""
_log = structlog.get_logger("worker")


class Worker:
    """Does due tasks until it is told to stop."""

    def __init__(self, parts: Parts, threads: int = 8) -> None:
        self._parts = parts
        self._threads = threads
        self._free = threading.Semaphore(threads)
        self._in_flight: dict[str, int] = defaultdict(int)
        self._lock = threading.Lock()

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set, then finish what runs."""
        _log.info("worker_ready", process=self._parts.process, threads=self._threads)
        with ThreadPoolExecutor(self._threads, thread_name_prefix="worker") as pool:
            while not stop.is_set():
                if not self._start_due(pool):
                    stop.wait(POLL_SECONDS)
        _log.info("worker_stopped", process=self._parts.process)

    def run_due(self) -> int:
        """Do everything that is due now, one task after the other. Returns how many there were."""
        done = 0
        while leases := self._claim(self._threads):
            for lease in leases:
                self._do(lease)
                done += 1
        return done

    def _start_due(self, pool: ThreadPoolExecutor) -> bool:
        """Claim as many tasks as there are free threads and hand them over. False when there was nothing."""
        free = self._take_free()
        leases: tuple[Lease, ...] = ()
        try:
            if free:
                leases = self._claim(free)
        finally:
            for _ in range(free - len(leases)):
                self._free.release()
        for lease in leases:
            pool.submit(self._do, lease).add_done_callback(self._release)
        return bool(leases)

    def _take_free(self) -> int:
        taken = 0
        while taken < self._threads and self._free.acquire(blocking=False):
            taken += 1
        return taken

    def _release(self, _: Future[None]) -> None:
        self._free.release()

    def _claim(self, limit: int) -> tuple[Lease, ...]:
        now = self._parts.clock.now()
        due = self._parts.units.read(lambda work: work.tasks.any_due(now))
        if not due:
            return ()
        return self._parts.units.run(
            "claim-tasks",
            lambda work: work.tasks.claim_due(
                worker=self._parts.process, now=now, until=now + LEASE, limit=limit
            ),
        )

    def _do(self, lease: Lease) -> None:
        """Do one task. Whatever goes wrong with it harms no other."""
        try:
            with self._place_at_service(lease) as place:
                if place is False:
                    self._put_back(lease, AGAIN)
                else:
                    JOBS[lease.kind](self._parts, lease)
        except MpayError as error:
            _log.warning("task_not_done", kind=lease.kind, subject=lease.subject, error=type(error).__name__,
                         detail=str(error))  # fmt: skip
        except Exception:  # noqa: BLE001  one task's bug must not stop the others
            _log.exception("task_failed", kind=lease.kind, subject=lease.subject)
            self._put_back(lease, AFTER_BUG)

    def _place_at_service(self, lease: Lease) -> AbstractContextManager[bool | None]:
        """A place among the calls that the delivery's service takes at once; False inside when there is none."""
        if lease.kind is not TaskKind.DELIVER:
            return nullcontext()
        delivery = self._parts.units.read(lambda work: work.deliveries.get(lease.subject))
        limit = self._parts.services.get_any(delivery.service_id).max_in_flight
        return _Place(self._in_flight, self._lock, delivery.service_id, limit)

    def _put_back(self, lease: Lease, delay: timedelta) -> None:
        def back(work: Work) -> None:
            work.tasks.finish(lease, due=self._parts.clock.now() + delay)

        try:
            self._parts.units.run("put-back", back)
        except MpayError:
            _log.info("task_taken_over", kind=lease.kind, subject=lease.subject)


class _Place(AbstractContextManager["bool | None"]):
    """One of a service's places, taken for the time of a call."""

    def __init__(self, in_flight: dict[str, int], lock: threading.Lock, service_id: str, limit: int) -> None:
        self._in_flight, self._lock, self._service_id, self._limit = in_flight, lock, service_id, limit
        self._taken = False

    def __enter__(self) -> bool:
        with self._lock:
            self._taken = self._in_flight[self._service_id] < self._limit
            if self._taken:
                self._in_flight[self._service_id] += 1
        return self._taken

    def __exit__(self, *_: object) -> None:
        if self._taken:
            with self._lock:
                self._in_flight[self._service_id] -= 1
