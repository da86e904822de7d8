"""The one loop over the one task table: claim what is due, do it in a bounded pool, look again.

Any number of workers may run beside each other and beside the gateway's own processes: leases keep them apart,
fences keep a late one from writing.
"""

import threading
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta

import structlog

from mpay_gateway.domain.errors import ConfigurationError, Conflict, MpayError
from mpay_gateway.flow.answer_counting import keep_counting
from mpay_gateway.flow.audit.sealing import keep_sealing
from mpay_gateway.flow.bookkeeping.statement_days import plan_statements
from mpay_gateway.flow.evidence.retention import keep_erasing
from mpay_gateway.flow.inbound.plugin_jobs import schedule_jobs
from mpay_gateway.flow.operating.overdue import Overdue
from mpay_gateway.flow.operating.restoring import look_back
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.places import AGAIN, Places
from mpay_gateway.flow.task_claiming import Hands, claim_tasks
from mpay_gateway.storage import DatabaseTrouble, Work
from mpay_gateway.storage.bank_statements import account_and_day
from mpay_gateway.storage.tasks import Lease, TaskKind
from mpay_gateway.worker.jobs import JOBS
from mpay_gateway.worker.measuring import WorkerMeasures

POLL_SECONDS = 0.5
HEARTBEAT_SECONDS = 60.0
LOOK_BACK_SECONDS = 1.0
TROUBLE_SECONDS = 5.0
"""How long the loop rests when it could not claim anything."""
AFTER_BUG = timedelta(minutes=5)
"""When a task is tried again that ended in an error of the program: others go on meanwhile."""
_ASKING_PROVIDERS = frozenset(
    {TaskKind.RECHECK, TaskKind.FINISH, TaskKind.REVERSE, TaskKind.REFUND, TaskKind.STATEMENT}
)
ACCOUNT_AGAIN = timedelta(seconds=5)
"""When a question to a provider is asked again that found half of the threads waiting for it, at the earliest."""
ACCOUNT_SPREAD = timedelta(milliseconds=50)
ACCOUNT_AGAIN_AT_LATEST = timedelta(minutes=1)
"""Those that wait come back one by one, so that many of them do not go round and round while a bank hangs."""
_log = structlog.get_logger("worker")


class Worker:
    """Does due tasks until it is told to stop."""

    def __init__(self, parts: Parts, threads: int = 8) -> None:
        self._parts = parts
        self.measures = WorkerMeasures(parts)
        self._threads = threads
        self._free = threading.Semaphore(threads)
        self._places = parts.places
        # A bank that hangs holds half of the threads: the other half goes on with everything else.
        self._account_places = Places(lambda _: max(1, threads // 2))
        self._wake = threading.Event()
        self._counted: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._last_turns: dict[str, datetime] = {}
        self._busy: Counter[str] = Counter()
        self._overdue = Overdue()
        self._next_heartbeat = 0.0
        self._next_tending = 0.0
        self._next_look_back = 0.0

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set, then finish what runs; nothing is left claimed."""
        _log.info("worker_ready", process=self._parts.process, threads=self._threads)
        self._next_tending = self._parts.clock.monotonic()
        self._next_heartbeat = self._next_tending + HEARTBEAT_SECONDS
        with ThreadPoolExecutor(self._threads, thread_name_prefix="worker") as pool:
            while not stop.is_set():
                self._turn(pool, stop)
                self._beat()
        _log.info("worker_stopped", process=self._parts.process)

    def run_due(self) -> int:
        """Do everything that is due now, one task after the other. Returns how many there were."""
        done = 0
        while leases := self._claim(self._threads):
            for lease in leases:
                self._do(lease)
                done += 1
        return done

    def _turn(self, pool: ThreadPoolExecutor, stop: threading.Event) -> None:
        """Start what is due; else wait until a thread is free again, or for the next look."""
        self._wake.clear()
        try:
            self._tend()
            started = self._start_due(pool)
        except DatabaseTrouble as error:
            _log.error("database_not_usable", error=type(error).__name__)
            stop.wait(TROUBLE_SECONDS)
            return
        except MpayError as error:
            _log.error("tasks_not_claimed", error=type(error).__name__)
            stop.wait(TROUBLE_SECONDS)
            return
        if not started:
            self._wake.wait(POLL_SECONDS)

    def _tend(self) -> None:
        """See to the tasks that never end and to what waits too long, at first and with each heartbeat."""
        now = self._parts.clock.monotonic()
        if now >= self._next_tending:
            keep_sealing(self._parts)
            keep_counting(self._parts)
            keep_erasing(self._parts)
            schedule_jobs(self._parts)
            plan_statements(self._parts)
            self._overdue.look(self._parts)
            self._next_tending = now + HEARTBEAT_SECONDS
        if now >= self._next_look_back:
            self._next_look_back = now + LOOK_BACK_SECONDS
            self._look_back()

    def _look_back(self) -> None:
        """Move the mark forward by which a restored backup is noticed. That it cannot be written stops no work."""
        try:
            look_back(self._parts)
        except (ConfigurationError, OSError) as error:
            _log.error("watermark_not_kept", error=type(error).__name__, detail=str(error))

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
        self._wake.set()

    def _claim(self, limit: int) -> tuple[Lease, ...]:
        """Claim for `limit` free threads. Who takes a lease gives its thread back with `_put_down`."""
        with self._lock:
            busy = Counter(self._busy)
        leases = claim_tasks(self._parts, Hands(limit, max(1, self._threads // 2), busy))
        with self._lock:
            self._busy.update(lease.service_id for lease in leases)
        return leases

    def _put_down(self, lease: Lease) -> None:
        with self._lock:
            self._busy[lease.service_id] -= 1

    def _do(self, lease: Lease) -> None:
        """Do one task. Whatever goes wrong with it harms no other."""
        outcome = "done"
        try:
            self._do_in_bounds(lease)
        except Conflict:
            outcome = "taken_over"
            _log.info("task_taken_over", kind=lease.kind, subject=lease.subject)
        except (MpayError, DatabaseTrouble) as error:
            # The lease runs out, then the task is due again.
            outcome = "not_done"
            _log.warning("task_not_done", kind=lease.kind, subject=lease.subject, error=type(error).__name__)
        except Exception:  # noqa: BLE001  one task's bug must not stop the others
            outcome = "failed"
            _log.exception("task_failed", kind=lease.kind, subject=lease.subject)
            self._put_back(lease, AFTER_BUG)
        finally:
            self._put_down(lease)
        self._counted[outcome] += 1
        self.measures.count(lease, outcome)

    def _do_in_bounds(self, lease: Lease) -> None:
        """Do the task, or put it back when its service or account takes no further call."""
        if lease.kind is TaskKind.DELIVER:
            with self._places.at(lease.service_id) as free:
                if free:
                    JOBS[lease.kind](self._parts, lease)
                else:
                    self._put_back(lease, AGAIN)
        elif lease.kind not in _ASKING_PROVIDERS:
            JOBS[lease.kind](self._parts, lease)
            return
        else:
            account_id = self._parts.units.read(lambda work: _account_of(work, lease))
            with self._account_places.at(account_id) as free:
                if free:
                    JOBS[lease.kind](self._parts, lease)
                else:
                    self._put_back(lease, self._account_turn(account_id))

    def _account_turn(self, account_id: str) -> timedelta:
        """In what time it is the turn of one more task of an account that takes no further call now."""
        now = self._parts.clock.now()
        with self._lock:
            last = self._last_turns.get(account_id, now)
            turn = min(max(last + ACCOUNT_SPREAD, now + ACCOUNT_AGAIN), now + ACCOUNT_AGAIN_AT_LATEST)
            self._last_turns[account_id] = turn
        return turn - now

    def _put_back(self, lease: Lease, delay: timedelta) -> None:
        def back(work: Work) -> None:
            work.tasks.finish(lease, due=self._parts.clock.now() + delay)

        try:
            self._parts.units.run("put-back", back)
        except (MpayError, DatabaseTrouble) as error:
            _log.info("task_not_put_back", kind=lease.kind, subject=lease.subject, error=type(error).__name__)

    def _beat(self) -> None:
        """Say once a minute that the worker lives, and what it did."""
        now = self._parts.clock.monotonic()
        if now >= self._next_heartbeat:
            self._next_heartbeat = now + HEARTBEAT_SECONDS
            _log.info("worker_alive", process=self._parts.process, **self._counted)


def _account_of(work: Work, lease: Lease) -> str:
    """The provider account whose plugin the task will call."""
    if lease.kind is TaskKind.STATEMENT:
        return account_and_day(lease.subject)[0]
    payment_id = lease.subject
    if lease.kind is TaskKind.REVERSE:
        payment_id = work.reversals.get(lease.subject).payment_id
    elif lease.kind is TaskKind.REFUND:
        payment_id = work.refunds.get(lease.subject).payment_id
    return work.payments.get(payment_id).account_id
