"""The invoice: what the gateway shows of an order, under a number of its own, and how a payment fills its lines."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from mpay_gateway.domain.details import Detail
from mpay_gateway.domain.identifiers import InvoiceId
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.order import Order, OrderLine
from mpay_gateway.domain.service import Service


@dataclass(frozen=True, slots=True)
class Invoice:
    """An order as it is shown to a payer and printed.

    `snapshot_id` names the GetOrderDetails answer that `order` comes from. `payable`: what is due now, None when the
    payer says how much he pays: of an amount that the service does not know, or in advance of one that is not due yet.
    For instruments it is what he agreed to pay. `address`: the page on our own
    host that opens it.
    """

    id: InvoiceId
    service: Service
    order: Order
    snapshot_id: str
    payable: Money | None
    issued_at: datetime
    address: str = ""
    details: tuple[Detail, ...] = ()


@dataclass(frozen=True, slots=True)
class LineAllocation:
    """The part of a payment that goes to one line."""

    line: OrderLine
    amount: Money


def allocate(
    order: Order, amount: Money, taken: Mapping[str, Money] = MappingProxyType({})
) -> tuple[LineAllocation, ...]:
    """Which line gets how much of `amount` (contract section 6; the gateway's own rule).

    Lines are filled in the order sent, each up to its amount due less what is `taken` of it already (by line
    id); what is left goes to the first line that allows advance payment (the first of all where only the order
    allows it), and of an unknown amount the first line takes all. Lines that get nothing are left out. The parts
    sum to `amount`.

    Raises: ValueError when more is left than the order can take.
    """
    if order.total_due is None:
        return (LineAllocation(order.lines[0], amount),)
    left, nothing = amount, Money.zero(amount.currency)
    shares: list[Money] = []
    for line in order.lines:
        share = nothing if line.amount_due is None else min(_room(line, line.amount_due, taken), left)
        shares.append(share)
        left = left - share
    if left:
        taker = _taker_of_the_rest(order)
        shares[taker] = shares[taker] + left
    return tuple(
        LineAllocation(line, share) for line, share in zip(order.lines, shares, strict=True) if share
    )


def shared(order: Order, shares: tuple[tuple[str, Money], ...]) -> tuple[LineAllocation, ...]:
    """Shares by line id as allocations of the order's lines."""
    lines = {line.line_id: line for line in order.lines}
    return tuple(LineAllocation(lines[line_id], amount) for line_id, amount in shares)


def _room(line: OrderLine, due: Money, taken: Mapping[str, Money]) -> Money:
    """What the line can still take; never less than nothing."""
    nothing = Money.zero(due.currency)
    return max(nothing, due - taken.get(line.line_id, nothing))


def _taker_of_the_rest(order: Order) -> int:
    for place, line in enumerate(order.lines):
        if line.allow_advance or (order.allow_advance and line.allow_advance is None):
            return place
    if order.allow_advance:
        return 0
    raise ValueError("more than the order can take")
