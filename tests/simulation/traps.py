"""Where a world that is bent on an edge lets faults strike: exactly when the edge may be taken next.

A trap looks at each commit and each answer that concerns a payment. While the edge's machine stands where the edge
begins, it lets kinds of fault of its aim strike this payment, those first that this world has shown least; and a guide
brings the edge about.
"""

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

from tests.simulation.coverage import Aim, Change
from tests.simulation.faults import ELSEWHERE, Fault
from tests.simulation.guides import Guide
from tests.simulation.injections import Injections
from tests.simulation.wire import About

if TYPE_CHECKING:
    from tests.simulation.world import World

MOST = 40
"""How often one world's trap goes off."""
ENOUGH = 5
"""A world in which a pair was seen so often has done its part."""
TOGETHER = (1, 1, 2, 3)
"""So many kinds strike at once."""
_TABLES = {
    "payment": "payments", "capture": "captures", "claim": "claims", "delivery": "deliveries",
    "intent": "capture_intents", "reversal": "reversals", "refund": "refunds", "decision": "decisions",
}  # fmt: skip
_BIRTHS = {"payment:created:start", "payment:created:capture"}
"""Taken in the commit in which the payment is stored, if it so happens: what strikes before strikes the order."""


class Trap:
    """Waits for the moments of one edge. Nothing happens in a world that is bent on none."""

    def __init__(self, world: "World", aim: Aim | None) -> None:
        self._world = world
        self._aim = aim
        self._left = MOST
        self._struck: Counter[Fault] = Counter()
        self._injections = Injections(world)
        self._guide = Guide(world, aim.edge) if aim is not None else None
        if aim is not None:
            machine, state, _ = aim.edge.split(":")
            column = "state" if machine == "payment" else "payment_id = ? AND state"
            self._question = f"SELECT 1 FROM {_TABLES[machine]} WHERE {column} = '{state}'"
            if machine == "payment":
                self._question += " AND id = ?"

    @property
    def armed(self) -> bool:
        """Whether it may still go off."""
        return self._left > 0 and not self._world.healed and bool(self._wanted())

    def _wanted(self) -> list[Fault]:
        """The kinds of fault that this world has not shown enough, those first that are furthest from it."""
        if self._aim is None:
            return []
        edge, seen = self._aim.edge, self._world.strikes.seen
        wanted = [fault for fault in self._aim.faults if seen[edge, fault] < ENOUGH]
        return sorted(wanted, key=lambda fault: (self._struck[fault], seen[edge, fault]))

    def changed(self, changes: tuple[Change, ...]) -> None:
        """A commit has changed states."""
        for payment_id in dict.fromkeys(each.payment_id for each in changes):
            if self.armed and self._world.chance.of(0.6) and self._ripe(payment_id):
                self._go_off(payment_id)
        if self._guide is not None and self.armed:
            self._guide.changed(changes)

    def answered(self, about: About) -> None:
        """A counterpart has done what it was asked, and nobody has heard of it yet."""
        if not self.armed or not self._world.chance.of(0.6):
            return
        if about.payment and self._ripe(about.payment):
            self._go_off(about.payment)
        elif about.order and self._aim is not None and self._aim.edge in _BIRTHS:
            self._strike("", about.order)

    def _ripe(self, payment_id: str) -> bool:
        return bool(self._world.store.rows(self._question, payment_id))

    def _go_off(self, payment_id: str) -> None:
        self._strike(payment_id, self._world.strikes.order_of(payment_id))

    def _strike(self, payment_id: str, order_key: str) -> None:
        self._left -= 1
        world = self._world
        faults = self._wanted()[: world.chance.pick(TOGETHER)]
        if world.chance.of(0.1):
            faults.append(world.chance.pick(ELSEWHERE))
        for fault in dict.fromkeys(faults):
            self._struck[fault] += 1
            world.trace(f"  a trap: {fault} strikes {payment_id or order_key}")
            world.stage.start_first(
                f"trap {fault}", partial(self._injections.strike, fault, payment_id, order_key)
            )
