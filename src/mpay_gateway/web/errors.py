"""The only place that knows which HTTP status an error has, and what the payer reads then.

Every page says what happened, whether money was taken, what to do now, and a reference to quote. No error's own
text is shown: it is for the log.
"""

import traceback
from dataclasses import dataclass

import structlog
from pyramid.config import Configurator
from pyramid.exceptions import BadCSRFOrigin, BadCSRFToken, URLDecodeError
from pyramid.httpexceptions import HTTPException
from pyramid.renderers import render_to_response
from pyramid.request import Request
from pyramid.response import Response
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from mpay_gateway.domain.errors import (
    Conflict,
    DocumentFailed,
    InvalidCallback,
    InvalidInput,
    MpayError,
    NotAtCounters,
    NotFound,
    NotPayable,
    PaymentsSuspended,
    ProviderRefused,
    RemoteError,
    RemoteRefused,
    ServiceClosed,
    TooManyRequests,
)
from mpay_gateway.domain.identifiers import ReferenceForm, new_reference
from mpay_gateway.domain.service import Service
from mpay_gateway.domain.service_faults import FaultRule, ServiceOperation, rule_of
from mpay_gateway.flow.visiting import find_visit
from mpay_gateway.web.crowd import AGAIN, Crowded
from mpay_gateway.web.problem_details import for_programs, problem_details

_log = structlog.get_logger("web")
_REFERENCE = ReferenceForm(length=8)
_SOON = 60
_LATER = 600
_MACHINES = frozenset({"provider_callback", "status", "health", "ready", "metrics", "static", "logo", "qr"})
"""Routes whose callers read no pages."""
_AFTER_THE_BANK = frozenset(
    {"bank", "qr", "result", "status", "receipt_pdf", "provider_return", "find", "check"}
)
"""Routes that a payer may come to whose money was taken already."""
_SAY_NOTHING_OF_MONEY = frozenset({"bug", "unavailable", "paper", "busy"})
"""Problems of which it cannot be said how far the request had come."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong, for the one who asked. `key`: of its texts. `retry_after`: seconds, 0 for never."""

    status: int
    key: str
    retry_after: int = 0


_BY_STATUS = {400: "bad-request", 403: "forbidden", 404: "not-found", 405: "method", 413: "too-large"}
_BY_TYPE: tuple[tuple[type[Exception], Problem], ...] = (
    (BadCSRFToken, Problem(400, "stale-form")),
    (BadCSRFOrigin, Problem(400, "stale-form")),
    (URLDecodeError, Problem(404, "not-found")),
    (InvalidInput, Problem(400, "bad-request")),
    (ServiceClosed, Problem(409, "closed")),
    (NotFound, Problem(404, "not-found")),
    (NotAtCounters, Problem(409, "no-counter")),
    (NotPayable, Problem(409, "not-payable")),
    (PaymentsSuspended, Problem(503, "suspended", _LATER)),
    (ProviderRefused, Problem(503, "provider", _SOON)),
    (RemoteError, Problem(503, "remote", _SOON)),
    (DocumentFailed, Problem(503, "paper", _SOON)),
    (Conflict, Problem(503, "unavailable", _SOON)),
    (DBAPIError, Problem(503, "unavailable", _SOON)),
    (PoolTimeout, Problem(503, "unavailable", _SOON)),
    (Crowded, Problem(503, "busy", AGAIN)),
)


def problem_of(error: Exception) -> Problem:
    """What an error is to the one who asked; what is in no table is a bug of ours."""
    for kind, problem in _BY_TYPE:
        if isinstance(error, kind):
            return problem
    match error:
        case HTTPException():
            return Problem(error.code, _BY_STATUS.get(error.code, "bad-request"))
        case TooManyRequests():
            return Problem(429, "too-many", error.retry_after)
        case _:
            return Problem(500, "bug")


def add_error_pages(config: Configurator) -> None:
    """Register the view of every error; Pyramid picks it whatever was raised."""
    for context in (Exception, HTTPException):
        config.add_exception_view(show_error, context=context)


def show_error(error: Exception, request: Request) -> Response:
    """The page of an error; a line of text for machines, problem details for integrators' programs."""
    problem = problem_of(error)
    if isinstance(error, InvalidCallback) and _route(request) == "provider_callback":
        problem = Problem(401, "forbidden")
    reference = new_reference(_REFERENCE, request.parts.ids.below)
    _note(error, problem, request, reference)
    if for_programs(request):
        response = problem_details(error, problem.key, problem.status, reference=reference)
    elif _route(request) in _MACHINES:
        response = Response(f"{problem.status} {reference}\n", content_type="text/plain", charset="utf-8")
    else:
        response = _page(problem, request, reference, fault=_fault(error))
    response.status_int = problem.status
    if problem.retry_after:
        response.headers["Retry-After"] = str(problem.retry_after)
    if isinstance(error, HTTPException) and "Allow" in error.headers:
        response.headers["Allow"] = error.headers["Allow"]
    return response


def _page(problem: Problem, request: Request, reference: str, *, fault: FaultRule | None) -> Response:
    values = {
        "fault": fault,
        "problem": problem,
        "money": _of_money(problem, _route(request)),
        "reference": reference,
        "service": _service(request),
        "token": _place_to_go_back_to(problem, request),
        "minutes": max(1, -(-problem.retry_after // 60)),
    }
    return render_to_response("error.pt", values, request=request)


def _place_to_go_back_to(problem: Problem, request: Request) -> str:
    """The payer's place; none where it is the place that is not there, or is closed."""
    back = problem.key not in {"not-found", "closed"} and _route(request) in {"pay", "method", "bank"}
    return _matched(request, "token") if back else ""


def _fault(error: Exception) -> FaultRule | None:
    """What becomes of a service's fault. A provider's refusal is none, whatever its code."""
    if not isinstance(error, RemoteRefused) or isinstance(error, ProviderRefused):
        return None
    return rule_of(ServiceOperation.LOOKUP, error.code)


def _of_money(problem: Problem, route: str) -> str:
    """The text about money: "none was taken" only where that is certain."""
    certain = route not in _AFTER_THE_BANK and problem.key not in _SAY_NOTHING_OF_MONEY
    return "problem.no_money" if certain else "problem.money_unknown"


def _note(error: Exception, problem: Problem, request: Request, reference: str) -> None:
    """A line for those who are quoted the reference.

    A bug comes with the places that it passed, not with its message: messages of templates and of databases
    repeat the values that they were given, and those are people's.
    """
    values = {"reference": reference, "route": _route(request), "status": problem.status}
    if problem.status == 500:
        _log.error("request_failed", **values, error=type(error).__name__, trace=_trace(error))
    elif problem.status == 503:
        _log.warning("request_not_served", **values, error=type(error).__name__, detail=_detail(error))
    else:
        _log.info("request_refused", **values, error=type(error).__name__)


def _detail(error: Exception) -> str:
    """What may stand in a log: our own words, and codes; what services and databases say repeats people's values."""
    match error:
        case RemoteRefused():
            return error.code
        case DBAPIError():
            return f"{type(error.orig).__name__} {getattr(error.orig, 'sqlstate', None) or ''}".rstrip()
        case _:
            return str(error)


def _trace(error: BaseException) -> str:
    """Places, innermost last; those of the cause follow."""
    places = "".join(traceback.format_tb(error.__traceback__))
    if (cause := error.__cause__) is not None:
        return f"{places}because of {type(cause).__name__}\n{_trace(cause)}"
    return places


def _service(request: Request) -> Service | None:
    """The service that the page was about, if it was about one."""
    service_id, token = _matched(request, "service"), _matched(request, "token")
    try:
        if token and _route(request) != "check":
            service_id = find_visit(request.parts, token).service_id
        return request.parts.services.get_any(service_id) if service_id else None
    except (MpayError, DBAPIError, PoolTimeout):
        return None


def _matched(request: Request, name: str) -> str:
    return str((getattr(request, "matchdict", None) or {}).get(name, ""))


def _route(request: Request) -> str:
    return str(getattr(getattr(request, "matched_route", None), "name", ""))
