"""Round after round of duels on one database, the books checked in between, every outcome counted."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import cycle

from mpay_gateway.flow.bookkeeping.books import check_books
from tests.proofs.races import of_others, of_payers, of_refunds
from tests.proofs.races.arena import Arena, open_arena

Duel = Callable[[Arena, str], str]
CHECK_EVERY = 500
TWO_PAYERS: tuple[Duel, ...] = (of_payers.both_out_of_time, of_payers.one_out_of_time, of_payers.both_press)
"""Two payers of one order, the rounds that are counted."""
OTHERS: tuple[Duel, ...] = (
    of_payers.two_parts_too_many, of_payers.two_parts_that_fit, of_payers.two_tabs, of_payers.three_sides,
    of_payers.cancelled_and_paid, of_payers.held_money,
    of_others.kiosk_and_browser, of_others.cash_told_twice, of_others.two_workers,
    of_others.retried_while_it_is_sent, of_others.parked_while_it_is_sent, of_others.released_and_retried,
    of_others.two_approve, of_others.approved_and_rejected,
    of_refunds.two_approve_a_refund, of_refunds.refund_approved_and_rejected, of_refunds.refund_beside_a_reversal,
)  # fmt: skip
"""One of them, in turn, after every so many rounds of two payers."""
EVERY = 5
BOTH_WAYS: dict[Duel, int] = {
    **dict.fromkeys(TWO_PAYERS, 2), of_payers.two_parts_too_many: 2, of_payers.two_parts_that_fit: 2,
    of_payers.cancelled_and_paid: 2, of_others.kiosk_and_browser: 2, of_others.retried_while_it_is_sent: 2,
    of_others.parked_while_it_is_sent: 2, of_others.released_and_retried: 2, of_others.two_approve: 2,
    of_others.approved_and_rejected: 2, of_refunds.two_approve_a_refund: 2,
    of_refunds.refund_approved_and_rejected: 2, of_refunds.refund_beside_a_reversal: 2,
}  # fmt: skip
"""How many outcomes a duel has: each of them must have come about."""
ENOUGH = 25
"""After so many rounds of a duel each of its outcomes must have come about."""


@dataclass
class Tally:
    """What came of it. `outcomes`: by the duel's name. `two_payers`: rounds of two payers of one order."""

    outcomes: dict[str, Counter[str]] = field(default_factory=dict)
    two_payers: int = 0
    rounds: int = 0
    seconds: float = 0.0

    def count(self, duel: Duel, outcome: str) -> None:
        self.outcomes.setdefault(duel.__name__, Counter())[outcome] += 1
        self.rounds += 1
        self.two_payers += duel in TWO_PAYERS

    def add(self, other: "Tally") -> None:
        """Count what another process played at the same time."""
        for name, counted in other.outcomes.items():
            self.outcomes.setdefault(name, Counter()).update(counted)
        self.two_payers += other.two_payers
        self.rounds += other.rounds
        self.seconds = max(self.seconds, other.seconds)

    def one_sided(self) -> list[str]:
        """Duels that were played often enough, and of which an outcome never came about."""
        return [
            f"{duel.__name__}: only {dict(counted)}"
            for duel, ways in BOTH_WAYS.items()
            if (counted := self.outcomes.get(duel.__name__, Counter())).total() >= ENOUGH
            and len(counted) < ways
        ]


def run_races(
    database_url: str, rounds: int, seed: int, look: Callable[[Tally], object] = lambda _: None
) -> Tally:
    """Play so many rounds of two payers, and the other duels between them.

    Raises: AssertionError that names the round, or the violations of the books.
    """
    tally, began = Tally(), time.monotonic()
    with open_arena(database_url, seed) as arena:
        checked = arena.clock.now()
        for duel in _programme(rounds):
            order_key = f"RACE-{tally.rounds:06}"
            try:
                tally.count(duel, duel(arena, order_key))
            except AssertionError as error:
                raise AssertionError(f"{duel.__name__}, {order_key}, seed {seed}: {error}") from error
            if tally.rounds % CHECK_EVERY == 0:
                checked = _check(arena, since=checked)
            tally.seconds = time.monotonic() - began
            look(tally)
        _check(arena)
    tally.seconds = time.monotonic() - began
    return tally


def _programme(rounds: int) -> Iterator[Duel]:
    others = cycle(OTHERS)
    for number, duel in zip(range(1, rounds + 1), cycle(TWO_PAYERS), strict=False):
        yield duel
        if number % EVERY == 0:
            yield next(others)


def _check(arena: Arena, *, since: datetime | None = None) -> datetime:
    """Look at the payments since then, or at all. Returns the time of the look."""
    now = arena.clock.now()
    violations = check_books(arena.processes[0].units, since=since)
    assert not violations, violations[:10]
    return now
