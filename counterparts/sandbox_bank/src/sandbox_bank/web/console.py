"""The console: what the bank's staff sees, with the fault switches. English, server-rendered."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response

from sandbox_bank import books, registry
from sandbox_bank.clock import iso
from sandbox_bank.faults import CHOICES
from sandbox_bank.session import Language
from sandbox_bank.web.controls import own_pages_only
from sandbox_bank.web.rendering import render_console
from sandbox_bank.web.texts import Texts

_View = Callable[[Any], Response]
_SHOWN = 100
_LATEST_ENTRIES = "SELECT * FROM entries ORDER BY id DESC LIMIT ?"
_LATEST_CALLBACKS = "SELECT * FROM callbacks ORDER BY id DESC LIMIT ?"
_money = Texts(Language.EN).money


def show_books(request: Any) -> Response:
    """Accounts with their balances, the latest entries, and whether the books are sound."""
    connection = request.bank.database.read()
    return _render(
        request,
        "books",
        balances=books.balances(connection),
        problems=books.check(connection),
        entries=_read(connection, _LATEST_ENTRIES),
    )


def show_sessions(request: Any) -> Response:
    """The latest sessions."""
    sessions = registry.latest(request.bank.database.read(), _SHOWN)
    return _render(request, "sessions", sessions=sessions)


def show_callbacks(request: Any) -> Response:
    """The outbox with its attempts."""
    return _render(request, "callbacks", callbacks=_read(request.bank.database.read(), _LATEST_CALLBACKS))


def show_faults(request: Any) -> Response:
    """The fault switches."""
    return _render(request, "faults", choices=CHOICES, present=request.bank.faults.values())


def switch_faults(request: Any) -> Response:
    """Set the faults as the form says."""
    request.bank.faults.switch({name: request.POST[name] for name in CHOICES if name in request.POST})
    return HTTPSeeOther(location=f"{request.bank.settings.public_url}/console/faults")


def charge_back(request: Any) -> Response:
    """Let the bank take captured money back."""
    request.bank.charge_back(request.matchdict["session_id"])
    return HTTPSeeOther(location=f"{request.bank.settings.public_url}/console/sessions")


def _read(connection: sqlite3.Connection, query: str) -> list[sqlite3.Row]:
    return connection.execute(query, (_SHOWN,)).fetchall()


def _render(request: Any, page: str, **values: object) -> Response:
    merchant = request.bank.settings.merchant
    return render_console(f"console_{page}", page=page, iso=iso, money=_money, merchant=merchant, **values)


def includeme(config: Any) -> None:
    """Register the console's addresses."""
    table: tuple[tuple[str, str, str, _View], ...] = (
        ("console", "/console", "GET", show_books),
        ("console_sessions", "/console/sessions", "GET", show_sessions),
        ("console_callbacks", "/console/callbacks", "GET", show_callbacks),
        ("console_faults", "/console/faults", "GET", show_faults),
        ("console_faults", "/console/faults", "POST", switch_faults),
        ("console_charge_back", "/console/sessions/{session_id}/charge-back", "POST", charge_back),
    )
    for name, path in dict.fromkeys((name, path) for name, path, _, _ in table):
        config.add_route(name, path)
    for name, _, method, view in table:
        config.add_view(own_pages_only(view), route_name=name, request_method=method)
