"""What was seen so far, over all runs: kept in a file, so that the next run goes on where this one ended."""

import json
import tomllib
from collections import Counter
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from pathlib import Path

from mpay_gateway.domain.transitions import EDGES
from tests.simulation.bending import aim_of
from tests.simulation.coverage import EDGE_NAMES, PAIRS, WANTED, WITHIN, Aim, Pair, name_of
from tests.simulation.faults import Fault
from tests.simulation.traps import ENOUGH

IMPOSSIBLE = Path(__file__).with_name("impossible.toml")
WINDOW = 2000
"""Of so many seeds the most promising is played next."""
HOPED = 3.0
"""How often a world that is bent on a pair is taken to show it, before any was played."""
_TARGETS = {name_of(edge): edge.target.value for edge in EDGES}


@cache
def impossible() -> dict[Pair, str]:
    """Pairs that cannot be seen, each with the reason. Raises: ValueError for an edge or a fault that is none."""
    found: dict[Pair, str] = {}
    for entry in tomllib.loads(IMPOSSIBLE.read_text(encoding="utf-8"))["impossible"]:
        faults = list(Fault) if entry["faults"] == ["*"] else [Fault(each) for each in entry["faults"]]
        for pattern in entry["edges"]:
            edges = [edge for edge in EDGE_NAMES if fnmatchcase(edge, pattern)]
            if not edges:
                raise ValueError(f"no edge is called {pattern}")
            found |= {(edge, fault): entry["reason"] for edge in edges for fault in faults}
    return found


@cache
def possible() -> frozenset[Pair]:
    """The pairs that are wanted."""
    return frozenset(PAIRS) - impossible().keys()


@dataclass
class Tally:
    """How often each pair was seen, which seed comes next, and what it took. `seconds`: of all runs.

    `tried`: how many worlds were bent on a pair. `failed`: seeds that failed and did not pass since. `under_way`: how
    many that are bent on a pair were handed out and are not over yet.
    """

    next_seed: int = 1
    seeds: int = 0
    steps: int = 0
    seconds: float = 0.0
    seen: Counter[Pair] = field(default_factory=Counter)
    tried: Counter[Pair] = field(default_factory=Counter)
    failed: list[int] = field(default_factory=list)
    under_way: Counter[Pair] = field(default_factory=Counter, compare=False)

    @classmethod
    def read(cls, path: Path) -> "Tally":
        """What was kept, less what does not count any more.

        Pairs of edges or faults that there are no more are dropped, those of an edge that leads elsewhere now too;
        all are when a fault counts as at work for longer or shorter than it did.
        """
        if not path.exists():
            return cls()
        kept = json.loads(path.read_text(encoding="utf-8"))
        counts: dict[str, Counter[Pair]] = {"seen": Counter(), "tried": Counter()}
        same = kept.pop("within", None) == WITHIN
        for name, counter in counts.items():
            for edge, target, fault, count in kept.pop(name, ()) if same else ():
                if _TARGETS.get(edge) == target and fault in set(Fault):
                    counter[edge, Fault(fault)] = count
        known = {
            name: kept[name] for name in ("next_seed", "seeds", "steps", "seconds", "failed") if name in kept
        }
        return cls(**known, **counts)

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        kept = {
            "within": WITHIN,
            "next_seed": self.next_seed,
            "seeds": self.seeds,
            "steps": self.steps,
            "seconds": self.seconds,
            "failed": self.failed,
            "seen": _rows(self.seen),
            "tried": _rows(self.tried),
        }
        whole = path.with_suffix(".new")
        whole.write_text(json.dumps(kept), encoding="utf-8")
        whole.replace(path)

    def next(self) -> int:
        """The next seed that is worth playing: bent on nothing, or of all that are near on what is missed most."""
        seed = self.next_seed
        if _aim(seed) is not None:
            gains = {pair: self._gain(pair) for pair in possible()}
            seed = max(range(seed, seed + WINDOW), key=lambda each: _worth(_aim(each), gains))
        self.next_seed = seed + 1
        if (aim := _aim(seed)) is not None:
            self.tried.update(aim.pairs)
            self.under_way.update(aim.pairs)
        return seed

    def played(self, seed: int, seen: Counter[Pair]) -> None:
        """A world is over, and showed this."""
        self.seen += seen
        self.seeds += 1
        if (aim := aim_of(seed)) is not None:
            self.under_way -= Counter(aim.pairs)

    def _gain(self, pair: Pair) -> float:
        """How often one more world is likely to show a pair, as far as that is missed: more for what is seen little."""
        likely = min(ENOUGH, (self.seen[pair] + HOPED) / (self.tried[pair] + 1))
        missing = WANTED - self.seen[pair] - likely * self.under_way[pair]
        return max(0.0, min(missing, likely) * (missing / WANTED) ** 2)

    @property
    def wanting(self) -> list[Pair]:
        """The possible pairs that were not seen often enough yet."""
        return [pair for pair in PAIRS if pair in possible() and self.seen[pair] < WANTED]

    @property
    def never(self) -> list[Pair]:
        """The possible pairs that were not seen at all yet."""
        return [pair for pair in self.wanting if not self.seen[pair]]

    @property
    def surprises(self) -> list[Pair]:
        """Pairs that were seen and cannot be."""
        return [pair for pair in impossible() if self.seen[pair]]


def _worth(aim: Aim | None, gains: dict[Pair, float]) -> float:
    return 0.0 if aim is None else sum(gains.get(pair, 0.0) for pair in aim.pairs)


@lru_cache(maxsize=2 * WINDOW)
def _aim(seed: int) -> Aim | None:
    return aim_of(seed)


def _rows(counts: Counter[Pair]) -> list[list[object]]:
    return [[edge, _TARGETS[edge], fault.value, count] for (edge, fault), count in sorted(counts.items())]
