"""What the bank says, in the gateway's words."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from mpay_gateway.api import (
    DeclineReason,
    InvalidAnswer,
    Money,
    PaymentRequest,
    PaymentToCheck,
    ProviderCapture,
    ProviderStatus,
    RemoteRefused,
)
from mpay_provider_sandbox import mapping
from mpay_provider_sandbox.settings import SandboxSettings

REFERENCE = "REF0000000000000001"
CAPTURE = {
    "transaction_id": "txn_1",
    "amount_minor": 12_345,
    "currency": "MDL",
    "at": "2026-05-04T10:00:00.250Z",
}
Payments = Callable[..., PaymentToCheck]


def session(**changes: object) -> bytes:
    members: dict[str, object] = {
        "session_id": "ses_1",
        "reference": REFERENCE,
        "page_url": "https://bank.example/pay/ses_1",
        "status": "open",
        "amount_minor": 12_345,
        "currency": "MDL",
        "mode": "one-step",
        "authorised_minor": 0,
        "captures": [],
        "reversed_minor": 0,
        "reversals": [],
        "decline_reason": None,
        "card": None,
        "sequence": 0,
        "expires_at": "2026-05-04T10:30:00Z",
    }
    return json.dumps(members | changes).encode()


def given_back(minor: int, kind: str = "reversal") -> dict[str, object]:
    moved = {
        "transaction_id": "txn_2",
        "amount_minor": minor,
        "currency": "MDL",
        "at": "2026-05-04T11:00:00Z",
    }
    return {"key": "k1", "kind": kind} | moved


def test_the_same_request_gives_the_same_bytes(
    make_request: Callable[..., PaymentRequest], settings: SandboxSettings
) -> None:
    first, again = (mapping.order_to_wire(make_request(), settings) for _ in range(2))
    assert first == again
    assert json.loads(first)["amount_minor"] == 12_345
    assert json.loads(first)["mode"] == "one-step"


def test_a_long_description_is_cut_to_what_the_bank_takes(
    make_request: Callable[..., PaymentRequest], settings: SandboxSettings
) -> None:
    wire = json.loads(mapping.order_to_wire(make_request(description="ș" * 900), settings))
    assert wire["description"] == "ș" * mapping.LONGEST_DESCRIPTION


@pytest.mark.parametrize(
    ("given", "sent"), [("Line one\r\n\tline two\x00", "Line one line two"), (" \n ", REFERENCE)]
)
def test_a_description_fits_the_bank_s_rules(
    given: str, sent: str, make_request: Callable[..., PaymentRequest], settings: SandboxSettings
) -> None:
    assert json.loads(mapping.order_to_wire(make_request(description=given), settings))["description"] == sent


def test_a_start_leads_to_the_bank_s_page(settings: SandboxSettings) -> None:
    redirect = mapping.redirect_from_wire(session(), REFERENCE, settings)
    assert (redirect.url, redirect.remote_reference) == ("https://bank.example/pay/ses_1", "ses_1")


@pytest.mark.parametrize(
    "page",
    [
        "https://evil.example/pay/ses_1",
        "https://bank.example@evil.example/pay/ses_1",
        "https://bank.example:8443/pay/ses_1",
        "http://bank.example/pay/ses_1",
        "https://bank.example.evil.example/pay",
        "https:\\\\bank.example/pay",
        "javascript:alert(1)",
        "//bank.example/pay",
        "https://bank.example/pay\nx",
        "https://bank.example:99999/pay",
        "https://[bank.example/pay",
    ],
)
def test_a_page_that_is_not_the_bank_s_is_refused(page: str, settings: SandboxSettings) -> None:
    with pytest.raises(InvalidAnswer):
        mapping.redirect_from_wire(session(page_url=page), REFERENCE, settings)


def test_a_start_for_another_reference_is_refused(settings: SandboxSettings) -> None:
    with pytest.raises(InvalidAnswer, match="another reference"):
        mapping.redirect_from_wire(session(), "REF0000000000000002", settings)


def test_a_session_id_that_could_change_an_address_is_refused(settings: SandboxSettings) -> None:
    with pytest.raises(InvalidAnswer, match="session_id"):
        mapping.redirect_from_wire(session(session_id="../statements"), REFERENCE, settings)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("open", ProviderStatus.PENDING),
        ("processing", ProviderStatus.PENDING),
        ("authorised", ProviderStatus.AUTHORISED),
        ("declined", ProviderStatus.DECLINED),
        ("cancelled", ProviderStatus.CANCELLED),
        ("expired", ProviderStatus.CANCELLED),
        ("reversed", ProviderStatus.CANCELLED),  # a void: nothing was ever taken
    ],
)
def test_a_status_without_captures(word: str, status: ProviderStatus, make_payment: Payments) -> None:
    answer = mapping.confirmation_from_wire(session(status=word), make_payment())
    assert (answer.status, answer.captures, answer.reversed) == (status, (), None)


def test_a_capture_keeps_the_bank_s_own_amount_currency_and_time(make_payment: Payments) -> None:
    body = session(status="captured", captures=[CAPTURE | {"currency": "EUR"}], card="400000******1000")
    answer = mapping.confirmation_from_wire(body, make_payment(remote_reference="ses_1"))
    at = datetime(2026, 5, 4, 10, 0, 0, 250_000, UTC)
    assert answer.captures == (ProviderCapture("txn_1", Money.from_minor(12_345, "EUR"), at),)
    assert (answer.status, answer.method) == (ProviderStatus.CONFIRMED, "Visa 4000 •••• 1000")


@pytest.mark.parametrize("word", ["declined", "cancelled", "expired", "processing"])
def test_listed_money_outweighs_the_word_for_the_status(word: str, make_payment: Payments) -> None:
    answer = mapping.confirmation_from_wire(session(status=word, captures=[CAPTURE]), make_payment())
    assert answer.status is ProviderStatus.CONFIRMED
    assert answer.decline_reason is None


def test_captured_without_a_capture_is_not_believed(make_payment: Payments) -> None:
    with pytest.raises(InvalidAnswer, match="no capture"):
        mapping.confirmation_from_wire(session(status="captured"), make_payment())


def test_money_given_back_is_told_beside_the_capture(make_payment: Payments) -> None:
    body = session(status="reversed", captures=[CAPTURE], reversals=[given_back(345), given_back(12_000)])
    answer = mapping.confirmation_from_wire(body, make_payment())
    assert (answer.status, answer.reversed) == (ProviderStatus.REVERSED, Money.from_minor(12_345, "MDL"))
    assert len(answer.captures) == 1


def test_a_released_reservation_is_not_money_given_back(make_payment: Payments) -> None:
    body = session(status="captured", captures=[CAPTURE], reversals=[given_back(500, "void")])
    assert mapping.confirmation_from_wire(body, make_payment()).reversed is None


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("insufficient-funds", DeclineReason.NO_FUNDS),
        ("do-not-honour", DeclineReason.CARD_REFUSED),
        ("stolen-card", DeclineReason.CARD_REFUSED),
        ("wrong-code", DeclineReason.NOT_AUTHENTICATED),
        ("issuer-unavailable", DeclineReason.OTHER),
        ("something-new", DeclineReason.OTHER),
        (None, DeclineReason.OTHER),
    ],
)
def test_why_the_bank_declined(word: str | None, reason: DeclineReason, make_payment: Payments) -> None:
    body = session(status="declined", decline_reason=word)
    assert mapping.confirmation_from_wire(body, make_payment()).decline_reason is reason


@pytest.mark.parametrize(
    "changes",
    [
        {"reference": "REF0000000000000002"},
        {"session_id": "ses_2"},
        {"status": "settled"},
        {"captures": None},
        {"captures": ["txn_1"]},
        {"captures": [CAPTURE | {"amount_minor": "12345"}]},
        {"captures": [CAPTURE | {"amount_minor": 12_345.0}]},
        {"captures": [CAPTURE | {"amount_minor": True}]},
        {"captures": [CAPTURE | {"amount_minor": -1}]},
        {"captures": [CAPTURE | {"amount_minor": 10**40}]},
        {"captures": [CAPTURE | {"currency": "mdl"}]},
        {"captures": [CAPTURE | {"at": "2026-05-04T10:00:00"}]},
        {"captures": [CAPTURE | {"at": "yesterday"}]},
        {"captures": [CAPTURE | {"transaction_id": ""}]},
        {"reversals": [given_back(10**15), given_back(10**15)]},
        {"reversals": [given_back(1), given_back(1) | {"currency": "EUR"}]},
    ],
)
def test_an_answer_that_cannot_be_believed_is_refused(
    changes: dict[str, object], make_payment: Payments
) -> None:
    with pytest.raises(InvalidAnswer):
        mapping.confirmation_from_wire(session(**changes), make_payment(remote_reference="ses_1"))


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"reference": ' + b"9" * 5000 + b"}"]
)
def test_a_body_that_is_no_session_is_refused(body: bytes, make_payment: Payments) -> None:
    with pytest.raises(InvalidAnswer):
        mapping.confirmation_from_wire(body, make_payment())


def test_only_the_bank_s_own_word_makes_a_payment_unknown() -> None:
    known = mapping.confirmation_of_refusal(RemoteRefused("unknown-session"))
    assert known.status is ProviderStatus.NOT_FOUND
    with pytest.raises(InvalidAnswer, match="unauthorized"):
        mapping.confirmation_of_refusal(RemoteRefused("unauthorized"))


def test_a_reversal_is_found_by_its_key(make_payment: Payments) -> None:
    body = session(status="captured", reversals=[given_back(1), given_back(345) | {"key": "k2"}])
    answer = mapping.reversal_from_wire(body, make_payment(), key="k2")
    assert answer.amount == Money.from_minor(345, "MDL")
    with pytest.raises(InvalidAnswer, match="does not list"):
        mapping.reversal_from_wire(body, make_payment(), key="k3")


@pytest.mark.parametrize(
    ("masked", "shown"),
    [
        ("400000******1000", "Visa 4000 •••• 1000"),
        ("5100 00** **** 1006", "Mastercard 5100 •••• 1006"),
        ("220000******0001", "Card 2200 •••• 0001"),
        ("", ""),
        ("<b>4000</b>", ""),
    ],
)
def test_a_card_as_a_receipt_shows_it(masked: str, shown: str) -> None:
    assert mapping.method_of(masked) == shown
