"""Two operators decide on money that no rule decides on; nothing moves before the second one agrees."""

from dataclasses import replace

import pytest

from mpay_gateway.domain.decision import Act, DecisionState
from mpay_gateway.domain.errors import (
    Conflict,
    InvalidInput,
    InvalidTransition,
    NotAuthorised,
    NotFound,
    NotPayable,
    OutcomeUnknown,
    RemoteRefused,
    RemoteUnavailable,
)
from mpay_gateway.domain.payment import (
    CaptureState,
    ClaimState,
    DeliveryState,
    Payment,
    ReversalGround,
    ReversalState,
)
from mpay_gateway.domain.service import OnRefusal
from mpay_gateway.flow.attention import payments_for_people
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.decisions import approve, propose, reject
from mpay_gateway.flow.held_deliveries import hurry_delivery, park_delivery, take_parked
from mpay_gateway.flow.payment_result import Outcome, show_result
from mpay_gateway.flow.payment_story import tell_story
from mpay_gateway.flow.registration import apply_service
from mpay_gateway.storage.attention import Why
from tests.unit.flow.scripted import SERVICE, ScriptedGateway, lei, scripted_gateway

ANA, ION = "operator:ana", "operator:ion"


@pytest.fixture(autouse=True)
def sound_books(gateway: ScriptedGateway):
    yield
    assert check_books(gateway.parts.units) == ()


@pytest.fixture
def gateway(migrated_url):
    with scripted_gateway(migrated_url, on_refusal=OnRefusal.OPERATOR) as made:
        yield made


@pytest.fixture
def reviewed(gateway: ScriptedGateway, monkeypatch: pytest.MonkeyPatch) -> Payment:
    """A payment of 150.00 of which the bank took 100.00; the order takes parts."""
    order = gateway.calls.order
    monkeypatch.setattr(gateway.calls, "order", lambda key: replace(order(key), allow_partial=True))
    return gateway.capture(gateway.start("ORDER-1"), amount=lei("100"))


def captures(gateway, payment):
    return gateway.parts.units.read(lambda work: work.payments.captures_of(payment.id))


def claim(gateway, payment):
    return gateway.parts.units.read(lambda work: work.claims.of_payment(payment.id))


def delivery(gateway, payment):
    return gateway.parts.units.read(lambda work: work.deliveries.of_payment(payment.id))


def balance(gateway, account):
    balances = gateway.parts.units.read(lambda work: work.ledger.balances())
    return sum(money.minor for (name, _), money in balances.items() if name.startswith(account))


def outcome(gateway, payment):
    return show_result(gateway.parts, payment.visit_token, payment.id)


def test_money_in_review_pays_the_order_as_it_was_taken_once_a_second_operator_agrees(gateway, reviewed):
    proposed = propose(gateway.parts, reviewed.id, Act.ACCEPT, "the payer asked for it", actor=ANA)
    assert gateway.calls.delivered == []
    assert approve(gateway.parts, proposed.id, actor=ION).state is DecisionState.APPROVED
    gateway.settled(reviewed)
    [told] = gateway.calls.delivered
    assert told.confirmation.total == lei("100")
    assert sum(line.amount.minor for line in told.confirmation.lines) == 10000
    assert [each.state for each in captures(gateway, reviewed)] == [CaptureState.CLAIMED]
    assert (claim(gateway, reviewed).state, claim(gateway, reviewed).amount) == (
        ClaimState.ACKNOWLEDGED,
        lei("100"),
    )
    assert (balance(gateway, "suspense"), balance(gateway, "payable")) == (0, -10000)
    page = outcome(gateway, reviewed)
    assert (page.outcome, page.amount) == (Outcome.PAID, lei("100"))


def test_accepted_money_that_its_service_refuses_goes_back(gateway, reviewed):
    apply_service(
        gateway.parts, replace(gateway.parts.services.get_any(SERVICE), on_refusal=OnRefusal.REVERSE)
    )
    gateway.clock.advance(seconds=10)  # until every process sees it
    gateway.calls.delivery_answers.append(RemoteRefused("UnknownOrder"))
    proposed = propose(gateway.parts, reviewed.id, Act.ACCEPT, "the payer asked for it", actor=ANA)
    approve(gateway.parts, proposed.id, actor=ION)
    gateway.settled(reviewed)
    gateway.clock.advance(seconds=10)
    gateway.work()
    assert [each.state for each in captures(gateway, reviewed)] == [CaptureState.SURPLUS]
    assert (balance(gateway, "suspense"), balance(gateway, "payable")) == (0, 0)


def test_an_order_that_takes_no_parts_accepts_no_other_amount(gateway):
    payment = gateway.capture(gateway.start("ORDER-1"), amount=lei("100"))
    with pytest.raises(NotPayable, match=r"cannot take 100\.00 MDL"):
        propose(gateway.parts, payment.id, Act.ACCEPT, "try it", actor=ANA)
    assert [each.state for each in captures(gateway, payment)] == [CaptureState.REVIEW]
    assert gateway.parts.units.read(lambda work: work.decisions.open()) == ()


def test_room_that_is_gone_when_the_second_operator_agrees_takes_no_money(gateway, monkeypatch):
    order = gateway.calls.order
    monkeypatch.setattr(gateway.calls, "order", lambda key: replace(order(key), allow_partial=True))
    payment = gateway.capture(gateway.start("ORDER-1", amount="100"), amount=lei("120"))
    proposed = propose(gateway.parts, payment.id, Act.ACCEPT, "while there was room", actor=ANA)
    gateway.capture(gateway.start("ORDER-1", amount="50"))
    with pytest.raises(NotPayable, match=r"cannot take 120\.00 MDL"):
        approve(gateway.parts, proposed.id, actor=ION)
    assert [each.state for each in captures(gateway, payment)] == [CaptureState.REVIEW]
    assert (
        gateway.parts.units.read(lambda work: work.decisions.get(proposed.id)).state is DecisionState.PROPOSED
    )


def test_money_beside_money_that_pays_the_order_is_not_proposed_to_pay_it(gateway, monkeypatch):
    order = gateway.calls.order
    monkeypatch.setattr(gateway.calls, "order", lambda key: replace(order(key), allow_partial=True))
    payment = gateway.pay("ORDER-1")
    gateway.calls.given_back[payment.reference] = lei("10")
    gateway.capture(payment, amount=lei("100"), number=2)
    assert CaptureState.REVIEW in {each.state for each in captures(gateway, payment)}
    with pytest.raises(NotPayable, match="other money of this payment"):
        propose(gateway.parts, payment.id, Act.ACCEPT, "as well", actor=ANA)


def test_money_beside_money_whose_confirmation_was_given_up_is_not_proposed_to_pay_the_order(
    gateway, monkeypatch
):
    """Its service is told of one payment once (seed 290703)."""
    order = gateway.calls.order
    monkeypatch.setattr(gateway.calls, "order", lambda key: replace(order(key), allow_partial=True))
    gateway.calls.delivery_answers.append(RemoteRefused("UnknownOrder"))
    payment = gateway.pay("ORDER-1")
    gateway.calls.given_back[payment.reference] = lei("10")
    gateway.capture(payment, amount=lei("100"), number=2)
    proposed = propose(gateway.parts, payment.id, Act.RELEASE, "the service says no", actor=ANA)
    approve(gateway.parts, proposed.id, actor=ION)
    gateway.work()
    assert CaptureState.REVIEW in {each.state for each in captures(gateway, payment)}
    with pytest.raises(NotPayable, match="was given up"):
        propose(gateway.parts, payment.id, Act.ACCEPT, "instead", actor=ANA)


def test_money_in_review_goes_back_and_frees_the_order(gateway, reviewed):
    proposed = propose(gateway.parts, reviewed.id, Act.GIVE_BACK, "not what was asked", actor=ANA)
    approve(gateway.parts, proposed.id, actor=ION)
    gateway.work()
    [reversal] = gateway.parts.units.read(lambda work: work.reversals.of_payment(reviewed.id))
    assert (reversal.state, reversal.ground, reversal.amount) == (
        ReversalState.DONE, ReversalGround.OPERATORS, lei("100"),
    )  # fmt: skip
    assert claim(gateway, reviewed).state is ClaimState.RELEASED
    assert balance(gateway, "") == balance(gateway, "suspense") == 0
    assert outcome(gateway, reviewed).outcome is Outcome.RETURNED
    assert gateway.pay("ORDER-1").state.value == "captured"


def test_nobody_approves_what_he_proposed_himself(gateway, reviewed):
    proposed = propose(gateway.parts, reviewed.id, Act.GIVE_BACK, "alone", actor=ANA)
    with pytest.raises(NotAuthorised, match="another operator"):
        approve(gateway.parts, proposed.id, actor=ANA)
    gateway.work(turns=3, hours=1)
    assert gateway.calls.reversed_keys == []


def test_a_proposal_is_decided_once(gateway, reviewed):
    proposed = propose(gateway.parts, reviewed.id, Act.GIVE_BACK, "so", actor=ANA)
    approve(gateway.parts, proposed.id, actor=ION)
    for decide in (approve, reject):
        with pytest.raises(InvalidTransition):
            decide(gateway.parts, proposed.id, actor=ION)
    gateway.work(turns=2, minutes=1)
    assert len(gateway.calls.reversed_keys) == 1


def test_a_rejected_proposal_does_nothing_and_makes_room_for_another(gateway, reviewed):
    first = propose(gateway.parts, reviewed.id, Act.GIVE_BACK, "so", actor=ANA)
    with pytest.raises(Conflict, match="open for the same"):
        propose(gateway.parts, reviewed.id, Act.ACCEPT, "or so", actor=ION)
    assert reject(gateway.parts, first.id, actor=ANA).state is DecisionState.REJECTED
    second = propose(gateway.parts, reviewed.id, Act.ACCEPT, "or so", actor=ION)
    approve(gateway.parts, second.id, actor=ANA)
    gateway.settled(reviewed)
    assert delivery(gateway, reviewed).state is DeliveryState.CONFIRMED


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
def test_a_reason_is_needed(gateway, reviewed, reason):
    with pytest.raises(InvalidInput, match="reason"):
        propose(gateway.parts, reviewed.id, Act.ACCEPT, reason, actor=ANA)


def test_there_must_be_something_to_decide_on(gateway):
    paid = gateway.pay("ORDER-1")
    for act in Act:
        with pytest.raises(NotFound):
            propose(gateway.parts, paid.id, act, "why not", actor=ANA)


def test_a_refused_confirmation_is_given_up_and_the_money_goes_back(gateway):
    gateway.calls.delivery_answers.append(RemoteRefused("UnknownOrder", permanent=True))
    payment = gateway.pay("ORDER-1")
    assert delivery(gateway, payment).state is DeliveryState.PARKED
    proposed = propose(gateway.parts, payment.id, Act.RELEASE, "the service says no", actor=ANA)
    approve(gateway.parts, proposed.id, actor=ION)
    gateway.work()
    [reversal] = gateway.parts.units.read(lambda work: work.reversals.of_payment(payment.id))
    assert (reversal.state, reversal.ground) == (ReversalState.DONE, ReversalGround.OPERATORS)
    assert balance(gateway, "payable") == balance(gateway, "suspense") == 0
    with pytest.raises(InvalidTransition, match="went back"):
        hurry_delivery(gateway.parts, delivery(gateway, payment).id, actor=ANA)


def test_a_confirmation_that_was_sent_again_meanwhile_is_not_given_up(gateway):
    gateway.calls.delivery_answers.append(RemoteRefused("UnknownOrder", permanent=True))
    payment = gateway.pay("ORDER-1")
    proposed = propose(gateway.parts, payment.id, Act.RELEASE, "the service says no", actor=ANA)
    hurry_delivery(gateway.parts, delivery(gateway, payment).id, actor=ION)
    gateway.work()
    assert delivery(gateway, payment).state is DeliveryState.CONFIRMED
    with pytest.raises(InvalidTransition, match="is confirmed"):
        approve(gateway.parts, proposed.id, actor=ION)
    assert gateway.calls.reversed_keys == []


def test_a_parked_delivery_is_not_sent_until_somebody_retries_it(gateway):
    gateway.calls.delivery_answers.append(OutcomeUnknown("no answer"))
    payment = gateway.pay("ORDER-1")
    waiting = delivery(gateway, payment)
    parked = park_delivery(gateway.parts, waiting.id, "the service asked us", owner="ion", actor=ANA)
    assert (parked.state, parked.owner, parked.parked_reason, parked.note) == (
        DeliveryState.PARKED, "ion", "withheld", "the service asked us",
    )  # fmt: skip
    gateway.work(turns=5, hours=2)
    assert len(gateway.calls.delivered) == 1
    assert park_delivery(gateway.parts, waiting.id, "", owner="maria", actor=ION).owner == "maria"
    hurry_delivery(gateway.parts, waiting.id, actor=ANA)
    gateway.work()
    assert (delivery(gateway, payment).state, delivery(gateway, payment).owner) == (
        DeliveryState.CONFIRMED,
        "",
    )


def test_what_is_confirmed_cannot_be_parked(gateway):
    payment = gateway.pay("ORDER-1")
    with pytest.raises(InvalidTransition):
        park_delivery(gateway.parts, delivery(gateway, payment).id, "", owner="ion", actor=ANA)


@pytest.mark.parametrize("reason", ["reversed", "given-up", "refused"])
def test_an_operators_words_give_nothing_up(gateway, reason):
    gateway.calls.delivery_answers.append(RemoteUnavailable("down"))
    payment = gateway.pay("ORDER-1")
    parked = park_delivery(gateway.parts, delivery(gateway, payment).id, reason, owner="ana", actor=ANA)
    assert [why for _, why in payments_for_people(gateway.parts.units)] == [Why.HELD]
    assert take_parked(gateway.parts, parked.id, owner="ion", actor=ION).owner == "ion"
    hurry_delivery(gateway.parts, parked.id, actor=ION)
    assert delivery(gateway, payment).note == reason
    gateway.work()
    assert delivery(gateway, payment).state is DeliveryState.CONFIRMED
    told = [each for each in tell_story(gateway.parts.units, payment.id).events if reason in each.detail]
    assert [(each.what, each.actor) for each in told] == [("delivery withhold: due -> parked", ANA)]


def test_a_confirmation_that_may_have_been_applied_is_released_by_an_act_of_its_own(gateway):
    gateway.calls.delivery_answers.append(OutcomeUnknown("the answer was lost"))
    payment = gateway.pay("ORDER-1")
    park_delivery(gateway.parts, delivery(gateway, payment).id, "he wants it back", owner="ana", actor=ANA)
    with pytest.raises(InvalidTransition, match="1 try not answered"):
        propose(gateway.parts, payment.id, Act.RELEASE, "he wants it back", actor=ANA)
    assert gateway.calls.reversed_keys == []
    proposed = propose(gateway.parts, payment.id, Act.RELEASE_ALTHOUGH, "the service has it not", actor=ANA)
    approve(gateway.parts, proposed.id, actor=ION)
    assert delivery(gateway, payment).state is DeliveryState.GIVEN_UP
    gateway.work(seconds=1)
    assert len(gateway.calls.reversed_keys) == 1


def test_a_release_is_refused_once_another_try_may_have_been_applied(gateway):
    gateway.calls.delivery_answers += [RemoteRefused("UnknownOrder"), OutcomeUnknown("lost")]
    payment = gateway.pay("ORDER-1")
    proposed = propose(gateway.parts, payment.id, Act.RELEASE, "the service says no", actor=ANA)
    hurry_delivery(gateway.parts, delivery(gateway, payment).id, actor=ION)
    gateway.work()
    park_delivery(gateway.parts, delivery(gateway, payment).id, "", owner="ana", actor=ANA)
    with pytest.raises(InvalidTransition, match="not answered"):
        approve(gateway.parts, proposed.id, actor=ION)
    assert gateway.calls.reversed_keys == []


def test_people_read_whether_the_service_refuses_or_one_of_them_holds_a_confirmation_back(gateway):
    gateway.calls.delivery_answers += [RemoteRefused("UnknownOrder"), OutcomeUnknown("no answer")]
    refused, held = gateway.pay("ORDER-1"), gateway.pay("ORDER-2")
    park_delivery(
        gateway.parts, delivery(gateway, held).id, "the shop has asked us to wait", owner="ana", actor=ANA
    )
    waiting = {payment.id: why for payment, why in payments_for_people(gateway.parts.units)}
    assert waiting == {refused.id: Why.PARKED, held.id: Why.HELD}
