"""``/test/*``: JSON for tests. Only with ``--test-controls``, never where strangers can reach it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from pyramid.config import Configurator
from pyramid.request import Request
from pyramid.response import Response

from demo_service.fault_switch import read_choice, read_seconds
from demo_service.kinds import Kind
from demo_service.offers import TERMS, Offer
from demo_service.orders import NewOrder, Order
from demo_service.parts import Parts

Answer = Mapping[str, object] | list[Mapping[str, object]]
LARGEST_AMOUNT = Decimal("99999999.99")
_NEW_ORDER_MEMBERS = {
    "amount",
    "customer_id",
    "customer_name",
    "due_in_seconds",
    "kind",
    "offer",
    "plate_number",
    "slow_seconds",
}


def add_test_controls(config: Configurator, parts: Parts) -> None:
    """Add the routes to an application."""
    controls = TestControls(parts)
    routes: tuple[tuple[str, str, str, Callable[[Request], Answer]], ...] = (
        ("test.order", "POST", "/test/orders", controls.create_order),
        ("test.order.read", "GET", "/test/orders/{order_key}.json", controls.read_order),
        ("test.order.change", "POST", "/test/orders/{order_key}", controls.change_order),
        ("test.faults", "GET", "/test/faults", controls.read_faults),
        ("test.faults.turn", "POST", "/test/faults", controls.turn_faults),
        ("test.confirmations", "GET", "/test/confirmations.json", controls.list_confirmations),
        ("test.lookups", "GET", "/test/lookups.json", controls.list_lookups),
    )
    for name, method, pattern, view in routes:
        config.add_route(name, pattern, request_method=method)
        config.add_view(_as_json(view), route_name=name)


class TestControls:
    """The views; each returns what becomes JSON. Raises: ValueError (400), LookupError (404)."""

    __test__ = False

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def create_order(self, request: Request) -> Answer:
        wishes = _members(request, _NEW_ORDER_MEMBERS)
        return describe(self._parts.book.create(_new_order(wishes)))

    def read_order(self, request: Request) -> Answer:
        return describe(self._parts.book.get(request.matchdict["order_key"]))

    def change_order(self, request: Request) -> Answer:
        kind = _kind(_members(request, {"kind"}))
        return describe(self._parts.book.change_kind(request.matchdict["order_key"], kind))

    def read_faults(self, _request: Request) -> Answer:
        return asdict(self._parts.switch.now)

    def turn_faults(self, request: Request) -> Answer:
        return asdict(self._parts.switch.turn(_body(request)))

    def list_confirmations(self, request: Request) -> Answer:
        return self._parts.journal.confirmations(request.GET.get("order_key"))

    def list_lookups(self, request: Request) -> Answer:
        return self._parts.journal.lookups(request.GET.get("order_key"))


def describe(order: Order) -> Answer:
    """An order for a test to look at; amounts are texts with two decimals."""
    return {
        "order_key": order.order_key,
        "service_id": order.service_id,
        "kind": order.kind.value,
        "offer": order.offer.value,
        "page": f"/orders/{order.place}",
        "state": order.state_at(datetime.now(UTC)).value,
        "total": _lei(order.total),
        "paid": _lei(order.paid),
        "remaining": _lei(order.remaining),
        "lookups": order.lookups,
        "detail": {"name": TERMS[order.offer].detail_property, "value": order.detail},
        "due_at": order.due_at.isoformat(),
        "lines": [
            {"line_id": each.line_id, "amount": _lei(each.amount), "paid": _lei(each.paid)}
            for each in order.lines
        ],
        "payments": [
            {
                "payment_id": each.payment_id,
                "total": _lei(each.total),
                "paid_at": each.paid_at.isoformat(),
                "received_at": each.received_at.isoformat(),
            }
            for each in order.payments
        ],
    }


def _new_order(wishes: Mapping[str, object]) -> NewOrder:
    offer = _offer(wishes)
    due_in = wishes.get("due_in_seconds")
    if due_in is not None and (isinstance(due_in, bool) or not isinstance(due_in, int | float)):
        raise ValueError("due_in_seconds must be a number")
    slow = wishes.get("slow_seconds")
    return NewOrder(
        offer=offer,
        kind=_kind(wishes),
        customer_name=str(wishes.get("customer_name", "Ion Codreanu")),
        customer_id=str(wishes.get("customer_id", "2002004005676")) or None,
        detail=str(wishes.get("plate_number", TERMS[offer].detail_sample)),
        amount=_amount(wishes.get("amount")),
        slow_seconds=None if slow is None else read_seconds(slow),
        due_in=due_in,
    )


def _kind(wishes: Mapping[str, object]) -> Kind:
    return read_choice(Kind, wishes.get("kind", Kind.ONE_LINE))


def _offer(wishes: Mapping[str, object]) -> Offer:
    default = Offer.FINE if "plate_number" in wishes else Offer.LAND_EXTRACT
    return read_choice(Offer, wishes.get("offer", default))


def _amount(value: object) -> int | None:
    """An amount in bani from a text such as 150.00."""
    if value is None:
        return None
    try:
        amount = Decimal(value if isinstance(value, str) else "no text")
    except InvalidOperation as error:
        raise ValueError("amount must be a text such as 150.00") from error
    if not amount.is_finite() or not 0 < amount <= LARGEST_AMOUNT or amount != round(amount, 2):
        raise ValueError(f"amount must be from 0.01 to {LARGEST_AMOUNT}, with two decimals")
    return int(amount * 100)


def _members(request: Request, known: set[str]) -> Mapping[str, object]:
    body = _body(request)
    if unknown := sorted(body.keys() - known):
        raise ValueError(f"unknown member {unknown[0]!r}; there are {', '.join(sorted(known))}")
    return body


def _body(request: Request) -> Mapping[str, object]:
    try:
        body = json.loads(request.body or b"{}")
    except ValueError as error:
        raise ValueError("the body must be JSON") from error
    if not isinstance(body, dict):
        raise ValueError("the body must be a JSON object")  # noqa: TRY004  the caller's input, not our types
    return body


def _as_json(view: Callable[[Request], Answer]) -> Callable[[Request], Response]:
    def respond(request: Request) -> Response:
        try:
            return _json(200, view(request))
        except LookupError:
            return _json(404, {"error": "there is no such order"})
        except ValueError as error:
            return _json(400, {"error": str(error)})

    return respond


def _json(status: int, content: Answer) -> Response:
    body = json.dumps(content, ensure_ascii=False).encode()
    return Response(body, status=status, content_type="application/json", charset="utf-8")


def _lei(bani: int) -> str:
    return f"{Decimal(bani) / 100:.2f}"
