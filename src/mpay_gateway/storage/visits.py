"""Visits: a payer's place in the portal, named by the 128-bit token of its address."""

import json
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.engine import Connection

from mpay_gateway.domain.errors import NotFound
from mpay_gateway.domain.filling import Filled
from mpay_gateway.domain.identifiers import InvoiceId, OrderKey, ServiceId
from mpay_gateway.domain.service import Channel
from mpay_gateway.storage.chain import canonical
from mpay_gateway.storage.tables import visits


@dataclass(frozen=True, slots=True)
class Visit:
    """`accepted_version` and `amount_minor`: what the payer agreed to pay, empty and None before he did.

    `form_token`: the idempotency key of the next start of a payment; a new one after each start. `filled`: what the
    payer gave in the order's fields. `chosen_from`: the visit whose key stands for several orders, of which this one
    was chosen; empty where the key is the order's.
    """

    token: str
    service_id: ServiceId
    order_key: OrderKey
    return_url: str
    channel: Channel
    created_at: datetime
    invoice_id: InvoiceId | None = None
    factor_passed: bool = False
    accepted_version: str = ""
    amount_minor: int | None = None
    form_token: str = ""
    filled: Filled = field(default_factory=dict)
    chosen_from: str = ""


_FIELDS = tuple(Visit.__dataclass_fields__)
_ADD = insert(visits)
_GET = select(visits).where(visits.c.token == bindparam("of_token"))
_CHANGE = update(visits).where(visits.c.token == bindparam("of_token"))


class Visits:
    """The stored visits."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, visit: Visit) -> None:
        values = {name: getattr(visit, name) for name in _FIELDS}
        self._connection.execute(_ADD, values | {"filled": canonical(dict(visit.filled))})

    def get(self, token: str) -> Visit:
        """Raises: NotFound."""
        row = self._connection.execute(_GET, {"of_token": token}).first()
        if row is None:
            raise NotFound("visit")
        values = row._asdict() | {"channel": Channel(row.channel), "filled": json.loads(row.filled)}
        return Visit(**values)

    def change(self, token: str, *, filled: Filled | None = None, **values: object) -> None:
        if filled is not None:
            values["filled"] = canonical(dict(filled))
        self._connection.execute(_CHANGE, {"of_token": token} | values)
