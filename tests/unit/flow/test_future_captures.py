"""A provider whose clock is far ahead: its money is paid out all the same, and counts as taken when we heard of it."""

from datetime import timedelta

import pytest

from mpay_gateway.boundary import SystemIds
from mpay_gateway.domain.provider_answer import ProviderCapture
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.bookkeeping.settlement import PaidBy, settle, unsettled_days
from mpay_gateway.flow.settling import settle as hear
from mpay_gateway.texts.local_days import local_day


@pytest.mark.parametrize("ahead", [timedelta(hours=20), timedelta(days=400)], ids=str)
def test_money_of_a_time_to_come_is_settled_with_the_day_on_which_it_was_heard_of(gateway, ahead):
    payment = gateway.start("ORDER-1")
    gateway.calls.captured[payment.reference] = [
        ProviderCapture("txn-1", payment.amount, gateway.clock.now() + ahead)
    ]
    hear(gateway.parts, payment.id)
    paid, heard = gateway.settled(payment), gateway.clock.now()
    assert paid.captured_at <= heard
    (told,) = gateway.calls.delivered
    assert told.confirmation.paid_at <= heard
    gateway.clock.advance(days=1)
    units, day = gateway.parts.units, local_day(heard)
    files = settle(units, day, PaidBy("main", "operator:ana"), clock=gateway.clock, ids=SystemIds())
    assert sum(each.amount.minor for each in files) == 150_00
    assert unsettled_days(units, day) == ()
    assert check_books(units) == ()
