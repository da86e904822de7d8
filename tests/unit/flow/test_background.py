"""Work beside the requests: each kind has its own threads, and nothing is done twice at once."""

import threading
from collections.abc import Iterator

import pytest
import structlog
from sqlalchemy.exc import OperationalError

from mpay_gateway.flow import background
from mpay_gateway.flow.background import Background, Lane
from tests.scene.waiting import eventually


@pytest.fixture
def beside() -> Iterator[Background]:
    made = Background({Lane.SETTLING: 1, Lane.DELIVERIES: 1, Lane.LISTENERS: 1})
    yield made
    made.close()


@pytest.mark.parametrize("busy", [Lane.DELIVERIES, Lane.LISTENERS])
def test_payments_are_settled_though_every_other_thread_hangs(beside, busy):
    go_on, settled = threading.Event(), threading.Event()
    try:
        for number in range(3):
            beside.start(f"{busy}:{number}", lambda: go_on.wait(10), busy)
        beside.start("settle:1", settled.set)
        assert settled.wait(5)
    finally:
        go_on.set()


def test_a_job_runs_once_at_a_time_and_who_asks_again_waits_for_it(beside):
    go_on, runs = threading.Event(), []

    def job():
        runs.append(1)
        go_on.wait(10)

    first, second = beside.start("settle:1", job), beside.start("settle:1", job)
    assert first is second
    assert not beside.wait("settle:1", 0.05)
    go_on.set()
    assert beside.wait("settle:1", 5)
    assert runs == [1]


def test_what_plugins_are_too_slow_to_hear_is_left_out_and_said(beside, monkeypatch):
    monkeypatch.setattr(background, "MOST_UNTOLD", 2)
    beside = Background()
    go_on, heard = threading.Event(), []

    def listen():
        go_on.wait(10)
        heard.append(1)

    with structlog.testing.capture_logs() as logs:
        for _ in range(3):
            beside.tell(listen)
    assert [each["event"] for each in logs] == ["listeners_too_slow"]
    go_on.set()
    beside.close()
    assert heard == [1, 1]


def test_room_is_made_again_once_plugins_have_heard(beside, monkeypatch):
    monkeypatch.setattr(background, "MOST_UNTOLD", 1)
    beside, heard = Background(), []
    for number in range(3):
        beside.tell(lambda number=number: heard.append(number))
        assert beside.wait(f"tell:{number + 1}", 5)
    beside.close()
    assert heard == [0, 1, 2]


def test_trouble_of_the_database_is_no_bug(beside):
    def job():
        raise OperationalError("SELECT 1", {}, Exception("gone"))

    with structlog.testing.capture_logs() as logs:
        beside.start("settle:1", job).result(5)
    assert [(each["event"], each["error"]) for each in logs] == [
        ("background_job_failed", "OperationalError")
    ]


def test_what_never_came_to_its_turn_is_undone_when_the_process_ends():
    beside = Background({Lane.SETTLING: 1, Lane.DELIVERIES: 1, Lane.LISTENERS: 1})
    begun, go_on, done = threading.Event(), threading.Event(), []

    def first():
        begun.set()
        go_on.wait(10)
        done.append("first")

    beside.start("deliver:1", first, Lane.DELIVERIES, undone=lambda: done.append("first undone"))
    beside.start(
        "deliver:2", lambda: done.append("second"), Lane.DELIVERIES, undone=lambda: done.append("undone")
    )
    assert begun.wait(10)
    closing = threading.Thread(target=beside.close)
    closing.start()
    eventually(lambda: "undone" in done)
    go_on.set()
    closing.join(10)
    assert done == ["undone", "first"]


def test_trouble_while_something_is_undone_keeps_nothing_from_ending():
    def gone():
        raise OperationalError("SELECT 1", {}, Exception("gone"))

    beside = Background({Lane.SETTLING: 1, Lane.DELIVERIES: 1, Lane.LISTENERS: 1})
    begun, go_on = threading.Event(), threading.Event()

    def hang():
        begun.set()
        go_on.wait(10)

    beside.start("deliver:1", hang, Lane.DELIVERIES)
    beside.start("deliver:2", hang, Lane.DELIVERIES, undone=gone)
    assert begun.wait(10)
    with structlog.testing.capture_logs() as logs:
        closing = threading.Thread(target=beside.close)
        closing.start()
        eventually(lambda: logs)
        go_on.set()
        closing.join(10)
    assert [(each["event"], each["job"]) for each in logs] == [("background_job_failed", "deliver:2")]
