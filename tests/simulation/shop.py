"""An e-Service with books of its own: its orders, and each confirmation that it was told and took."""

from dataclasses import dataclass, field

from mpay_gateway.domain.confirmation import Confirmation
from mpay_gateway.domain.errors import RemoteRefused
from mpay_gateway.domain.identifiers import OrderKey, ServiceId
from mpay_gateway.domain.money import Money, sum_money
from mpay_gateway.domain.order import Order, OrderLine, OrderLookup, OrderStatus, PaymentAccount

IBANS = ("MD24AG000225100013104168", "MD87TRPBAA142310A1500001")
CURRENCY = "MDL"


@dataclass
class ShopOrder:
    """One order. `paid`: minor units by line, of all that was confirmed. `most`: the highest that it ever came to."""

    service_id: str
    key: str
    lines: dict[str, int]
    partial: bool
    status: OrderStatus = OrderStatus.ACTIVE
    paid: int = 0
    most: int = 0

    @property
    def due(self) -> int:
        return max(0, sum(self.lines.values()) - self.paid)


@dataclass
class Shop:
    """All services' books. `told`: what each payment was confirmed with; `contradictions`: what was told otherwise.

    `touched`: orders that are no longer as they were at first, by the service's own doing. `released`: orders of
    which the service has said that it released the debt.
    """

    strict: bool
    orders: dict[str, ShopOrder] = field(default_factory=dict)
    told: dict[str, Confirmation] = field(default_factory=dict)
    contradictions: list[str] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)
    released: set[str] = field(default_factory=set)

    def add(self, service_id: str, key: str, amounts: tuple[int, ...], *, partial: bool) -> ShopOrder:
        lines = {f"L{place}": amount for place, amount in enumerate(amounts)}
        order = self.orders[key] = ShopOrder(service_id, key, lines, partial, most=sum(amounts))
        return order

    # What the gateway asks.

    def look_up(self, key: str) -> OrderLookup:
        order = self.orders.get(key)
        return OrderLookup(() if order is None else (_described(order),))

    def confirm(self, told: Confirmation) -> None:
        """Take a confirmation, once. Raises: RemoteRefused for an order that cannot be paid."""
        known = self.told.get(told.payment_id)
        if known is not None:
            if known.digest != told.digest:
                self.contradictions.append(f"{told.payment_id} was told twice, each time otherwise")
            return
        order = self.orders[told.order_key]
        if self.strict and not _takes(order, told.total.minor):
            raise RemoteRefused("InvalidParameter", "the order cannot be paid")
        self.told[told.payment_id] = told
        order.paid += told.total.minor
        if not order.due and order.status is OrderStatus.ACTIVE:
            order.status = OrderStatus.PAID

    # What the service does itself.

    def amend(self, order: ShopOrder, by: int) -> None:
        """Another amount; by 0 the same amount, on other lines."""
        first, *_, last = (*order.lines, *order.lines)
        if not by:
            order.lines[first], order.lines[last] = order.lines[last], order.lines[first]
            return
        order.lines[first] = max(1, order.lines[first] + by)
        order.most = max(order.most, sum(order.lines.values()))
        if order.status is OrderStatus.PAID and order.due:
            order.status = OrderStatus.ACTIVE

    def cancel(self, order: ShopOrder) -> None:
        if order.status is OrderStatus.ACTIVE:
            order.status = OrderStatus.CANCELLED

    def reopen(self, order: ShopOrder) -> None:
        if order.status is OrderStatus.CANCELLED:
            order.status = OrderStatus.ACTIVE

    def release(self, order: ShopOrder) -> None:
        """The service lets money of the order go back to its payer."""
        if order.paid and order.status not in {OrderStatus.REFUNDING, OrderStatus.REFUNDED}:
            order.status = OrderStatus.REFUNDING
            self.released.add(order.key)

    def refunded(self, order: ShopOrder) -> None:
        if order.status is OrderStatus.REFUNDING:
            order.status = OrderStatus.REFUNDED

    def pay_elsewhere(self, order: ShopOrder) -> None:
        """Somebody pays all of it at the service's own desk."""
        order.paid += order.due
        if order.status is OrderStatus.ACTIVE:
            order.status = OrderStatus.PAID

    def confirmed(self, key: str) -> int:
        """Minor units that all payments together have paid of an order."""
        return sum(each.total.minor for each in self.told.values() if each.order_key == key)


def _takes(order: ShopOrder, amount: int) -> bool:
    return order.status is OrderStatus.ACTIVE and amount <= order.due


def _described(order: ShopOrder) -> Order:
    """The order with what is still due of each line, the first ones paid first."""
    left, lines = order.paid, []
    for place, (line_id, amount) in enumerate(order.lines.items()):
        paid = min(left, amount)
        left -= paid
        account = PaymentAccount(iban=IBANS[place % len(IBANS)])
        lines.append(OrderLine(line_id, "A thing", Money.from_minor(amount - paid, CURRENCY), account))
    total = sum_money((line.amount_due for line in lines), CURRENCY)
    return Order(
        ServiceId(order.service_id), OrderKey(order.key), "A thing", order.status, CURRENCY, total, tuple(lines),
        allow_partial=order.partial,
    )  # fmt: skip
