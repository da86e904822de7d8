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


@dataclass(slots=True)
class Telling:
    """How often a payment was told, and how those calls ended. A call that has no end yet may be taken any moment."""

    confirmation: Confirmation
    asked: int = 0
    refused: int = 0
    is_confirmed: bool = False

    def spending(self) -> Spending:
        told = self.confirmation
        return Spending(told.order_key, told.payment_id, told.total, told.currency, self.is_confirmed)


class Spendings:
    """The payments of a run, in the order in which they were first told."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, str], Telling] = {}

    def begin(self, told: Confirmation) -> Telling:
        """Remember a confirmation before it leaves: a run that ends now has perhaps paid.

        Repetitions are the same payment.
        """
        named = (told.payment_id or f"{len(self._told)} without PaymentID", told.order_key)
        found = self._told.setdefault(named, Telling(told))
        found.asked += 1
        return found

    def end(self, told: Telling, answer: Answer) -> None:
        """Note how it ended."""
        told.is_confirmed = told.is_confirmed or answer.is_confirmed
        told.refused += not answer.is_confirmed and not answer.received.failure

    def as_tuple(self) -> tuple[Spending, ...]:
        """What was accepted, and what has no answer that refuses it."""
        found = self._told.values()
        return tuple(each.spending() for each in found if each.is_confirmed or each.refused < each.asked)
