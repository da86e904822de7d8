"""Confirmations that wait an hour, a day, a week raise an alarm, once for each step."""

from datetime import timedelta

import pytest
import structlog

from mpay_gateway.domain.errors import OutcomeUnknown, RemoteRefused
from mpay_gateway.domain.lateness import Lateness, lateness
from mpay_gateway.flow.operating.overdue import Overdue, waiting_confirmations
from tests.unit.flow.scripted import SERVICE, ScriptedGateway


@pytest.mark.parametrize(
    ("age", "step"),
    [
        (timedelta(minutes=59), None),
        (timedelta(hours=1), Lateness.HOUR),
        (timedelta(hours=23), Lateness.HOUR),
        (timedelta(hours=24), Lateness.DAY),
        (timedelta(days=7), Lateness.WEEK),
        (timedelta(days=70), Lateness.WEEK),
    ],
)
def test_age_raises_alarms_in_three_steps(age, step):
    assert lateness(age) is step


def said(overdue: Overdue, gateway: ScriptedGateway) -> list[tuple[str, ...]]:
    """What one look logs: events with the step."""
    with structlog.testing.capture_logs() as logs:
        overdue.look(gateway.parts)
    return [(each["event"], each["service"], each.get("over", "")) for each in logs]


def test_each_step_is_cried_out_once_and_so_is_the_end(gateway):
    gateway.calls.silent = {SERVICE: OutcomeUnknown("no answer")}
    gateway.pay("ORDER-1")
    overdue = Overdue()
    assert said(overdue, gateway) == []
    for by, step in (({"hours": 1}, "1 h"), ({"hours": 23}, "24 h"), ({"days": 6}, "7 d")):
        gateway.clock.advance(**by)
        assert said(overdue, gateway) == [("confirmations_overdue", SERVICE, step)]
        assert said(overdue, gateway) == []
    gateway.calls.silent = {}
    gateway.work()
    assert said(overdue, gateway) == [("confirmations_caught_up", SERVICE, "")]
    assert said(overdue, gateway) == []


def test_what_is_parked_waits_and_what_went_back_does_not(gateway):
    gateway.calls.silent = {SERVICE: OutcomeUnknown("no answer")}
    gateway.pay("WAITS")
    gateway.calls.delivery_answers.append(RemoteRefused("UnknownOrder"))
    gateway.pay("WENT-BACK")
    (waiting,) = waiting_confirmations(gateway.parts)
    assert (waiting.service_id, waiting.count) == (SERVICE, 1)
