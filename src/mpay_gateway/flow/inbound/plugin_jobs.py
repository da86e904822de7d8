"""What plugins do by themselves: each job of each instance is one task, so it runs once at a time wherever it runs."""

from datetime import datetime, timedelta

import structlog

from mpay_gateway.api import Job
from mpay_gateway.domain.errors import Conflict, MpayError
from mpay_gateway.flow.parts import Parts
from mpay_gateway.plugin_host import InstanceInfo
from mpay_gateway.storage import Work
from mpay_gateway.storage.tasks import Lease, TaskKind
from mpay_gateway.texts.local_format import LOCAL_ZONE

AGAIN = timedelta(minutes=5)
"""How soon a job is tried again that failed, unless it is due earlier."""
_log = structlog.get_logger("jobs")


def schedule_jobs(parts: Parts) -> None:
    """See that each declared job has its task. A job that waits already keeps its time if that is earlier."""
    now = parts.clock.now()
    jobs = [(instance, job) for instance in parts.registry.instances for job in instance.jobs]

    def ensure(work: Work) -> None:
        for instance, job in jobs:
            work.tasks.tend(TaskKind.JOB, subject_of(instance, job), next_run(job, now))

    if jobs:
        parts.units.run("schedule-jobs", ensure)


def run_job(parts: Parts, lease: Lease) -> None:
    """A worker's turn: let the plugin do it, then schedule the next time. A job that nobody declares any more rests."""
    found = _declared(parts, lease.subject)
    if found is None:
        parts.units.run("job-gone", lambda work: work.tasks.finish(lease, due=None))
        return
    instance, job = found
    due = next_run(job, parts.clock.now())
    try:
        parts.calls.run_job(instance.name, job.name)
    except Conflict:
        due = min(due, parts.clock.now() + AGAIN)
        _log.info("job_in_conflict", instance=instance.name, job=job.name)
    except MpayError as error:
        due = min(due, parts.clock.now() + AGAIN)
        _log.error("job_failed", instance=instance.name, job=job.name, error=type(error).__name__,
                   exc_info=error.__cause__)  # fmt: skip
    parts.units.run("job-done", lambda work: work.tasks.finish(lease, due=due))


def subject_of(instance: InstanceInfo, job: Job) -> str:
    """The name of a job's task."""
    return f"{instance.name}:{job.name}"


def next_run(job: Job, now: datetime) -> datetime:
    """The next time after `now` (UTC) at which the job is due. A daily time is Chisinau's, also where clocks change."""
    if job.every is not None:
        return now + job.every
    assert job.daily_at is not None, "a job has one of both"
    local = now.astimezone(LOCAL_ZONE)
    today = datetime.combine(local.date(), job.daily_at, LOCAL_ZONE)
    return (
        today
        if today > local
        else datetime.combine(local.date() + timedelta(days=1), job.daily_at, LOCAL_ZONE)
    )


def _declared(parts: Parts, subject: str) -> tuple[InstanceInfo, Job] | None:
    for instance in parts.registry.instances:
        for job in instance.jobs:
            if subject_of(instance, job) == subject:
                return instance, job
    return None
