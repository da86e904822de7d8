"""When things are asked again, and for how long a task is somebody's."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mpay_gateway.domain.identifiers import AccountId, InvoiceId, OrderKey, PaymentId, ServiceId
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.payment import Payment, PaymentState
from mpay_gateway.domain.service import Channel
from mpay_gateway.flow.schedules import LEASE, next_check, next_delivery, session_over
from mpay_gateway.settings.gateway import MOST_CALL_SECONDS

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = (timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days"))
PAYMENT = Payment(
    PaymentId("PAY"), InvoiceId("0"), "snapshot", ServiceId("TEST01"), OrderKey("KEY"), "card",
    AccountId("bank"), Channel.PORTAL, Money.from_minor(100, "MDL"), PaymentState.STARTED, "reference",
    created_at=NOON - 30 * MINUTE, session_until=NOON,
)  # fmt: skip
# Time since the session's end, and when the provider is asked next. Ten minutes of grace stand before the bands.
CHECKS = (
    (-30 * MINUTE, MINUTE),
    (timedelta(0), MINUTE),
    (10 * MINUTE - SECOND, MINUTE),
    (10 * MINUTE, 5 * MINUTE),
    (35 * MINUTE - SECOND, 5 * MINUTE),
    (35 * MINUTE, HOUR),
    (DAY + 10 * MINUTE - SECOND, HOUR),
    (DAY + 10 * MINUTE, DAY),
    (30 * DAY + 10 * MINUTE - SECOND, DAY),
)


def test_no_call_outlives_the_lease_of_its_task():
    assert LEASE.total_seconds() - 20 > MOST_CALL_SECONDS


def test_a_confirmation_is_tried_again_at_growing_distances():
    """Architecture, section 7: 1 m, 5 m x2, 10 m x5, then hourly."""
    assert [next_delivery(attempt) / MINUTE for attempt in range(1, 12)] == [
        1, 5, 5, 10, 10, 10, 10, 10, 60, 60, 60,
    ]  # fmt: skip


@pytest.mark.parametrize("attempt", [100, 1000, 100_000])
def test_a_confirmation_is_tried_hourly_without_end(attempt):
    assert next_delivery(attempt) == HOUR


@pytest.mark.parametrize(("since", "wait"), CHECKS)
def test_a_payment_that_is_not_known_is_asked_about_at_growing_distances(since, wait):
    """Architecture, section 7, at both edges of each band."""
    assert next_check(PAYMENT, NOON + since) == NOON + since + wait


@pytest.mark.parametrize("since", [30 * DAY + 10 * MINUTE, 31 * DAY, 400 * DAY])
def test_after_thirty_days_an_operator_looks_instead(since):
    assert next_check(PAYMENT, NOON + since) is None


def test_a_payment_is_asked_about_as_often_as_the_bands_say():
    """Followed from one check to the next, every one in time."""
    now, waits = NOON - 30 * MINUTE, []
    while (due := next_check(PAYMENT, now)) is not None:
        waits.append((due - now) / MINUTE)
        now = due
    assert [(wait, waits.count(wait)) for wait in dict.fromkeys(waits)] == [
        (1, 40), (5, 5), (60, 24), (24 * 60, 29),
    ]  # fmt: skip


def test_the_session_is_over_ten_minutes_after_its_end():
    assert not session_over(PAYMENT, NOON + 10 * MINUTE)
    assert session_over(PAYMENT, NOON + 10 * MINUTE + SECOND)
    assert session_over(replace(PAYMENT, session_until=NOON - HOUR), NOON)
