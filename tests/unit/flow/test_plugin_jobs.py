"""Jobs of plugins: when they are due, once at a time, again when they fail."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from mpay_gateway.api import Job, RemoteUnavailable
from mpay_gateway.flow.inbound.plugin_jobs import next_run, schedule_jobs
from mpay_gateway.plugin_host import InstanceInfo, Kind
from mpay_gateway.storage.tasks import TaskKind
from tests.unit.flow.scripted import NOON, ScriptedGateway

HOURLY = Job("tidy", every=timedelta(hours=1))
NIGHTLY = Job("fetch", daily_at=time(3, 30))


def instance(*jobs: Job) -> InstanceInfo:
    return InstanceInfo(Kind.PROVIDER, "network", "osmp", "mpay-provider-osmp", "osmp", jobs)


@pytest.fixture
def done(gateway: ScriptedGateway) -> list[tuple[str, str]]:
    """The calls of jobs that the plugin got; `gateway.calls.job_answers` are raised first."""
    calls: list[tuple[str, str]] = []
    gateway.calls.job_answers = []

    def run_job(name: str, job: str) -> None:
        calls.append((name, job))
        if gateway.calls.job_answers:
            raise gateway.calls.job_answers.pop(0)

    gateway.calls.run_job = run_job
    return calls


def declare(gateway: ScriptedGateway, *jobs: Job) -> None:
    registry = replace(gateway.parts.registry, instances=(instance(*jobs),) if jobs else ())
    gateway.parts = replace(gateway.parts, registry=registry)
    schedule_jobs(gateway.parts)


def due(gateway: ScriptedGateway, job: str) -> datetime | None:
    return gateway.parts.units.read(lambda work: work.tasks.due_at(TaskKind.JOB, f"provider:network:{job}"))


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (datetime(2026, 1, 5, 1, 0, tzinfo=UTC), datetime(2026, 1, 5, 1, 30, tzinfo=UTC)),
        (datetime(2026, 1, 5, 1, 30, tzinfo=UTC), datetime(2026, 1, 6, 1, 30, tzinfo=UTC)),
        (datetime(2026, 7, 5, 12, 0, tzinfo=UTC), datetime(2026, 7, 6, 0, 30, tzinfo=UTC)),
        (datetime(2026, 3, 28, 12, 0, tzinfo=UTC), datetime(2026, 3, 29, 0, 30, tzinfo=UTC)),
    ],
)
def test_a_daily_job_keeps_chisinaus_time(now, expected):
    assert next_run(NIGHTLY, now) == expected


def test_a_job_runs_when_it_is_due_and_not_before(gateway, done):
    declare(gateway, HOURLY)
    gateway.work(minutes=59)
    assert done == []
    gateway.work(minutes=2)
    assert done == [("provider:network", "tidy")]
    gateway.work(minutes=58)
    assert len(done) == 1
    gateway.work(minutes=3)
    assert len(done) == 2


def test_a_start_of_a_worker_does_not_put_jobs_off(gateway, done):
    declare(gateway, HOURLY)
    first = due(gateway, "tidy")
    gateway.clock.advance(minutes=50)
    declare(gateway, HOURLY)
    assert due(gateway, "tidy") == first


def test_a_job_that_fails_is_tried_again_soon(gateway, done):
    declare(gateway, NIGHTLY)
    gateway.calls.job_answers += [RemoteUnavailable("down")]
    gateway.work(hours=24)
    assert len(done) == 1
    assert due(gateway, "fetch") <= gateway.clock.now() + timedelta(minutes=5)
    gateway.work(minutes=6)
    assert len(done) == 2
    assert due(gateway, "fetch") > gateway.clock.now() + timedelta(hours=1)


def test_a_job_that_is_held_by_another_worker_is_left_alone(gateway, done):
    declare(gateway, HOURLY)
    gateway.clock.advance(hours=2)
    now = gateway.clock.now()
    taken = gateway.parts.units.run(
        "claim",
        lambda work: work.tasks.claim_due(worker="other", now=now, until=now + timedelta(minutes=1), limit=9),
    )
    assert [lease.kind for lease in taken] == [TaskKind.JOB]
    gateway.work()
    assert done == []
    gateway.work(minutes=2)
    assert len(done) == 1


def test_a_job_that_nobody_declares_any_more_rests_and_may_come_back(gateway, done):
    declare(gateway, HOURLY)
    declare(gateway)
    gateway.work(hours=2)
    assert (done, due(gateway, "tidy")) == ([], None)
    declare(gateway, HOURLY)
    assert due(gateway, "tidy") > NOON


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"name": "Fetch", "every": timedelta(hours=1)}, "a job's name has"),
        ({"name": "x" * 21, "every": timedelta(hours=1)}, "a job's name has"),
        ({"name": "fetch"}, "either daily_at or every"),
        ({"name": "fetch", "daily_at": time(3), "every": timedelta(hours=1)}, "either daily_at or every"),
        ({"name": "fetch", "every": timedelta(seconds=59)}, "every minute at most"),
    ],
)
def test_a_job_that_cannot_be_is_a_clear_error(wrong, problem):
    with pytest.raises(ValueError, match=problem):
        Job(**wrong)
