"""Two at once, thousands of times, on both databases: `make races`."""

from __future__ import annotations

import argparse
import os
import platform
import random
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from tests.proofs.fleet.fleet import end_on_signals
from tests.proofs.fleet.report import table, write_lines
from tests.proofs.races.running import OTHERS, TWO_PAYERS, Tally
from tests.proofs.races.sharing import Shares, play

TITLES = {duel.__name__: (duel.__doc__ or "").partition("\n")[0] for duel in (*TWO_PAYERS, *OTHERS)}


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when every round ended as it must, the books are sound, and every outcome came about; else 1."""
    options = _options(arguments)
    end_on_signals()
    console = Console(highlight=False)
    console.print(f"seed {options.seed}")
    tallies: dict[str, Tally] = {}
    try:
        for engine, rounds in (("PostgreSQL", options.rounds), ("SQLite", options.sqlite_rounds)):
            tallies[engine] = play(console, engine, Shares(rounds, options.seed, options.processes))
    except AssertionError as error:
        console.print(str(error), style="red", markup=False)
        return 1
    one_sided = [each for tally in tallies.values() for each in tally.one_sided()]
    for each in one_sided:
        console.print(f"one outcome never came about: {each}", style="red", markup=False)
    write_lines(options.report, _report(options, tallies, one_sided))
    console.print(f"Report: {options.report}")
    return 1 if one_sided else 0


def _report(options: argparse.Namespace, tallies: dict[str, Tally], one_sided: list[str]) -> Iterator[str]:
    yield "# Races"
    yield ""
    yield (
        "Two at once through the shipped flow code on a real database: two gateways and a worker, each with threads of"
        " its own, started together by barriers; bank and service are scripted and keep books of their own."
    )
    yield ""
    command = f"make races ROUNDS={options.rounds} SQLITE_ROUNDS={options.sqlite_rounds} SEED={options.seed}"
    yield f"* Command: `{command}` ({datetime.now(UTC):%Y-%m-%d %H:%M} UTC)"
    yield f"* Machine: {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    for engine, tally in tallies.items():
        yield (
            f"* {engine}: {tally.two_payers} rounds of two payers of one order and {tally.rounds - tally.two_payers}"
            f" others, by {options.processes} processes in {tally.seconds:.0f} s"
            f" ({tally.rounds / tally.seconds:.1f} a second)"
        )
    verdict = "every round ended as it must, and the books are sound"
    yield f"* Result: **{verdict if not one_sided else f'FAILED: {one_sided}'}**"
    yield ""
    yield "Who was first, and how often:"
    yield ""
    names = [duel.__name__ for duel in (*TWO_PAYERS, *OTHERS)]
    rows = [
        (TITLES[name], outcome, *(tally.outcomes.get(name, {}).get(outcome, 0) for tally in tallies.values()))
        for name in names
        for outcome in sorted({each for tally in tallies.values() for each in tally.outcomes.get(name, {})})
    ]
    yield from table(("Round", "Outcome", *tallies), rows)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make races", description=__doc__)
    parser.add_argument("--rounds", type=int, default=10_000, help="of two payers, on PostgreSQL")
    parser.add_argument("--sqlite-rounds", type=int, default=1_000, help="the same on SQLite")
    parser.add_argument(
        "--seed", type=int, default=None, help="of who is late by how much; else drawn and printed"
    )
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="that play, each its share")
    parser.add_argument("--report", type=Path, default=Path("var/proofs/races.md"))
    given = parser.parse_args(arguments)
    if given.seed is None:
        given.seed = random.SystemRandom().randrange(1_000_000)
    return given


if __name__ == "__main__":
    sys.exit(main())
