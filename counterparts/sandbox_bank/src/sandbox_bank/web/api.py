"""The merchant's API, as openapi.yaml describes it."""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from pyramid.response import Response

from sandbox_bank import statements
from sandbox_bank.cards import TEST_CARDS
from sandbox_bank.clock import now_ms, today
from sandbox_bank.errors import FieldError, InvalidRequest, UnknownSession
from sandbox_bank.faults import HANG_S, INVISIBLE_S, SLOW_S, Fault
from sandbox_bank.session import Session
from sandbox_bank.web import wire
from sandbox_bank.web.problems import problem

_View = Callable[[Any], Response]


def json_answer(value: object, status: int = 200) -> Response:
    """Answer with JSON."""
    return Response(json.dumps(value).encode(), status=status, content_type="application/json", charset=None)


def merchant_call(view: _View) -> _View:
    """Let only the merchant in, and let the switched-on fault of the API have its way."""

    def guarded(request: Any) -> Response:
        if not _is_merchant(request):
            answer = problem(401, "unauthorised", "send Authorization: Bearer <merchant secret>")
            answer.headers["WWW-Authenticate"] = "Bearer"
            return answer
        spoilt = _fault_instead(request)
        if spoilt is not None:
            return spoilt
        try:
            return view(request)
        except wire.MalformedJson as error:
            return problem(400, "malformed-json", str(error))

    return guarded


def open_session(request: Any) -> Response:
    """POST /v1/sessions: 201 for a new session, 200 when the key has opened it before."""
    bank = request.bank
    key = wire.read_key(request.headers.get("Idempotency-Key"))
    session, is_new = bank.open_session(wire.read_order(request.body), key)
    if is_new and bank.faults[Fault.API] == "timeout-after-create":
        return _hang(request)
    return json_answer(wire.opened_json(session, bank.settings.public_url), 201 if is_new else 200)


def find_session(request: Any) -> Response:
    """GET /v1/sessions?reference=REF."""
    reference = request.GET.get("reference")
    if not reference:
        raise InvalidRequest((FieldError("reference", "is missing in the query"),))
    return _status(request, request.bank.session_by_reference(reference))


def read_session(request: Any) -> Response:
    """GET /v1/sessions/{session_id}."""
    return _status(request, request.bank.session(request.matchdict["session_id"]))


def capture(request: Any) -> Response:
    """POST /v1/sessions/{session_id}/capture."""
    key = wire.read_key(request.headers.get("Idempotency-Key"))
    amount = wire.read_amount(request.body)
    session = request.bank.capture(request.matchdict["session_id"], amount, key=key)
    return json_answer(wire.session_json(session))


def reverse(request: Any) -> Response:
    """POST /v1/sessions/{session_id}/reversals."""
    key = wire.read_key(request.headers.get("Idempotency-Key"))
    amount = wire.read_amount(request.body)
    session = request.bank.reverse(request.matchdict["session_id"], amount, key=key)
    if request.bank.faults[Fault.REVERSALS] == "timeout-after-effect":
        return _hang(request)
    return json_answer(wire.session_json(session))


def statement(request: Any) -> Response:
    """GET /v1/statements/{day}."""
    day = _day(request.matchdict["day"])
    bank = request.bank
    lines = statements.read_lines(bank.database.read(), day)
    lines = statements.spoil(lines, bank.faults[Fault.STATEMENTS])
    text = statements.write_csv(lines, merchant=bank.settings.merchant, day=day)
    answer = Response(text.encode(), content_type=statements.MEDIA_TYPE, charset="utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="statement-{day.isoformat()}.csv"'
    return answer


def list_test_cards(_request: Any) -> Response:
    """GET /v1/test-cards: needs no secret."""
    return json_answer(
        {
            "cards": [
                {"number": card.number, "name": card.name, "summary": card.summary} for card in TEST_CARDS
            ]
        }
    )


def _status(request: Any, session: Session) -> Response:
    bank = request.bank
    age = now_ms() - session.created_at
    if bank.faults[Fault.API] == "not-found-after-create" and age < bank.settings.scaled_ms(INVISIBLE_S):
        raise UnknownSession(f"no session {session.id}")
    if bank.spend_unknown_answer(session):
        return problem(500, "status-unknown", "the status of this session is not known at present")
    return json_answer(wire.session_json(session))


def _is_merchant(request: Any) -> bool:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    expected = request.bank.settings.secret
    right = hmac.compare_digest(given.strip().encode("utf-8", "replace"), expected.encode())
    return right and scheme.lower() == "bearer"


def _fault_instead(request: Any) -> Response | None:
    match request.bank.faults[Fault.API]:
        case "down":
            answer = problem(503, "down", "the bank is down")
            answer.headers["Retry-After"] = "30"
            return answer
        case "http500":
            return problem(500, "internal-error", "the bank failed")
        case "slow":
            time.sleep(request.bank.settings.scaled_ms(SLOW_S) / 1000)
    return None


def _hang(request: Any) -> Response:
    time.sleep(request.bank.settings.scaled_ms(HANG_S) / 1000)
    return problem(504, "timeout", "the bank did not answer in time")


def _day(text: str) -> date:
    """A UTC day. Tomorrow has begun for callers east of us: its statement is empty."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise InvalidRequest((FieldError("day", "must be a date YYYY-MM-DD"),)) from None
    if day > today() + timedelta(days=1) or len(text) != 10:
        raise InvalidRequest((FieldError("day", "must be a UTC day until tomorrow, as YYYY-MM-DD"),))
    return day


def includeme(config: Any) -> None:
    """Register the API's addresses."""
    table: tuple[tuple[str, str, str, _View], ...] = (
        ("sessions", "/v1/sessions", "POST", open_session),
        ("sessions", "/v1/sessions", "GET", find_session),
        ("session", "/v1/sessions/{session_id}", "GET", read_session),
        ("capture", "/v1/sessions/{session_id}/capture", "POST", capture),
        ("reversals", "/v1/sessions/{session_id}/reversals", "POST", reverse),
        ("statement", "/v1/statements/{day}", "GET", statement),
    )
    for name, path in dict.fromkeys((name, path) for name, path, _, _ in table):
        config.add_route(name, path)
    for name, _, method, view in table:
        config.add_view(merchant_call(view), route_name=name, request_method=method)
    config.add_route("test_cards", "/v1/test-cards")
    config.add_view(list_test_cards, route_name="test_cards", request_method="GET")
