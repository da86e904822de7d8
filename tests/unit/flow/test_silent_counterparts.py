"""Payers are not kept waiting for a service or a bank that does not answer; others are offered instead."""

from dataclasses import replace

import pytest

from mpay_gateway.domain.errors import (
    InvalidAnswer,
    InvalidChoice,
    OutcomeUnknown,
    PluginBusy,
    RemoteRefused,
    RemoteUnavailable,
)
from mpay_gateway.domain.identifiers import AccountId
from mpay_gateway.domain.instrument import InstrumentOffer, OfferedInstrument
from mpay_gateway.domain.language import Language
from mpay_gateway.domain.payment import PaymentState
from mpay_gateway.flow.breakers import look, lookups_at, starts_at
from mpay_gateway.flow.instrument_choice import show_instruments
from mpay_gateway.flow.order_lookup import look_up
from mpay_gateway.flow.payment_start import Started
from mpay_gateway.flow.rechecking import recheck
from mpay_gateway.storage.tasks import TaskKind
from tests.unit.flow.scripted import ACCOUNT, SERVICE, ScriptedGateway

OTHER = AccountId("bank-other")
SILENCE = [OutcomeUnknown("no answer"), RemoteUnavailable("connection refused")]


class Service:
    """The service's answers to look-ups: `error` until it is None."""

    def __init__(self, gateway: ScriptedGateway, monkeypatch: pytest.MonkeyPatch) -> None:
        self.error: Exception | None = None
        self.asked = 0
        self._real = gateway.calls.lookup_orders
        monkeypatch.setattr(gateway.calls, "lookup_orders", self)

    def __call__(self, service: object, query: object) -> object:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return self._real(service, query)


@pytest.fixture
def service(gateway: ScriptedGateway, monkeypatch: pytest.MonkeyPatch) -> Service:
    return Service(gateway, monkeypatch)


def ask(gateway: ScriptedGateway, times: int = 1) -> list[type[Exception] | None]:
    """What comes of so many look-ups."""
    outcomes: list[type[Exception] | None] = []
    for number in range(times):
        try:
            look_up(gateway.parts, gateway.parts.services.get(SERVICE), f"ORDER-{number}", Language.RO)
        except Exception as error:  # noqa: BLE001  the outcome itself
            outcomes.append(type(error))
        else:
            outcomes.append(None)
    return outcomes


@pytest.mark.parametrize("error", SILENCE, ids=lambda error: type(error).__name__)
def test_a_silent_service_is_asked_every_ten_seconds_whoever_wants_to_know(gateway, service, error):
    service.error = error
    ask(gateway, 5)
    assert ask(gateway, 3) == [RemoteUnavailable] * 3
    assert service.asked == 5
    gateway.clock.advance(seconds=11)
    assert ask(gateway, 3) == [type(error), RemoteUnavailable, RemoteUnavailable]
    assert service.asked == 6
    service.error = None
    gateway.clock.advance(seconds=11)
    assert ask(gateway, 3) == [None, None, None]


@pytest.mark.parametrize(
    "error",
    [RemoteRefused("InternalError", permanent=False), InvalidAnswer("not signed"), PluginBusy("full")],
    ids=lambda error: type(error).__name__,
)
def test_what_strangers_can_provoke_with_a_key_shuts_nobody_out(gateway, service, error):
    service.error = error
    ask(gateway, 20)
    assert service.asked == 20
    assert not look(gateway.parts, lookups_at(SERVICE)).is_open


def test_a_service_that_answers_no_questions_is_still_told(gateway, service):
    """Each kind of call has a breaker of its own."""
    payment = gateway.start("ORDER-1")
    service.error = SILENCE[0]
    ask(gateway, 6)
    gateway.capture(payment)
    assert len(gateway.calls.delivered) == 1
    assert gateway.parts.units.read(lambda work: work.deliveries.of_payment(payment.id)).confirmed_at


def press(gateway: ScriptedGateway, order_key: str) -> str:
    """The account at which a payer's payment is started, or the name of what stops him."""
    try:
        started = gateway.press(gateway.agreed(order_key))
    except (InvalidChoice, RemoteUnavailable) as error:
        return error.reason if isinstance(error, InvalidChoice) else type(error).__name__
    assert isinstance(started, Started)
    return started.payment.account_id


def silence(gateway: ScriptedGateway, account: AccountId, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on starts at the account certainly do not arrive."""
    real = gateway.calls.start_payment

    def start(account_id: str, request: object) -> object:
        if account_id == account:
            raise RemoteUnavailable("connection refused")
        return real(account_id, request)

    monkeypatch.setattr(gateway.calls, "start_payment", start)


@pytest.fixture
def two_accounts(gateway: ScriptedGateway) -> ScriptedGateway:
    registry = gateway.parts.registry
    registry.accounts[OTHER] = replace(registry.accounts[ACCOUNT], id=OTHER)
    registry.instruments["card"] = replace(registry.instruments["card"], providers=(ACCOUNT, OTHER))
    return gateway


def offered(gateway: ScriptedGateway, monkeypatch: pytest.MonkeyPatch) -> OfferedInstrument:
    """The card as the next payer sees it."""
    offer = OfferedInstrument("card", InstrumentOffer("Card", "To the bank", "a minute"))
    monkeypatch.setattr(gateway.calls, "offer_instruments", lambda *_: (offer,), raising=False)
    (shown,) = show_instruments(gateway.parts, gateway.agreed("SHOWN").token, Language.RO).offered
    return shown


def test_the_next_account_serves_while_the_first_is_silent(two_accounts, monkeypatch):
    """C52."""
    silence(two_accounts, ACCOUNT, monkeypatch)
    assert [press(two_accounts, f"ORDER-{number}") for number in range(7)] == [
        *["RemoteUnavailable"] * 5, OTHER, OTHER
    ]  # fmt: skip
    assert offered(two_accounts, monkeypatch).usable


def test_an_instrument_whose_accounts_are_all_silent_says_so_and_one_payer_a_minute_tries(
    gateway, monkeypatch
):
    with monkeypatch.context() as outage:
        silence(gateway, ACCOUNT, outage)
        for number in range(5):
            press(gateway, f"ORDER-{number}")
        shown = offered(gateway, outage)
        assert (shown.out_of_order, shown.usable) == (True, False)
        assert press(gateway, "ORDER-5") == "instrument.out_of_order"
        gateway.clock.advance(seconds=61)
        assert offered(gateway, outage).usable
        assert press(gateway, "ORDER-6") == "RemoteUnavailable"
        assert press(gateway, "ORDER-7") == "instrument.out_of_order"
    gateway.clock.advance(seconds=61)
    assert [press(gateway, f"ORDER-{number}") for number in (8, 9)] == [ACCOUNT, ACCOUNT]
    assert offered(gateway, monkeypatch).usable


def test_a_definite_no_is_an_answer(gateway):
    gateway.calls.start_answers += [RemoteRefused("declined")] * 8
    for number in range(8):
        with pytest.raises(RemoteRefused):
            gateway.start(f"ORDER-{number}")
    assert not look(gateway.parts, starts_at(ACCOUNT)).is_open


def under_way_at_a_silent_bank(gateway: ScriptedGateway):
    """An open payment, and the bank's breaker open."""
    payment = gateway.start("FIRST")
    gateway.calls.start_answers += [OutcomeUnknown("no answer")] * 5
    for number in range(5):
        gateway.start(f"ORDER-{number}")
    assert look(gateway.parts, starts_at(ACCOUNT)).is_open
    return payment


def check(gateway: ScriptedGateway, payment) -> None:
    """A worker's re-check of the payment, now."""
    now = gateway.clock.now()
    lease = gateway.parts.units.run(
        "lease",
        lambda work: work.tasks.lease(TaskKind.RECHECK, payment.id, worker="w", now=now, until=now),
    )
    recheck(gateway.parts, lease)


def test_re_checks_go_on_and_an_answer_to_one_opens_the_account_again_on_trial(gateway):
    payment = under_way_at_a_silent_bank(gateway)
    asked = gateway.calls.asked
    check(gateway, payment)
    assert gateway.calls.asked == asked + 1
    assert not look(gateway.parts, starts_at(ACCOUNT)).is_open
    gateway.calls.start_answers.append(OutcomeUnknown("no answer"))
    gateway.start("TRIAL-1")
    assert look(gateway.parts, starts_at(ACCOUNT)).is_open  # one failure is enough on trial
    check(gateway, payment)
    gateway.start("TRIAL-2")
    gateway.calls.start_answers.append(OutcomeUnknown("no answer"))
    gateway.start("TRIAL-3")
    assert not look(gateway.parts, starts_at(ACCOUNT)).is_open


def test_while_re_checks_ask_a_silent_bank_no_payer_is_its_probe(gateway):
    payment = under_way_at_a_silent_bank(gateway)
    for _ in range(3):
        gateway.clock.advance(seconds=50)
        gateway.calls.fetch_answers.append(OutcomeUnknown("no answer"))
        check(gateway, payment)
        assert press(gateway, "LATER") == "instrument.out_of_order"
    assert gateway.now(payment).state is PaymentState.STARTED


def test_our_own_full_house_is_not_the_banks_fault(gateway):
    gateway.calls.start_answers += [PluginBusy("all its threads are busy")] * 8
    assert {press(gateway, f"ORDER-{number}") for number in range(8)} == {"PluginBusy"}
    assert not look(gateway.parts, starts_at(ACCOUNT)).is_open


@pytest.mark.parametrize(
    "said", [InvalidAnswer("garbage"), PluginBusy("full")], ids=lambda e: type(e).__name__
)
def test_a_question_that_says_nothing_of_the_bank_keeps_no_payer_from_being_its_probe(gateway, said):
    payment = under_way_at_a_silent_bank(gateway)
    gateway.clock.advance(seconds=50)
    gateway.calls.fetch_answers.append(said)
    check(gateway, payment)
    gateway.clock.advance(seconds=11)
    assert press(gateway, "LATER") == ACCOUNT


def test_a_refusal_to_say_is_a_sign_of_life(gateway):
    payment = under_way_at_a_silent_bank(gateway)
    gateway.calls.fetch_answers.append(RemoteRefused("not now", permanent=False))
    check(gateway, payment)
    assert press(gateway, "LATER") == ACCOUNT
