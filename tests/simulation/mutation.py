"""`make mutants`: break each guard in turn and let the simulator find it out, known killers first.

The seeds that killed last are kept beside the mutants. `--fresh` forgets them and searches anew, from seeds that are
bent towards what the mutant breaks; how many that took is kept too.
"""

import argparse
import itertools
import json
import os
import statistics
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.simulation.bending import aim_of
from tests.simulation.coverage import EDGE_NAMES
from tests.simulation.faults import Fault
from tests.simulation.mutants import MUTANTS, Mutant
from tests.simulation.run import rig
from tests.simulation.simulate import run_seed

KILLERS = Path(__file__).with_name("killers.json")
SECONDS = 60.0
"""How long one mutant is searched for, in seconds of a core."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a mutant. `seed`: which killed it, None when it survives. `seeds`: how many it took.

    `searched`: how many it took when the killer was searched for.
    """

    mutant: str
    seed: int | None
    seeds: int
    searched: int
    seconds: float
    violation: str


def candidates(mutant: Mutant) -> Iterator[int]:
    """Seeds that are bent towards what the mutant breaks; all of them for one that says nothing of it."""
    edges = set(mutant.near) & set(EDGE_NAMES)
    faults = {Fault(each) for each in mutant.near if each not in EDGE_NAMES}
    for seed in itertools.count(1):
        aim = aim_of(seed)
        if not mutant.near or (
            aim and (not edges or aim.edge in edges) and (not faults or faults & set(aim.faults))
        ):
            yield seed


@cache
def agrees(seed: int) -> bool:
    """Whether all is well in the seed's world as long as nothing is broken on purpose."""
    return not run_seed(rig(), seed).violations


def hunt(name: str, known: tuple[int, int] | None, seconds: float) -> Verdict:
    """Play seeds against a mutant until one finds it out. `known`: the seed that did, and how many it took then.

    A world that ends by an error of the mutant's own text finds nothing out: no rule about money was asked.
    """
    mutant = next(each for each in MUTANTS if each.name == name)
    began = time.process_time()
    first = [known[0]] if known else []
    count, crash = 0, ""
    for count, seed in enumerate(itertools.chain(first, candidates(mutant)), 1):
        with mutant.applied():
            outcome = run_seed(rig(), seed)
        took = time.process_time() - began
        if outcome.crashes:
            crash = f"only crashes: {outcome.crashes[0]}"
        elif outcome.violations and agrees(seed):  # else the seed proves nothing
            searched = known[1] if known and seed == known[0] else count - len(first)
            return Verdict(name, seed, count, searched, took, outcome.violations[0])
        if took > seconds:
            break
    return Verdict(name, None, count, 0, time.process_time() - began, crash)


def known_killers() -> dict[str, tuple[int, int]]:
    if not KILLERS.exists():
        return {}
    return {name: (seed, seeds) for name, (seed, seeds) in json.loads(KILLERS.read_text("utf-8")).items()}


def keep(killers: dict[str, tuple[int, int]]) -> None:
    """Write down who kills whom, for the next time; nothing when it is as it was."""
    kept = {each.name: killers[each.name] for each in MUTANTS if each.name in killers}
    if kept != known_killers():
        lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(killer)}" for name, killer in kept.items())
        KILLERS.write_text("{\n" + lines + "\n}\n", encoding="utf-8")


def show(verdicts: list[Verdict], took: float) -> None:
    table = Table("mutant", "seed", "seeds", "killed by", box=None)
    for each in verdicts:
        table.add_row(
            each.mutant,
            str(each.seed or ""),
            str(each.seeds),
            each.violation[:90] if each.seed else f"SURVIVES {each.violation[:80]}",
        )
    console = Console(width=170, markup=False, highlight=False)
    console.print(table)
    killed = [each for each in verdicts if each.seed is not None]
    median = statistics.median([each.searched for each in killed]) if killed else 0
    now = statistics.median([each.seeds for each in killed]) if killed else 0
    console.print(
        f"{len(killed)} of {len(verdicts)} mutants killed in {took:.0f} s; "
        f"median seeds to kill: {now:g} with known killers first, {median:g} when they were searched for"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fresh", action="store_true", help="search anew, and keep what is found")
    parser.add_argument("--only", default="", help="those whose name has these letters")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for each mutant")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    began, known = time.monotonic(), known_killers()
    names = [each.name for each in MUTANTS if asked.only in each.name]
    with ProcessPoolExecutor(asked.processes) as pool:
        hunts = [
            pool.submit(hunt, name, None if asked.fresh else known.get(name), asked.seconds) for name in names
        ]
        verdicts = []
        for each in hunts:
            verdicts.append(each.result())
            print(
                verdicts[-1].mutant,
                verdicts[-1].seed or "SURVIVES",
                f"{verdicts[-1].seconds:.0f} s",
                flush=True,
            )
    show(verdicts, time.monotonic() - began)
    found = {each.mutant: (each.seed, each.searched) for each in verdicts if each.seed is not None}
    keep(known | found)
    return 0 if set(names) <= set(found) else 1


if __name__ == "__main__":
    sys.exit(main())
