"""B22: the connection is lost while the commit is under way. Nobody knows what became of it, and nobody guesses."""

import pytest
from sqlalchemy.exc import DBAPIError

from mpay_gateway.boundary import SystemClock
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.storage import UnitOfWork, create_engine
from mpay_gateway.storage.tasks import LeaseTime
from tests.unit.databases import make_tables
from tests.unit.flow.scripted import scripted_gateway
from tests.unit.storage.cutting import cut_way
from tests.unit.storage.test_unit_of_work import add, names


@pytest.fixture
def way(postgres_url):
    with cut_way(postgres_url(prepare=make_tables)) as (way, url):
        yield way, url


def test_the_work_does_not_run_again_and_what_follows_is_left_to_who_looks(way):
    cutter, url = way
    units = UnitOfWork(create_engine(url), SystemClock(), lease_time=LeaseTime.CALLER)
    units.run("warm", add("ana"))
    runs, followed = [], []

    def work_once(work):
        runs.append(1)
        add("ion")(work)
        work.after_commit(lambda: followed.append(1))

    cutter.cut_next_commit()
    with pytest.raises(DBAPIError):
        units.run("lost", work_once)
    assert (cutter.cuts, len(runs), followed) == (1, 1, [])
    assert names(units) == ["ana", "ion"]  # it was there all the same, and the next unit has a connection
    units.engine.dispose()


def test_a_payment_whose_opening_was_not_answered_is_found_by_its_form(way):
    """Pressed again, the button leads to the payment that is there; the bank is asked for one session."""
    cutter, url = way
    with scripted_gateway(url) as gateway:
        visit = gateway.agreed("ORDER-1")
        sent = cut_commit_of(gateway, cutter, "open-payment")
        with pytest.raises(DBAPIError):
            gateway.press(visit)
        assert sent == ["open-payment"]
        payment = gateway.press(visit).payment
        stored = gateway.parts.units.read(lambda work: work.payments.of_order("TEST01", "ORDER-1"))
        assert [each.id for each in stored] == [payment.id]
        assert check_books(gateway.parts.units) == ()


def test_a_capture_whose_commit_was_not_answered_is_booked_once(way):
    cutter, url = way
    with scripted_gateway(url) as gateway:
        payment = gateway.start("ORDER-1")
        cut_commit_of(gateway, cutter, "settle")
        with pytest.raises(DBAPIError):
            gateway.capture(payment)
        gateway.work(turns=3, minutes=2)
        gateway.settled(payment)
        assert len(gateway.parts.units.read(lambda work: work.payments.captures_of(payment.id))) == 1
        assert {each.confirmation.payment_id for each in gateway.calls.delivered} == {payment.id}
        assert check_books(gateway.parts.units) == ()


def cut_commit_of(gateway, cutter, unit: str) -> list[str]:
    """Cut the way in the commit of the next unit of this name. The list has the name once it began."""
    run, begun = UnitOfWork.run, []

    def watched(name, work):
        if name == unit and not begun:
            begun.append(name)
            cutter.cut_next_commit()
        return run(gateway.parts.units, name, work)

    gateway.parts.units.run = watched
    return begun
