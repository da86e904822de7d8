"""Between the bank's words (its openapi.yaml) and the gateway's. Pure: bytes and values in, values out."""

import json
import re

from mpay_gateway.api import (
    DeclineReason,
    InvalidAnswer,
    Money,
    PaymentRequest,
    PaymentToCheck,
    ProviderCapture,
    ProviderConfirmation,
    ProviderStatus,
    Redirect,
    RemoteRefused,
    ReversalAnswer,
)
from mpay_provider_sandbox.reading import Fields, total_of
from mpay_provider_sandbox.settings import SandboxSettings

LONGEST_DESCRIPTION = 200
_SESSION_ID = re.compile(r"[A-Za-z0-9_-]{1,64}\Z", re.ASCII)
_MASKED_CARD = re.compile(r"([0-9])([0-9]{3})[0-9*•]*([0-9]{4})\Z", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SCHEMES = {"4": "Visa", "5": "Mastercard"}

_STATUSES = {
    "open": ProviderStatus.PENDING,
    "processing": ProviderStatus.PENDING,
    "authorised": ProviderStatus.AUTHORISED,
    "captured": ProviderStatus.CONFIRMED,
    "declined": ProviderStatus.DECLINED,
    "cancelled": ProviderStatus.CANCELLED,
    "expired": ProviderStatus.CANCELLED,
    "reversed": ProviderStatus.REVERSED,
}

_DECLINE_REASONS = {
    "insufficient-funds": DeclineReason.NO_FUNDS,
    "do-not-honour": DeclineReason.CARD_REFUSED,
    "stolen-card": DeclineReason.CARD_REFUSED,
    "expired-card": DeclineReason.CARD_EXPIRED,
    "wrong-code": DeclineReason.NOT_AUTHENTICATED,
    "limit-exceeded": DeclineReason.LIMIT,
}


def order_to_wire(request: PaymentRequest, settings: SandboxSettings) -> bytes:
    """The body of `POST /v1/sessions`. The same request gives the same bytes: its key stands for them."""
    return _to_json(
        {
            "reference": request.reference,
            "amount_minor": request.amount.minor,
            "currency": request.amount.currency,
            "description": _description(request),
            "language": request.language.value,
            "mode": settings.mode.value,
            "return_url": request.return_url,
            "callback_url": request.callback_url,
        }
    )


def amount_to_wire(amount: Money) -> bytes:
    """The body of a capture or a reversal."""
    return _to_json({"amount_minor": amount.minor})


def redirect_from_wire(body: bytes, reference: str, settings: SandboxSettings) -> Redirect:
    """Where the payer goes, from the answer to a start.

    Raises: InvalidAnswer when it is about another payment, or its page is on a foreign origin.
    """
    page = _session(body, reference).text("page_url")
    if not settings.allows_page(page):
        raise InvalidAnswer("page_url is not on the bank's origin")
    return Redirect(url=page, remote_reference=session_id_from_wire(body, reference))


def session_id_from_wire(body: bytes, reference: str) -> str:
    """The bank's id of the session.

    Raises: InvalidAnswer when it is another payment's, or no id.
    """
    session_id = _session(body, reference).text("session_id")
    if not _SESSION_ID.match(session_id):
        raise InvalidAnswer("session_id has an unexpected form")
    return session_id


def confirmation_from_wire(body: bytes, payment: PaymentToCheck) -> ProviderConfirmation:
    """What became of the payment, from a session as the bank shows it.

    Listed captures outweigh the word for the status: money that was taken is never overlooked. A reservation
    that was released before anything was taken is a cancelled payment, not money that was given back.
    Raises: InvalidAnswer when the session is another payment's or says what we do not know.
    """
    session = _session(body, payment.reference)
    if payment.remote_reference and session.text("session_id") != payment.remote_reference:
        raise InvalidAnswer("the answer is about another session")
    captures = tuple(_capture(item) for item in session.objects("captures"))
    status = _status(session.text("status"), taken=bool(captures))
    currency = session.text("currency")
    authorised = session.money("authorised_minor", currency)
    given_back = _given_back(session, captures[0].amount.currency if captures else currency)
    return ProviderConfirmation(
        status=status,
        captures=captures,
        authorised=authorised or None,
        reversed=given_back or None,
        decline_reason=_decline_reason(session) if status is ProviderStatus.DECLINED else None,
        method=method_of(session.text_or_empty("card")),
    )


def confirmation_of_refusal(refusal: RemoteRefused) -> ProviderConfirmation:
    """What a refused question about a payment means: unknown to the bank, or no answer at all.

    Raises: InvalidAnswer when the bank refused to answer, for instance because it does not accept our secret.
    """
    if refusal.code == "unknown-session":
        return ProviderConfirmation(ProviderStatus.NOT_FOUND)
    raise InvalidAnswer(f"the bank refuses to say: {refusal.code}") from refusal


def reversal_from_wire(body: bytes, payment: PaymentToCheck, *, key: str) -> ReversalAnswer:
    """What was given back or voided under the key, from the session as the bank shows it afterwards.

    Raises: InvalidAnswer when the session is another payment's or does not list the key.
    """
    for item in _session(body, payment.reference).objects("reversals"):
        if item.text_or_empty("key") == key:
            amount = item.money("amount_minor", item.text("currency"))
            return ReversalAnswer(amount, item.text("transaction_id"))
    raise InvalidAnswer("the answer does not list the reversal")


def method_of(masked_card: str) -> str:
    """A masked card as a receipt shows it: `400000******1000` is `Visa 4000 •••• 1000`; empty for no card."""
    if (card := _MASKED_CARD.match(masked_card.replace(" ", ""))) is None:
        return ""
    first, rest, last = card.groups()
    return f"{_SCHEMES.get(first, 'Card')} {first}{rest} •••• {last}"


def _description(request: PaymentRequest) -> str:
    """What the bank's page says is paid for: never empty, no control characters, cut to measure."""
    text = " ".join(_CONTROL.sub(" ", request.description).split())
    return text[:LONGEST_DESCRIPTION].rstrip() or request.reference


def _session(body: bytes, reference: str) -> Fields:
    session = Fields.parse(body)
    if session.text("reference") != reference:
        raise InvalidAnswer("the answer is about another reference")
    return session


def _capture(item: Fields) -> ProviderCapture:
    amount = item.money("amount_minor", item.text("currency"))
    return ProviderCapture(item.text("transaction_id"), amount, item.time("at"))


def _status(word: str, *, taken: bool) -> ProviderStatus:
    status = _STATUSES.get(word)
    if status is None:
        raise InvalidAnswer(f"unknown status {word[:40]!r}")
    if status is ProviderStatus.REVERSED:
        return status if taken else ProviderStatus.CANCELLED
    if status is ProviderStatus.CONFIRMED and not taken:
        raise InvalidAnswer("captured, but no capture is listed")
    return ProviderStatus.CONFIRMED if taken else status


def _given_back(session: Fields, currency: str) -> Money:
    reversals = (item for item in session.objects("reversals") if item.text("kind") == "reversal")
    return total_of((item.money("amount_minor", item.text("currency")) for item in reversals), currency)


def _decline_reason(session: Fields) -> DeclineReason:
    return _DECLINE_REASONS.get(session.text_or_empty("decline_reason"), DeclineReason.OTHER)


def _to_json(members: dict[str, str | int]) -> bytes:
    return json.dumps(members, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
