"""Settings of one configured card instrument."""

from dataclasses import dataclass
from decimal import Decimal

from mpay_gateway.api import LocalText, Money


@dataclass(frozen=True, slots=True)
class BankCardSettings:
    """The section `[instrument.<id>]` of an instrument with `plugin = "bank_card"`.

    `label`, `what_happens_next`, `duration`: instead of the instrument's own texts, e.g. to name a scheme.
    `currencies`: of the orders that it is offered for. `minimum`, `maximum`: smallest and largest payment, in
    units of the order's currency ("1.00"); the limits hold in each currency, 0 is none.
    """

    label: LocalText = LocalText("")
    what_happens_next: LocalText = LocalText("")
    duration: LocalText = LocalText("")
    currencies: tuple[str, ...] = ("MDL",)
    minimum: Decimal = Decimal(0)
    maximum: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        if not self.currencies:
            raise ValueError("currencies is empty: the instrument would never be offered")
        limits = [(self.smallest(currency), self.largest(currency)) for currency in self.currencies]
        if any(limit < Money.zero(limit.currency) for pair in limits for limit in pair):
            raise ValueError("a limit is below zero")
        if any(largest and largest < smallest for smallest, largest in limits):
            raise ValueError("maximum is below minimum")

    def smallest(self, currency: str) -> Money:
        """The smallest payment, zero for any."""
        return Money(self.minimum, currency)

    def largest(self, currency: str) -> Money:
        """The largest payment, zero for any."""
        return Money(self.maximum, currency)
