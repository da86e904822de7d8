"""Test controls over HTTP: pay without pages, switch faults, read the books. Never for the open net."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyramid.response import Response

from sandbox_bank import books, registry
from sandbox_bank.cards import CHALLENGE_CODE, Ending, behaviour_of, digits_of
from sandbox_bank.clock import iso
from sandbox_bank.session import Session, Stage
from sandbox_bank.web import wire
from sandbox_bank.web.api import json_answer
from sandbox_bank.web.problems import problem
from sandbox_bank.web.returning import return_address

_View = Callable[[Any], Response]
_ALL = 1_000_000


def own_pages_only(view: _View) -> _View:
    """Refuse what a page of another site makes a browser send, and what is no JSON object."""

    def guarded(request: Any) -> Response:
        if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
            return problem(403, "cross-site", "test controls are not for other sites' pages")
        try:
            return view(request)
        except wire.MalformedJson as error:
            return problem(400, "malformed-json", str(error))

    return guarded


def pay(request: Any) -> Response:
    """Do what the pages do with a card (and, for its challenge, a code), in one call."""
    given = wire.read_object(request.body)
    session = request.bank.pay(request.matchdict["session_id"], digits_of(wire.read_text(given, "card")))
    if session.stage is Stage.CHALLENGE:
        code = wire.read_text({"code": CHALLENGE_CODE} | given, "code")
        session = request.bank.answer_challenge(session.id, code)
    return json_answer(_left(session))


def cancel(request: Any) -> Response:
    """Do what the page's cancel button does."""
    return json_answer(_left(request.bank.cancel(request.matchdict["session_id"])))


def charge_back(request: Any) -> Response:
    """Let the bank take captured money back."""
    return json_answer(wire.session_json(request.bank.charge_back(request.matchdict["session_id"])))


def read_faults(request: Any) -> Response:
    """Answer the present faults."""
    return json_answer(request.bank.faults.values())


def switch_faults(request: Any) -> Response:
    """Set the faults that are named and leave the others."""
    request.bank.faults.switch(wire.read_object(request.body))
    return read_faults(request)


def read_books(request: Any) -> Response:
    """Answer sessions, ledger, callbacks and the check of the books."""
    connection = request.bank.database.read()
    entries = connection.execute(
        "SELECT transaction_id, account, amount_minor, currency, at FROM entries ORDER BY id"
    ).fetchall()
    callbacks = connection.execute(
        "SELECT event_id, session_id, event, attempts, last_outcome, delivered_at FROM callbacks ORDER BY id"
    ).fetchall()
    return json_answer(
        {
            "sessions": [wire.session_json(session) for session in registry.latest(connection, _ALL)],
            "balances": [
                {"account": item.account, "currency": item.currency, "amount_minor": item.amount_minor}
                for item in books.balances(connection)
            ],
            "entries": [dict(row) | {"at": iso(row["at"])} for row in entries],
            "callbacks": [
                dict(row) | {"delivered_at": _iso_or_none(row["delivered_at"])} for row in callbacks
            ],
            "problems": list(books.check(connection)),
        }
    )


def _iso_or_none(moment: int | None) -> str | None:
    return None if moment is None else iso(moment)


def _left(session: Session) -> dict[str, object]:
    returns = behaviour_of(session.test_card).ending is Ending.RETURN
    return {
        "session_id": session.id,
        "status": session.status,
        "return_url": return_address(session) if returns else None,
    }


def includeme(config: Any) -> None:
    """Register the test controls."""
    table: tuple[tuple[str, str, str, _View], ...] = (
        ("test_pay", "/test/sessions/{session_id}/pay", "POST", pay),
        ("test_cancel", "/test/sessions/{session_id}/cancel", "POST", cancel),
        ("test_charge_back", "/test/sessions/{session_id}/charge-back", "POST", charge_back),
        ("test_faults", "/test/faults", "GET", read_faults),
        ("test_faults", "/test/faults", "POST", switch_faults),
        ("test_books", "/test/books.json", "GET", read_books),
    )
    for name, path in dict.fromkeys((name, path) for name, path, _, _ in table):
        config.add_route(name, path)
    for name, _, method, view in table:
        config.add_view(own_pages_only(view), route_name=name, request_method=method)
