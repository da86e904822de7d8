"""What providers say went back of payments that wait for people: the most that was ever said, and when."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.engine import Connection

from mpay_gateway.domain.money import Money
from mpay_gateway.storage.tables import heard_returns

_GET = select(heard_returns).where(heard_returns.c.payment_id == bindparam("of_payment"))


@dataclass(frozen=True, slots=True)
class HeardReturn:
    """`amount`: in all, what went back on our word included. `asked_at`: when the latest answer was asked for (UTC)."""

    amount: Money
    asked_at: datetime


class HeardReturns:
    """One row for each payment. Read and written under the payment's lock."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of_payment(self, payment_id: str) -> HeardReturn | None:
        row = self._connection.execute(_GET, {"of_payment": payment_id}).first()
        return (
            None
            if row is None
            else HeardReturn(Money.from_minor(row.amount_minor, row.currency), row.asked_at)
        )

    def note(self, payment_id: str, amount: Money, *, asked_at: datetime) -> None:
        """Keep what was said. What went back stays gone: an answer that was asked for earlier lowers nothing."""
        known = self.of_payment(payment_id)
        if known is not None and known.amount.currency == amount.currency:
            amount = max(known.amount, amount)
        elif known is not None and known.amount:
            amount = known.amount
        values = {"amount_minor": amount.minor, "currency": amount.currency, "asked_at": asked_at}
        if known is None:
            self._connection.execute(insert(heard_returns), values | {"payment_id": payment_id})
        else:
            own = heard_returns.c.payment_id == payment_id
            self._connection.execute(update(heard_returns).where(own).values(**values))
