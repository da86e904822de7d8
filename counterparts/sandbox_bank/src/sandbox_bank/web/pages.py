"""The payer's pages: card, one-time code, waiting, result. All work without JavaScript or cookies.

A session's unguessable id in the address is what lets the payer in; the language travels in the query.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from pyramid.httpexceptions import HTTPSeeOther
from pyramid.response import Response

from sandbox_bank.cards import CHALLENGE_TRIES, TEST_CARDS, Ending, behaviour_of
from sandbox_bank.clock import now_ms
from sandbox_bank.faults import Fault
from sandbox_bank.session import Session, Stage
from sandbox_bank.web.card_form import CardForm, check_form, read_form
from sandbox_bank.web.rendering import render_page
from sandbox_bank.web.returning import return_address
from sandbox_bank.web.texts import language_of

_View = Callable[[Any], Response]
_FAILING_PAGE_S = 2.0
_LONGEST_WAIT_S = 10.0
_waiters = threading.Semaphore(6)


def unless_down(view: _View) -> _View:
    """Show the failure page instead while the pages are switched off."""

    def guarded(request: Any) -> Response:
        if request.bank.faults[Fault.PAGES] == "down":
            return render_page(
                "message", language=language_of(request), status=503, kind="failed", session=None
            )
        return view(request)

    return guarded


def show(request: Any) -> Response:
    """GET /pay/{id}: the page of the stage that the session is in."""
    session = _session(request)
    match session.stage:
        case Stage.CARD:
            return _card_page(request, session, CardForm(), {})
        case Stage.CHALLENGE:
            return _challenge_page(request, session)
        case Stage.WORKING | Stage.FINISHED:
            return _ending_page(request, session)


def submit_card(request: Any) -> Response:
    """POST /pay/{id}/card."""
    session = _session(request)
    if session.stage is not Stage.CARD:
        return _to_page(request, session)
    form = read_form(request.POST)
    errors = check_form(form)
    if errors:
        return _card_page(request, session, form, errors)
    return _after_payment(request, request.bank.pay(session.id, form.digits))


def submit_code(request: Any) -> Response:
    """POST /pay/{id}/code."""
    session = request.bank.answer_challenge(
        request.matchdict["session_id"], "".join(request.POST.get("code", "").split())
    )
    if session.stage is Stage.CHALLENGE:
        return _challenge_page(request, session)
    return _after_payment(request, session)


def cancel(request: Any) -> Response:
    """POST /pay/{id}/cancel."""
    return _to_page(request, request.bank.cancel(request.matchdict["session_id"]))


def wait(request: Any) -> Response:
    """GET /pay/{id}/wait: answer when the session is decided, at most 10 s later.

    The waiting page points here, so that a browser without JavaScript learns of the end as soon as it
    comes. Few may wait at a time; the others ask again after a second.
    """
    session = _session(request)
    if not _waiters.acquire(blocking=False):
        time.sleep(1)
        return _to_page(request, session)
    try:
        deadline = time.monotonic() + _LONGEST_WAIT_S
        while session.stage is Stage.WORKING and time.monotonic() < deadline:
            time.sleep(0.1)
            session = _session(request)
    finally:
        _waiters.release()
    return _to_page(request, session)


def _session(request: Any) -> Session:
    session: Session = request.bank.current(request.matchdict["session_id"])
    return session


def _to_page(request: Any, session: Session) -> Response:
    language = language_of(request, session.order.language)
    return HTTPSeeOther(location=f"{request.bank.settings.public_url}/pay/{session.id}?lang={language}")


def _after_payment(request: Any, session: Session) -> Response:
    if behaviour_of(session.test_card).ending is Ending.ERROR:
        time.sleep(request.bank.settings.scaled_ms(_FAILING_PAGE_S) / 1000)
        return _failure_page(request, session)
    return _to_page(request, session)


def _card_page(request: Any, session: Session, form: CardForm, errors: dict[str, str]) -> Response:
    return _render(
        request,
        session,
        "card",
        status=422 if errors else 200,
        form=form,
        errors=errors,
        cards=TEST_CARDS,
        minutes=max(1, (session.expires_at - now_ms()) // 60_000),
    )


def _challenge_page(request: Any, session: Session) -> Response:
    failures = session.challenge_failures
    status = 422 if request.method == "POST" else 200
    return _render(
        request, session, "challenge", status=status, failures=failures, left=CHALLENGE_TRIES - failures
    )


def _ending_page(request: Any, session: Session) -> Response:
    ending = behaviour_of(session.test_card).ending
    if ending is Ending.ERROR:
        return _failure_page(request, session)
    if session.stage is Stage.WORKING:
        return _render(request, session, "waiting")
    back = return_address(session) if ending is Ending.RETURN else None
    return _render(request, session, "result", back=back)


def _failure_page(request: Any, session: Session) -> Response:
    return _render(request, session, "message", status=504, kind="failed")


def _render(
    request: Any, session: Session, template: str, *, status: int = 200, **values: object
) -> Response:
    language = language_of(request, session.order.language)
    merchant = request.bank.settings.merchant_name or request.bank.settings.merchant
    return render_page(
        template, language=language, status=status, session=session, merchant=merchant, **values
    )


def includeme(config: Any) -> None:
    """Register the payer's addresses."""
    for name, path, method, view in (
        ("pay", "/pay/{session_id}", "GET", show),
        ("pay_card", "/pay/{session_id}/card", "POST", submit_card),
        ("pay_code", "/pay/{session_id}/code", "POST", submit_code),
        ("pay_cancel", "/pay/{session_id}/cancel", "POST", cancel),
        ("pay_wait", "/pay/{session_id}/wait", "GET", wait),
    ):
        config.add_route(name, path)
        config.add_view(unless_down(view), route_name=name, request_method=method)
