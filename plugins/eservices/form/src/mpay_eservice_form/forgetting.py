"""What people wrote into forms is not kept for ever, be their orders paid or not."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from mpay_eservice_form.order_book import ORDERS, OrderBook
from mpay_eservice_form.stored_order import StoredOrder
from mpay_gateway.api import Conflict, Record, Records

UNPAID_KEPT = timedelta(days=90)
"""After its last day: longer than any provider is asked what became of a payment."""
PIECE = 1000
"""Orders that are looked at at once."""
MOST_PIECES = 20
"""In one call: with an hour between two, half a million orders a day."""
_CURSOR = "job/forget"


@dataclass(frozen=True, slots=True)
class Forgetter:
    """`paid_kept`: how long after it was paid an order keeps what was written into its form."""

    book: OrderBook
    records: Records
    paid_kept: timedelta

    def forget(self, now: datetime) -> int:
        """Look at the next orders, up to the last. Returns how many were emptied.

        Where the call ended is kept beside them. Raises: Conflict when another call does the same.
        """
        total = 0
        for _ in range(MOST_PIECES):
            emptied, last = self._piece(now)
            total += emptied
            if last:
                break
        return total

    def _piece(self, now: datetime) -> tuple[int, bool]:
        """How many were emptied, and whether these were the last orders."""
        cursor = self.records.get(_CURSOR)
        after = cursor.value.decode() if cursor else ""
        found = self.records.list(ORDERS, after=after, limit=PIECE)
        emptied = 0
        for record in (each for each in found if self._is_over(each, now)):
            try:
                self.book.forget(record)
            except Conflict:
                continue  # it was paid or released at this moment
            emptied += 1
        last = len(found) < PIECE
        end = "" if last else found[-1].key
        self.records.put(_CURSOR, end.encode(), cursor.version if cursor else 0)
        return emptied, last

    def _is_over(self, record: Record, now: datetime) -> bool:
        if not record.value:
            return False
        order = StoredOrder.from_json(record.value)
        if order.paid is None:
            return order.due_at + UNPAID_KEPT < now
        return bool(order.values) and order.paid.paid_at + self.paid_kept < now
