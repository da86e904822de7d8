"""The orders that forms made, in the record store: each stored before anybody is shown it, paid once.

Records: `order/<service>/<key>`, the truth, written by compare-and-set; `paid/<service>/<day>/<payment>`, a copy of
what was paid for whoever lists a day. The copy comes second: a confirmation whose process died between both is told
again and writes it then.
"""

import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from mpay_eservice_form.stored_order import Paid, StoredOrder, paid_with
from mpay_gateway.api import Confirmation, Conflict, Records, RemoteRefused, RemoteUnavailable

LOCAL_ZONE = ZoneInfo("Europe/Chisinau")
KEY_LENGTH = 16
"""Characters of five random bits each: 80 bits cannot be guessed."""
ORDERS = "order/"
"""How the keys of all orders' records begin."""
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_KEY = re.compile(f"[{_ALPHABET}]{{{KEY_LENGTH}}}\\Z", re.ASCII)
_TRIES = 5
_PAGE = 200


class OrderBook:
    """The orders of one connector. `records`: asked at each call, since plugins are made before their gateway."""

    def __init__(
        self, records: Callable[[], Records], draw: Callable[[int], int] = secrets.randbelow
    ) -> None:
        self._records = records
        self._draw = draw

    def add(self, order: StoredOrder) -> StoredOrder:
        """Store a new order under a key of its own; when this returns it is durable. Raises: Conflict."""
        key = "".join(_ALPHABET[self._draw(len(_ALPHABET))] for _ in range(KEY_LENGTH))
        made = replace(order, key=key)
        self._records().put(_place(made.service_id, key), made.to_json(), 0)
        return made

    def find(self, service_id: str, key: str) -> StoredOrder | None:
        """The order, None when there is none under this key."""
        if not _KEY.match(key):
            return None
        record = self._records().get(_place(service_id, key))
        return StoredOrder.from_json(record.value) if record is not None and record.value else None

    def confirm(self, confirmation: Confirmation, now: datetime) -> None:
        """Write down that the order was paid. The same confirmation again changes nothing.

        Raises: RemoteRefused, definitely, for an order that is not there, another content, a second payment;
        RemoteUnavailable.
        """
        for _ in range(_TRIES):
            try:
                order = self._paid(confirmation, now)
            except Conflict:
                continue
            self._list(order)
            return
        raise RemoteUnavailable("the order was changed by others at the same time, again and again")

    def paid_on(self, service_id: str, day: date) -> Iterator[StoredOrder]:
        """The orders whose money was taken on a day of Chisinau's calendar, by payment."""
        prefix, last = f"paid/{service_id}/{day.isoformat()}/", ""
        while found := self._records().list(prefix, after=last, limit=_PAGE):
            yield from (StoredOrder.from_json(record.value) for record in found)
            last = found[-1].key

    def _paid(self, confirmation: Confirmation, now: datetime) -> StoredOrder:
        """The order with its payment, stored. Raises: RemoteRefused; Conflict."""
        place, records = _place(confirmation.service_id, confirmation.order_key), self._records()
        record = records.get(place) if _KEY.match(confirmation.order_key) else None
        if record is None or not record.value:
            raise RemoteRefused("UnknownOrder", "no order is kept under this key")
        order = StoredOrder.from_json(record.value)
        _check_content(order, confirmation)
        if order.paid is not None:
            if order.paid.payment_id != confirmation.payment_id:
                raise RemoteRefused("InvoiceAlreadyPaid", "the order was paid by another payment")
            return order
        paid = Paid(confirmation.payment_id, confirmation.invoice_id, confirmation.paid_at, now)
        order = paid_with(order, paid)
        records.put(place, order.to_json(), record.version)
        return order

    def _list(self, order: StoredOrder) -> None:
        assert order.paid is not None, "it was just paid"
        day = order.paid.paid_at.astimezone(LOCAL_ZONE).date()
        place = f"paid/{order.service_id}/{day.isoformat()}/{order.paid.payment_id}"
        try:
            self._records().put(place, order.to_json(), 0)
        except Conflict:
            return  # listed when it was told before


def _place(service_id: str, key: str) -> str:
    return f"{ORDERS}{service_id}/{key}"


def _check_content(order: StoredOrder, confirmation: Confirmation) -> None:
    """Every line, to the last ban, to the account of the order that was shown. Raises: RemoteRefused."""
    due = {line.id: (order.amount(line), line.account) for line in order.lines}
    told = {line.line_id: (line.amount, line.account) for line in confirmation.lines}
    if confirmation.total != order.total or told != due or len(confirmation.lines) != len(due):
        raise RemoteRefused("InvalidParameter", "another amount or account than the order's")
