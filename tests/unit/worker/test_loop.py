"""The worker: everything due is done once, one task's trouble is nobody else's, and a stop leaves nothing claimed."""

import sqlite3
import threading
import time
from contextlib import ExitStack
from datetime import timedelta

import pytest
import structlog
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from mpay_gateway.domain.errors import Conflict, OutcomeUnknown, RemoteRefused, UnknownPayment
from mpay_gateway.domain.payment import DeliveryState, PaymentState, ReversalState
from mpay_gateway.storage.tables import tasks
from mpay_gateway.storage.tasks import TaskKind, Tasks
from mpay_gateway.storage.unit_of_work import TRIES
from mpay_gateway.worker import Worker
from mpay_gateway.worker import loop as worker_loop
from tests.unit.flow.scripted import ACCOUNT, ScriptedGateway


def delivery_of(gateway, payment):
    return gateway.parts.units.read(lambda work: work.deliveries.of_payment(payment.id))


def lease_of(gateway, kind, subject):
    """Who holds a task, and when it is due."""
    query = select(tasks.c.leased_by, tasks.c.due).where(tasks.c.kind == kind, tasks.c.subject == subject)
    return gateway.parts.units.read(lambda work: work.connection.execute(query).one())


def unanswered(gateway: ScriptedGateway, key: str):
    """A paid order whose service did not answer the first delivery."""
    gateway.calls.delivery_answers.append(OutcomeUnknown("no answer"))
    return gateway.pay(key)


def test_a_delivery_is_sent_again_when_it_is_due_and_not_before(gateway):
    payment = unanswered(gateway, "ORDER-1")
    assert Worker(gateway.parts).run_due() == 0
    gateway.clock.advance(minutes=2)
    assert Worker(gateway.parts).run_due() == 1
    delivery = delivery_of(gateway, payment)
    assert (delivery.state, delivery.attempts, delivery.unanswered) == (DeliveryState.CONFIRMED, 2, 1)
    first, second = gateway.calls.delivered
    assert first.confirmation == second.confirmation


def test_a_payment_that_nobody_came_back_from_is_settled(gateway):
    payment = gateway.start("ORDER-1")
    gateway.calls.captured[payment.reference] = []
    gateway.clock.advance(seconds=61)
    assert Worker(gateway.parts).run_due() == 1
    again = gateway.parts.units.read(lambda work: work.payments.get(payment.id))
    assert (again.state, again.checks) == (PaymentState.STARTED, 1)
    assert again.next_check_at > gateway.clock.now()


def test_refused_money_goes_back_once_under_one_key(gateway):
    gateway.calls.delivery_answers.append(RemoteRefused("UnknownOrder"))
    gateway.calls.reversal_answers.append(OutcomeUnknown("no answer"))
    payment = gateway.pay("ORDER-1")
    assert Worker(gateway.parts).run_due() == 1
    gateway.clock.advance(minutes=2)
    assert Worker(gateway.parts).run_due() == 1
    (reversal,) = gateway.parts.units.read(lambda work: work.reversals.of_payment(payment.id))
    assert (reversal.state, reversal.attempts) == (ReversalState.DONE, 2)
    assert len(set(gateway.calls.reversed_keys)) == 1


def test_a_bug_in_one_task_backs_off_and_lets_the_others_flow(gateway, monkeypatch):
    poison, good = unanswered(gateway, "ORDER-1"), unanswered(gateway, "ORDER-2")
    gateway.clock.advance(minutes=2)
    deliver = worker_loop.JOBS[TaskKind.DELIVER]

    def job(parts, lease):
        if lease.subject == delivery_of(gateway, poison).id:
            raise ZeroDivisionError("a bug")
        deliver(parts, lease)

    monkeypatch.setitem(worker_loop.JOBS, TaskKind.DELIVER, job)
    with structlog.testing.capture_logs() as logs:
        assert Worker(gateway.parts).run_due() == 2
    assert delivery_of(gateway, good).state is DeliveryState.CONFIRMED
    assert [each["event"] for each in logs if each["log_level"] == "error"] == ["task_failed"]
    leased_by, due = lease_of(gateway, TaskKind.DELIVER, delivery_of(gateway, poison).id)
    assert leased_by == ""
    assert due - gateway.clock.now() > timedelta(minutes=4)
    assert Worker(gateway.parts).run_due() == 0


def test_an_expected_error_leaves_the_task_to_its_lease(gateway, monkeypatch):
    payment = unanswered(gateway, "ORDER-1")
    gateway.clock.advance(minutes=2)

    def job(parts, lease):
        raise UnknownPayment("gone")

    with monkeypatch.context() as patched:
        patched.setitem(worker_loop.JOBS, TaskKind.DELIVER, job)
        assert Worker(gateway.parts).run_due() == 1
    assert Worker(gateway.parts).run_due() == 0
    gateway.clock.advance(minutes=2)
    assert Worker(gateway.parts).run_due() == 1
    assert delivery_of(gateway, payment).state is DeliveryState.CONFIRMED


def test_a_service_never_has_more_calls_in_flight_than_it_takes(gateway, monkeypatch):
    for number in range(6):
        unanswered(gateway, f"ORDER-{number}")
    gateway.clock.advance(minutes=2)
    lock, running, most = threading.Lock(), [0], [0]
    deliver = worker_loop.JOBS[TaskKind.DELIVER]

    def job(parts, lease):
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.05)
        try:
            deliver(parts, lease)
        finally:
            with lock:
                running[0] -= 1

    monkeypatch.setitem(worker_loop.JOBS, TaskKind.DELIVER, job)
    run_until(gateway, lambda: len(gateway.calls.delivered) == 12, advance=True)
    assert most[0] == 2  # the service's max_in_flight
    states = {each.state for each in waiting(gateway)}
    assert states == set()


def test_a_bank_that_hangs_over_its_statements_holds_half_of_the_threads(gateway, monkeypatch):
    for day in range(1, 7):
        gateway.parts.units.run(
            "ask", lambda work, day=day: work.tasks.schedule(
                TaskKind.STATEMENT, f"demo:2026-09-{day:02}", gateway.clock.now()
            ),
        )  # fmt: skip
    lock, running, most, release = threading.Lock(), [0], [0], threading.Event()

    def hang(parts, lease):
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        release.wait(10)

    monkeypatch.setitem(worker_loop.JOBS, TaskKind.STATEMENT, hang)
    worker, stop = Worker(gateway.parts, threads=4), threading.Event()
    loop = threading.Thread(target=worker.run, args=(stop,))
    loop.start()
    time.sleep(1)
    stop.set()
    release.set()
    loop.join(10)
    assert most[0] == 2


def test_a_stop_finishes_what_runs_and_leaves_nothing_claimed(gateway, monkeypatch):
    payment = unanswered(gateway, "ORDER-1")
    gateway.clock.advance(minutes=2)
    begun, may_end = threading.Event(), threading.Event()
    deliver = worker_loop.JOBS[TaskKind.DELIVER]

    def job(parts, lease):
        begun.set()
        assert may_end.wait(10)
        deliver(parts, lease)

    monkeypatch.setitem(worker_loop.JOBS, TaskKind.DELIVER, job)
    stop = threading.Event()
    thread = threading.Thread(target=Worker(gateway.parts).run, args=(stop,))
    thread.start()
    assert begun.wait(10)
    stop.set()
    may_end.set()
    thread.join(10)
    assert not thread.is_alive()
    assert delivery_of(gateway, payment).state is DeliveryState.CONFIRMED
    assert lease_of(gateway, TaskKind.DELIVER, delivery_of(gateway, payment).id).leased_by == ""


def test_a_free_thread_takes_the_next_task_at_once(gateway, monkeypatch):
    monkeypatch.setattr(worker_loop, "POLL_SECONDS", 30.0)
    for number in range(4):
        unanswered(gateway, f"ORDER-{number}")
    gateway.clock.advance(minutes=2)
    run_until(gateway, lambda: len(gateway.calls.delivered) == 8, threads=1)


@pytest.mark.parametrize(
    "error",
    [OperationalError("SELECT 1", {}, sqlite3.OperationalError("database is locked")), Conflict("rows")],
)
def test_the_loop_outlives_what_goes_wrong_while_it_claims(error, gateway, monkeypatch):
    monkeypatch.setattr(worker_loop, "TROUBLE_SECONDS", 0.01)
    payment = unanswered(gateway, "ORDER-1")
    gateway.clock.advance(minutes=2)
    claim, failures = Tasks.claim_due, []

    def claim_at_last(*arguments, **options):
        if len(failures) < 2 * TRIES:
            failures.append(1)
            raise error
        return claim(*arguments, **options)

    monkeypatch.setattr(Tasks, "claim_due", claim_at_last)
    with structlog.testing.capture_logs() as logs:
        run_until(gateway, lambda: delivery_of(gateway, payment).state is DeliveryState.CONFIRMED)
    assert {each["event"] for each in logs} & {"database_not_usable", "tasks_not_claimed"}


def test_a_service_that_became_unusable_does_not_end_the_loop(gateway):
    payment = unanswered(gateway, "ORDER-1")
    gateway.clock.advance(minutes=2)
    with gateway.parts.places.at("GONE"):
        run_until(gateway, lambda: delivery_of(gateway, payment).state is DeliveryState.CONFIRMED)


def waiting(gateway):
    states = (DeliveryState.DUE, DeliveryState.LEASED, DeliveryState.PARKED)
    return gateway.parts.units.read(lambda work: work.deliveries.list(states))


def run_until(gateway, reached, *, threads: int = 8, advance: bool = False) -> None:
    """Run a worker until something is reached; fail after ten seconds."""
    stop = threading.Event()
    worker = Worker(gateway.parts, threads)
    thread = threading.Thread(target=worker.run, args=(stop,))
    thread.start()
    deadline = time.monotonic() + 10
    while not reached() and time.monotonic() < deadline:
        if advance:
            gateway.clock.advance(seconds=1)
        time.sleep(0.02)
    stop.set()
    worker._wake.set()
    thread.join(10)
    assert reached()
    assert not thread.is_alive()


def test_many_questions_to_a_bank_that_hangs_do_not_go_round_and_round(gateway, monkeypatch):
    """Those that find no thread are put back once a minute each, not all of them every few seconds."""
    payments = [gateway.start(f"ORDER-{number}") for number in range(60)]
    gateway.clock.advance(seconds=61)
    monkeypatch.setattr(worker_loop.Worker, "_account_turn", turn := Turns(worker_loop.Worker._account_turn))
    worker = Worker(gateway.parts)
    with ExitStack() as hanging:
        for _ in range(4):
            assert hanging.enter_context(worker._account_places.at(ACCOUNT))
        worker.run_due()
    assert len(turn.given) == len(payments)
    assert min(turn.given) >= worker_loop.ACCOUNT_AGAIN
    assert max(turn.given) >= worker_loop.ACCOUNT_AGAIN + 50 * worker_loop.ACCOUNT_SPREAD
    assert Worker(gateway.parts).run_due() == 0
    gateway.clock.advance(minutes=1)
    assert Worker(gateway.parts).run_due() == len(payments)


class Turns:
    """What `_account_turn` gave out."""

    def __init__(self, real):
        self.given = []
        self._real = real

    def __get__(self, worker, _):
        return lambda account: self.given.append(self._real(worker, account)) or self.given[-1]
