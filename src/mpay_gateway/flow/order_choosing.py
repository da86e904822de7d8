"""Step 5 for a payer: which orders stand under the key that he brought, and the choice of one of several."""

from dataclasses import dataclass

from mpay_gateway.domain.errors import (
    InvalidChoice,
    OrderNotNamed,
    UnknownOrder,
)
from mpay_gateway.domain.language import Language
from mpay_gateway.domain.order import Order
from mpay_gateway.domain.service import Service
from mpay_gateway.flow.claiming import Standing, closed_by_service
from mpay_gateway.flow.order_lookup import Answer, SeveralOrders, look_up_to_choose, look_up_to_show
from mpay_gateway.flow.parts import Parts
from mpay_gateway.storage.visits import Visit


@dataclass(frozen=True, slots=True)
class OrderChoice:
    """Several orders stand under the key of the visit: the payer chooses one."""

    visit: Visit
    service: Service
    orders: tuple[Order, ...]

    def standing(self, order: Order) -> Standing:
        """Whether the order can be paid, as far as the service has said."""
        return closed_by_service(order) or Standing.PAYABLE


def ask_for_visit(
    parts: Parts, visit: Visit, service: Service, language: Language, *, client: str
) -> Answer | SeveralOrders:
    """What the service has now under the key of the visit, as often as the payer may ask.

    Raises: UnknownOrder, TooManyRequests, RemoteError.
    """
    if visit.invoice_id is None:
        parts.limits.before_lookup(client, service.id, visit.order_key)
    else:
        parts.limits.before_looking_again(visit.token)
    try:
        if visit.chosen_from:
            return look_up_to_show(parts, service, visit.order_key, language)
        return look_up_to_choose(parts, service, visit.order_key, language)
    except OrderNotNamed:  # it may be the service's trouble: nobody is taken for a guesser
        raise
    except UnknownOrder:
        parts.limits.not_found(client, service.id, visit.order_key)
        raise


def choose_order(parts: Parts, token: str, order_key: str, language: Language, *, client: str) -> Visit:
    """A place of its own for one of the orders under the visit's key: it is read and paid by its own key alone.

    Raises: InvalidChoice when the service has no such order under the visit's key; what `show_invoice` raises.
    """
    visit = parts.units.read(lambda work: work.visits.get(token))
    service = parts.services.get(visit.service_id)
    if not visit.factor_passed:
        raise UnknownOrder(service.id)
    found = ask_for_visit(parts, visit, service, language, client=client)
    if isinstance(found, Answer):  # by now it is the only one
        return visit
    chosen = next((each.order_key for each in found.orders if each.order_key == order_key), None)
    if chosen is None:
        raise InvalidChoice("order", "order.unknown")
    own = Visit(
        token=parts.ids.token(), service_id=service.id, order_key=chosen, return_url=visit.return_url,
        channel=visit.channel, created_at=parts.clock.now(), factor_passed=True, form_token=parts.ids.token(),
        chosen_from=visit.token,
    )  # fmt: skip
    parts.units.run("open-visit", lambda work: work.visits.add(own))
    return own
