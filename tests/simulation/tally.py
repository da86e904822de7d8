"""What was seen so far, over all runs: kept in a file, so that the next run goes on where this one ended."""

import json
import tomllib
from collections import Counter
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from tests.simulation.bending import pair_of
from tests.simulation.coverage import EDGE_NAMES, PAIRS, WANTED, Pair
from tests.simulation.faults import Fault

IMPOSSIBLE = Path(__file__).with_name("impossible.toml")


@cache
def impossible() -> dict[Pair, str]:
    """Pairs that cannot be seen, each with the reason."""
    found: dict[Pair, str] = {}
    for entry in tomllib.loads(IMPOSSIBLE.read_text(encoding="utf-8"))["impossible"]:
        edges = [edge for edge in EDGE_NAMES if any(fnmatchcase(edge, each) for each in entry["edges"])]
        faults = list(Fault) if entry["faults"] == ["*"] else [Fault(each) for each in entry["faults"]]
        if not edges:
            raise ValueError(f"no edge is called {entry['edges']}")
        found |= {(edge, fault): entry["reason"] for edge in edges for fault in faults}
    return found


@dataclass
class Tally:
    """`next_seed`: where the next run begins. `seen`: how often each pair was seen. `seconds`: of all runs."""

    next_seed: int = 1
    seeds: int = 0
    steps: int = 0
    seconds: float = 0.0
    seen: Counter[Pair] = field(default_factory=Counter)

    @classmethod
    def read(cls, path: Path) -> "Tally":
        if not path.exists():
            return cls()
        kept = json.loads(path.read_text(encoding="utf-8"))
        seen = Counter({(edge, Fault(fault)): count for edge, fault, count in kept.pop("seen")})
        return cls(**kept, seen=seen)

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        seen = [[edge, fault.value, count] for (edge, fault), count in sorted(self.seen.items())]
        kept = {
            "next_seed": self.next_seed,
            "seeds": self.seeds,
            "steps": self.steps,
            "seconds": self.seconds,
        }
        whole = path.with_suffix(".new")
        whole.write_text(json.dumps(kept | {"seen": seen}), encoding="utf-8")
        whole.replace(path)

    def next(self) -> int:
        """The next seed that is worth playing: bent on a pair that is not seen often enough, or on none."""
        while True:
            seed, self.next_seed = self.next_seed, self.next_seed + 1
            pair = pair_of(seed)
            if pair is None or (pair not in impossible() and self.seen[pair] < WANTED):
                return seed

    @property
    def wanting(self) -> list[Pair]:
        """The possible pairs that were not seen often enough yet."""
        return [pair for pair in PAIRS if pair not in impossible() and self.seen[pair] < WANTED]

    @property
    def surprises(self) -> list[Pair]:
        """Pairs that were seen and cannot be."""
        return [pair for pair in impossible() if self.seen[pair]]
