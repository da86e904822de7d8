"""What must hold in an answer before anyone may be asked for money on its word (contract 3, 6, 8)."""

from dataclasses import replace

from mpay_eservice_soap.members import Members
from mpay_eservice_soap.texts import for_a_log
from mpay_gateway.api import InvalidAnswer, Money, Order, OrderKey, clean_order_key, normal_form, sum_money

MOST_PROPERTIES = 200
"""Of an order and its lines together: each is a field or a line of a page, of papers and of the confirmation."""


def check_keys(orders: tuple[Order, ...], asked: OrderKey) -> None:
    """A single order carries the key that was asked for; several have distinct keys that can be asked for.

    Raises: InvalidAnswer.
    """
    keys = [order.order_key for order in orders]
    if len(keys) == 1 and keys[0] != normal_form(asked):
        raise InvalidAnswer("OrderKey: the order of another key than the one that was asked for")
    if len(set(keys)) != len(keys):
        raise InvalidAnswer("OrderKey: two orders with the same key could not be told apart")
    for key in keys:
        _check_askable(key)


def check_lines(order: Order, members: Members) -> None:
    """At least one line, each with an id of its own. Raises: InvalidAnswer."""
    if not order.lines:
        members.refuse("Lines", "an order has at least one line")
    seen: set[str] = set()
    for line in order.lines:
        if line.line_id in seen:
            members.refuse("Lines", f"two lines with the LineID {for_a_log(line.line_id, 40)!r}")
        seen.add(line.line_id)


def check_properties(order: Order, members: Members) -> None:
    """No more than a page can show, and a form of 64 KiB bring back. Raises: InvalidAnswer."""
    count = len(order.properties) + sum(len(line.properties) for line in order.lines)
    if count > MOST_PROPERTIES:
        members.refuse(
            "Properties", f"{count} of the order and its lines; at most {MOST_PROPERTIES} are read"
        )


def check_amounts(order: Order, members: Members) -> Order:
    """The order with amounts that fit each other.

    Lines sum to the total. Without a total the amount is not known yet, which only partial or advance payment
    allows; when all lines have amounts, their sum is the total. What cannot be paid any more may contradict
    itself: it is a deviation.
    Raises: InvalidAnswer.
    """
    if order.total_due is None:
        return _without_total(order, members)
    amounts = _amounts(order)
    if order.status.payable and len(amounts) < len(order.lines):
        members.refuse("Lines", "a line without AmountDue under a known TotalAmountDue")
    if len(amounts) == len(order.lines) and _sum(amounts, order, members) != order.total_due:
        if order.status.payable:
            members.refuse("TotalAmountDue", "not the sum of the lines' AmountDue")
        members.note("sum-of-lines", "TotalAmountDue")
    return order


def _without_total(order: Order, members: Members) -> Order:
    amounts = _amounts(order)
    total = _sum(amounts, order, members)
    if len(amounts) == len(order.lines) and total:
        members.note("total-from-lines", "TotalAmountDue")
        return replace(order, total_due=total)
    if order.status.payable and not (order.partial_allowed or order.advance_allowed):
        members.refuse("TotalAmountDue", "missing, and neither partial nor advance payment is allowed")
    return _with_zeros_unknown(order, members)


def _with_zeros_unknown(order: Order, members: Members) -> Order:
    """Under an unknown total a line of zero is a line of unknown amount.

    Some platforms cannot leave a number out.
    """
    if not any(line.amount_due is not None and not line.amount_due for line in order.lines):
        return order
    members.note("zero-for-unknown", "Lines")
    lines = tuple(line if line.amount_due else replace(line, amount_due=None) for line in order.lines)
    return replace(order, lines=lines)


def _sum(amounts: list[Money], order: Order, members: Members) -> Money:
    try:
        return sum_money(amounts, order.currency)
    except ValueError:
        members.refuse("Lines", "amounts that add up to more than can be paid")


def _amounts(order: Order) -> list[Money]:
    return [line.amount_due for line in order.lines if line.amount_due is not None]


def _check_askable(key: OrderKey) -> None:
    try:
        clean_order_key(key)
    except ValueError as error:
        raise InvalidAnswer(f"OrderKey: {error}") from error
