"""The provider against the real sandbox bank, over HTTP."""

# ruff: noqa: PLR0917 -- pytest passes fixtures by name

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from urllib.parse import parse_qsl, urlsplit

import pytest

from mpay_gateway.api import (
    AccountId,
    Callback,
    CallbackKind,
    Clock,
    Conflict,
    DeclineReason,
    HttpAnswer,
    HttpRequest,
    InvalidAnswer,
    InvalidCallback,
    MessageMeta,
    Money,
    OutcomeUnknown,
    PaymentRequest,
    PaymentToCheck,
    PluginContext,
    ProviderConfirmation,
    ProviderStatus,
    RemoteRefused,
    RemoteUnavailable,
    Secret,
    StatementPeriod,
)
from mpay_provider_sandbox import SandboxProvider
from mpay_provider_sandbox.settings import Mode, SandboxSettings
from plugins.providers.sandbox.tests.bank_process import (
    Bank,
    callback_receiver,
    events,
    eventually,
    free_port,
    running_bank,
)
from plugins.providers.sandbox.tests.doubles import API_SECRET, CALLBACK_SECRET, PlainHttp, Record

_NUMBERS = count(1)
Requests = Callable[..., PaymentRequest]
Payments = Callable[..., PaymentToCheck]


class NoClock(Clock):
    """The provider measures callbacks by the time that the core received them."""


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    folder = tmp_path_factory.mktemp("bank")
    with running_bank(folder, secret=API_SECRET, callback_secret=CALLBACK_SECRET) as running:
        yield running


@pytest.fixture
def http() -> Iterator[PlainHttp]:
    client = PlainHttp()
    yield client
    client.close()


@pytest.fixture
def account(bank: Bank, http: PlainHttp) -> Callable[..., SandboxProvider]:
    def make(**changes: object) -> SandboxProvider:
        usual = {"url": bank.url, "secret": Secret(API_SECRET), "callback_secret": Secret(CALLBACK_SECRET)}
        return SandboxProvider(PluginContext("bank", http, NoClock()), SandboxSettings(**usual | changes))

    return make


@pytest.fixture
def provider(account: Callable[..., SandboxProvider]) -> SandboxProvider:
    return account()


@pytest.fixture
def two_step(account: Callable[..., SandboxProvider]) -> SandboxProvider:
    return account(mode=Mode.TWO_STEP)


@pytest.fixture
def faults(bank: Bank) -> Iterator[Callable[..., None]]:
    yield bank.fault
    bank.fault(api="ok", callbacks="ok", reversals="ok", statements="ok")


@pytest.fixture
def reference() -> str:
    return f"REF{next(_NUMBERS):017d}"


@pytest.fixture
def started(
    make_request: Requests, make_payment: Payments, reference: str
) -> Callable[[SandboxProvider], PaymentToCheck]:
    def start(provider: SandboxProvider) -> PaymentToCheck:
        return make_payment(reference, provider.mpay_start_payment(make_request(reference)).remote_reference)

    return start


Started = Callable[[SandboxProvider], PaymentToCheck]
DECLINES = {
    "insufficient-funds": DeclineReason.NO_FUNDS,
    "do-not-honour": DeclineReason.CARD_REFUSED,
    "stolen": DeclineReason.CARD_REFUSED,
    "timeout-before": DeclineReason.OTHER,
}
PLAIN_APPROVALS = {
    "approved", "approved-mastercard", "three-d-secure", "timeout-after", "callback-lost", "no-return",
    "no-callback-no-return", "callbacks-shuffled",
}  # fmt: skip
TOLD_ON_THEIR_OWN = {
    "slow", "status-unknown", "wrong-amount", "wrong-currency", "captured-twice", "declined-then-captured",
    "charged-back",
}  # fmt: skip


def paid(bank: Bank, payment: PaymentToCheck, card: str, **more: str) -> str | None:
    return bank.pay(payment.remote_reference, bank.cards()[card], **more)


def until(provider: SandboxProvider, payment: PaymentToCheck, status: ProviderStatus) -> ProviderConfirmation:
    return eventually(lambda: provider.mpay_fetch_confirmation(payment), lambda said: said.status is status)


def test_every_card_of_the_bank_has_its_test(bank: Bank) -> None:
    assert set(bank.cards()) == DECLINES.keys() | PLAIN_APPROVALS | TOLD_ON_THEIR_OWN


def test_a_start_that_is_repeated_opens_one_session(
    bank: Bank, provider: SandboxProvider, make_request: Requests, reference: str
) -> None:
    first = provider.mpay_start_payment(make_request(reference))
    assert provider.mpay_start_payment(make_request(reference)) == first
    assert first.url.startswith(f"{bank.url}/pay/")
    assert bank.sessions(reference) == [first.remote_reference]


def test_starts_at_the_same_moment_open_one_session(
    bank: Bank, provider: SandboxProvider, make_request: Requests, reference: str
) -> None:
    with ThreadPoolExecutor(8) as pool:
        steps = set(pool.map(lambda _: provider.mpay_start_payment(make_request(reference)), range(16)))
    assert bank.sessions(reference) == [step.remote_reference for step in steps]


def test_a_reference_cannot_ask_for_another_amount(
    provider: SandboxProvider, make_request: Requests, reference: str
) -> None:
    provider.mpay_start_payment(make_request(reference))
    with pytest.raises(RemoteRefused) as refused:
        provider.mpay_start_payment(make_request(reference, minor=99))
    assert (refused.value.code, refused.value.permanent) == ("idempotency-conflict", True)


def test_a_start_whose_answer_was_lost_goes_on_with_the_same_session(
    bank: Bank, provider: SandboxProvider, account: Callable[..., SandboxProvider], make_request: Requests,
    reference: str, faults: Callable[..., None],
) -> None:  # fmt: skip
    faults(api="timeout-after-create")
    with pytest.raises(OutcomeUnknown):
        account(timeout_seconds=0.3).mpay_start_payment(make_request(reference))
    faults(api="ok")
    step = provider.mpay_start_payment(make_request(reference))
    assert bank.sessions(reference) == [step.remote_reference]


def test_a_payment_is_pending_until_the_payer_has_paid(provider: SandboxProvider, started: Started) -> None:
    confirmation = provider.mpay_fetch_confirmation(started(provider))
    assert confirmation == ProviderConfirmation(ProviderStatus.PENDING)


@pytest.mark.parametrize("card", sorted(PLAIN_APPROVALS))
def test_an_approved_card_is_confirmed_with_the_bank_s_transaction(
    card: str, bank: Bank, provider: SandboxProvider, started: Started
) -> None:
    payment = started(provider)
    paid(bank, payment, card)
    confirmation = until(provider, payment, ProviderStatus.CONFIRMED)
    (capture,) = confirmation.captures
    assert capture.amount == payment.amount
    assert capture.transaction_id.startswith("txn_")
    assert abs((datetime.now(UTC) - capture.at).total_seconds()) < 60
    last = bank.cards()[card][-4:]
    assert confirmation.method == ("Mastercard 5100" if "master" in card else "Visa 4000") + f" •••• {last}"


@pytest.mark.parametrize(("card", "reason"), DECLINES.items())
def test_a_declined_card_says_why(
    card: str, reason: DeclineReason, bank: Bank, provider: SandboxProvider, started: Started
) -> None:
    payment = started(provider)
    paid(bank, payment, card)
    confirmation = until(provider, payment, ProviderStatus.DECLINED)
    assert (confirmation.decline_reason, confirmation.captures) == (reason, ())


def test_three_wrong_codes_are_a_payer_who_is_not_authenticated(
    bank: Bank, provider: SandboxProvider, started: Started
) -> None:
    payment = started(provider)
    for _ in range(3):
        paid(bank, payment, "three-d-secure", code="000000")
    confirmation = provider.mpay_fetch_confirmation(payment)
    assert confirmation.decline_reason is DeclineReason.NOT_AUTHENTICATED


def test_a_payer_who_turns_back_has_cancelled(
    bank: Bank, provider: SandboxProvider, started: Started
) -> None:
    payment = started(provider)
    bank.cancel(payment.remote_reference)
    assert provider.mpay_fetch_confirmation(payment).status is ProviderStatus.CANCELLED


def test_a_slow_authorisation_is_pending_and_then_confirmed(
    bank: Bank, provider: SandboxProvider, started: Started
) -> None:
    payment = started(provider)
    paid(bank, payment, "slow")
    assert provider.mpay_fetch_confirmation(payment).status is ProviderStatus.PENDING
    until(provider, payment, ProviderStatus.CONFIRMED)


def test_a_status_that_the_bank_cannot_tell_is_unknown_and_never_a_failure(
    bank: Bank, provider: SandboxProvider, started: Started
) -> None:
    payment = started(provider)
    paid(bank, payment, "status-unknown")
    for _ in range(2):
        with pytest.raises(OutcomeUnknown):
            provider.mpay_fetch_confirmation(payment)
    assert provider.mpay_fetch_confirmation(payment).status is ProviderStatus.CONFIRMED


@pytest.mark.parametrize(
    ("card", "amounts"),
    [
        ("wrong-amount", [Money.from_minor(12_245, "MDL")]),
        ("wrong-currency", [Money.from_minor(12_345, "EUR")]),
        ("captured-twice", [Money.from_minor(12_345, "MDL")] * 2),
    ],
)
def test_captures_are_what_the_bank_took_not_what_was_asked(
    card: str, amounts: list[Money], bank: Bank, provider: SandboxProvider, started: Started
) -> None:
    payment = started(provider)
    paid(bank, payment, card)
    confirmation = provider.mpay_fetch_confirmation(payment)
    assert [capture.amount for capture in confirmation.captures] == amounts
    assert len({capture.transaction_id for capture in confirmation.captures}) == len(amounts)


def test_a_decline_that_turns_into_a_capture_is_seen(
    bank: Bank, provider: SandboxProvider, started: Started
) -> None:
    payment = started(provider)
    paid(bank, payment, "declined-then-captured")
    assert provider.mpay_fetch_confirmation(payment).status is ProviderStatus.DECLINED
    confirmation = until(provider, payment, ProviderStatus.CONFIRMED)
    assert (len(confirmation.captures), confirmation.decline_reason) == (1, None)


def test_money_that_the_bank_took_back_is_told_beside_its_capture(
    bank: Bank, provider: SandboxProvider, started: Started
) -> None:
    payment = started(provider)
    paid(bank, payment, "charged-back")
    confirmation = until(provider, payment, ProviderStatus.REVERSED)
    assert (len(confirmation.captures), confirmation.reversed) == (1, payment.amount)


def test_a_payment_is_found_by_our_reference_when_no_answer_to_its_start_came(
    bank: Bank, provider: SandboxProvider, started: Started
) -> None:
    payment = started(provider)
    paid(bank, payment, "approved")
    confirmation = provider.mpay_fetch_confirmation(replace(payment, remote_reference=""))
    assert confirmation.status is ProviderStatus.CONFIRMED


def test_a_payment_that_the_bank_never_heard_of_is_not_found(
    provider: SandboxProvider, make_payment: Payments
) -> None:
    for payment in (make_payment("REFUNHEARDOF"), make_payment("REFUNHEARDOF", "ses_unheard_of")):
        assert provider.mpay_fetch_confirmation(payment).status is ProviderStatus.NOT_FOUND


def test_another_payment_s_session_is_no_answer(provider: SandboxProvider, started: Started) -> None:
    stranger = replace(started(provider), reference="REF-OF-ANOTHER")
    with pytest.raises(InvalidAnswer, match="another reference"):
        provider.mpay_fetch_confirmation(stranger)


def test_two_steps_authorise_then_capture_once_by_key(
    bank: Bank, two_step: SandboxProvider, started: Started
) -> None:
    payment = started(two_step)
    paid(bank, payment, "approved")
    held = two_step.mpay_fetch_confirmation(payment)
    assert (held.status, held.authorised, held.captures) == (ProviderStatus.AUTHORISED, payment.amount, ())
    first = two_step.mpay_capture_payment(payment, payment.amount, "capture-1")
    again = two_step.mpay_capture_payment(payment, payment.amount, "capture-1")
    assert (first.status, len(first.captures)) == (ProviderStatus.CONFIRMED, 1)
    assert again == first


def test_more_than_was_authorised_is_not_captured(
    bank: Bank, two_step: SandboxProvider, started: Started
) -> None:
    payment = started(two_step)
    paid(bank, payment, "approved")
    with pytest.raises(RemoteRefused, match="amount-too-high"):
        two_step.mpay_capture_payment(payment, payment.amount + Money.from_minor(1, "MDL"), "capture-1")


def test_an_authorisation_is_voided_and_then_nothing_was_taken(
    bank: Bank, two_step: SandboxProvider, started: Started
) -> None:
    payment = started(two_step)
    paid(bank, payment, "approved")
    assert two_step.mpay_reverse_payment(payment, payment.amount, "void-1").amount == payment.amount
    confirmation = two_step.mpay_fetch_confirmation(payment)
    assert (confirmation.status, confirmation.reversed) == (ProviderStatus.CANCELLED, None)


def test_money_goes_back_once_by_key_and_never_more_than_was_taken(
    bank: Bank, provider: SandboxProvider, started: Started
) -> None:
    payment, part = started(provider), Money.from_minor(345, "MDL")
    paid(bank, payment, "approved")
    first = provider.mpay_reverse_payment(payment, part, "back-1")
    assert first.amount == part
    assert provider.mpay_reverse_payment(payment, part, "back-1") == first
    assert provider.mpay_fetch_confirmation(payment).reversed == part
    with pytest.raises(RemoteRefused, match="amount-too-high"):
        provider.mpay_reverse_payment(payment, payment.amount, "back-2")


def test_money_goes_back_in_the_currency_in_which_it_was_taken(
    bank: Bank, provider: SandboxProvider, started: Started
) -> None:
    payment = started(provider)
    paid(bank, payment, "wrong-currency")
    (capture,) = provider.mpay_fetch_confirmation(payment).captures
    assert provider.mpay_reverse_payment(payment, capture.amount, "back-1").amount == capture.amount


def test_a_reversal_works_without_the_session_s_id(
    bank: Bank, provider: SandboxProvider, started: Started
) -> None:
    payment = started(provider)
    paid(bank, payment, "approved")
    unnamed = replace(payment, remote_reference="")
    assert provider.mpay_reverse_payment(unnamed, payment.amount, "back-1").amount == payment.amount


def test_a_reversal_whose_answer_was_lost_is_found_under_its_key(
    bank: Bank, provider: SandboxProvider, account: Callable[..., SandboxProvider], started: Started,
    faults: Callable[..., None],
) -> None:  # fmt: skip
    payment = started(provider)
    paid(bank, payment, "approved")
    faults(reversals="timeout-after-effect")
    with pytest.raises(OutcomeUnknown):
        account(timeout_seconds=0.3).mpay_reverse_payment(payment, payment.amount, "back-1")
    faults(reversals="ok")
    assert provider.mpay_reverse_payment(payment, payment.amount, "back-1").amount == payment.amount
    assert provider.mpay_fetch_confirmation(payment).reversed == payment.amount


def test_a_refused_reversal_is_a_definite_no(
    bank: Bank, provider: SandboxProvider, started: Started, faults: Callable[..., None]
) -> None:
    payment = started(provider)
    paid(bank, payment, "approved")
    faults(reversals="refused")
    with pytest.raises(RemoteRefused, match="reversal-refused"):
        provider.mpay_reverse_payment(payment, payment.amount, "back-1")


@pytest.mark.parametrize("fault", ["down", "http500"])
def test_a_bank_that_fails_leaves_the_outcome_unknown(
    fault: str, provider: SandboxProvider, make_request: Requests, make_payment: Payments, reference: str,
    faults: Callable[..., None],
) -> None:  # fmt: skip
    faults(api=fault)
    with pytest.raises(OutcomeUnknown):
        provider.mpay_start_payment(make_request(reference))
    with pytest.raises(OutcomeUnknown):
        provider.mpay_fetch_confirmation(make_payment(reference))


def test_a_bank_that_is_not_there_was_sent_nothing(
    account: Callable[..., SandboxProvider], make_request: Requests
) -> None:
    with pytest.raises(RemoteUnavailable):
        account(url=f"http://127.0.0.1:{free_port()}").mpay_start_payment(make_request())


def test_a_secret_that_the_bank_does_not_accept_says_nothing_about_the_payment(
    account: Callable[..., SandboxProvider], provider: SandboxProvider, started: Started,
    make_request: Requests,
) -> None:  # fmt: skip
    locked_out = account(secret=Secret("another-secret"))
    with pytest.raises(RemoteRefused) as refused:
        locked_out.mpay_start_payment(make_request("REFLOCKEDOUT"))
    assert not refused.value.permanent
    with pytest.raises(InvalidAnswer, match="unauthorised"):
        locked_out.mpay_fetch_confirmation(started(provider))


def test_the_bank_s_own_callback_is_authentic_and_names_the_payment(
    bank: Bank, provider: SandboxProvider, make_request: Requests, reference: str
) -> None:
    with callback_receiver() as (address, received):
        step = provider.mpay_start_payment(make_request(reference, callback_url=address))
        bank.pay(step.remote_reference, bank.cards()["approved"])
        eventually(lambda: events(received), lambda names: "session.captured" in names)
    headers, body = received[-1]
    call = Callback(CallbackKind.NOTIFICATION, "POST", (), tuple(headers.items()), body, datetime.now(UTC))
    reading = provider.mpay_read_callback(call)
    assert (reading.reference, reading.remote_reference) == (reference, step.remote_reference)
    assert reading.event_id
    with pytest.raises(InvalidCallback):
        provider.mpay_read_callback(replace(call, body=body + b" "))


def test_the_browser_s_return_names_the_payment(
    bank: Bank, provider: SandboxProvider, started: Started, reference: str
) -> None:
    payment = started(provider)
    address = paid(bank, payment, "approved")
    assert address is not None
    query = tuple(parse_qsl(urlsplit(address).query))
    reading = provider.mpay_read_callback(
        Callback(CallbackKind.RETURN, "GET", query, (), b"", datetime.now(UTC))
    )
    assert (reading.reference, reading.remote_reference) == (reference, payment.remote_reference)


def test_the_statement_lists_captures_and_money_given_back(
    bank: Bank, provider: SandboxProvider, started: Started, evidence: Record, reference: str
) -> None:
    payment = started(provider)
    paid(bank, payment, "approved")
    provider.mpay_reverse_payment(payment, Money.from_minor(345, "MDL"), "back-1")
    period = StatementPeriod(AccountId("bank"), datetime.now(UTC).date())
    lines = [line for line in provider.mpay_read_statement(period, evidence) if line.reference == reference]
    assert [(line.kind, line.gross.minor) for line in lines] == [("capture", 12_345), ("reversal", -345)]
    assert [capture.transaction_id for capture in provider.mpay_fetch_confirmation(payment).captures] == [
        lines[0].transaction_id
    ]
    assert lines[0].net == lines[0].gross - lines[0].fee


def test_a_day_that_has_begun_in_chisinau_and_not_at_the_bank_is_a_day_without_lines(
    bank: Bank, provider: SandboxProvider, started: Started, evidence: Record
) -> None:
    """As the hook asks: an error would stop an operator at a day of which there is nothing to know."""
    paid(bank, started(provider), "approved")
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    assert provider.mpay_read_statement(StatementPeriod(AccountId("bank"), tomorrow), evidence) == ()


def test_every_message_is_evidence_and_no_secret_is(
    bank: Bank, provider: SandboxProvider, started: Started, evidence: Record
) -> None:
    payment = started(provider)
    paid(bank, payment, "approved")
    provider.mpay_fetch_confirmation(payment)
    provider.mpay_reverse_payment(payment, payment.amount, "back-1")
    with pytest.raises(RemoteRefused):
        provider.mpay_reverse_payment(payment, payment.amount, "back-2")
    assert evidence.story == [
        ("sent", "start", None), ("received", "start", 201),
        ("sent", "fetch", None), ("received", "fetch", 200),
        ("sent", "reverse", None), ("received", "reverse", 200),
        ("sent", "reverse", None), ("received", "reverse", 409),
    ]  # fmt: skip
    assert payment.reference.encode() in evidence.messages[0][1]
    kept = repr(evidence.messages)
    assert API_SECRET not in kept
    assert CALLBACK_SECRET not in kept


def test_nothing_leaves_when_the_evidence_cannot_be_kept(make_request: Requests) -> None:
    class LeaseLost(Record):
        def sent(self, body: bytes, meta: MessageMeta) -> None:
            raise Conflict("another worker holds the lease")

    class NeverSends:
        def send(self, request: HttpRequest) -> HttpAnswer:
            raise AssertionError(f"sent {request.method}")

    settings = SandboxSettings("https://bank.example", Secret("one"), Secret("other"))
    provider = SandboxProvider(PluginContext("bank", NeverSends(), NoClock()), settings)
    with pytest.raises(Conflict):
        provider.mpay_start_payment(replace(make_request(), evidence=LeaseLost()))
