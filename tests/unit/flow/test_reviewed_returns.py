"""Money in review that its provider gives back by itself is never confirmed to a service."""

from dataclasses import replace

import pytest

from mpay_gateway.domain.decision import Act
from mpay_gateway.domain.errors import NotPayable, OutcomeUnknown
from mpay_gateway.domain.payment import CaptureState, Payment, ReversalGround, ReversalState
from mpay_gateway.domain.provider_answer import ProviderStatus
from mpay_gateway.flow.attention import payments_for_people
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.decisions import approve, propose
from mpay_gateway.flow.payment_story import tell_story
from mpay_gateway.storage.attention import Why
from tests.unit.flow.refunding_scene import ANA, ION, balances, open_refund, release
from tests.unit.flow.scripted import ScriptedGateway, lei


@pytest.fixture(autouse=True)
def sound_books(gateway: ScriptedGateway):
    yield
    assert check_books(gateway.parts.units) == ()


@pytest.fixture
def reviewed(gateway: ScriptedGateway) -> Payment:
    """A payment of 150.00 that the bank took whole, and of which it gave 50.00 back by itself."""
    payment = gateway.start("ORDER-1")
    gateway.calls.given_back[payment.reference] = lei("50")
    return gateway.capture(payment)


@pytest.fixture
def takes_parts(gateway: ScriptedGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """Orders that could take another amount than they ask for."""
    order = gateway.calls.order
    monkeypatch.setattr(gateway.calls, "order", lambda key: replace(order(key), allow_partial=True))


def decide(gateway: ScriptedGateway, payment: Payment, act: Act):
    return approve(gateway.parts, propose(gateway.parts, payment.id, act, "so", actor=ANA).id, actor=ION)


def test_money_that_went_back_in_part_pays_no_order(gateway, reviewed):
    with pytest.raises(NotPayable, match=r"gave 50\.00 MDL back by itself"):
        decide(gateway, reviewed, Act.ACCEPT)
    assert gateway.calls.delivered == []
    assert [why for _, why in payments_for_people(gateway.parts.units)] == [Why.REVIEW_TAKEN_BACK]
    assert tell_story(gateway.parts.units, reviewed.id).heard_return.amount == lei("50")


def test_a_refund_of_ours_is_not_taken_for_money_in_review_that_went_back(gateway):
    """A second transaction whose money went back in part is in review; what went back of the first is a refund."""
    payment = gateway.pay("ORDER-1")
    open_refund(gateway, payment, "50")
    release(gateway, payment)
    gateway.work(seconds=1)
    gateway.calls.given_back[payment.reference] = lei("80")
    gateway.capture(payment, amount=lei("100"), number=2)
    whys = [why for _, why in payments_for_people(gateway.parts.units)]
    assert Why.REVIEW in whys
    assert Why.REVIEW_TAKEN_BACK not in whys


@pytest.mark.usefixtures("takes_parts")
@pytest.mark.parametrize("status", [ProviderStatus.CONFIRMED, ProviderStatus.REVERSED])
def test_the_provider_is_asked_when_the_second_operator_agrees(gateway, status):
    payment = gateway.start("ORDER-1")
    gateway.capture(payment, amount=lei("100"))
    assert [why for _, why in payments_for_people(gateway.parts.units)] == [Why.REVIEW]
    gateway.calls.status[payment.reference] = status
    if status is ProviderStatus.CONFIRMED:
        gateway.calls.given_back[payment.reference] = lei("100")
    with pytest.raises(NotPayable, match=r"gave 100\.00 MDL back by itself"):
        decide(gateway, payment, Act.ACCEPT)
    assert [why for _, why in payments_for_people(gateway.parts.units)] == [Why.REVIEW_TAKEN_BACK]


@pytest.mark.usefixtures("takes_parts")
def test_no_answer_confirms_no_money_in_review(gateway):
    payment = gateway.capture(gateway.start("ORDER-1"), amount=lei("100"))
    gateway.calls.fetch_answers.append(OutcomeUnknown("no answer"))
    with pytest.raises(NotPayable, match="does not say now"):
        decide(gateway, payment, Act.ACCEPT)


def test_an_answer_that_was_asked_for_earlier_brings_no_money_back(gateway, reviewed):
    gateway.calls.given_back.clear()
    with pytest.raises(NotPayable, match=r"gave 50\.00 MDL back by itself"):
        decide(gateway, reviewed, Act.ACCEPT)


def test_what_went_back_whole_is_written_down_and_not_asked_for(gateway, reviewed):
    gateway.calls.given_back[reviewed.reference] = lei("150")
    decide(gateway, reviewed, Act.GIVE_BACK)
    gateway.work(turns=3, minutes=1)
    [reversal] = gateway.parts.units.read(lambda work: work.reversals.of_payment(reviewed.id))
    assert (reversal.ground, reversal.state) == (ReversalGround.BY_PROVIDER, ReversalState.DONE)
    assert gateway.calls.reversed_keys == []
    assert balances(gateway) == {}
    [capture] = gateway.parts.units.read(lambda work: work.payments.captures_of(reviewed.id))
    assert capture.state is CaptureState.SURPLUS
    assert gateway.pay("ORDER-1").state.value == "captured"


def test_what_may_be_another_reversal_of_ours_is_not_called_given_back_by_itself(gateway):
    """The bank has done the reversal of the second capture, and its answer was lost: the first is still there."""
    payment = gateway.capture(gateway.start("ORDER-1"), amount=lei("100"))
    gateway.calls.reversal_answers.append(OutcomeUnknown("the answer was lost"))
    gateway.capture(payment, amount=lei("100"), number=2)
    gateway.work(seconds=1)
    gateway.calls.given_back[payment.reference] = lei("100")
    decide(gateway, payment, Act.GIVE_BACK)
    gateway.work(turns=3, minutes=6)
    reversals = gateway.parts.units.read(lambda work: work.reversals.of_payment(payment.id))
    assert {each.ground: each.state for each in reversals} == {
        ReversalGround.SECOND_CAPTURE: ReversalState.DONE,
        ReversalGround.OPERATORS: ReversalState.DONE,
    }
    assert set(gateway.calls.reversed_keys) == {each.key for each in reversals}
    assert balances(gateway) == {}
