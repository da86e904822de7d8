"""F80: our clock jumps back an hour. B32: a pool that is used up keeps no bank waiting. B30: whose word is "now"."""

from contextlib import ExitStack
from dataclasses import replace

import pytest

from mpay_gateway.domain.errors import OutcomeUnknown
from mpay_gateway.domain.payment import DeliveryState, PaymentState
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.storage import UnitOfWork, create_engine
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
    with scripted_gateway(address) as gateway, ExitStack() as held:
        payment = gateway.start("ORDER-1")
        own = UnitOfWork(create_engine(address, pool_size=1), gateway.clock, lease_time=LeaseTime.CALLER)
        held.callback(own.engine.dispose)
        gateway.parts = replace(gateway.parts, callback_units=own)
        for _ in range(32):
            held.enter_context(gateway.parts.units.engine.connect())
        gateway.hear(payment)
        assert gateway.parts.units.engine.pool.checkedout() == 32  # nobody has waited until one was free
        kept = own.read(lambda work: sum(work.inbox.count(state) for state in InboxState))
        assert kept == 1
        held.close()
        gateway.settled(payment)


def test_a_primary_is_no_standby(gateway):
    assert not gateway.parts.units.read(lambda work: work.is_standby())
