"""Money of which a provider does not say for days whether it went back, or was taken: people hear of it."""

from dataclasses import dataclass
from datetime import timedelta

import pytest

from mpay_gateway.domain.errors import OutcomeUnknown
from mpay_gateway.domain.provider_answer import ProviderCapture
from mpay_gateway.flow.attention import UNANSWERED, payments_for_people
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.settling import settle
from mpay_gateway.storage.attention import Why
from tests.unit.flow.holding_stage import Stage
from tests.unit.flow.refunding_scene import open_refund, release
from tests.unit.flow.scripted import ScriptedGateway

SOON = timedelta(hours=1)


@dataclass
class Silence:
    """A provider that answers nothing that is asked under a key, until it does."""

    lasts: bool = True

    def __call__(self, answer):
        def unless_silent(*arguments: object, **more: object) -> object:
            if self.lasts:
                raise OutcomeUnknown("no answer")
            return answer(*arguments, **more)

        return unless_silent


@pytest.fixture
def silence(gateway: ScriptedGateway, monkeypatch) -> Silence:
    silence = Silence()
    monkeypatch.setattr(gateway.calls, "reverse_payment", silence(gateway.calls.reverse_payment))
    return silence


def whys(gateway: ScriptedGateway) -> set[Why]:
    return {why for _, why in payments_for_people(gateway.parts.units)}


def a_reversal(gateway: ScriptedGateway) -> None:
    payment = gateway.start("ORDER-1")
    gateway.calls.captured[payment.reference] = [
        ProviderCapture(each, payment.amount, gateway.clock.now()) for each in ("T1", "T2")
    ]
    settle(gateway.parts, payment.id)
    gateway.settled(payment)


def a_refund(gateway: ScriptedGateway) -> None:
    payment = gateway.pay("ORDER-1")
    release(gateway, payment)
    open_refund(gateway, payment)


@pytest.mark.parametrize("under_way", [a_reversal, a_refund])
def test_who_does_not_say_whether_money_went_back_is_told_of_after_a_day(gateway, silence, under_way):
    under_way(gateway)
    gateway.work(turns=10, minutes=6)
    assert whys(gateway) == set()
    gateway.work(turns=24, hours=1)
    assert whys(gateway) == {Why.NOT_ANSWERED}
    silence.lasts = False
    gateway.work(hours=2)
    assert Why.NOT_ANSWERED not in whys(gateway)
    assert check_books(gateway.parts.units) == ()


@pytest.mark.parametrize("asked_for", ["capture_payment", "reverse_payment"])
def test_who_does_not_say_whether_held_money_was_taken_or_given_up_is_told_of_after_a_day(
    gateway, monkeypatch, asked_for
):
    stage = Stage(gateway, monkeypatch)
    if asked_for == "reverse_payment":
        stage.order_gone()
    silence = Silence()
    monkeypatch.setattr(gateway.calls, asked_for, silence(getattr(gateway.calls, asked_for)))
    stage.settle()
    assert whys(gateway) == set()
    gateway.clock.advance(seconds=(UNANSWERED + SOON).total_seconds())
    assert whys(gateway) == {Why.NOT_ANSWERED}
    silence.lasts = False
    gateway.work(turns=3, hours=2)
    assert whys(gateway) == set()
    assert check_books(gateway.parts.units) == ()
