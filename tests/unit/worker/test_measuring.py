"""What a worker shows of itself: queues as they are now, what it tried and how that ended, when jobs ran last."""

import socket
from urllib.request import urlopen

import pytest
from prometheus_client import generate_latest

from mpay_gateway.domain.errors import ConfigurationError, OutcomeUnknown
from mpay_gateway.storage import DatabaseTrouble
from mpay_gateway.worker import Worker


@pytest.fixture
def worker(gateway):
    return Worker(gateway.parts)


def shown(worker):
    lines = generate_latest(worker.measures.registry).decode().splitlines()
    return dict(line.rsplit(" ", 1) for line in lines if line.startswith("mpay_"))


def test_what_is_due_is_shown_with_the_age_of_the_oldest_until_it_is_done(gateway, worker):
    gateway.calls.delivery_answers += [OutcomeUnknown("no answer")] * 2
    for order in ("ORDER-1", "ORDER-2"):
        gateway.pay(order)
    assert shown(worker)['mpay_tasks_due{kind="deliver"}'] == "0.0"
    gateway.clock.advance(minutes=3)
    before = shown(worker)
    assert before['mpay_tasks_due{kind="deliver"}'] == "2.0"
    assert 100 < float(before['mpay_tasks_oldest_due_seconds{kind="deliver"}']) < 180
    assert before['mpay_waiting_confirmations{service="TEST01"}'] == "2.0"
    worker.run_due()
    after = shown(worker)
    assert after['mpay_tasks_due{kind="deliver"}'] == "0.0"
    assert after['mpay_tasks_total{kind="deliver",outcome="done"}'] == "2.0"
    done = float(after['mpay_task_last_done_timestamp_seconds{job="",kind="deliver"}'])
    assert abs(done - gateway.clock.now().timestamp()) < 5


def test_a_task_that_breaks_is_counted_as_such(gateway, worker, monkeypatch):
    def break_down(*_):
        raise KeyError("bug")

    gateway.calls.delivery_answers.append(OutcomeUnknown("no answer"))
    gateway.pay("ORDER-1")
    gateway.clock.advance(minutes=2)
    monkeypatch.setattr(gateway.parts.calls, "deliver_confirmation", break_down)
    worker.run_due()
    assert shown(worker)['mpay_tasks_total{kind="deliver",outcome="failed"}'] == "1.0"


def test_a_database_that_does_not_answer_leaves_the_last_numbers(gateway, worker, monkeypatch):
    def silent(_):
        raise DatabaseTrouble("no answer", None, Exception())

    before = shown(worker)
    monkeypatch.setattr(gateway.parts.units, "read", silent)
    assert shown(worker) == before


def test_it_is_served_on_loopback_and_a_port_that_is_taken_is_told(worker):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ConfigurationError, match="--metrics-port"):
            worker.measures.serve(taken.getsockname()[1])
        free = taken.getsockname()[1]
    server = worker.measures.serve(free)
    try:
        with urlopen(f"http://127.0.0.1:{free}/metrics", timeout=30) as answer:
            assert b"mpay_tasks_due" in answer.read()
    finally:
        server.close()
