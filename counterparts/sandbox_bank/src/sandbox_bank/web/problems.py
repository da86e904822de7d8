"""Errors as HTTP says them: problem+json (RFC 9457) for programs, a plain page for people."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from typing import Any

from pyramid.response import Response

from sandbox_bank import errors
from sandbox_bank.web.rendering import render_page
from sandbox_bank.web.texts import language_of

_log = logging.getLogger(__name__)

_STATUS: dict[type[errors.BankError], int] = {
    errors.UnknownSession: 404,
    errors.IdempotencyConflict: 409,
    errors.ReferenceTaken: 409,
    errors.NotCapturable: 409,
    errors.NotReversible: 409,
    errors.ReversalRefused: 409,
    errors.AmountTooHigh: 422,
    errors.UnknownCard: 422,
    errors.InvalidRequest: 422,
}
_TITLES = {
    400: "Bad request",
    401: "Unauthorised",
    403: "Forbidden",
    404: "Not found",
    409: "Conflict",
    422: "Invalid request",
    500: "Internal error",
    503: "Service unavailable",
    504: "Timeout",
}
_MACHINE_PATHS = ("/v1/", "/test/")


def problem(status: int, code: str, detail: str, *, fields: Sequence[errors.FieldError] = ()) -> Response:
    """Answer with a problem document; `code` is stable, `detail` is for people."""
    body: dict[str, object] = {
        "type": f"urn:sandbox-bank:problem:{code}",
        "title": _TITLES[status],
        "status": status,
        "code": code,
        "detail": detail,
    }
    if fields:
        body["errors"] = [{"field": item.field, "detail": item.detail} for item in fields]
    return Response(
        json.dumps(body).encode(), status=status, content_type="application/problem+json", charset=None
    )


def refusal(error: errors.BankError, request: Any) -> Response:
    """Say a refusal of the bank to whoever asked."""
    status = _STATUS[type(error)]
    if not _is_machine(request):
        return _page(request, status)
    fields = error.errors if isinstance(error, errors.InvalidRequest) else ()
    return problem(status, error.code, str(error), fields=fields)


def not_found(request: Any) -> Response:
    """Answer an address or a method that the bank does not serve."""
    if _is_machine(request):
        return problem(404, "no-such-address", f"{request.method} {_raw_path(request)} is not served")
    return _page(request, 404)


def undecodable(_error: UnicodeDecodeError, request: Any) -> Response:
    """Answer an address or a form that is not UTF-8."""
    if _is_machine(request):
        return problem(400, "not-utf-8", "the address is not UTF-8")
    return _page(request, 404)


def failure(_error: Exception, request: Any) -> Response:
    """Answer an error of the bank's own: logged with its trace, told without it."""
    _log.exception("%s %s failed", request.method, _raw_path(request))
    if _is_machine(request):
        return problem(500, "internal-error", "the bank failed; its log says why")
    return _page(request, 500)


def _is_machine(request: Any) -> bool:
    return _raw_path(request).startswith(_MACHINE_PATHS)


def _raw_path(request: Any) -> str:
    """Return the path without decoding it: `request.path` raises for bytes that are not UTF-8."""
    return str(request.environ.get("PATH_INFO", ""))


def _page(request: Any, status: int) -> Response:
    kind = "not_found" if status == 404 else "failed"
    return render_page("message", language=language_of(request), status=status, kind=kind, session=None)


def includeme(config: Any) -> None:
    """Register the views of errors."""
    config.add_exception_view(refusal, context=errors.BankError)
    config.add_exception_view(undecodable, context=UnicodeDecodeError)
    config.add_exception_view(failure, context=Exception)
    config.add_notfound_view(not_found)
