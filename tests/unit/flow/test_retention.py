"""A worker erases old bodies by itself, where the settings say how old; it is noted like an operator's erasure."""

from datetime import timedelta

import pytest

from mpay_gateway.domain.errors import Conflict
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.evidence import erasing
from mpay_gateway.flow.evidence.erasing import erasures
from mpay_gateway.flow.evidence.retention import EVERY, SUBJECT, erase_old, keep_erasing
from mpay_gateway.flow.evidence.verification import verify_everything, verify_payment
from mpay_gateway.settings.retention import EvidenceSettings
from mpay_gateway.storage.tables import evidence_bodies
from mpay_gateway.storage.tasks import TaskKind
from tests.unit.flow.counting import rows_in
from tests.unit.flow.signing import signing_gateway


@pytest.fixture
def gateway(migrated_url, monkeypatch):
    with signing_gateway(migrated_url, monkeypatch) as talk:
        keep(talk.gateway, 90)
        yield talk.gateway
        assert check_books(talk.gateway.parts.units) == ()


@pytest.fixture
def old(gateway):
    """A payment that is finished, and ninety-one days old."""
    payment = gateway.pay("ORDER-1")
    gateway.clock.advance(days=91)
    return payment


def keep(gateway, days):
    gateway.parts.settings.evidence = EvidenceSettings(days)


def tended(gateway, **later):
    """A worker lives for a while: it tends its tasks, and does what is due then."""
    keep_erasing(gateway.parts)
    gateway.work(**later)


def erased(gateway):
    return gateway.parts.units.read(erasures)


def lease(gateway, worker):
    now = gateway.clock.now()
    return gateway.parts.units.run(
        "lease",
        lambda work: work.tasks.lease(
            TaskKind.ERASE, SUBJECT, worker=worker, now=now, until=now + timedelta(seconds=90)
        ),
    )


def test_bodies_that_are_older_go_and_younger_ones_stay(gateway, old):
    young = gateway.pay("ORDER-2")
    tended(gateway, days=1)
    assert verify_payment(gateway.parts, old.id)[1].erased != ()
    assert verify_payment(gateway.parts, young.id)[1].erased == ()
    (done,) = erased(gateway)
    assert done.by == "machine"
    assert timedelta(days=90) <= done.at - done.before < timedelta(days=90, seconds=1)
    assert verify_everything(gateway.parts).problems == ()


def test_days_on_which_nothing_is_over_leave_no_note(gateway, old):
    for _ in range(3):
        tended(gateway, days=1)
    assert len(erased(gateway)) == 1


def test_without_the_setting_nothing_is_erased_nor_planned(gateway, old):
    keep(gateway, None)
    before = rows_in(gateway, evidence_bodies)
    tended(gateway, days=1)
    assert rows_in(gateway, evidence_bodies) == before
    assert gateway.parts.units.read(lambda work: work.tasks.due_at(TaskKind.ERASE, SUBJECT)) is None


def test_a_setting_that_is_taken_away_ends_it(gateway, old):
    keep_erasing(gateway.parts)
    keep(gateway, None)
    before = rows_in(gateway, evidence_bodies)
    gateway.work(days=1)
    assert (rows_in(gateway, evidence_bodies), erased(gateway)) == (before, ())
    assert gateway.parts.units.read(lambda work: work.tasks.due_at(TaskKind.ERASE, SUBJECT)) is None


def test_it_is_done_once_a_day_however_often_it_is_tended(gateway, old):
    tended(gateway, days=1)
    due = gateway.parts.units.read(lambda work: work.tasks.due_at(TaskKind.ERASE, SUBJECT))
    assert timedelta(hours=23) < due - gateway.clock.now() <= EVERY
    for _ in range(3):
        tended(gateway, hours=1)
    assert gateway.parts.units.read(lambda work: work.tasks.due_at(TaskKind.ERASE, SUBJECT)) == due


def test_who_lost_the_task_stops_and_the_next_one_goes_on(gateway, old, monkeypatch):
    monkeypatch.setattr(erasing, "_AT_ONCE", 2)
    first = lease(gateway, "first")
    gateway.clock.advance(seconds=91)
    second = lease(gateway, "second")
    bodies = rows_in(gateway, evidence_bodies)
    with pytest.raises(Conflict):
        erase_old(gateway.parts, first)
    assert rows_in(gateway, evidence_bodies) == bodies - 2 + 1  # the note's own
    erase_old(gateway.parts, second)
    assert verify_payment(gateway.parts, old.id)[1].problems == ()
    assert rows_in(gateway, evidence_bodies) == 2  # of the two notes
