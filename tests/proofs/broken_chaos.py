"""Chaos over gateways one of whose guards is broken on purpose: `make broken-chaos`. The comparison must say so.

A proof that has never failed proves little. So the programs of the fleet run with a mutant of the simulator's, are
killed at random under load, and the same comparison of everybody's books must find what was lost or doubled.
`--control` plays the same over sound gateways, of which it must say nothing of the kind.
"""

import argparse
import random
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from tests.postgres import PostgresServer
from tests.proofs.fleet.agreement import disagreements
from tests.proofs.fleet.crowd import Crowd, Story, progress
from tests.proofs.fleet.draining import HURRY_SECONDS, heal, hurry
from tests.proofs.fleet.fleet import CONNECTIONS, READY_SECONDS, Fleet, Plan, end_on_signals, running_fleet
from tests.proofs.fleet.members import ServerMember
from tests.proofs.fleet.payers import Purchase, Shape
from tests.proofs.fleet.reading import read_books

LOOK_SECONDS = 60.0
"""How long after the storm the comparison may take until it sees what the broken guard has done."""
LEAST_GONE = 3
"""The storm lasts until so many payers have come and gone, on whatever machine."""
STORM_MOST = 90.0


@dataclass(frozen=True, slots=True)
class Break:
    """What a broken guard takes to do harm. `fault`: what fails beside it.

    `sentence`: what the comparison must say of it, and never says of sound gateways, however early it looks.
    """

    story: Story
    fault: Callable[[Fleet], object]
    sentence: str


def _fine_unheard(crowd: Crowd, own: random.Random) -> tuple[Purchase, ...]:
    """A service that takes the confirmation and is not heard, and whose refusals give the money back."""
    return (Purchase(crowd.order("confirm-timeout-after-effect", fine=True), Shape.REDIRECT),)


def _untold(crowd: Crowd, own: random.Random) -> tuple[Purchase, ...]:
    return (Purchase(crowd.order("confirm-down"), Shape.REDIRECT),)


def _taken_twice(crowd: Crowd, own: random.Random) -> tuple[Purchase, ...]:
    return (Purchase(crowd.order(), Shape.REDIRECT, card="captured-twice"),)


BREAKS = {
    "mark done before call": Break(
        _untold, Fleet.repair, r"LOST: we say that \w+ is confirmed, the service applied it 0 times"
    ),
    "reverse on timeout": Break(
        _fine_unheard, Fleet.repair, r"DOUBLE: \w+ is confirmed and its money went back"
    ),
    "refund without key": Break(
        _taken_twice,
        lambda fleet: fleet.bank.break_down(reversals="timeout-after-effect"),
        r"INVENTED: the bank gave back \S+ \(\d+\) for \w+, which we did not order",
    ),
}


@dataclass(frozen=True, slots=True)
class Options:
    """`seconds` of killing under load, at least. `control`: nothing is broken."""

    guard: str
    control: bool
    seconds: float
    seed: int


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when the comparison saw the broken guard, or saw nothing of it where none was broken; else 1."""
    options = _options(arguments)
    end_on_signals()
    console = Console(highlight=False, soft_wrap=True)
    folder = Path(tempfile.mkdtemp(prefix="mpay-broken-", dir="/tmp"))
    broken = "nothing (control)" if options.control else options.guard
    console.print(f"broken: {broken}; seed {options.seed}, {options.seconds:g} s, in {folder}")
    server = PostgresServer(settings=CONNECTIONS)
    try:
        server.start()
        found = _run(options, folder, server, console)
    finally:
        server.remove()
    if bool(found) is options.control:
        said = f"said of sound gateways: {found}" if found else "did not see the broken guard"
        console.print(f"the comparison {said}; logs: {folder}", style="red")
        return 1
    shutil.rmtree(folder)
    console.print(found or "nothing of the kind is said of sound gateways", style="green")
    return 0


def _run(options: Options, folder: Path, server: PostgresServer, console: Console) -> str:
    """The sentence that was looked for; empty when it was not said."""
    chosen = BREAKS[options.guard]
    plan = Plan(
        folder, server.create_database("chaos"), options.seed,
        broken="" if options.control else options.guard,
    )  # fmt: skip
    with running_fleet(plan, (ServerMember("PostgreSQL", server),)) as fleet:
        crowd = Crowd(fleet, rate=2, seed=options.seed, stories={options.guard: (1, chosen.story)})
        chosen.fault(fleet)
        crowd.start()
        fleet.keeper.kill_from_now_on()
        began = time.monotonic()
        while (passed := time.monotonic() - began) < options.seconds or (
            len(crowd.seen) < LEAST_GONE and passed < STORM_MOST
        ):
            time.sleep(1)
        fleet.keeper.stop_killing()
        fleet.keeper.wait_until_all_answer(READY_SECONDS)
        console.print(progress(crowd, fleet.keeper))
        crowd.stop()
        heal(fleet, crowd.broken_orders)
        return _look(fleet, crowd, chosen.sentence)


def _look(fleet: Fleet, crowd: Crowd, sentence: str) -> str:
    """Compare while the workers bring on what is left, until the sentence is said or the time is over."""
    until = time.monotonic() + LOOK_SECONDS
    next_hurry = 0.0
    while time.monotonic() < until:
        if time.monotonic() >= next_hurry:
            hurry(fleet.database)
            next_hurry = time.monotonic() + HURRY_SECONDS
        for each in disagreements(read_books(fleet, crowd.orders, crowd.seen)):
            if re.fullmatch(sentence, each):
                return each
        time.sleep(1)
    return ""


def _options(arguments: Sequence[str] | None) -> Options:
    parser = argparse.ArgumentParser(prog="make broken-chaos", description=__doc__)
    parser.add_argument("--guard", choices=list(BREAKS), default=next(iter(BREAKS)))
    parser.add_argument("--control", action="store_true", help="break nothing")
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--seed", type=int, default=None, help="of kills and payers; else drawn and printed")
    given = parser.parse_args(arguments)
    seed = random.SystemRandom().randrange(1_000_000) if given.seed is None else given.seed
    return Options(given.guard, given.control, given.seconds, seed)


if __name__ == "__main__":
    sys.exit(main())
