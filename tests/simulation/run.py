"""`make simulate`: seed after seed on every core until every possible pair was seen, time is over, or one fails."""

import argparse
import logging
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path

import structlog

from tests.simulation.coverage import WANTED, Pair
from tests.simulation.progress import Progress
from tests.simulation.rig import Rig
from tests.simulation.simulate import run_seed
from tests.simulation.tally import Tally, possible

STATE = Path("var/simulation/tally.json")
CORPUS = Path(__file__).with_name("corpus.txt")
BATCH = 8
"""Seeds that one process plays before it reports."""
SHOWN = 60
"""The last steps of a failing seed that are printed."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a process tells of a seed. `tail` is empty when all went well."""

    seed: int
    steps: int
    seen: Counter[Pair]
    violations: tuple[str, ...]
    tail: tuple[str, ...]


@cache
def rig() -> Rig:
    """This process's own."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    return Rig()


def play(seeds: list[int]) -> list[Report]:
    """Play seeds until one fails."""
    reports = []
    for seed in seeds:
        outcome = run_seed(rig(), seed)
        tail = outcome.tail if outcome.violations else ()
        reports.append(Report(seed, outcome.steps, outcome.strikes.seen, outcome.violations, tail))
        if outcome.violations:
            break
    return reports


def corpus() -> list[int]:
    """The seeds that failed once."""
    lines = CORPUS.read_text(encoding="utf-8").splitlines()
    return [int(line.split("#")[0]) for line in lines if line.split("#")[0].strip()]


def replay(seed: int) -> int:
    """Play one seed and print its whole course."""
    outcome = run_seed(rig(), seed)
    print("\n".join(outcome.tail))
    print(f"seed {seed}: {outcome.steps} steps, trace {outcome.digest[:16]}")
    for violation in outcome.violations:
        print(f"  {violation}")
    return 1 if outcome.violations else 0


class Run:
    """One run over many seeds, in as many processes as there are cores."""

    def __init__(
        self, tally: Tally, state: Path, *, seconds: float, processes: int, in_order: bool = False
    ) -> None:
        """`in_order`: seed 1 and those that follow, whatever was seen: the same worlds for the same code, each time."""
        self._tally = tally
        self._in_order = count(1) if in_order else None
        self._state = state
        self._processes = processes
        self._began = time.monotonic()
        self._until = self._began + seconds
        self._played = 0
        self._progress = Progress(seconds)

    def go_on(self) -> int:
        """Play until everything was seen or the time is over; what failed before comes first.

        Returns 1 when a seed fails. What was seen is kept, whatever happens.
        """
        first = list(dict.fromkeys([*corpus(), *self._tally.failed]))
        pool = ProcessPoolExecutor(
            self._processes, initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_IGN)
        )
        try:
            with self._progress:
                return self._play(
                    pool, [first[place : place + BATCH] for place in range(0, len(first), BATCH)]
                )
        finally:
            pool.shutdown(cancel_futures=True)
            self._tally.seconds += time.monotonic() - self._began
            self._tally.write(self._state)

    def _play(self, pool: ProcessPoolExecutor, first: list[list[int]]) -> int:
        running = {pool.submit(play, seeds) for seeds in first}
        running |= {pool.submit(play, self._some()) for _ in range(2 * self._processes)}
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for report in _of(done):
                if failed := self._count(report):
                    return failed
            if self._goes_on:
                running |= {pool.submit(play, self._some()) for _ in done}
            self._progress.show(self.standing, self._complete)
        return 0

    @property
    def _goes_on(self) -> bool:
        return time.monotonic() < self._until and bool(self._tally.wanting)

    def _some(self) -> list[int]:
        return [next(self._in_order) if self._in_order else self._tally.next() for _ in range(BATCH)]

    def _count(self, report: Report) -> int:
        tally = self._tally
        tally.failed = [seed for seed in tally.failed if seed != report.seed]
        if report.violations:
            tally.failed.append(report.seed)
            _print_failure(report)
            return 1
        tally.played(report.seed, report.seen)
        tally.steps += report.steps
        self._played += 1
        if surprises := tally.surprises:
            print(f"seed {report.seed} saw what was called impossible: {surprises}")
            return 1
        return 0

    @property
    def _complete(self) -> float:
        """How much of all that is wanted was seen, up to 1."""
        return sum(min(self._tally.seen[pair], WANTED) for pair in possible()) / (WANTED * len(possible()))

    @property
    def standing(self) -> str:
        """Where the run stands, in one line."""
        tally, took = self._tally, time.monotonic() - self._began
        whole = len(possible())
        return (
            f"{self._played} seeds, {60 * self._played / took:.0f} a minute; of {whole} possible pairs "
            f"{whole - len(tally.wanting)} seen {WANTED} times, {whole - len(tally.never)} at least once"
        )

    def verdict(self) -> str:
        """What is said at the end of a run without a failure."""
        missing = len(self._tally.wanting)
        if not missing:
            return f"coverage complete: every possible pair was seen {WANTED} times"
        return f"coverage incomplete, {missing} pairs to go, run again: it goes on from here"


def _of(done: set[Future[list[Report]]]) -> Iterator[Report]:
    for future in done:
        yield from future.result()


def _print_failure(report: Report) -> None:
    print("\n".join(report.tail[-SHOWN:]))
    print(f"\nseed {report.seed} fails after {report.steps} steps:")
    for violation in report.violations:
        print(f"  {violation}")
    print(f"again, with its whole course: make simulate SEED={report.seed}")


def _list_never(tally: Tally) -> int:
    """Print what no world has shown yet, by edge."""
    by_edge: dict[str, list[str]] = {}
    for edge, fault in tally.never:
        by_edge.setdefault(edge, []).append(f"{fault.value} ({tally.tried[edge, fault]})")
    for edge, faults in by_edge.items():
        print(f"{edge}: {', '.join(faults)}")
    print(
        f"{len(tally.never)} of {len(possible())} possible pairs were not seen yet; in brackets: worlds bent on it"
    )
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--seed", type=int, help="play this one and print its course")
    parser.add_argument("--state", type=Path, default=STATE)
    parser.add_argument("--fresh", action="store_true", help="forget what was seen so far")
    parser.add_argument(
        "--in-order", action="store_true", help="the same seeds each time, not the most promising"
    )
    parser.add_argument("--complete", action="store_true", help="call an incomplete coverage a failure")
    parser.add_argument(
        "--never", action="store_true", help="list the pairs that were not seen yet, and play nothing"
    )
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    if asked.seed is not None:
        return replay(asked.seed)
    tally = Tally() if asked.fresh else Tally.read(asked.state)
    if asked.never:
        return _list_never(tally)
    run = Run(tally, asked.state, seconds=asked.seconds, processes=asked.processes, in_order=asked.in_order)
    try:
        failed = run.go_on()
    except KeyboardInterrupt:
        print(f"ended by hand; what was seen is kept\n{run.standing}")
        return 130
    print(run.standing)
    if not failed:
        print(run.verdict())
    return 1 if failed or (asked.complete and tally.wanting) else 0


if __name__ == "__main__":
    sys.exit(main())
