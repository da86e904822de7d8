"""A network of kiosks with books of its own: cash that is in its boxes, and what it was told to each payment."""

import itertools
from dataclasses import dataclass, field

from mpay_gateway.domain.intake import Accepted, AlreadyAccepted, Refused
from mpay_gateway.domain.money import Money
from tests.simulation.store import Store


@dataclass
class Cash:
    """Money in a kiosk's box, under the network's own key. `answers`: what the gateway has said to it, in order."""

    key: str
    order_key: str
    amount: Money
    answers: list[object] = field(default_factory=list)

    @property
    def decided(self) -> bool:
        return bool(self.answers)

    @property
    def accepted(self) -> bool:
        return any(isinstance(each, Accepted | AlreadyAccepted) for each in self.answers)

    @property
    def refused(self) -> bool:
        return any(isinstance(each, Refused) for each in self.answers)


class Network:
    """The network's books."""

    def __init__(self) -> None:
        self.cash: dict[str, Cash] = {}
        self._keys = itertools.count(1)

    def collect(self, order_key: str, amount: Money) -> Cash:
        key = f"txn-{next(self._keys)}"
        self.cash[key] = Cash(key, order_key, amount)
        return self.cash[key]

    def takings(self) -> dict[str, tuple[int, str]]:
        """All cash: what the gateway books may not have been told back yet."""
        return {
            key: (cash.amount.minor, cash.amount.currency)
            for key, cash in self.cash.items()
            if not cash.refused
        }

    def kept(self, payment_id: str, store: Store) -> int:
        """Minor units in the boxes that a payment was booked for."""
        rows = store.rows("SELECT transaction_id FROM captures WHERE payment_id = ?", payment_id)
        return sum(self.cash[key].amount.minor for (key,) in rows if key in self.cash)
