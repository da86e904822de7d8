"""Orders in the database: create, find, take note of lookups and payments."""

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from demo_service.database import Database
from demo_service.kinds import PAID_BEFORE, SEVERAL_ACCOUNTS, Kind
from demo_service.offers import TERMS, Offer
from demo_service.orders import Line, NewOrder, Order, Payment, new_order_key, new_place
from eservice_kit import PaymentConfirmation
from eservice_kit.wire_times import CHISINAU

PAYABLE_FOR = timedelta(days=14)
DUE_SOON = timedelta(minutes=10)
LARGE_AMOUNT = 9_999_999_99
HOUR = timedelta(hours=1)
RISE = 25_00
_SHARES = (60, 30)


class OrderBook:
    """All orders of the shop."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, new: NewOrder) -> Order:
        """Store an order; of kind several-orders also the two orders that are found under its key."""
        now = datetime.now(UTC)
        with self._database.writing() as connection:
            order_key = _insert(connection, new, now, None)
            if new.kind is Kind.SEVERAL_ORDERS:
                for part in _parts_of(new):
                    _insert(connection, part, now, order_key)
        return self.get(order_key)

    def get(self, order_key: str) -> Order:
        """Raises: LookupError."""
        return self._one("order_key = ?", order_key)

    def at_place(self, place: str) -> Order:
        """The order of a page address. Raises: LookupError."""
        return self._one("place = ?", place)

    def parts_of(self, order_key: str) -> tuple[Order, ...]:
        """The orders that are found under the key of one of kind several-orders."""
        rows = self._database.connection().execute("SELECT * FROM orders WHERE part_of = ?", (order_key,))
        return tuple(_read(self._database.connection(), row) for row in rows.fetchall())

    def note_lookup(self, order_key: str) -> Order:
        """Count a lookup; the amount of kind amount-changes rises at the second one. Raises: LookupError."""
        with self._database.writing() as connection:
            connection.execute("UPDATE orders SET lookups = lookups + 1 WHERE order_key = ?", (order_key,))
            order = _find(connection, "order_key = ?", order_key)
            if order.kind is Kind.AMOUNT_CHANGES and order.lookups == 2:
                connection.execute(
                    "UPDATE order_lines SET amount = amount + ? WHERE order_key = ? AND part = 0",
                    (RISE, order_key),
                )
                order = _find(connection, "order_key = ?", order_key)
        return order

    def change_kind(self, order_key: str, kind: Kind) -> Order:
        """Let an order behave otherwise from now on. Raises: LookupError."""
        with self._database.writing() as connection:
            connection.execute("UPDATE orders SET kind = ? WHERE order_key = ?", (kind.value, order_key))
        return self.get(order_key)

    def _one(self, condition: str, value: str) -> Order:
        return _find(self._database.connection(), condition, value)


def find_order(connection: sqlite3.Connection, order_key: str) -> Order:
    """The order as the open transaction sees it. Raises: LookupError."""
    return _find(connection, "order_key = ?", order_key)


def add_payment(connection: sqlite3.Connection, confirmation: PaymentConfirmation) -> None:
    """Store a payment and what it pays of each line, in the open transaction."""
    connection.execute(
        "INSERT INTO payments VALUES (?, ?, ?, ?, ?)",
        (
            confirmation.payment_id,
            confirmation.order_key,
            int(confirmation.total * 100),
            confirmation.paid_at.astimezone(UTC).isoformat(),
            datetime.now(UTC).isoformat(),
        ),
    )
    connection.executemany(
        "UPDATE order_lines SET paid = paid + ? WHERE order_key = ? AND line_id = ?",
        [(int(line.amount * 100), confirmation.order_key, line.line_id) for line in confirmation.lines],
    )


def _insert(connection: sqlite3.Connection, new: NewOrder, now: datetime, part_of: str | None) -> str:
    offer = new.offer
    order_key = new_order_key(offer, now)
    connection.execute(
        "INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)",
        (
            order_key,
            new_place(offer, order_key),
            TERMS[offer].service_id,
            offer.value,
            new.kind.value,
            new.customer_name,
            new.customer_id,
            new.detail,
            new.slow_seconds,
            now.isoformat(),
            _due(new, now).isoformat(),
            part_of,
        ),
    )
    amounts = _amounts(new)
    connection.executemany(
        "INSERT INTO order_lines VALUES (?, ?, ?, ?, ?)",
        [(order_key, f"L{part + 1}", part, amount, 0) for part, amount in enumerate(amounts)],
    )
    if new.kind is Kind.NOTHING_DUE:
        _leave_nothing_due(connection, order_key)
    if new.kind in PAID_BEFORE:
        _pay_at_the_office(connection, order_key, sum(amounts), now)
    return order_key


def _parts_of(new: NewOrder) -> tuple[NewOrder, ...]:
    """Two orders of one service with amounts of their own."""
    offers = (Offer.FINE, Offer.FINE) if new.offer is Offer.FINE else (new.offer, Offer.FOREST_PERMIT)
    return tuple(
        replace(
            new, kind=Kind.ONE_LINE, offer=offer,
            detail=new.detail if offer is new.offer else TERMS[offer].detail_sample,
            amount=(new.amount or TERMS[offer].price) // (place + 1),
        )
        for place, offer in enumerate(offers)
    )  # fmt: skip


def _due(new: NewOrder, now: datetime) -> datetime:
    if new.due_in is not None:
        return now + timedelta(seconds=new.due_in)
    match new.kind:
        case Kind.EXPIRED:
            return now - timedelta(days=1)
        case Kind.DUE_SOON:
            return now + DUE_SOON
        case Kind.DOUBLED_HOUR:
            return end_of_summer_time(now) + timedelta(minutes=30)
        case _:
            return now + PAYABLE_FOR


def end_of_summer_time(now: datetime) -> datetime:
    """When the clocks of Chisinau next go back by an hour: the hour after it is on them for the second time."""
    at = now.replace(minute=0, second=0, microsecond=0)
    while _offset(at) <= _offset(at + HOUR):
        at += HOUR
    return at + HOUR


def _offset(at: datetime) -> timedelta:
    return at.astimezone(CHISINAU).utcoffset() or timedelta(0)


def _amounts(new: NewOrder) -> tuple[int, ...]:
    """What each line costs, in bani."""
    price = LARGE_AMOUNT if new.kind is Kind.LARGE_AMOUNT else TERMS[new.offer].price
    total = new.amount or price
    if new.kind not in SEVERAL_ACCOUNTS or total < 100:
        return (total,)
    first, second = (total * share // 100 for share in _SHARES)
    return (first, second, total - first - second)


def _leave_nothing_due(connection: sqlite3.Connection, order_key: str) -> None:
    connection.execute("UPDATE order_lines SET paid = amount WHERE order_key = ?", (order_key,))


def _pay_at_the_office(connection: sqlite3.Connection, order_key: str, total: int, now: datetime) -> None:
    _leave_nothing_due(connection, order_key)
    connection.execute(
        "INSERT INTO payments VALUES (?, ?, ?, ?, ?)",
        (f"OFFICE-{order_key}", order_key, total, now.isoformat(), now.isoformat()),
    )


def _find(connection: sqlite3.Connection, condition: str, value: str) -> Order:
    row = connection.execute(f"SELECT * FROM orders WHERE {condition}", (value,)).fetchone()  # noqa: S608
    if row is None:
        raise LookupError(value)
    return _read(connection, row)


def _read(connection: sqlite3.Connection, row: sqlite3.Row) -> Order:
    lines = connection.execute(
        "SELECT line_id, part, amount, paid FROM order_lines WHERE order_key = ? ORDER BY part",
        (row["order_key"],),
    )
    payments = connection.execute(
        "SELECT * FROM payments WHERE order_key = ? ORDER BY received_at",
        (row["order_key"],),
    )
    return Order(
        order_key=row["order_key"],
        place=row["place"],
        service_id=row["service_id"],
        offer=Offer(row["offer"]),
        kind=Kind(row["kind"]),
        customer_name=row["customer_name"],
        customer_id=row["customer_id"],
        detail=row["detail"],
        slow_seconds=row["slow_seconds"],
        created_at=datetime.fromisoformat(row["created_at"]),
        due_at=datetime.fromisoformat(row["due_at"]),
        lookups=row["lookups"],
        lines=tuple(Line(*line) for line in lines),
        payments=tuple(_payment(payment) for payment in payments),
    )


def _payment(row: sqlite3.Row) -> Payment:
    return Payment(
        payment_id=row["payment_id"],
        total=row["total"],
        paid_at=datetime.fromisoformat(row["paid_at"]),
        received_at=datetime.fromisoformat(row["received_at"]),
    )
