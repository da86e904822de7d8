"""Which edge was taken while which fault was at work, counted over many worlds.

A pair of an edge and a kind of fault is seen when the edge is taken for a payment that the fault has struck so
shortly before that at most one other commit has changed the payment's states since. A fault strikes one payment (a
call about it, its callback), all payments of one order (a look-up, an amended order, a payer who is one of two), or
everybody (a clock, a crash, an outage).
"""

from collections import Counter
from dataclasses import dataclass, field

from mpay_gateway.domain.transitions import EDGES, Edge
from tests.simulation.faults import Fault
from tests.simulation.store import Store

WITHIN = 2
"""A fault is at work in the first commit after it that changes the payment, and in the next."""
WANTED = 50
_BY_CHANGE = {(edge.machine, edge.source.value, edge.event.value, edge.target.value): edge for edge in EDGES}
_NEW = """
    SELECT a.id, a.payment_id, a.machine, a.event, a.before, a.after, p.order_key
    FROM audit a JOIN payments p ON p.id = a.payment_id WHERE a.id > ? ORDER BY a.id
"""


def name_of(edge: Edge) -> str:
    """An edge in one word, e.g. `payment:started:capture`."""
    return f"{edge.machine}:{edge.source.value}:{edge.event.value}"


EDGE_NAMES = tuple(name_of(edge) for edge in EDGES)
PAIRS = tuple((edge, fault) for edge in EDGE_NAMES for fault in Fault)
Pair = tuple[str, Fault]


@dataclass(frozen=True, slots=True)
class Aim:
    """What a world is bent on: an edge, and the kinds of fault that are to strike where it begins."""

    edge: str
    faults: tuple[Fault, ...]

    @property
    def pairs(self) -> tuple[Pair, ...]:
        return tuple((self.edge, fault) for fault in self.faults)


@dataclass(frozen=True, slots=True)
class Change:
    """One row of the audit. `before` is empty where something is new."""

    payment_id: str
    machine: str
    event: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.payment_id} {self.machine} {self.before or 'new'} -{self.event}-> {self.after}"


@dataclass
class Life:
    """How often a payment changed, and at which count each fault struck last."""

    changes: int = 0
    struck: dict[Fault, int] = field(default_factory=dict)

    def at_work(self) -> list[Fault]:
        return [fault for fault, at in self.struck.items() if self.changes - at < WITHIN]


class Strikes:
    """The faults of one world and the edges that were taken under them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._last = 0
        self.payments: dict[str, Life] = {}
        self.orders: dict[str, Life] = {}
        self._order_of: dict[str, str] = {}
        self.seen: Counter[Pair] = Counter()
        self.strange: list[str] = []

    def order_of(self, payment_id: str) -> str:
        """The key of the order that the payment is of."""
        return self._order_of[payment_id]

    def payment(self, payment_id: str, fault: Fault) -> None:
        if payment_id:
            life = self.payments.setdefault(payment_id, Life())
            life.struck[fault] = life.changes

    def order(self, order_key: str, fault: Fault) -> None:
        """The order, and with it each payment that it has or gets before long."""
        life = self.orders.setdefault(order_key, Life())
        life.struck[fault] = life.changes
        for payment_id, key in self._order_of.items():
            if key == order_key:
                self.payment(payment_id, fault)

    def everybody(self, fault: Fault, order_keys: tuple[str, ...]) -> None:
        for key in order_keys:
            self.order(key, fault)

    def committed(self) -> tuple[Change, ...]:
        """Count what the last commit changed, and return it."""
        rows = self._store.rows(_NEW, self._last)
        if not rows:
            return ()
        self._last = rows[-1][0]
        for payment_id, key in {row[1]: row[6] for row in rows}.items():
            if payment_id not in self._order_of:
                self._order_of[payment_id] = key
                self._inherit(payment_id, key)
        for row in rows:
            self._count(row)
        for payment_id in {row[1]: None for row in rows}:
            self.payments[payment_id].changes += 1
            self.orders.setdefault(self._order_of[payment_id], Life()).changes += 1
        return tuple(Change(*row[1:6]) for row in rows)

    def _inherit(self, payment_id: str, key: str) -> None:
        life = self.payments.setdefault(payment_id, Life())
        for fault in self.orders.get(key, Life()).at_work():
            life.struck[fault] = 0

    def _count(self, row: tuple) -> None:
        _, payment_id, machine, event, before, after, _ = row
        if not before:
            return
        edge = _BY_CHANGE.get((machine, before, event, after))
        if edge is None:
            self.strange.append(f"{machine} {before} -{event}-> {after} is no edge")
            return
        for fault in self.payments[payment_id].at_work():
            self.seen[name_of(edge), fault] += 1
