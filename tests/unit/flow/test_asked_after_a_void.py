"""A hold is called given up when the provider says so of the payment, and not on its answer to the void alone."""

import pytest

from mpay_gateway.domain.decision import Act
from mpay_gateway.domain.errors import Conflict
from mpay_gateway.domain.payment import CaptureState, ClaimState, PaymentState, ReversalGround, ReversalState
from mpay_gateway.domain.provider_answer import ProviderStatus
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.decisions import approve, propose
from tests.unit.flow.holding_bank import die, lost
from tests.unit.flow.holding_stage import Stage
from tests.unit.flow.scripted import ScriptedGateway, lei

NOTHING_THERE = ("cancelled", "declined", "reversed", "not-found")
NO_END = ("authorised", "confirmed", "pending", "unknown")


@pytest.fixture
def stage(gateway: ScriptedGateway, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """The money is held, and its order is gone."""
    found = Stage(gateway, monkeypatch)
    found.order_gone()
    return found


def after_the_void(stage: Stage, happens) -> None:
    """Let something happen at the bank when it has answered the void, before it is asked again."""
    stage.bank.after["reverse"] = happens


def at_the_second_question(stage: Stage, happens) -> None:
    after_the_void(stage, lambda: stage.bank.before.update(fetch=happens))


def claim(stage: Stage) -> ClaimState:
    return stage.read(lambda work: work.claims.of_payment(stage.payment.id)).state


def test_more_money_than_was_held_taken_as_the_void_came_is_not_called_given_up(stage):
    """The bank gives back what it held and keeps the rest (seed 817)."""
    stage.bank.before["reverse"] = lambda: stage.bank.take(lei("200.00"))
    stage.settle()
    stage.end()
    assert (stage.state, stage.captures) == (PaymentState.CAPTURED, [CaptureState.REVIEW])
    assert (stage.void.state, stage.bank.kinds) == (ReversalState.REFUSED, ["reversal"])
    assert "gave back" in stage.void.last_error
    assert stage.gateway.calls.delivered == []
    assert check_books(stage.gateway.parts.units) == ()


def test_money_beside_a_void_that_may_have_given_a_part_back_is_settled_by_people(stage):
    """The whole would be more than the provider still has of it: nothing is sent."""
    stage.bank.before["reverse"] = lambda: stage.bank.take(lei("200.00"))
    stage.settle()
    stage.end()
    give_back(stage)
    stage.end()
    assert (stage.captures, claim(stage)) == ([CaptureState.SURPLUS], ClaimState.RELEASED)
    assert stage.reversals == [(ReversalGround.ORDER_GONE, ReversalState.REFUSED, True)]
    assert stage.bank.asked.count("reverse") == 1
    assert check_books(stage.gateway.parts.units) == ()


def test_a_void_whose_answer_was_lost_may_have_given_a_part_back_too(stage):
    stage.bank.before["reverse"] = lambda: stage.bank.take(lei("200.00"))
    after_the_void(stage, lost)
    stage.settle()
    stage.settle()  # hears of the money
    assert (stage.captures, stage.void.state) == ([CaptureState.REVIEW], ReversalState.DUE)
    give_back(stage)
    stage.end()
    assert stage.reversals == [(ReversalGround.ORDER_GONE, ReversalState.REFUSED, True)]
    assert stage.bank.asked.count("reverse") == 1


def test_money_beside_a_void_that_was_never_sent_goes_back_whole(stage):
    """Another amount is found taken by the question that comes before the void."""
    stage.bank.after["fetch"] = lambda: stage.bank.take(lei("200.00"))
    stage.settle()
    assert stage.captures == [CaptureState.REVIEW]
    give_back(stage)
    stage.end()
    assert stage.bank.given_back == lei("200.00")
    assert stage.reversals == [
        (ReversalGround.ORDER_GONE, ReversalState.REFUSED, False),
        (ReversalGround.OPERATORS, ReversalState.DONE, True),
    ]
    assert check_books(stage.gateway.parts.units) == ()


def give_back(stage: Stage) -> None:
    parts = stage.gateway.parts
    wish = propose(parts, stage.payment.id, Act.GIVE_BACK, "another amount", actor="operator:ana")
    approve(parts, wish.id, actor="operator:ion")


def test_held_money_that_is_taken_as_the_void_comes_goes_back_under_its_key(stage):
    stage.bank.before["reverse"] = stage.bank.take
    stage.settle()
    assert stage.captures == [CaptureState.SURPLUS]
    stage.end()
    stage.assert_agrees()
    assert stage.reversals == [(ReversalGround.ORDER_GONE, ReversalState.DONE, True)]


@pytest.mark.parametrize("happens", [lost, die])
def test_a_question_after_the_void_that_is_not_answered_is_asked_again(stage, happens):
    at_the_second_question(stage, happens)
    stage.settle()
    assert (stage.state, stage.void.state, claim(stage)) == (
        PaymentState.AUTHORISED, ReversalState.DUE, ClaimState.HELD,
    )  # fmt: skip
    stage.gateway.clock.advance(minutes=2)
    stage.finish()
    stage.assert_agrees()
    assert (stage.state, stage.void.state, claim(stage)) == (
        PaymentState.CANCELLED, ReversalState.DONE, ClaimState.RELEASED,
    )  # fmt: skip
    assert (stage.bank.kinds, stage.bank.asked.count("reverse")) == (["void"], 2)


@pytest.mark.parametrize("says", NOTHING_THERE)
def test_a_provider_that_has_nothing_of_the_payment_ends_it(stage, says):
    after_the_void(stage, lambda: setattr(stage.bank, "status", ProviderStatus(says)))
    stage.settle()
    stage.assert_agrees()
    assert (stage.state, stage.void.state) == (PaymentState.CANCELLED, ReversalState.DONE)


@pytest.mark.parametrize("says", NO_END)
def test_a_provider_that_does_not_say_that_nothing_is_there_is_asked_on(stage, says):
    after_the_void(stage, lambda: setattr(stage.bank, "status", ProviderStatus(says)))
    stage.settle()
    tries = []
    for _ in range(3):
        stage.gateway.work(turns=2, hours=2)
        tries.append(stage.void.attempts)
    assert (stage.state, stage.void.state, claim(stage)) == (
        PaymentState.AUTHORISED, ReversalState.DUE, ClaimState.HELD,
    )  # fmt: skip
    assert tries == sorted(set(tries))
    assert f"says {says}" in stage.void.last_error
    stage.bank.status = ProviderStatus.CANCELLED
    stage.gateway.work(turns=2, hours=2)
    stage.end()
    stage.assert_agrees()
    assert (stage.state, stage.bank.kinds) == (PaymentState.CANCELLED, ["void"])


def test_another_amount_given_up_of_which_nothing_is_left_ends_the_payment_and_not_the_doubt(stage):
    """The bank names another amount than was held."""
    answered = stage.bank.reverse

    def less(*arguments: object, key: str) -> object:
        return type(answered(*arguments, key=key))(lei("10.00"))

    stage.gateway.calls.reverse_payment = less
    stage.settle()
    stage.end()
    assert (stage.state, stage.void.state) == (PaymentState.CANCELLED, ReversalState.REFUSED)
    assert "10.00" in stage.void.last_error
    assert stage.bank.asked.count("reverse") == 1


def test_a_process_that_lost_its_lease_does_not_ask_after_the_void(stage):
    """Another process takes the task over while the void is on its way."""

    def overtaken() -> None:
        stage.gateway.clock.advance(minutes=5)
        stage.finish()

    after_the_void(stage, overtaken)
    with pytest.raises(Conflict):
        stage.settle()
    assert (stage.state, stage.void.state) == (PaymentState.CANCELLED, ReversalState.DONE)
    assert stage.bank.asked.count("fetch") == 3  # settled, before the void, and by the other one after it
    stage.assert_agrees()
