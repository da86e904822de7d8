"""F80: our clock jumps back an hour. B32: a pool that is used up keeps no bank waiting. B30: whose word is "now"."""

import time
from dataclasses import replace

import pytest

from mpay_gateway.domain.errors import OutcomeUnknown
from mpay_gateway.domain.payment import DeliveryState, PaymentState
from mpay_gateway.flow.books import check_books
from mpay_gateway.storage import UnitOfWork, create_engine
from mpay_gateway.storage.durability import is_read_only
from mpay_gateway.storage.inbox import InboxState
from mpay_gateway.storage.tasks import LeaseTime
from tests.unit.databases import make_tables
from tests.unit.flow.scripted import scripted_gateway


def test_an_hour_back_expires_nothing_and_what_was_due_is_done_when_its_time_comes(gateway):
    gateway.calls.delivery_answers.append(OutcomeUnknown("no answer"))
    untold = gateway.pay("ORDER-1")
    opened = gateway.start("ORDER-2")
    gateway.clock.advance(hours=-1)
    gateway.work()
    assert gateway.now(opened).state is PaymentState.STARTED
    gateway.capture(opened)
    later = gateway.pay("ORDER-3")
    gateway.work(turns=4, minutes=20)
    told = [gateway.parts.units.read(lambda work, it=each: work.deliveries.of_payment(it.id))
            for each in (untold, opened, later)]  # fmt: skip
    assert {each.state for each in told} == {DeliveryState.CONFIRMED}
    assert len({each.id for each in (untold, opened, later)}) == 3
    assert check_books(gateway.parts.units) == ()


@pytest.fixture
def address(postgres_url) -> str:
    return postgres_url(prepare=make_tables)


def test_a_callback_is_kept_while_every_other_connection_is_taken(address):
    with scripted_gateway(address) as gateway:
        payment = gateway.start("ORDER-1")
        own = UnitOfWork(create_engine(address, pool_size=1), gateway.clock, lease_time=LeaseTime.CALLER)
        gateway.parts = replace(gateway.parts, callback_units=own)
        held = [gateway.parts.units.engine.connect() for _ in range(32)]
        began = time.monotonic()
        try:
            gateway.hear(payment)
            took = time.monotonic() - began
        finally:
            for connection in held:
                connection.close()
        assert took < 10  # the time after which the other pool gives up
        kept = gateway.parts.units.read(lambda work: sum(work.inbox.count(state) for state in InboxState))
        assert kept == 1
        gateway.settled(payment)
        own.engine.dispose()


def test_a_standby_is_seen_to_be_read_only(address):
    engine = create_engine(address)
    assert not is_read_only(engine)
    engine.dispose()
    reading = create_engine(f"{address}&options=-c%20default_transaction_read_only%3Don")
    assert is_read_only(reading)
    reading.dispose()
