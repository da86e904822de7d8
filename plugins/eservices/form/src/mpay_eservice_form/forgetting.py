"""Orders that nobody paid: what people wrote into them is not kept for ever."""

from collections.abc import Callable
from datetime import datetime, timedelta

from mpay_eservice_form.order_book import ORDERS
from mpay_eservice_form.stored_order import StoredOrder
from mpay_gateway.api import Conflict, Record, Records

KEPT = timedelta(days=90)
"""After its last day: longer than any provider is asked what became of a payment."""
PIECE = 1000
"""Orders that are looked at in one call."""
_CURSOR = "job/forget"


def forget_piece(records: Callable[[], Records], now: datetime) -> int:
    """Look at the next orders, and empty those that are long over and were never paid. Returns how many were.

    The record stays, empty, so that its key is never given again. Where the last call ended is kept beside them.
    Raises: Conflict when another call does the same.
    """
    store = records()
    cursor = store.get(_CURSOR)
    after = cursor.value.decode() if cursor else ""
    found = store.list(ORDERS, after=after, limit=PIECE)
    over = [record for record in found if _is_over(record, now)]
    for record in over:
        try:
            store.put(record.key, b"", record.version)
        except Conflict:
            continue  # it was paid at this moment
    end = found[-1].key if len(found) == PIECE else ""
    store.put(_CURSOR, end.encode(), cursor.version if cursor else 0)
    return len(over)


def _is_over(record: Record, now: datetime) -> bool:
    if not record.value:
        return False
    order = StoredOrder.from_json(record.value)
    return order.paid is None and order.due_at + KEPT < now
