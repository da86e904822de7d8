"""Whether a payment fits its order (contract, sections 3, 6 and 8)."""

from decimal import Decimal

from eservice_kit.faults import Fault, FaultCode
from eservice_kit.messages import OrderDetails, OrderStatus, PaymentConfirmation, sum_amounts

_PAID = (OrderStatus.PAID, OrderStatus.COMPLETED)
_PAYABLE = (OrderStatus.ACTIVE, OrderStatus.PARTIALLY_PAID, OrderStatus.EXPIRED)
_MOST_DECIMALS = 2


def check_payment(order: OrderDetails, confirmation: PaymentConfirmation) -> None:
    """Refuse what is not asked for. ``order`` is what GetOrderDetails would say now.

    Read it in the transaction that stores the payment, after ``register_payment``: a repetition was checked before.
    An order that has expired is paid all the same, since the payer's money was taken.
    Raises: Fault(InvoiceAlreadyPaid, InvalidParameter), after which the gateway sends the money back or asks people.
    """
    if order.status in _PAID:
        raise Fault(FaultCode.INVOICE_ALREADY_PAID, "the order is paid")
    if order.status not in _PAYABLE:
        raise _invalid(f"the order is {order.status.value}")
    if confirmation.currency != order.currency:
        raise _invalid(f"Currency must be {order.currency}")
    _check_lines(order, confirmation)
    _check_total(order, confirmation)


def _check_lines(order: OrderDetails, confirmation: PaymentConfirmation) -> None:
    due = {line.line_id: line.amount_due for line in order.lines}
    told = [line.line_id for line in confirmation.lines]
    if len(told) != len(set(told)) or not set(told) <= due.keys():
        raise _invalid("a LineID is unknown or given twice")
    if any(_decimals(line.amount) > _MOST_DECIMALS for line in confirmation.lines):
        raise _invalid("an amount has more than two decimals")
    if confirmation.total != sum_amounts(line.amount for line in confirmation.lines):
        raise _invalid("the lines do not add up to TotalAmount")
    if _allows_advance(order):
        return
    for line in confirmation.lines:
        most = due[line.line_id]
        if most is not None and line.amount > most:
            raise _invalid(f"more is paid than is due of the line {line.line_id}")


def _check_total(order: OrderDetails, confirmation: PaymentConfirmation) -> None:
    if order.total_due is None:
        return
    if confirmation.total > order.total_due and not _allows_advance(order):
        raise _invalid("more is paid than is due")
    if confirmation.total < order.total_due and not _allows_partial(order):
        raise _invalid("less is paid than is due, and the order can't be paid in parts")


def _allows_advance(order: OrderDetails) -> bool:
    """Flags count on the order and on its first line (Romanian guide)."""
    return order.allow_advance or order.lines[0].allow_advance


def _allows_partial(order: OrderDetails) -> bool:
    return order.allow_partial or order.lines[0].allow_partial


def _decimals(amount: Decimal) -> int:
    """Of the amount as it came: to normalise rounds to 28 digits."""
    return len(format(amount, "f").partition(".")[2].rstrip("0"))


def _invalid(reason: str) -> Fault:
    return Fault(FaultCode.INVALID_PARAMETER, reason)
