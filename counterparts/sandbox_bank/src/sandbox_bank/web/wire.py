"""Values of the bank as the API's JSON, and its JSON as values."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from sandbox_bank.clock import iso
from sandbox_bank.errors import FieldError, InvalidRequest
from sandbox_bank.session import Language, Mode, Order, Session, Transaction

CURRENCIES = ("MDL",)
MAX_AMOUNT_MINOR = 10**12
_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}")
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


class MalformedJson(Exception):
    """The body is no JSON object."""


def page_url(session: Session, public_url: str) -> str:
    """Return the address of the payer's page."""
    return f"{public_url}/pay/{session.id}"


def opened_json(session: Session, public_url: str) -> dict[str, object]:
    """What the merchant gets for opening a session."""
    return {
        "session_id": session.id,
        "reference": session.order.reference,
        "page_url": page_url(session, public_url),
        "status": session.status,
        "expires_at": iso(session.expires_at),
    }


def session_json(session: Session) -> dict[str, object]:
    """Everything that the merchant may know about a session."""
    return {
        "session_id": session.id,
        "reference": session.order.reference,
        "status": session.status,
        "amount_minor": session.order.amount_minor,
        "currency": session.order.currency,
        "mode": session.order.mode,
        "authorised_minor": session.authorised_minor,
        "captures": [_capture_json(item) for item in session.captures],
        "reversed_minor": session.reversed_minor,
        "reversals": [_reversal_json(item) for item in session.reversals],
        "decline_reason": session.decline_reason,
        "card": session.masked_card,
        "sequence": session.sequence,
        "expires_at": iso(session.expires_at),
    }


def _capture_json(item: Transaction) -> dict[str, object]:
    return {
        "transaction_id": item.id,
        "amount_minor": item.amount_minor,
        "currency": item.currency,
        "at": iso(item.at),
    }


def _reversal_json(item: Transaction) -> dict[str, object]:
    return {"key": item.key, "kind": item.kind} | _capture_json(item)


def read_object(body: bytes) -> dict[str, Any]:
    """Decode a JSON object. Raises: MalformedJson."""
    try:
        value = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise MalformedJson("the body is not JSON in UTF-8") from error
    if not isinstance(value, dict):
        raise MalformedJson("the body is not a JSON object")
    return value


def read_key(value: str | None) -> str:
    """Check the header Idempotency-Key. Raises: InvalidRequest."""
    if value is None or not _KEY.fullmatch(value):
        raise InvalidRequest(
            (FieldError("Idempotency-Key", "this header must hold 1 to 255 visible ASCII characters"),)
        )
    return value


def read_amount(body: bytes) -> int:
    """Read `{"amount_minor": n}`. Raises: MalformedJson, InvalidRequest."""
    given = read_object(body)
    _check(given, {"amount_minor": _amount})
    return int(given["amount_minor"])


def read_order(body: bytes) -> Order:
    """Read the order of a new session. Raises: MalformedJson, InvalidRequest with every field at fault."""
    given = read_object(body)
    _check(given, _ORDER_FIELDS)
    return Order(**given | {"language": Language(given["language"]), "mode": Mode(given["mode"])})


def read_text(given: dict[str, Any], name: str) -> str:
    """Return a text field. Raises: InvalidRequest."""
    value = given.get(name)
    if not isinstance(value, str):
        raise InvalidRequest((FieldError(name, "must be a text"),))
    return value


_Check = Callable[[object], str | None]


def _check(given: dict[str, Any], fields: dict[str, _Check]) -> None:
    found = [
        (name, "is missing" if name not in given else check(given[name])) for name, check in fields.items()
    ]
    found += [(name, "is not a field of this request") for name in given if name not in fields]
    errors = tuple(FieldError(name, detail) for name, detail in found if detail)
    if errors:
        raise InvalidRequest(errors)


def _amount(value: object) -> str | None:
    if type(value) is int and 0 < value <= MAX_AMOUNT_MINOR:
        return None
    return f"must be a whole number of minor units, 1 to {MAX_AMOUNT_MINOR}"


def _matches(pattern: re.Pattern[str], detail: str) -> _Check:
    return lambda value: None if isinstance(value, str) and pattern.fullmatch(value) else detail


def _one_of(*choices: str) -> _Check:
    return lambda value: None if value in choices else f"must be one of {', '.join(choices)}"


def _description(value: object) -> str | None:
    if isinstance(value, str) and value.strip() and len(value) <= 200 and not _CONTROL.search(value):
        return None
    return "must be 1 to 200 characters without control characters"


def _address(value: object) -> str | None:
    detail = (
        "must be an absolute http or https address without credentials or fragment, at most 2000 characters"
    )
    if not isinstance(value, str) or len(value) > 2000 or not value.isascii() or re.search(r"\s", value):
        return detail
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return detail
    return None if usable and "@" not in parts.netloc and "#" not in value else detail


_ORDER_FIELDS: dict[str, _Check] = {
    "reference": _matches(
        _REFERENCE, "must be 1 to 64 of A-Z a-z 0-9 . _ / - and begin with a letter or digit"
    ),
    "amount_minor": _amount,
    "currency": _one_of(*CURRENCIES),
    "description": _description,
    "language": _one_of(*Language),
    "mode": _one_of(*Mode),
    "return_url": _address,
    "callback_url": _address,
}
