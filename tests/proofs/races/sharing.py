"""Rounds shared among processes, and one line that tells how far they are."""

from __future__ import annotations

import logging
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.sharedctypes import Synchronized

import structlog
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tests.postgres import PostgresServer
from tests.proofs.races.running import Tally, run_races
from tests.unit.databases import make_tables

SAY_SECONDS = 20.0
_PLAYED: list[Synchronized[int]] = []
"""In a process that plays: how many rounds of two payers each process has behind it; at last, whether one failed."""


@dataclass(frozen=True, slots=True)
class Shares:
    """So many rounds of two payers for so many processes."""

    rounds: int
    seed: int
    processes: int

    def of(self, place: int) -> int:
        """How many rounds one of them plays."""
        return self.rounds // self.processes + (place < self.rounds % self.processes)


def play(console: Console, engine: str, shares: Shares) -> Tally:
    """Share the rounds among the processes, each on a database of its own. Raises: AssertionError."""
    processes = shares.processes
    spawn = multiprocessing.get_context("spawn")
    played = [spawn.Value("i", 0) for _ in range(processes + 1)]
    total = Tally()
    with (
        _databases(engine, processes) as urls,
        ProcessPoolExecutor(processes, mp_context=spawn, initializer=_begin, initargs=(played,)) as pool,
    ):
        jobs = [
            pool.submit(_play_share, place, url, shares.of(place), shares.seed + place)
            for place, url in enumerate(urls)
        ]
        _tell(console, engine, shares.rounds, lambda: sum(each.value for each in played), jobs)
        if failed := next((each for each in jobs if each.done() and each.exception()), None):
            played[-1].value = 1  # the others end with their next round
            failed.result()
        for job in jobs:
            total.add(job.result())
    return total


def _begin(played: list[Synchronized[int]]) -> None:
    """What each process keeps: where it says how far it is. Its log is nobody's."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    _PLAYED.extend(played)


def _play_share(place: int, url: str, rounds: int, seed: int) -> Tally:
    make_tables(url)

    def look(tally: Tally) -> None:
        _PLAYED[place].value = tally.two_payers
        assert not _PLAYED[-1].value, "another process has failed"

    return run_races(url, rounds, seed, look)


def _tell(
    console: Console, engine: str, rounds: int, played: Callable[[], int], jobs: Sequence[Future[Tally]]
) -> None:
    """A bar on a terminal, else a line from time to time, until all have ended or one has failed."""
    columns = (TextColumn(engine), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[pace]}"))
    began = said = time.monotonic()
    with Progress(*columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=rounds, pace="")
        while not wait(jobs, 0.5, FIRST_EXCEPTION).done.issuperset(jobs):
            now, done = time.monotonic(), played()
            pace = f"{done / (now - began):.1f} rounds/s"
            bar.update(task, completed=done, pace=pace)
            if not console.is_terminal and now > said + SAY_SECONDS:
                console.print(f"{engine}: {done} of {rounds} rounds of two payers, {pace}")
                said = now
            if any(job.done() and job.exception() for job in jobs):
                return


@contextmanager
def _databases(engine: str, count: int) -> Iterator[list[str]]:
    """Empty databases. PostgreSQL without fsync: nobody is killed here."""
    if engine == "SQLite":
        with tempfile.TemporaryDirectory(prefix="mpay-races-") as folder:
            yield [f"sqlite:///{folder}/gateway-{number}.sqlite" for number in range(count)]
        return
    server = PostgresServer(fsync=False, settings=(("max_connections", "100"),))
    try:
        server.start()
        yield [server.create_database(f"races_{number}") for number in range(count)]
    finally:
        server.remove()
