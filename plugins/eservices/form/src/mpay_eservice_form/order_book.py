"""The orders that forms made, in the record store: each stored before anybody is shown it, paid once.

Records: `order/<service>/<key>`, the truth, written by compare-and-set; `paid/<service>/<day>/<payment>`, a copy of
what was paid for whoever lists a day. The copy comes second: a confirmation or a release whose process died between
both is told again and writes it then.
"""

import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from mpay_eservice_form.stored_order import Paid, Released, StoredOrder, emptied
from mpay_gateway.api import Confirmation, Conflict, Record, Records, RemoteRefused, RemoteUnavailable

LOCAL_ZONE = ZoneInfo("Europe/Chisinau")
KEY_LENGTH = 16
"""Characters of five random bits each: 80 bits cannot be guessed."""
ORDERS = "order/"
"""How the keys of all orders' records begin."""
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_KEY = re.compile(f"[{_ALPHABET}]{{{KEY_LENGTH}}}\\Z", re.ASCII)
_TRIES = 5
T = TypeVar("T")
_PAGE = 200


@dataclass(frozen=True, slots=True)
class _Kept:
    """An order with the version of its record."""

    order: StoredOrder
    version: int


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
        kept = self._kept(service_id, key)
        return kept.order if kept is not None else None

    def confirm(self, confirmation: Confirmation, now: datetime) -> None:
        """Write down that the order was paid. The same confirmation again changes nothing.

        Raises: RemoteRefused, definitely, for an order that is not there, another content, a second payment;
        RemoteUnavailable.
        """
        self._list(_insist(lambda: self._paid(confirmation, now)))

    def release(self, service_id: str, key: str, released: Released) -> StoredOrder | None:
        """Write down that the money of a paid order may go back; None when no paid order has this key.

        What was written down before stays. Raises: RemoteUnavailable.
        """
        order = _insist(lambda: self._released(service_id, key, released))
        if order is not None:
            self._list(order)
        return order

    def paid_on(self, service_id: str, day: date) -> Iterator[StoredOrder]:
        """The orders whose money was taken on a day of Chisinau's calendar, by payment."""
        prefix, last = f"paid/{service_id}/{day.isoformat()}/", ""
        while found := self._records().list(prefix, after=last, limit=_PAGE):
            yield from (StoredOrder.from_json(record.value) for record in found)
            last = found[-1].key

    def forget(self, record: Record) -> None:
        """Empty the order of a record as it was listed: of one that was paid, only of what was written into its form.

        Where nobody paid, the record stays without content, so that its key is never given again. The copy is emptied
        first: a process that dies in between leaves an order that is found again. Raises: Conflict when the order
        was changed since; RemoteUnavailable.
        """
        order = StoredOrder.from_json(record.value)
        if order.paid is None:
            self._records().put(record.key, b"", record.version)
            return
        left, listed = emptied(order), self._records().get(_listed_at(order))
        if listed is not None:
            self._records().put(listed.key, left.to_json(), listed.version)
        self._records().put(record.key, left.to_json(), record.version)
        self._list(left)

    def _paid(self, confirmation: Confirmation, now: datetime) -> StoredOrder:
        """The order with its payment, stored. Raises: RemoteRefused; Conflict."""
        kept = self._kept(confirmation.service_id, confirmation.order_key)
        if kept is None:
            raise RemoteRefused("UnknownOrder", "no order is kept under this key")
        order = kept.order
        _check_content(order, confirmation)
        if order.paid is not None:
            if order.paid.payment_id != confirmation.payment_id:
                raise RemoteRefused("InvoiceAlreadyPaid", "the order was paid by another payment")
            return order
        paid = Paid(confirmation.payment_id, confirmation.invoice_id, confirmation.paid_at, now)
        return self._put(replace(order, paid=paid), kept.version)

    def _released(self, service_id: str, key: str, released: Released) -> StoredOrder | None:
        """The order with its release, stored; None where nothing was paid. Raises: Conflict."""
        kept = self._kept(service_id, key)
        if kept is None or kept.order.paid is None:
            return None
        if kept.order.released is not None:
            return kept.order
        return self._put(replace(kept.order, released=released), kept.version)

    def _kept(self, service_id: str, key: str) -> _Kept | None:
        record = self._records().get(_place(service_id, key)) if _KEY.match(key) else None
        if record is None or not record.value:
            return None
        return _Kept(StoredOrder.from_json(record.value), record.version)

    def _put(self, order: StoredOrder, version: int) -> StoredOrder:
        self._records().put(_place(order.service_id, order.key), order.to_json(), version)
        return order

    def _list(self, order: StoredOrder) -> None:
        """Bring the copy up to date. Raises: RemoteUnavailable."""
        _insist(lambda: self._copy(order))

    def _copy(self, order: StoredOrder) -> None:
        """The truth is read after the copy's version: who is late copies what a later one wrote. Raises: Conflict."""
        place = _listed_at(order)
        listed, kept = self._records().get(place), self._kept(order.service_id, order.key)
        assert kept is not None, "what was paid is never removed"
        content = kept.order.to_json()
        if listed is None or listed.value != content:
            self._records().put(place, content, listed.version if listed else 0)


def _listed_at(order: StoredOrder) -> str:
    """Where the copy of a paid order is kept."""
    assert order.paid is not None, "only what was paid is listed"
    day = order.paid.paid_at.astimezone(LOCAL_ZONE).date()
    return f"paid/{order.service_id}/{day.isoformat()}/{order.paid.payment_id}"


def _insist(change: Callable[[], T]) -> T:
    """Try again where others were faster. Raises: RemoteUnavailable."""
    for _ in range(_TRIES):
        try:
            return change()
        except Conflict:
            continue
    raise RemoteUnavailable("the order was changed by others at the same time, again and again")


def _place(service_id: str, key: str) -> str:
    return f"{ORDERS}{service_id}/{key}"


def _check_content(order: StoredOrder, confirmation: Confirmation) -> None:
    """Every line, to the last ban, to the account of the order that was shown. Raises: RemoteRefused."""
    due = {line.id: (order.amount(line), line.account) for line in order.lines}
    told = {line.line_id: (line.amount, line.account) for line in confirmation.lines}
    if confirmation.total != order.total or told != due or len(confirmation.lines) != len(due):
        raise RemoteRefused("InvalidParameter", "another amount or account than the order's")
