"""Tasks: one holder at a time, oldest first, and a late holder writes nothing."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from mpay_gateway.boundary import SystemClock
from mpay_gateway.domain.errors import Conflict
from mpay_gateway.storage import UnitOfWork, create_engine
from mpay_gateway.storage.tasks import TaskKind
from tests.scene.waiting import eventually
from tests.unit.databases import make_tables

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DELIVER, RECHECK = TaskKind.DELIVER, TaskKind.RECHECK


def schedule(units, subject: str, due: datetime | None, kind: TaskKind = RECHECK) -> None:
    units.run("schedule", lambda work: work.tasks.schedule(kind, subject, due))


def at_once(*jobs) -> None:
    """Run the jobs beside each other, all begun at the same moment."""
    start = threading.Barrier(len(jobs))

    def run(job) -> None:
        start.wait(10)
        job()

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)


def claim(units, *, now: datetime = NOW, worker: str = "w", limit: int = 10):
    return units.run(
        "claim", lambda work: work.tasks.claim_due(worker=worker, now=now, until=now + MINUTE, limit=limit)
    )


def finish(units, lease, due: datetime | None = None) -> None:
    units.run("finish", lambda work: work.tasks.finish(lease, due=due))


def test_only_what_is_due_is_claimed_and_the_oldest_comes_first(units):
    for subject, due in (("later", NOW + MINUTE), ("new", NOW), ("old", NOW - MINUTE), ("never", None)):
        schedule(units, subject, due)
    assert [lease.subject for lease in claim(units, limit=1)] == ["old"]
    assert [lease.subject for lease in claim(units)] == ["new"]
    assert not units.read(lambda work: work.tasks.queues(NOW))
    assert units.read(lambda work: work.tasks.queues(NOW + MINUTE))


def test_a_claimed_task_is_nobody_elses_until_its_lease_runs_out(units):
    schedule(units, "a", NOW)
    (first,) = claim(units)
    assert claim(units) == ()
    (second,) = claim(units, now=NOW + MINUTE + timedelta(seconds=1))
    assert second.fence == first.fence + 1


def test_a_late_holder_can_neither_send_nor_write(units):
    schedule(units, "a", NOW)
    (late,) = claim(units)
    (current,) = claim(units, now=NOW + 2 * MINUTE)
    with pytest.raises(Conflict):
        units.run("send", lambda work: work.tasks.check(late))
    with pytest.raises(Conflict):
        finish(units, late)
    units.run("send", lambda work: work.tasks.check(current))
    finish(units, current, due=NOW + MINUTE)
    assert units.read(lambda work: work.tasks.due_at(RECHECK, "a")) == NOW + MINUTE


def test_who_gave_his_lease_back_sends_nothing_more(units):
    """A call that ends after its deadline runs on in its own thread, and still holds the old lease."""
    schedule(units, "a", NOW)
    (lease,) = claim(units)
    finish(units, lease, due=NOW + MINUTE)
    with pytest.raises(Conflict):
        units.run("send", lambda work: work.tasks.check(lease))
    with pytest.raises(Conflict):
        finish(units, lease)


def test_a_new_schedule_takes_the_task_from_its_holder(units):
    schedule(units, "a", NOW)
    (lease,) = claim(units)
    schedule(units, "a", NOW)
    with pytest.raises(Conflict):
        finish(units, lease)
    assert len(claim(units)) == 1


def test_a_hurried_task_is_due_earlier_and_its_holder_goes_on(units):
    schedule(units, "a", NOW)
    (lease,) = claim(units)
    finish(units, lease, due=NOW + 60 * MINUTE)
    units.run("hurry", lambda work: work.tasks.hurry(RECHECK, "a", NOW))
    (lease,) = claim(units)
    units.run("hurry", lambda work: work.tasks.hurry(RECHECK, "a", NOW - MINUTE))
    finish(units, lease)


def test_each_wish_for_a_task_is_counted_whether_it_makes_it_due_earlier_or_not(units):
    schedule(units, "a", NOW)
    assert units.read(lambda work: work.tasks.wishes(RECHECK, "a")) == 0
    for due in (NOW - MINUTE, NOW + MINUTE):
        units.run("hurry", lambda work, due=due: work.tasks.hurry(RECHECK, "a", due))
    schedule(units, "a", None)
    assert units.read(lambda work: work.tasks.wishes(RECHECK, "a")) == 2
    assert units.read(lambda work: work.tasks.wishes(RECHECK, "never")) == 0


def test_a_lease_is_given_once(units):
    def lease(work):
        return work.tasks.lease(DELIVER, "d", worker="w", now=NOW, until=NOW + MINUTE)

    assert units.run("lease", lease).fence == 1
    assert units.run("lease", lease) is None


def test_the_same_subject_has_a_task_of_each_kind(units):
    schedule(units, "a", NOW, RECHECK)
    schedule(units, "a", NOW, DELIVER)
    assert {lease.kind for lease in claim(units)} == {RECHECK, DELIVER}


def test_two_workers_share_the_tasks_without_doing_one_twice(units):
    for number in range(40):
        schedule(units, f"s{number}", NOW - timedelta(seconds=number))
    taken: dict[str, list[str]] = {"one": [], "two": []}

    def work(name: str) -> None:
        while leases := claim(units, worker=name, limit=3):
            taken[name] += [lease.subject for lease in leases]

    at_once(lambda: work("one"), lambda: work("two"))
    everything = taken["one"] + taken["two"]
    assert len(everything) == len(set(everything)) == 40


def test_nobody_gets_more_than_he_asked_for_however_many_ask(units):
    for number in range(30):
        schedule(units, f"s{number}", NOW - timedelta(seconds=number))
    claimed: list[int] = []
    at_once(*[lambda: claimed.append(len(claim(units, limit=2))) for _ in range(8)])
    assert len(claimed) == 8
    assert max(claimed) == 2


def test_a_worker_passes_by_what_another_is_just_claiming(postgres_url):
    """SKIP LOCKED: nobody waits. SQLite lets one writer in at a time, so nobody can be passed there."""
    units = UnitOfWork(create_engine(postgres_url(prepare=make_tables)), SystemClock())
    for subject in ("a", "b"):
        schedule(units, subject, NOW)

    def claim_while_open(work):
        mine = work.tasks.claim_due(worker="one", now=NOW, until=NOW + MINUTE, limit=1)
        theirs: list[str] = []
        other = threading.Thread(
            target=lambda: theirs.extend(lease.subject for lease in claim(units, worker="two"))
        )
        other.start()
        other.join(10)
        return [lease.subject for lease in mine], theirs

    mine, theirs = units.run("slow-claim", claim_while_open)
    assert sorted(mine + theirs) == ["a", "b"]
    assert len(mine) == len(theirs) == 1
    units.engine.dispose()


def test_a_renewed_lease_is_nobody_elses_for_its_whole_span_again(units):
    schedule(units, "a", NOW)
    (lease,) = claim(units)
    later = NOW + timedelta(seconds=50)
    units.run("renew", lambda work: work.tasks.renew(lease, now=later))
    assert claim(units, now=later + timedelta(seconds=59)) == ()
    assert len(claim(units, now=later + timedelta(seconds=61))) == 1


def test_a_lease_that_ran_out_is_renewed_unless_somebody_took_it(units):
    schedule(units, "a", NOW)
    (lease,) = claim(units)
    units.run("renew", lambda work: work.tasks.renew(lease, now=NOW + 5 * MINUTE))
    assert claim(units, now=NOW + 5 * MINUTE) == ()
    (taken,) = claim(units, now=NOW + 7 * MINUTE)
    for late in (lambda work: work.tasks.renew(lease, now=NOW), lambda work: work.tasks.check(lease)):
        with pytest.raises(Conflict):
            units.run("late", late)
    units.run("renew", lambda work: work.tasks.renew(taken, now=NOW))


def test_of_a_renewal_and_a_takeover_at_once_one_wins(units):
    """Either the sender holds the lease again and nobody else claims it, or it may not send."""
    for number in range(20):
        schedule(units, f"s{number}", NOW)
        (lease,) = claim(units)
        late, renewed, claimed = NOW + 2 * MINUTE, [], []

        def renew(lease=lease, late=late, renewed=renewed) -> None:
            try:
                units.run("renew", lambda work: work.tasks.renew(lease, now=late))
            except Conflict:
                return
            renewed.append(lease)

        at_once(renew, lambda late=late, claimed=claimed: claimed.extend(claim(units, now=late)))
        assert len(renewed) + len(claimed) == 1
        finish(units, (renewed + claimed)[0])


@pytest.fixture
def shared_units(postgres_url):
    """As machines share a PostgreSQL: leases are judged by its clock."""
    units = UnitOfWork(create_engine(postgres_url(prepare=make_tables)), SystemClock())
    yield units
    units.engine.dispose()


@pytest.mark.parametrize("skew", [-60 * MINUTE, -MINUTE, timedelta(0), MINUTE, 60 * MINUTE])
def test_on_postgresql_no_machines_clock_takes_a_lease_that_still_runs(shared_units, skew):
    """F80: the clock of one machine is minutes or an hour off."""
    here, there = NOW, NOW + skew
    schedule(shared_units, "a", min(here, there))
    (lease,) = claim(shared_units, now=here)
    assert claim(shared_units, now=there) == ()
    assert not shared_units.read(lambda work: work.tasks.queues(there))
    assert lease_by(shared_units, there) is None
    shared_units.run("renew", lambda work: work.tasks.renew(lease, now=here))
    assert lease_by(shared_units, there) is None
    finish(shared_units, lease)


@pytest.mark.parametrize("skew", [-60 * MINUTE, 60 * MINUTE])
def test_on_postgresql_a_lease_that_ran_out_is_free_whatever_the_holders_clock_said(shared_units, skew):
    def shortly(work):
        now = NOW + skew
        return work.tasks.lease(RECHECK, "a", worker="w", now=now, until=now + timedelta(milliseconds=1))

    assert shared_units.run("lease", shortly) is not None
    eventually(lambda: lease_by(shared_units, NOW), within=10)


def lease_by(units, now: datetime):
    """A lease for the machine whose clock says `now`, if the task is free."""
    return units.run(
        "lease", lambda work: work.tasks.lease(RECHECK, "a", worker="x", now=now, until=now + MINUTE)
    )
