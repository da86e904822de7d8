"""What a run paid: every payment that the service said yes to, or that nobody knows the end of."""

from dataclasses import dataclass
from decimal import Decimal

from mpay_gateway.conformance.answer import Answer
from mpay_gateway.conformance.messages import Confirmation


@dataclass(frozen=True, slots=True)
class Spending:
    """One payment of an order. `is_certain` is false where no answer came: the service may have taken it."""

    order_key: str
    payment_id: str
    amount: Decimal
    currency: str
    is_certain: bool

    def __str__(self) -> str:
        name = f"payment {self.payment_id}" if self.payment_id else "a payment without PaymentID"
        end = "" if self.is_certain else ", not answered: it may have been taken"
        return f"{self.order_key}: {self.amount} {self.currency}, {name}{end}"


class Spendings:
    """The payments of a run, in the order in which they were first told."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Spending] = {}

    def note(self, told: Confirmation, answer: Answer) -> None:
        """Remember a confirmation, unless it was refused. Repetitions are the same payment."""
        if not answer.is_confirmed and not answer.received.failure:
            return
        named = (told.payment_id or str(answer.number), told.order_key)
        before = self._found.get(named)
        certain = answer.is_confirmed or (before is not None and before.is_certain)
        self._found[named] = Spending(told.order_key, told.payment_id, told.total, told.currency, certain)

    def as_tuple(self) -> tuple[Spending, ...]:
        return tuple(self._found.values())
