"""The database's primary is killed under load and its standby takes over: `make failover`.

With a synchronous standby nothing that anybody was told may be missing. The same with a standby whose line was cut
before, as an asynchronous one may lag behind: there the comparison of the books must find what was lost, or it could
not find anything.
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from counterparts.demo.launcher.processes import get
from tests.postgres import PostgresServer
from tests.proofs.failover_report import Story, write_report
from tests.proofs.fleet.agreement import Books, disagreements
from tests.proofs.fleet.crowd import Crowd, progress
from tests.proofs.fleet.draining import drain, heal
from tests.proofs.fleet.fleet import CONNECTIONS, Fleet, Plan, end_on_signals, running_fleet
from tests.proofs.fleet.pages import wrong_pages
from tests.proofs.fleet.reading import own_checks, read_books
from tests.proofs.fleet.standby import StandbyServer, commit_at_both, lose_power

DATABASE = "failover"
DECISION_SECONDS = 1.0
"""How long a cluster manager takes to believe that the primary is gone: here, a moment."""
SERVING_SECONDS = 60.0
PATIENCE_SECONDS = 120.0
"""For so many payers to come and go."""
LOST_FOR_GOOD = ("LOST: the bank has a session", "LOST: the service was told of")
"""What no worker can make good: the other side knows a payment that we have no row of."""


@dataclass(frozen=True, slots=True)
class Options:
    """`payers`: so many come and go before, and after."""

    payers: int
    seed: int
    rate: float
    report: Path


@dataclass
class Pair:
    """Two servers, the second of which follows the first. `synchronous`: commits wait for both."""

    synchronous: bool
    primary: PostgresServer = field(default_factory=lambda: PostgresServer(settings=CONNECTIONS))

    def start(self) -> None:
        self.primary.start()
        self.primary.create_database(DATABASE)
        self.standby = StandbyServer(self.primary, CONNECTIONS)
        self.standby.start()
        self.standby.wait_until_attached()
        if self.synchronous:
            commit_at_both(self.primary)

    @property
    def url(self) -> str:
        """One address for both: libpq takes the one that can be written to."""
        hosts = f"host={self.primary.folder}&host={self.standby.folder}"
        return f"postgresql+psycopg://postgres@/{DATABASE}?{hosts}&target_session_attrs=read-write"


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when nothing is missing with a synchronous standby, and the loss is found with the other one."""
    options = _options(arguments)
    end_on_signals()
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"seed {options.seed}, {options.payers} payers before and after")
    kept = _run(options, console, synchronous=True)
    console.print(f"synchronous standby: {kept.verdict}", style="red" if kept.found else "green")
    lost = _run(options, console, synchronous=False)
    proven = bool(lost.found)
    console.print(f"standby that lags behind: {lost.verdict}", style="green" if proven else "red")
    write_report(options.report, kept, lost)
    console.print(f"Report: {options.report}")
    return 0 if proven and not kept.found else 1


def _run(options: Options, console: Console, *, synchronous: bool) -> Story:
    folder = Path(tempfile.mkdtemp(prefix="mpay-failover-", dir="/tmp"))
    with _pair(synchronous) as pair:
        plan = Plan(folder, pair.url, options.seed)
        with running_fleet(plan, ()) as fleet:
            story = _fail_over(options, plan, pair, fleet, console)
    if story.found and synchronous:
        console.print(f"books and logs: {folder}", style="red")
        for each in story.found:
            console.print(each, style="red")
    else:
        shutil.rmtree(folder)
    return story


@contextmanager
def _pair(synchronous: bool) -> Iterator[Pair]:
    pair = Pair(synchronous)
    try:
        pair.start()
        yield pair
    finally:
        if hasattr(pair, "standby"):
            pair.standby.remove()
        pair.primary.remove()


def _fail_over(options: Options, plan: Plan, pair: Pair, fleet: Fleet, console: Console) -> Story:
    crowd = Crowd(fleet, rate=options.rate, seed=options.seed)
    crowd.start()
    _let_pass(crowd, options.payers)
    if not pair.synchronous:
        pair.standby.stop_following()
        _let_pass(crowd, options.payers // 2)
    console.print(f"before: {progress(crowd, fleet.keeper)}")
    killed = time.monotonic()
    lose_power(pair.primary)
    time.sleep(DECISION_SECONDS)
    promoted = pair.standby.promote()
    serving = _serving_again(fleet, plan, killed)
    _let_pass(crowd, options.payers)
    console.print(f"after: {progress(crowd, fleet.keeper)}")
    crowd.stop()
    heal(fleet, crowd.broken_orders)
    drained = drain(fleet) if pair.synchronous else 0.0
    books = read_books(fleet, crowd.orders, crowd.seen)
    return Story(
        plan=plan, synchronous=pair.synchronous, payers=options.payers, rate=options.rate, seed=options.seed,
        promoted=promoted, serving=serving, drained=drained, crowd=crowd, books=books,
        ended=dict(fleet.keeper.counts.ended), found=_found(pair, fleet, books),
    )  # fmt: skip


def _let_pass(crowd: Crowd, payers: int) -> None:
    """Let so many come and go. Raises: TimeoutError."""
    before, until = len(crowd.seen), time.monotonic() + PATIENCE_SECONDS
    while len(crowd.seen) < before + payers:
        if time.monotonic() > until:
            raise TimeoutError(f"only {len(crowd.seen) - before} of {payers} payers were served")
        time.sleep(0.1)


def _found(pair: Pair, fleet: Fleet, books: Books) -> tuple[str, ...]:
    """All of it after a drain; else only what no worker can make good."""
    apart = disagreements(books)
    if pair.synchronous:
        restarts = tuple(f"{kind} ended {n} times" for kind, n in fleet.keeper.counts.ended.items())
        return (*restarts, *own_checks(fleet), *apart, *wrong_pages(fleet, books))
    return tuple(each for each in apart if each.startswith(LOST_FOR_GOOD))


def _serving_again(fleet: Fleet, plan: Plan, since: float) -> float:
    """Seconds from the kill until every gateway serves, none of which was restarted. Raises: TimeoutError."""
    waiting = set(fleet.gateway_ports)
    while waiting:
        waiting -= {port for port in waiting if get(port, "/readyz", timeout=2)[0] == 200}
        if time.monotonic() > since + SERVING_SECONDS:
            raise TimeoutError(f"{len(waiting)} of {plan.gateways} gateways do not find the new primary")
        time.sleep(0.05)
    return time.monotonic() - since


def _options(arguments: Sequence[str] | None) -> Options:
    parser = argparse.ArgumentParser(prog="make failover", description=__doc__)
    parser.add_argument("--payers", type=int, default=40, help="who come and go before, and after")
    parser.add_argument("--seed", type=int, default=None, help="of payers; else drawn and printed")
    parser.add_argument("--rate", type=float, default=4.0, help="payers a second")
    parser.add_argument("--report", type=Path, default=Path("var/proofs/failover.md"))
    given = parser.parse_args(arguments)
    seed = random.SystemRandom().randrange(1_000_000) if given.seed is None else given.seed
    return Options(given.payers, seed, given.rate, given.report)


if __name__ == "__main__":
    sys.exit(main())
