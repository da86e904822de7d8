"""Random SIGKILLs of everybody under load, then the books of all sides are compared: `make chaos`.

Gateways, workers, bank, e-Service, kiosk network and PostgreSQL are processes; every 0.2 to 3 s one of them is killed
and started again. In the end everybody is healed, the workers finish, and each side's own books must agree.
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from tests.postgres import PostgresServer
from tests.proofs.chaos_report import Story, write_report
from tests.proofs.fleet.agreement import Books, disagreements
from tests.proofs.fleet.crowd import Crowd, paid_so_far, progress
from tests.proofs.fleet.draining import drain, heal
from tests.proofs.fleet.fleet import CONNECTIONS, READY_SECONDS, Fleet, Plan, end_on_signals, running_fleet
from tests.proofs.fleet.members import ServerMember
from tests.proofs.fleet.office import Office
from tests.proofs.fleet.pages import wrong_pages
from tests.proofs.fleet.reading import own_checks, read_books
from tests.proofs.fleet.weather import Weather

SAY_SECONDS = 5.0
LEAST_PAID = 0.1
"""So many payers must have read that they have paid for each second: else too little happened to prove anything."""
LEAST_REFUNDED = 0.01
"""And so many refunds decided for each second."""
LONGER = 3
"""On a machine that is too slow for that the storm lasts so many times as long."""


@dataclass(frozen=True, slots=True)
class Options:
    """`seconds` of killing under load; `rate`: payers a second."""

    seconds: float
    seed: int
    rate: float
    report: Path


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when all books agree, 1 when they do not: then the folder with every log and book is kept."""
    options = _options(arguments)
    end_on_signals()
    console = Console(highlight=False)
    folder = Path(tempfile.mkdtemp(prefix="mpay-chaos-", dir="/tmp"))
    console.print(
        f"seed {options.seed}, {options.seconds:g} s, {options.rate:g} payers a second, in {folder}"
    )
    server = PostgresServer(settings=CONNECTIONS)
    try:
        server.start()
        story = _run(options, folder, server, console)
    finally:
        server.remove()
    write_report(options.report, story)
    for each in story.found:
        console.print(each, style="red")
    if story.found:
        console.print(f"{len(story.found)} disagreements; books and logs: {folder}", style="red")
        return 1
    shutil.rmtree(folder)
    console.print(f"0 lost, 0 double. Report: {options.report}", style="green")
    return 0


def _run(options: Options, folder: Path, server: PostgresServer, console: Console) -> Story:
    plan = Plan(folder, server.create_database("chaos"), options.seed)
    with running_fleet(plan, (ServerMember("PostgreSQL", server),)) as fleet:
        crowd = Crowd(fleet, rate=options.rate, seed=options.seed)
        weather = Weather(fleet, options.seed)
        office = Office(fleet, crowd, options.seed)
        office.start()
        _storm(options, fleet, crowd, weather, console)
        drained = _calm(fleet, crowd, office, console)
        books = read_books(fleet, crowd.orders, crowd.seen)
        found = (
            *own_checks(fleet),
            *disagreements(books),
            *wrong_pages(fleet, books),
            *_too_little(options, books, office),
        )
        return Story(
            command=f"make chaos SECONDS={options.seconds:g} SEED={options.seed}", seconds=options.seconds,
            seed=options.seed, rate=options.rate, plan=plan, counts=fleet.keeper.counts, crowd=crowd,
            weather=weather.seen, refunds=office.acts, drained=drained, books=books, found=found,
        )  # fmt: skip


def _too_little(options: Options, books: Books, office: Office) -> Iterator[str]:
    least = int(options.seconds * LEAST_PAID)
    if len(books.shown_paid) < least:
        yield f"IDLE: only {len(books.shown_paid)} payers read that they have paid, fewer than {least}"
    refunds = office.acts["approved"] + office.acts["decided, and the answer was lost"]
    if refunds < (least := int(options.seconds * LEAST_REFUNDED)):
        yield f"IDLE: only {refunds} refunds were decided, fewer than {least}"


def _storm(options: Options, fleet: Fleet, crowd: Crowd, weather: Weather, console: Console) -> None:
    crowd.start()
    weather.start()
    fleet.keeper.kill_from_now_on()
    began = time.monotonic()
    least = options.seconds * LEAST_PAID
    while (passed := time.monotonic() - began) < options.seconds or (
        paid_so_far(crowd) < least and passed < LONGER * options.seconds
    ):
        time.sleep(SAY_SECONDS if passed > options.seconds else min(SAY_SECONDS, options.seconds - passed))
        console.print(f"{time.monotonic() - began:5.0f} s  {progress(crowd, fleet.keeper)}")
    weather.stop()
    fleet.keeper.stop_killing()


def _calm(fleet: Fleet, crowd: Crowd, office: Office, console: Console) -> float:
    """Heal everybody and let the workers finish; how many seconds that took them."""
    fleet.keeper.wait_until_all_answer(READY_SECONDS)
    console.print("nobody is killed any more; the last payers finish")
    crowd.stop()
    heal(fleet, crowd.broken_orders)
    office.close()
    last = [0.0]

    def say(left: dict[str, int]) -> None:
        if time.monotonic() > last[0] + SAY_SECONDS:
            last[0] = time.monotonic()
            console.print(f"draining; left: {left or 'nothing'}")

    return drain(fleet, say)


def _options(arguments: Sequence[str] | None) -> Options:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument(
        "--seed", type=int, default=None, help="of kills, payers and faults; else drawn and printed"
    )
    parser.add_argument("--rate", type=float, default=3.0, help="payers a second")
    parser.add_argument("--report", type=Path, default=Path("var/proofs/chaos.md"))
    given = parser.parse_args(arguments)
    seed = random.SystemRandom().randrange(1_000_000) if given.seed is None else given.seed
    return Options(given.seconds, seed, given.rate, given.report)


if __name__ == "__main__":
    sys.exit(main())
