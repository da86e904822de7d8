"""Steps 3 and 4: a payer arrives with a ServiceID, an OrderKey and perhaps a ReturnUrl, and gets a place of his own."""

from dataclasses import dataclass

import structlog

from mpay_gateway.domain.errors import InvalidReturnUrl, UnknownOrder
from mpay_gateway.domain.identifiers import OrderKey
from mpay_gateway.domain.service import Channel, Service
from mpay_gateway.flow.order_lookup import possible_key
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.return_address import accepted_return_url
from mpay_gateway.storage.visits import Visit

_log = structlog.get_logger("visiting")


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a payer's browser brings, as it came. `client`: its address, for limits."""

    service_id: str
    order_key: str
    client: str
    return_url: str = ""
    channel: Channel = Channel.PORTAL


def open_visit(parts: Parts, arrival: Arrival) -> Visit:
    """Store a place for the payer. Nobody is asked yet and nothing is charged.

    A ReturnUrl that the service has not registered is dropped: the payment goes on without a way back.
    Raises: UnknownService; UnknownOrder when the key cannot be one of the service's; TooManyRequests.
    """
    service = parts.services.get(arrival.service_id)
    parts.limits.before_visit(arrival.client)
    visit = Visit(
        token=parts.ids.token(),
        service_id=service.id,
        order_key=_possible_key(parts, service, arrival),
        return_url=_way_back(parts, service, arrival.return_url),
        channel=arrival.channel,
        created_at=parts.clock.now(),
        factor_passed=service.second_factor == "none",
        form_token=parts.ids.token(),
    )
    parts.units.run("open-visit", lambda work: work.visits.add(visit))
    return visit


def find_visit(parts: Parts, token: str) -> Visit:
    """The visit of an address. Raises: NotFound."""
    return parts.units.read(lambda work: work.visits.get(token))


def _possible_key(parts: Parts, service: Service, arrival: Arrival) -> OrderKey:
    try:
        return possible_key(service, arrival.order_key)
    except UnknownOrder:
        parts.limits.missed(arrival.client, service.id, arrival.order_key)
        raise


def _way_back(parts: Parts, service: Service, return_url: str) -> str:
    if not return_url:
        return ""
    try:
        return accepted_return_url(service, return_url, allow_http=parts.settings.outbound.allow_http)
    except InvalidReturnUrl as error:
        _log.warning("return_url_refused", service=service.id, reason=str(error))
        return ""
