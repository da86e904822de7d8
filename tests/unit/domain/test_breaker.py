"""Breakers: when calls are held back, when a probe goes out, and what ends it."""

from datetime import UTC, datetime, timedelta

import pytest

from mpay_gateway.domain.breaker import Admission, Breaker, BreakerRule, Calls, CallsTo

NOON = datetime(2026, 11, 23, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
RULE = BreakerRule(opens_after=3, probe_every=MINUTE)
CLOSED = Breaker(CallsTo(Calls.DELIVERIES, "S"))


def after(*about: str, breaker: Breaker = CLOSED) -> Breaker:
    """The breaker after unanswered calls, one a second."""
    for number, each in enumerate(about):
        breaker = breaker.unanswered(
            RULE, about=each, error=f"error {number}", at=NOON + timedelta(seconds=number)
        )
    return breaker


@pytest.mark.parametrize(
    ("about", "failures", "opened"),
    [
        (("a",), 1, None),
        (("a", "b"), 2, None),
        (("a", "b", "c"), 3, NOON + timedelta(seconds=2)),
        (("a", "b", "c", "d"), 4, NOON + timedelta(seconds=2)),
        (("a", "a", "a", "a"), 1, None),
        (("a", "b", "b", "b"), 2, None),
        (("a", "b", "a"), 3, NOON + timedelta(seconds=2)),
        (("", "", ""), 3, NOON + timedelta(seconds=2)),
    ],
    ids=["one", "two", "three", "stays", "one thing", "two things", "in turn", "about nothing"],
)
def test_it_opens_after_so_many_different_calls_in_a_row_that_got_no_answer(about, failures, opened):
    breaker = after(*about)
    assert (breaker.failures, breaker.opened_at) == (failures, opened)
    assert breaker.last_error == f"error {len(about) - 1}"


@pytest.mark.parametrize(
    ("breaker", "later", "admission"),
    [
        (CLOSED, timedelta(0), Admission.FREE),
        (after("a", "b"), timedelta(0), Admission.FREE),
        (after("a", "b", "c"), timedelta(0), Admission.HELD_BACK),
        (after("a", "b", "c"), MINUTE, Admission.HELD_BACK),
        (after("a", "b", "c"), MINUTE + timedelta(seconds=2), Admission.PROBE),
        (after("a", "b", "c").probing(RULE, NOON + 2 * MINUTE), 2 * MINUTE, Admission.HELD_BACK),
        (after("a", "b", "c").probing(RULE, NOON + 2 * MINUTE), 3 * MINUTE, Admission.PROBE),
    ],
    ids=["closed", "troubled", "open", "a moment early", "first probe", "probe is out", "next probe"],
)
def test_one_call_a_minute_leaves_while_it_is_open(breaker, later, admission):
    assert breaker.admits(NOON + later) is admission


def test_a_look_up_is_tried_every_ten_seconds_and_no_less_often_than_other_calls():
    """A payer waits for it, and a service that was restarted is back in seconds."""
    pauses = [BreakerRule(probe_every=every).pause(Calls.LOOKUPS) for every in (MINUTE, timedelta(seconds=3))]
    assert pauses == [timedelta(seconds=10), timedelta(seconds=3)]


def test_an_answer_in_between_begins_the_count_anew():
    assert after("c", breaker=after("a", "b").answered()).failures == 1


def test_a_probe_that_gets_no_answer_keeps_it_open_since_the_same_moment():
    opened = after("a", "b", "c")
    again = opened.probing(RULE, NOON + 2 * MINUTE).unanswered(
        RULE, about="d", error="still dead", at=NOON + 2 * MINUTE
    )
    assert (again.opened_at, again.last_error) == (opened.opened_at, "still dead")
    assert again.admits(NOON + 2 * MINUTE) is Admission.HELD_BACK


def test_an_answer_closes_it_whole():
    assert after("a", "b", "c").answered() == CLOSED


def test_a_sign_of_life_of_another_kind_closes_it_on_trial():
    """The provider answers questions; whether it opens payments again, the next one shows."""
    trial = after("a", "b", "c").alive(RULE)
    assert trial.admits(NOON) is Admission.FREE
    assert after("d", breaker=trial).is_open
    assert trial.answered() == CLOSED
    assert after("a").alive(RULE) == after("a")
