"""Other sides that fail without dying: a seeded change of their fault switches, each for some seconds."""

import random
import threading
from collections import Counter
from collections.abc import Callable

import urllib3

from tests.proofs.fleet.fleet import Fleet

CALM_SECONDS = (2.0, 8.0)
BAD_SECONDS = (1.0, 5.0)
FAULTS: dict[str, Callable[[Fleet], None]] = {
    "service confirms nothing": lambda fleet: fleet.shop.break_down(confirm="down"),
    "service confirms, and nobody hears it": lambda fleet: fleet.shop.break_down(
        confirm="timeout-after-effect", slow_seconds=4
    ),
    "service answers no look-up": lambda fleet: fleet.shop.break_down(lookup="down"),
    "bank answers nothing": lambda fleet: fleet.bank.break_down(api="down"),
    "bank opens sessions and says so to nobody": lambda fleet: fleet.bank.break_down(
        api="timeout-after-create"
    ),
    "bank sends no callbacks": lambda fleet: fleet.bank.break_down(callbacks="off"),
    "bank gives back, and nobody hears it": lambda fleet: fleet.bank.break_down(
        reversals="timeout-after-effect"
    ),
    "network loses answers": lambda fleet: fleet.kiosks.break_down(lose_answers=3),
    "network sends everything twice": lambda fleet: fleet.kiosks.break_down(send_twice=True),
}


class Weather:
    """One fault at a time, until it is stopped; then everything is repaired."""

    def __init__(self, fleet: Fleet, seed: int) -> None:
        self.seen: Counter[str] = Counter()
        self._fleet = fleet
        self._chance = random.Random(f"weather {seed}")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._change, name="weather", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _change(self) -> None:
        while not self._stop.wait(self._chance.uniform(*CALM_SECONDS)):
            name = self._chance.choice(list(FAULTS))
            if self._tried(lambda: FAULTS[name](self._fleet)):  # noqa: B023  called at once
                self.seen[name] += 1
            self._stop.wait(self._chance.uniform(*BAD_SECONDS))
            self._tried(self._fleet.repair)

    def _tried(self, act: Callable[[], None]) -> bool:
        """Whoever is dead just now has no switches; what stays broken is repaired the next time."""
        try:
            act()
        except (urllib3.exceptions.HTTPError, AssertionError):
            return False
        return True
