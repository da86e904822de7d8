"""What payers filled in, kept with each payment: the confirmation is made of it when the money is taken."""

import json

from sqlalchemy import bindparam, insert, select
from sqlalchemy.engine import Connection

from mpay_gateway.domain.filling import Filled
from mpay_gateway.storage.chain import canonical
from mpay_gateway.storage.tables import filled_fields

_ADD = insert(filled_fields)
_GET = select(filled_fields.c.content).where(filled_fields.c.payment_id == bindparam("of_payment"))


class FilledFields:
    """One row for each payment whose payer filled something in. Never changed."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def keep(self, payment_id: str, filled: Filled) -> None:
        self._connection.execute(_ADD, {"payment_id": payment_id, "content": canonical(dict(filled))})

    def of_payment(self, payment_id: str) -> Filled:
        """By the ids of fields; empty when the payer filled nothing in."""
        content = self._connection.execute(_GET, {"of_payment": payment_id}).scalar()
        return json.loads(content) if content else {}
