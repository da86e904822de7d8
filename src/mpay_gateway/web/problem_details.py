"""Errors for integrators' programs: problem details (RFC 9457). The words are ours, never an exception's own."""

import json
from dataclasses import dataclass

from pyramid.httpexceptions import HTTPException
from pyramid.request import Request
from pyramid.response import Response

from mpay_gateway.domain.errors import (
    InvalidChoice,
    InvoiceAlreadyPaid,
    InvoiceExpired,
    UnknownOrder,
    UnknownService,
)

MEDIA_TYPE = "application/problem+json"
DESCRIPTION = "/openapi/index.html"
PREFIXES = ("/api/", "/openapi/")
"""Below these, in any case of letters, programs read the answers."""


@dataclass(frozen=True, slots=True)
class ProblemType:
    """One kind of problem. `what`: what happened, `do`: what its reader can do."""

    title: str
    what: str
    do: str


TYPES = {
    "bad-request": ProblemType(
        "Bad request", "A parameter is missing, came twice, or cannot be read.", "Mend the request."
    ),
    "forbidden": ProblemType("Forbidden", "Nothing is here for you.", "Ask the operator of the gateway."),
    "not-found": ProblemType(
        "Not found",
        "No such address, service or order, or none for you.",
        "Check the ServiceID and the key.",
    ),
    "method": ProblemType(
        "Method not allowed", "The address does not take this method.", "See the Allow header."
    ),
    "too-large": ProblemType(
        "Too large", "The request is larger than any that is needed here.", "Send less."
    ),
    "not-payable": ProblemType(
        "Not payable",
        "The order is paid, expired or cancelled, or somebody is paying it: there is no invoice to print.",
        "Ask for its invoice numbers, or again later.",
    ),
    "closed": ProblemType(
        "Service closed", "The service takes no payments now.", "Ask the operator of the gateway."
    ),
    "no-counter": ProblemType(
        "Not payable at a counter", "The service takes no payments at counters.", "Ask the service."
    ),
    "too-many": ProblemType(
        "Too many requests", "You call too often.", "Wait for as long as Retry-After says."
    ),
    "suspended": ProblemType("Suspended", "Nothing new begins at this gateway just now.", "Try again later."),
    "remote": ProblemType(
        "Service not answering", "The e-Service gave no usable answer.", "Try again after Retry-After."
    ),
    "provider": ProblemType(
        "Provider refused", "The provider refused to begin the payment.", "Try again after Retry-After."
    ),
    "paper": ProblemType(
        "Paper not drawn", "The paper could not be drawn in time.", "Try again after Retry-After."
    ),
    "unavailable": ProblemType(
        "Unavailable", "The gateway cannot serve just now.", "Try again after Retry-After."
    ),
    "busy": ProblemType(
        "Busy", "The gateway serves as many as it can just now.", "Try again after Retry-After."
    ),
    "stale-form": ProblemType(
        "Form of another site", "The request was not made by a page of ours.", "Mend the request."
    ),
    "bug": ProblemType("Internal error", "A fault of the gateway.", "Tell its operator the reference."),
}
"""By the keys that `web/errors.py` gives to errors."""
_CODES = (UnknownService, UnknownOrder, InvoiceAlreadyPaid, InvoiceExpired)
"""Errors that the guide has a fault code for; a subclass counts as what it is made of."""


def for_programs(request: Request) -> bool:
    """Whether the one who asked reads problem details, whatever became of his request. People read the description."""
    path = str(request.environ.get("PATH_INFO", "")).lower()
    return path.startswith(PREFIXES) and path != DESCRIPTION


def problem_details(error: Exception, key: str, status: int, *, reference: str) -> Response:
    """The answer. `reference`: under which the gateway's log has the request."""
    kind = TYPES[key]
    document = {
        "type": f"{DESCRIPTION}#{key}",
        "title": kind.title,
        "status": status,
        "detail": f"{_detail(error) or kind.what} {kind.do}",
        "reference": reference,
    }
    if code := next((each.__name__ for each in _CODES if isinstance(error, each)), ""):
        document["code"] = code
    return Response(json.dumps(document), content_type=MEDIA_TYPE, charset="utf-8")


def _detail(error: Exception) -> str:
    """What is wrong with the request, where the words are our own."""
    match error:
        case InvalidChoice():
            return f"{error}."
        case HTTPException() if error.detail and error.code == 400:
            return f"{error.detail}."
        case _:
            return ""
