"""A number to pay elsewhere holds nothing of its order: the first money wins, in whichever order it comes."""

from dataclasses import replace

import pytest

from mpay_gateway.api import AccountId, Capability, Confirmation
from mpay_gateway.domain.errors import NoPluginAnswered, OutcomeUnknown, PaymentInProgress
from mpay_gateway.domain.identifiers import Alphabet, ReferenceForm
from mpay_gateway.domain.instrument import InstrumentChoice, Need
from mpay_gateway.domain.language import Language
from mpay_gateway.domain.payment import CaptureState, ClaimState, PaymentState, ReversalGround, ReversalState
from mpay_gateway.domain.provider_answer import Confirms, ProviderStatus, StatementLine
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.invoicing import show_invoice
from mpay_gateway.flow.payment_result import Outcome, look_at_result
from mpay_gateway.flow.payment_start import start_payment
from mpay_gateway.flow.settling import settle
from mpay_gateway.flow.visiting import find_visit
from mpay_gateway.plugin_host import InstrumentInfo
from tests.unit.flow.filling import TELEPHONE, agree_to, arrive
from tests.unit.flow.inbound import kiosk_of
from tests.unit.flow.scripted import ACCOUNT, NOON, lei
from tests.unit.flow.stating import give_statements

TREASURY = AccountId("treasury")
PAID = "150.00"


@pytest.fixture
def gateway(gateway):
    """Beside the card, whose bank gives money back, an account that statements alone tell of."""
    gateway.statements = give_statements(gateway, capabilities=frozenset({Capability.REVERSE}))
    registry = gateway.parts.registry
    card = registry.accounts[ACCOUNT]
    treasury = replace(
        card, id=TREASURY, gives=frozenset({Need.COLLECTION}), confirms=Confirms.STATEMENT,
        capabilities=frozenset({Capability.STATEMENT}), session_minutes=3 * 24 * 60,
        reference_form=ReferenceForm(Alphabet.DIGITS, 15),
    )  # fmt: skip
    transfer = InstrumentInfo(
        "transfer", "scripted", Need.COLLECTION, (TREASURY,), registry.instruments["card"].channels
    )
    registry = replace(
        registry, accounts=registry.accounts | {TREASURY: treasury},
        instruments=registry.instruments | {"transfer": transfer},
    )  # fmt: skip
    gateway.parts = replace(gateway.parts, registry=registry)
    yield gateway
    assert check_books(gateway.parts.units) == ()


@pytest.fixture
def take_number(gateway):
    """A payer goes as far as the number that he is to pay under."""

    def take(order_key="ORDER-1", amount="", token=""):
        visit = gateway.agree(token, amount) if token else gateway.agreed(order_key, amount)
        return start_payment(
            gateway.parts, visit.token, InstrumentChoice("transfer"), form_token=visit.form_token,
            language=Language.RO,
        ).payment  # fmt: skip

    return take


@pytest.fixture
def state(gateway):
    """Money comes in under a payment's number, and the statement that says so is read."""

    def write(payment, amount=PAID, number=1):
        gross = lei(amount)
        line = StatementLine(f"TREZ-{number}", payment.reference, "credit", gross, lei("0"), gross, NOON)
        gateway.statements.write(line, account=TREASURY)
        gateway.rest(payment)

    return write


def what_came(gateway, payment):
    captures = gateway.parts.units.read(lambda work: work.payments.captures_of(payment.id))
    return [each.state for each in captures]


def claim_of(gateway, payment):
    return gateway.parts.units.read(lambda work: work.claims.of_payment(payment.id)).state


def reversals(gateway, payment):
    return gateway.parts.units.read(lambda work: work.reversals.of_payment(payment.id))


def page_of(gateway, payment):
    return look_at_result(gateway.parts, payment.visit_token, payment.id)


def confirmed(gateway):
    return [each.confirmation.payment_id for each in gateway.calls.delivered]


def test_a_number_holds_nothing_and_its_page_says_what_to_do(gateway, take_number):
    payment = take_number()
    assert (payment.state, claim_of(gateway, payment)) == (PaymentState.CREATED, ClaimState.RELEASED)
    page = page_of(gateway, payment)
    assert (page.outcome, page.number) == (Outcome.AWAITED, payment.reference)
    assert gateway.start("ORDER-1").state is PaymentState.STARTED


def test_money_that_came_first_another_way_keeps_the_order(gateway, take_number, state):
    """E71, first order of arrival: what came under the number waits for a person."""
    late, card = take_number(), gateway.pay("ORDER-1")
    gateway.calls.reversal_answers.append(NoPluginAnswered("mpay_reverse_payment"))
    state(late)
    gateway.work()
    assert (what_came(gateway, card), what_came(gateway, late)) == (
        [CaptureState.CLAIMED],
        [CaptureState.SURPLUS],
    )
    (reversal,) = reversals(gateway, late)
    assert (reversal.ground, reversal.state) == (ReversalGround.CLAIM_LOST, ReversalState.REFUSED)
    assert page_of(gateway, late).outcome is Outcome.PAID_TWICE
    assert confirmed(gateway) == [card.id]


def test_money_that_came_first_under_the_number_keeps_the_order(gateway, take_number, state):
    """E71, second order of arrival: nobody can begin to pay any more."""
    payment, other = take_number(), gateway.agreed("ORDER-1")
    gateway.calls.delivery_answers.append(OutcomeUnknown("silent"))
    state(payment)
    assert what_came(gateway, payment) == [CaptureState.CLAIMED]
    with pytest.raises(PaymentInProgress):
        gateway.press(other)


def test_a_payment_under_way_yields_to_money_that_is_there(gateway, take_number, state):
    """E71: the card's money comes second, and goes back by itself."""
    payment, card = take_number(), gateway.start("ORDER-1")
    state(payment)
    assert what_came(gateway, payment) == [CaptureState.CLAIMED]
    assert (gateway.now(card).state, claim_of(gateway, card)) == (PaymentState.STARTED, ClaimState.RELEASED)
    gateway.capture(card)
    assert what_came(gateway, card) == [CaptureState.SURPLUS]
    gateway.work()
    (reversal,) = reversals(gateway, card)
    assert (reversal.ground, reversal.state) == (ReversalGround.CLAIM_LOST, ReversalState.DONE)
    assert page_of(gateway, card).outcome is Outcome.PAID_TWICE
    assert confirmed(gateway) == [payment.id]


def test_a_payment_that_yielded_may_end_without_money(gateway, take_number, state):
    payment, card = take_number(), gateway.start("ORDER-1")
    state(payment)
    gateway.calls.status[card.reference] = ProviderStatus.DECLINED
    settle(gateway.parts, card.id)
    assert gateway.now(card).state is PaymentState.DECLINED
    assert confirmed(gateway) == [payment.id]


def test_a_payment_whose_money_could_not_go_back_does_not_yield(gateway, take_number, state):
    accounts = dict(gateway.parts.registry.accounts)
    accounts[ACCOUNT] = replace(accounts[ACCOUNT], capabilities=frozenset())
    gateway.parts = replace(gateway.parts, registry=replace(gateway.parts.registry, accounts=accounts))
    payment, card = take_number(), gateway.start("ORDER-1")
    state(payment)
    assert (what_came(gateway, payment), claim_of(gateway, card)) == ([CaptureState.SURPLUS], ClaimState.HELD)


def test_notes_that_are_being_put_into_a_machine_do_not_yield(gateway, take_number, state):
    payment = take_number()
    kiosk = kiosk_of(gateway)
    held = kiosk.claim("ORDER-1", "K-1")
    state(payment)
    assert what_came(gateway, payment) == [CaptureState.SURPLUS]
    assert kiosk.accept("ORDER-1", "K-1").payment_id == held.payment_id
    assert confirmed(gateway) == [held.payment_id]


def test_another_amount_makes_nobody_yield(gateway, take_number, state):
    """C39: people decide about it, and the card may go on."""
    payment, card = take_number(), gateway.start("ORDER-1")
    state(payment, "149.00")
    assert (what_came(gateway, payment), claim_of(gateway, card)) == ([CaptureState.REVIEW], ClaimState.HELD)
    gateway.capture(card)
    assert confirmed(gateway) == [card.id]


def test_nobody_yields_where_it_is_of_no_use(gateway, take_number, state):
    """Two parts are claimed, one of them with money: the whole under the number has no room either way."""
    in_parts(gateway)
    whole = take_number()
    gateway.capture(gateway.start("ORDER-1", amount="10.00"))
    held = gateway.start("ORDER-1", amount="20.00")
    state(whole)
    assert (what_came(gateway, whole), claim_of(gateway, held)) == ([CaptureState.SURPLUS], ClaimState.HELD)


def test_only_as_many_yield_as_the_money_needs(gateway, take_number, state):
    in_parts(gateway)
    most = take_number(amount="120.00")
    first, second = (gateway.start("ORDER-1", amount=each) for each in ("30.00", "40.00"))
    state(most, "120.00")
    assert what_came(gateway, most) == [CaptureState.CLAIMED]
    assert (claim_of(gateway, first), claim_of(gateway, second)) == (ClaimState.HELD, ClaimState.RELEASED)
    gateway.capture(first)
    assert confirmed(gateway) == [most.id, first.id]


def test_of_two_numbers_the_one_under_which_money_comes_first_wins(gateway, take_number, state):
    first, second = take_number(), take_number()
    assert first.reference != second.reference
    state(second)
    state(first, number=2)
    assert (what_came(gateway, second), what_came(gateway, first)) == (
        [CaptureState.CLAIMED], [CaptureState.SURPLUS],
    )  # fmt: skip


def test_a_payer_who_comes_back_gets_his_number_again(gateway, take_number):
    payment = take_number()
    assert take_number(token=payment.visit_token).id == payment.id
    gateway.calls.amounts = ("100.00", "60.00")
    assert take_number(token=payment.visit_token).id != payment.id


def test_a_payer_who_corrects_what_he_filled_in_gets_a_number_of_its_own(gateway, shape, state):
    shape(properties=(TELEPHONE,))
    visit, page = arrive(gateway)

    def number(telephone):
        agree_to(gateway, visit, page, Telephone=telephone)
        form = find_visit(gateway.parts, visit.token).form_token
        choice = InstrumentChoice("transfer")
        return start_payment(
            gateway.parts, visit.token, choice, form_token=form, language=Language.RO
        ).payment

    first, again, corrected = number("069111111"), number("069111111"), number("069222222")
    assert first.id == again.id != corrected.id
    state(corrected)
    delivery = gateway.parts.units.read(lambda work: work.deliveries.of_payment(corrected.id))
    assert ("HO:Telephone", "069222222") in Confirmation.from_json(delivery.content).properties


def test_the_invoice_names_numbers_that_were_given_out(gateway, take_number):
    payment = take_number()
    own = show_invoice(gateway.parts, payment.visit_token, Language.RO, client="127.0.0.1")
    other = show_invoice(gateway.parts, gateway.agreed("ORDER-1").token, Language.RO, client="127.0.0.1")
    assert (own.own_number.id, other.own_number) == (payment.id, None)
    assert [each.id for each in other.numbers] == [payment.id]
    gateway.work(days=3, minutes=1)
    late = show_invoice(gateway.parts, payment.visit_token, Language.RO, client="127.0.0.1")
    assert late.numbers == ()


def in_parts(gateway):
    """Let the service take parts of its orders."""
    whole = gateway.calls.order
    gateway.calls.order = lambda key: replace(whole(key), allow_partial=True)
