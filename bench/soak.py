"""`make soak`: hold a rate of complete payments for long, and see whether times, memory and everybody hold too.

Payers come in an open loop at thin counterparts (standins.py). With --find the highest rate that is held is looked
for first, in short steps. Exit status 1 when a payment failed, the rate was not held, or a process grew.
"""

import argparse
import logging
import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import structlog
from arrivals import Arrivals, let_come
from browser import Browser, HttpSite, UnexpectedAnswer
from figures import Spread
from latency import CALLS, capture_to_confirmed
from launcher.place import DemoError
from load import machine_load
from memory import Memories
from payer import Paid, Payer, PaymentFailed
from processes import cpu_ms
from rich.console import Console
from rich.table import Table
from stack import CHECKOUT, Stack

RATES = {"SQLite": 25.0, "PostgreSQL": 60.0}
STEP_SECONDS = 15.0
FINEST = 1.0
"""Payments a second: so near the highest rate that is held is looked for."""


class Crowd:
    """Payers at the stand-ins, one for each thread that pays."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._own = threading.local()

    def pay(self) -> Paid:
        """Make one payment. Raises: what `Payer.pay` raises."""
        if not hasattr(self._own, "payer"):
            bank = HttpSite(self._stack.instant.address)
            self._own.payer = Payer(Browser(HttpSite(self._stack.place.gateway_url)), bank)
        return self._own.payer.pay(self._stack.instant.purchase(self._own.payer.bank))


def main() -> int:
    """Hold the rate and print what was seen."""
    options = _parser().parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started is ended on this way out too
    logging.disable(logging.WARNING)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    parent = CHECKOUT / "var"
    parent.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="soak-", dir=parent))
    console = Console(width=None if Console().is_terminal else 130, highlight=False)
    try:
        with Stack(options.database, folder, gateway_processes=options.processes) as stack:
            held = _hold(stack, options, console)
        if not held:
            _keep(folder, console)
    except (DemoError, UnexpectedAnswer, PaymentFailed) as error:
        print(f"soak: {error}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if held else 1


def _keep(folder: Path, console: Console) -> None:
    kept = folder.rename(folder.with_name(f"{folder.name}-kept"))
    console.print(f"What was seen, database and logs, is kept in {kept.relative_to(CHECKOUT)}.")


def _hold(stack: Stack, options: argparse.Namespace, console: Console) -> bool:
    console.print(f"{options.database}, {options.processes} gateway process(es); machine: {machine_load()}.")
    crowd = Crowd(stack)
    let_come(crowd.pay, rate=2, seconds=5)  # templates, pools and prepared statements
    rate = options.rate or RATES[options.database]
    if options.find:
        rate = _highest(crowd.pay, rate, console)
        if not rate:
            return False
    memories = Memories(stack.pids)
    before = cpu_ms(stack.pids)
    seen = let_come(crowd.pay, rate=rate, seconds=options.minutes * 60, beside=_sampler(memories))
    used = {name: after - before[name] for name, after in cpu_ms(stack.pids).items()}
    console.print(
        f"{seen.rate:.1f} payers a second for {seen.seconds:.0f} s: {seen.per_second:.2f} payments a second done, "
        f"{seen.waiting} under way at the end, {len(seen.failures)} failed: {'held' if seen.held else 'NOT HELD'}."
    )
    for table in (_times(stack, seen), _costs(seen, used), _sizes(memories)):
        console.print()
        console.print(table)
    for failure in seen.failures[:3]:
        console.print(f"failed: {failure}")
    console.print(f"\nMachine afterwards: {machine_load()}.")
    return seen.held and all(memory.flat for memory in memories.by_name.values())


def _highest(pay: Callable[[], Paid], rate: float, console: Console) -> float:
    """The highest rate at most `rate` that is held for some seconds, by halving; 0 when none is."""
    low, high = 0.0, rate
    tried = high
    while high - low > FINEST:
        seen = let_come(pay, rate=tried, seconds=STEP_SECONDS)
        console.print(
            f"{tried:.1f} a second: {seen.per_second:.1f} done, {seen.waiting} waiting, {len(seen.failures)} failed"
        )
        if seen.held:
            low = tried
            if tried == rate:
                break
        else:
            high = tried
        tried = (low + high) / 2
    return low


def _sampler(memories: Memories) -> Callable[[float], None]:
    last = [float("-inf")]

    def look(at: float) -> None:
        if at - last[0] >= 5:
            last[0] = at
            memories.look(at)

    return look


def _times(stack: Stack, seen: Arrivals) -> Table:
    table = Table(title="Milliseconds", title_justify="left", title_style="bold")
    for column in ("of", "p50", "p95", "p99", "count"):
        table.add_column(column, justify="left" if column == "of" else "right")
    own = stack.instant.own_ms()
    payments = [each.paid for each in seen.served]
    rows = {"a whole payment, from its payer's coming": Spread.of(each.took * 1000 for each in seen.served)}
    for page, calls in CALLS.items():
        rows[f"{page}, added by the gateway"] = Spread.of(
            paid.seconds[page] * 1000 for paid in payments
        ).less(calls * own)
    rows["capture to confirmed"] = capture_to_confirmed(stack.database_url, payments)
    for name, spread in rows.items():
        table.add_row(name, f"{spread.p50:.0f}", f"{spread.p95:.0f}", f"{spread.p99:.0f}", str(spread.count))
    return table


def _costs(seen: Arrivals, used: dict[str, float]) -> Table:
    table = Table(title="CPU milliseconds per payment", title_justify="left", title_style="bold")
    for name in used:
        table.add_column(name, justify="right")
    table.add_row(*(f"{ms / max(1, len(seen.served)):.1f}" for ms in used.values()))
    return table


def _sizes(memories: Memories) -> Table:
    table = Table(
        title="Memory (MB, what is shared divided among its sharers)",
        title_justify="left",
        title_style="bold",
    )
    for column in ("", "first", "last", "grew along its line", "may grow", "", "over time"):
        table.add_column(column, justify="left" if column in {"", "over time"} else "right")
    for name, memory in memories.by_name.items():
        table.add_row(
            name, f"{memory.samples[0][1]:.0f}", f"{memory.samples[-1][1]:.0f}", f"{memory.growth:.1f}",
            f"{memory.allowed:.0f}", "flat" if memory.flat else "GROWS", memory.picture(),
        )  # fmt: skip
    return table


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument(
        "--minutes", type=float, default=float(os.environ.get("MINUTES") or 30),
        help="how long the rate is held (default: MINUTES, else 30)",
    )  # fmt: skip
    parser.add_argument(
        "--database", choices=tuple(RATES), default=os.environ.get("DATABASE") or "PostgreSQL",
        help="default: DATABASE, else %(default)s",
    )  # fmt: skip
    parser.add_argument(
        "--rate", type=float, default=float(os.environ.get("RATE") or 0),
        help="payers a second (default: RATE, else the target: 60 on PostgreSQL, 25 on SQLite)",
    )  # fmt: skip
    parser.add_argument(
        "--processes", type=int, default=int(os.environ.get("PROCESSES") or 1),
        help="gateway processes (default: PROCESSES, else 1)",
    )  # fmt: skip
    parser.add_argument(
        "--find", action="store_true", default=bool(os.environ.get("FIND")),
        help="look for the highest rate up to that one which is held, then hold it",
    )  # fmt: skip
    return parser


if __name__ == "__main__":
    sys.exit(main())
