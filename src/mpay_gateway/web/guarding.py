"""Who is let in to the addresses that are not for payers: by client certificate and by network address, always both.

The certificate is checked where TLS ends: by our own proxy, which says in a header whose it is. The header counts only
from there. Whoever is refused reads nothing of the reason, nor whether there is anything: the log has it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import structlog
from pyramid.httpexceptions import HTTPForbidden
from pyramid.request import Request

from mpay_gateway.domain.callers import within
from mpay_gateway.domain.errors import UnknownService
from mpay_gateway.flow.pos_terminals import terminals_at
from mpay_gateway.settings.access import Caller, Right
from mpay_gateway.web.addresses import client_of

_log = structlog.get_logger("access")


@dataclass(frozen=True, slots=True)
class Admitted:
    """Who was let in. `id`: as the settings name him; the audit has it as the actor `caller:<id>`."""

    id: str
    caller: Caller

    def check_service(self, service_id: str) -> None:
        """Raises: UnknownService, as for one that is not there, when its orders are not for this caller."""
        if not self.caller.sees(service_id):
            raise UnknownService(service_id)


Guard = Callable[[Request], Admitted]


def integrators(request: Request) -> Admitted:
    """The guard of the REST addresses. Raises: HTTPForbidden; TooManyRequests."""
    return _from_his_networks(request, Right.INVOICES)


def vendors(request: Request) -> Admitted:
    """The guard of the address where POS terminals are registered. Raises: HTTPForbidden; TooManyRequests."""
    return _from_his_networks(request, Right.POS)


def at_terminal(request: Request) -> Admitted:
    """The guard of the clerk's pages: the addresses are those of the terminals that the caller registered.

    They stand in `request.terminals`. Raises: HTTPForbidden; TooManyRequests.
    """
    admitted = identified(request, Right.POS)
    request.terminals = terminals_at(request.parts, admitted.id, request.caller_address)
    if not request.terminals:
        raise refused(request, "terminal")
    return served(request, admitted, request.caller_address)


def identified(request: Request, right: Right) -> Admitted:
    """Whose certificate it is, wherever he calls from. Raises: HTTPForbidden; TooManyRequests."""
    header = request.parts.settings.access.certificate_header
    told = request.headers.get(header, "") if header and request.by_own_proxy else ""
    found = request.parts.settings.access.of_certificate(told, right)
    if found is None:
        raise refused(request, "certificate")
    return Admitted(*found)


def refused(request: Request, why: str) -> HTTPForbidden:
    """What somebody gets who is not let in; counted, so that who knocks for ever fills no log.

    Raises: TooManyRequests for who did it too often.
    """
    client = client_of(request)
    request.parts.limits.refuse_forger(client)
    request.parts.limits.forged(client)
    _log.warning("caller_refused", why=why, address=request.caller_address, path=request.matched_route.name)
    return HTTPForbidden()


def served(request: Request, admitted: Admitted, *place: str) -> Admitted:
    """Count a call of one who is let in. `place`: where each of his places has a count of its own.

    Raises: TooManyRequests.
    """
    request.parts.limits.before_call(admitted.id, *place)
    return admitted


def _from_his_networks(request: Request, right: Right) -> Admitted:
    admitted = identified(request, right)
    if not within(request.caller_address, admitted.caller.parsed_networks):
        raise refused(request, "address")
    return served(request, admitted)
