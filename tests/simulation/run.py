"""`make simulate`: seed after seed on every core until every possible pair was seen, time is over, or one fails."""

import argparse
import logging
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import structlog

from tests.simulation.coverage import PAIRS, WANTED, Pair
from tests.simulation.rig import Rig
from tests.simulation.simulate import run_seed
from tests.simulation.tally import Tally, impossible

STATE = Path("var/simulation/tally.json")
CORPUS = Path(__file__).with_name("corpus.txt")
BATCH = 8
"""Seeds that one process plays before it reports."""
SHOWN = 60
"""The last steps of a failing seed that are printed."""
BEAT = 15.0
"""Seconds between two lines of progress."""


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

    def __init__(self, tally: Tally, state: Path, *, seconds: float, processes: int) -> None:
        self._tally = tally
        self._state = state
        self._processes = processes
        self._began = time.monotonic()
        self._until = self._began + seconds
        self._played = 0
        self._next_beat = self._began + BEAT

    def go_on(self) -> int:
        """Play until everything was seen or the time is over. Returns the exit status."""
        past = [corpus()[place : place + BATCH] for place in range(0, len(corpus()), BATCH)]
        with ProcessPoolExecutor(self._processes) as pool:
            running = {pool.submit(play, seeds) for seeds in past}
            running |= {pool.submit(play, self._some()) for _ in range(2 * self._processes)}
            while running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for report in _of(done):
                    if failed := self._count(report):
                        pool.shutdown(wait=False, cancel_futures=True)
                        return failed
                if self._goes_on:
                    running |= {pool.submit(play, self._some()) for _ in done}
                self._beat()
        return self._end()

    @property
    def _goes_on(self) -> bool:
        return time.monotonic() < self._until and bool(self._tally.wanting)

    def _some(self) -> list[int]:
        return [self._tally.next() for _ in range(BATCH)]

    def _count(self, report: Report) -> int:
        tally = self._tally
        if report.violations:
            _print_failure(report)
            return 1
        tally.seen += report.seen
        tally.seeds += 1
        tally.steps += report.steps
        self._played += 1
        if surprises := tally.surprises:
            print(f"seed {report.seed} saw what was called impossible: {surprises}")
            return 1
        return 0

    def _beat(self) -> None:
        if time.monotonic() >= self._next_beat:
            self._next_beat += BEAT
            self._say("")

    def _say(self, end: str) -> None:
        took = time.monotonic() - self._began
        possible = len(PAIRS) - len(impossible())
        print(
            f"{took:5.0f} s  {self._played} seeds, {60 * self._played / took:.0f} a minute; "
            f"{possible - len(self._tally.wanting)} of {possible} pairs seen {WANTED} times{end}",
            flush=True,
        )

    def _end(self) -> int:
        self._tally.seconds += time.monotonic() - self._began
        self._tally.write(self._state)
        self._say("; all seen" if not self._tally.wanting else "; the next run goes on from here")
        return 0


def _of(done: set[Future[list[Report]]]) -> Iterator[Report]:
    for future in done:
        yield from future.result()


def _print_failure(report: Report) -> None:
    print("\n".join(report.tail[-SHOWN:]))
    print(f"\nseed {report.seed} fails after {report.steps} steps:")
    for violation in report.violations:
        print(f"  {violation}")
    print(f"again, with its whole course: make simulate SEED={report.seed}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--seed", type=int, help="play this one and print its course")
    parser.add_argument("--state", type=Path, default=STATE)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    if asked.seed is not None:
        return replay(asked.seed)
    tally = Tally.read(asked.state)
    return Run(tally, asked.state, seconds=asked.seconds, processes=asked.processes).go_on()


if __name__ == "__main__":
    sys.exit(main())
