"""Intakes: what was said under each key of an account from elsewhere. The key's row is the lock of its calls."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select, update
from sqlalchemy.engine import Connection

from mpay_gateway.domain.identifiers import AccountId, OrderKey, PaymentId, ServiceId
from mpay_gateway.domain.intake import Intake, IntakeState, RefusalReason
from mpay_gateway.domain.money import Money
from mpay_gateway.storage.statements import insert_once
from mpay_gateway.storage.tables import intakes

_PLAIN = tuple(name for name in Intake.__dataclass_fields__ if name != "amount")
_OF_KEY = (intakes.c.account_id == bindparam("of_account"), intakes.c.key == bindparam("of_key"))
_NOTE = insert_once(intakes, ["account_id", "key"])
_FIND = select(intakes).where(*_OF_KEY)
_LOCK = _FIND.with_for_update()
_CHANGE = update(intakes).where(*_OF_KEY)


class Intakes:
    """The stored intakes."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def lock(self, account_id: AccountId, first: Intake) -> Intake:
        """What is stored of the key, else `first`, now stored; held until the unit of work ends.

        Two calls of one key wait for each other here, before anything else is locked.
        """
        self._connection.execute(_NOTE.on(self._connection), _values(account_id, first))
        found = self.find_locked(account_id, first.key)
        assert found is not None, "it was stored above, and rows are never deleted"
        return found

    def find_locked(self, account_id: AccountId, key: str) -> Intake | None:
        """What is stored of the key, held until the unit of work ends."""
        return _maybe(self._connection.execute(_LOCK, {"of_account": account_id, "of_key": key}).first())

    def find(self, account_id: AccountId, key: str) -> Intake | None:
        """What is stored of the key."""
        return _maybe(self._connection.execute(_FIND, {"of_account": account_id, "of_key": key}).first())

    def save(self, account_id: AccountId, intake: Intake) -> None:
        """Store what became of a key that is locked."""
        values = _values(account_id, intake)
        found = {"of_account": values.pop("account_id"), "of_key": values.pop("key")}
        self._connection.execute(_CHANGE, found | values)


def _values(account_id: AccountId, intake: Intake) -> dict[str, Any]:
    values = {name: getattr(intake, name) for name in _PLAIN}
    return values | {
        "account_id": account_id,
        "amount_minor": intake.amount.minor,
        "currency": intake.amount.currency,
    }


def _maybe(row: Row[Any] | None) -> Intake | None:
    return None if row is None else _intake(row)


def _intake(row: Row[Any]) -> Intake:
    at: datetime = row.at
    return Intake(
        key=row.key,
        service_id=ServiceId(row.service_id),
        order_key=OrderKey(row.order_key),
        amount=Money.from_minor(row.amount_minor, row.currency),
        state=IntakeState(row.state),
        at=at,
        device=row.device,
        payment_id=PaymentId(row.payment_id) if row.payment_id else None,
        reason=RefusalReason(row.reason) if row.reason else None,
        message=row.message,
    )
