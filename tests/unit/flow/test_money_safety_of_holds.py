"""A hold is captured or given up once, whatever is heard meanwhile: the provider scripted, everything else real."""

import pytest

from mpay_gateway.domain.errors import OutcomeUnknown, UnknownOrder
from mpay_gateway.domain.payment import Capture, CaptureState, Payment, PaymentState, Reversal, ReversalState
from mpay_gateway.domain.provider_answer import ProviderCapture, ProviderStatus
from mpay_gateway.flow import two_step
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.settling import settle
from tests.unit.flow.scripted import ScriptedGateway


@pytest.fixture(autouse=True)
def sound_books(gateway: ScriptedGateway):
    """Whatever happened: every invariant holds at the end."""
    yield
    assert check_books(gateway.parts.units) == ()


@pytest.fixture
def payment(gateway: ScriptedGateway) -> Payment:
    """A payment at the bank."""
    return gateway.start("ORDER-1")


@pytest.fixture
def order_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on the service knows no order."""

    def unknown(*_: object) -> object:
        raise UnknownOrder("ORDER-1")

    monkeypatch.setattr(two_step, "look_up", unknown)


@pytest.fixture
def gives_up(gateway: ScriptedGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider that holds nothing any more once it has said so."""
    reverse = gateway.calls.reverse_payment

    def give_up(account_id: str, payment: Payment, *arguments: object, key: str) -> object:
        answer = reverse(account_id, payment, *arguments, key=key)
        gateway.calls.status[payment.reference] = ProviderStatus.CANCELLED
        return answer

    monkeypatch.setattr(gateway.calls, "reverse_payment", give_up)


def hold(gateway: ScriptedGateway, payment: Payment) -> None:
    gateway.calls.status[payment.reference] = ProviderStatus.AUTHORISED


def take(gateway: ScriptedGateway, payment: Payment) -> None:
    """The provider takes the held money by itself."""
    gateway.calls.status[payment.reference] = ProviderStatus.CONFIRMED
    gateway.calls.captured[payment.reference] = [ProviderCapture("T1", payment.amount, gateway.clock.now())]


def only_reversal(gateway: ScriptedGateway, payment: Payment) -> Reversal:
    (found,) = gateway.parts.units.read(lambda work: work.reversals.of_payment(payment.id))
    return found


def captures_of(gateway: ScriptedGateway, payment: Payment) -> tuple[Capture, ...]:
    return gateway.parts.units.read(lambda work: work.payments.captures_of(payment.id))


def test_held_money_is_captured(gateway, payment):
    hold(gateway, payment)
    settle(gateway.parts, payment.id)
    assert gateway.settled(payment).state is PaymentState.CAPTURED
    assert len(gateway.calls.delivered) == 1
    assert gateway.calls.reversed_keys == []


@pytest.mark.usefixtures("order_gone", "gives_up")
def test_the_void_is_stored_before_the_provider_is_called(gateway, payment, monkeypatch):
    hold(gateway, payment)
    seen = []
    reverse = gateway.calls.reverse_payment

    def look_first(*arguments: object, key: str) -> object:
        seen.append(only_reversal(gateway, payment).state)
        return reverse(*arguments, key=key)

    monkeypatch.setattr(gateway.calls, "reverse_payment", look_first)
    settle(gateway.parts, payment.id)
    assert seen == [ReversalState.DUE]
    assert only_reversal(gateway, payment).state is ReversalState.DONE
    assert gateway.now(payment).state is PaymentState.CANCELLED


@pytest.mark.usefixtures("gives_up")
def test_a_late_hold_on_a_declined_payment_is_given_up(gateway, payment):
    gateway.calls.status[payment.reference] = ProviderStatus.DECLINED
    settle(gateway.parts, payment.id)
    hold(gateway, payment)
    gateway.hear(payment)
    assert gateway.settled(payment).state is PaymentState.CANCELLED
    assert gateway.calls.reversed_keys == [f"void-{payment.id}"]
    assert gateway.parts.units.read(lambda work: work.payments.captures_of(payment.id)) == ()


def test_money_that_is_taken_while_the_order_is_read_is_not_voided(gateway, payment, monkeypatch):
    """The order is gone because this very payment paid it."""
    hold(gateway, payment)

    def slow(*_: object) -> object:
        take(gateway, payment)
        settle(gateway.parts, payment.id)
        gateway.settled(payment)
        raise UnknownOrder("ORDER-1")

    monkeypatch.setattr(two_step, "look_up", slow)
    settle(gateway.parts, payment.id)
    gateway.work(turns=3, minutes=2)
    assert (gateway.now(payment).state, gateway.calls.reversed_keys) == (PaymentState.CAPTURED, [])
    assert len(gateway.calls.delivered) == 1


@pytest.mark.usefixtures("order_gone")
def test_a_void_whose_effect_is_heard_before_its_answer_is_brought_to_its_end(gateway, payment):
    """The answer is lost, then the provider says by itself that the hold is gone."""
    hold(gateway, payment)
    gateway.calls.reversal_answers.append(OutcomeUnknown("the answer was lost"))
    settle(gateway.parts, payment.id)
    gateway.calls.status[payment.reference] = ProviderStatus.CANCELLED
    settle(gateway.parts, payment.id)
    assert gateway.now(payment).state is PaymentState.CANCELLED
    assert only_reversal(gateway, payment).state is ReversalState.DUE
    gateway.work(turns=2, minutes=2)
    assert only_reversal(gateway, payment).state is ReversalState.DONE
    assert gateway.calls.reversed_keys == [f"void-{payment.id}"] * 2


@pytest.mark.usefixtures("order_gone")
def test_money_that_the_provider_took_instead_of_giving_it_up_goes_back_under_the_voids_key(gateway, payment):
    """Whether the void reached the provider before or after: only its key tells, and the money pays no order."""
    hold(gateway, payment)
    gateway.calls.reversal_answers.append(OutcomeUnknown("the answer was lost"))
    settle(gateway.parts, payment.id)
    take(gateway, payment)
    settle(gateway.parts, payment.id)
    gateway.settled(payment)
    gateway.work(turns=3, minutes=2)
    (capture,) = captures_of(gateway, payment)
    assert capture.state is CaptureState.SURPLUS
    assert (only_reversal(gateway, payment).state, only_reversal(gateway, payment).capture_id) == (
        ReversalState.DONE, capture.id,
    )  # fmt: skip
    assert gateway.calls.reversed_keys == [f"void-{payment.id}"] * 2
    assert gateway.calls.delivered == []
