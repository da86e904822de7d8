"""The orders that may be paid: what each is good for, and which are spent."""

from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, Decimal, InvalidOperation
from typing import Final

from lxml import etree

from mpay_gateway.conformance import messages, schema
from mpay_gateway.conformance.answer import as_key, below, children, local, members, text
from mpay_gateway.conformance.caller import Caller, NotRun
from mpay_gateway.conformance.messages import Confirmation, PaidLine

PARTIAL: Final = ("AllowPartialPayments", "AllowPartialPayment")
ADVANCE: Final = (
    "AllowAdvancePayments",
    "AllowAdvancePayment",
    "AllowAdvancedPayment",
    "AllowAdvancedPayments",
)
_CENT: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Payable:
    """An order as it was shown. `due` is None where the amount is not known."""

    key: str
    status: str
    currency: str
    lines: tuple[PaidLine, ...]
    due: Decimal | None
    in_parts: bool
    in_advance: bool

    @property
    def is_open(self) -> bool:
        return self.status in schema.PAYABLE and self.due is not None and self.due > 0

    @property
    def first_line(self) -> PaidLine:
        """The first line that something is due of. Raises: NotRun."""
        for line in self.lines:
            if line.amount > 0:
                return line
        raise NotRun(f"no line of {self.key!r} has an amount")

    @property
    def position(self) -> tuple[str, Decimal | None]:
        """What a payment changes."""
        return self.status, self.due


class Purse:
    """Hands out orders to pay. What was paid, or spoiled by a service that took what is wrong, is not given again."""

    def __init__(self, bench: Caller) -> None:
        self._bench = bench
        self._spent: dict[str, str] = {}
        self._unfit: dict[str, str] = {}

    def whole(self) -> Payable:
        """An order that is paid at once or not at all; else one that may be paid in parts. Raises: NotRun."""
        self._need_permission()
        rigid = [each for each in self._open() if not each.in_parts and not each.in_advance]
        return self._first(rigid or self._in_parts(), "is waiting to be paid")

    def capped(self) -> Payable:
        """The same, if no more than is due may be paid of it. Raises: NotRun."""
        order = self.whole()
        if order.in_advance:
            raise NotRun(f"{order.key} takes more than is due: AllowAdvancePayments")
        return order

    def rigid(self) -> Payable:
        """An order that is paid at once or not at all. Raises: NotRun."""
        self._need_permission()
        return self._first(
            [each for each in self._open() if not each.in_parts and not each.in_advance],
            "has to be paid at once",
        )

    def divisible(self) -> Payable:
        """An order that may be paid in parts. Raises: NotRun."""
        self._need_permission()
        return self._first(self._in_parts(), "may be paid in parts")

    def expired(self) -> Payable:
        """An order whose time is over and that nobody paid. Raises: NotRun."""
        self._need_permission()
        late = [each for each in self._all() if each.status == "Expired" and each.due]
        return self._first(late, "has the status Expired")

    def spend(self, order: Payable, why: str) -> None:
        """Give this order out no more."""
        self._spent[order.key] = why

    def now(self, key: str) -> Payable:
        """The order as it stands. Raises: NotRun when it cannot be read."""
        return _payable(key, self._bench.look_up(key).orders or ())

    def _need_permission(self) -> None:
        if not self._bench.target.pay_order_keys:
            raise NotRun("no --pay-order-key was given: no payment may be confirmed")
        self._bench.found()

    def _first(self, orders: list[Payable], what: str) -> Payable:
        if orders:
            return self.now(orders[0].key)
        others = "".join(f"; {key} {why}" for key, why in (self._spent | self._unfit).items())
        raise NotRun(f"no order of a --pay-order-key {what}{others}")

    def _open(self) -> list[Payable]:
        return [each for each in self._all() if each.is_open]

    def _in_parts(self) -> list[Payable]:
        return [each for each in self._open() if each.in_parts and (each.due or 0) >= 20 * _CENT]

    def _all(self) -> list[Payable]:
        found = []
        for key in self._bench.target.pay_order_keys:
            orders = self._bench.shown(key).orders
            try:
                if key not in self._spent and orders:
                    found.append(_payable(key, orders))
            except NotRun as reason:
                self._unfit[key] = f"is not paid: {reason}"
        return found


def confirmation(bench: Caller, order: Payable, *, amount: Decimal | None = None) -> Confirmation:
    """The confirmation of a new payment: of all that is due, or of a part of the first line. Raises: NotRun."""
    first = order.first_line
    lines = tuple(line for line in order.lines if line.amount)
    if amount is not None:
        lines = (PaidLine(first.line_id, amount, first.account),)
    return Confirmation(
        service_id=bench.target.service_id,
        order_key=order.key,
        payment_id=messages.new_payment_id(),
        invoice_id=messages.new_invoice_id(),
        currency=order.currency,
        lines=lines,
        total=sum((line.amount for line in lines), Decimal(0)),
        paid_at=bench.clock.now(),
    )


def part_of(order: Payable) -> Decimal:
    """A small part of the first line, so that many fit. Raises: NotRun."""
    return max((order.first_line.amount / 10).quantize(_CENT, ROUND_DOWN), _CENT)


def amount_of(written: str | None) -> Decimal | None:
    """A decimal; None for what is none."""
    try:
        amount = Decimal((written or "").strip())
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def amount_in_words(amount: Decimal | None) -> str:
    """The same for the same amount, however many zeros it was written with."""
    return "no amount" if amount is None else f"{amount.normalize():f}"


def _payable(key: str, orders: tuple[etree._Element, ...]) -> Payable:
    """The order of a key, and of no other: what was not named by its key is never paid. Raises: NotRun."""
    if len(orders) != 1:
        raise NotRun(f"the lookup of {key!r} brought {len(orders)} orders, one is needed")
    order = orders[0]
    if as_key(text(order, "OrderKey") or "") != as_key(key):
        raise NotRun(f"the lookup of {key!r} brought the order {text(order, 'OrderKey')!r}")
    lines = below(order, "Lines", "OrderLine")
    due = amount_of(text(order, "TotalAmountDue"))
    paid = tuple(map(_line, lines))
    if due and paid and not any(line.amount for line in paid):
        paid = (replace(paid[0], amount=due), *paid[1:])
    return Payable(
        key=key,
        status=text(order, "Status") or "",
        currency=text(order, "Currency") or "",
        lines=paid,
        due=due,
        in_parts=_is_set(order, lines, PARTIAL),
        in_advance=_is_set(order, lines, ADVANCE),
    )


def _line(line: etree._Element) -> PaidLine:
    amount = amount_of(text(line, "AmountDue")) or Decimal(0)
    holder = members(line, "DestinationAccount")
    return PaidLine(text(line, "LineID") or "", amount, messages.known_account(_account(holder)))


def _account(holder: tuple[etree._Element, ...]) -> dict[str, str]:
    """The members of a DestinationAccount; one that is a text (contract of 2016) is the account's number."""
    if not holder:
        return {}
    members_of = {local(each): (each.text or "").strip() for each in children(holder[0])}
    return members_of or {"BankAccount": (holder[0].text or "").strip()}


def _is_set(order: etree._Element, lines: tuple[etree._Element, ...], spellings: tuple[str, ...]) -> bool:
    """A flag of the order or of its first line: many platforms send false on the order where a line says true."""
    return any((text(each, *spellings) or "").lower() in ("true", "1") for each in (order, *lines[:1]))
