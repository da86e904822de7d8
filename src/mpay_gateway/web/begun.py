"""The payments that a browser began, so that it finds back to them when the shop sends it here anew.

A cookie names the last few visits in which this browser began a payment. It gives nobody a place that he did not have:
whoever has the address of a visit has the visit, and this browser had it.
"""

import re

from pyramid.request import Request
from pyramid.response import Response

from mpay_gateway.web.language import cookie_name

MOST = 5
"""Visits that are remembered, the newest last."""
KEPT_SECONDS = 24 * 3600
"""A payment holds its order for minutes; the rest of the day is for one that is looked into."""
_ENTRY = re.compile(r"([A-Za-z0-9_-]{20,43}):([0-9]{1,11})", re.ASCII)


def begun_here(request: Request) -> frozenset[str]:
    """The visits of a day in which this browser began a payment; what cannot be read of the cookie names none."""
    return frozenset(_kept(request))


def remember_begun(request: Request, response: Response, visit_token: str) -> None:
    """Have the browser name the visit from now on, for a day, when it follows a link to us."""
    kept = _kept(request)
    kept.pop(visit_token, None)
    kept[visit_token] = _now(request)
    newest = list(kept.items())[-MOST:]
    response.set_cookie(
        _name(request), ".".join(f"{token}:{begun}" for token, begun in newest), max_age=KEPT_SECONDS, path="/",
        httponly=True, samesite="Lax", secure=request.registry.public_address.https,
    )  # fmt: skip


def _kept(request: Request) -> dict[str, int]:
    """Visit and second of its begin, the newest last."""
    now = _now(request)
    found = (_ENTRY.fullmatch(each) for each in request.cookies.get(_name(request), "").split(".")[-MOST:])
    begun = {match[1]: int(match[2]) for match in found if match is not None}
    return {token: at for token, at in begun.items() if abs(now - at) < KEPT_SECONDS}


def _now(request: Request) -> int:
    return int(request.parts.clock.now().timestamp())


def _name(request: Request) -> str:
    return cookie_name("begun", request.registry.public_address)
