"""`make bench`: how fast, at what cost, and how far above the floor. See README.md for what each figure means."""

import argparse
import logging
import os
import shutil
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from browser import UnexpectedAnswer
from figures import Spread
from floor import Part, measure_floor
from inside import Seen, watch_payment
from latency import Latency, added_latency, capture_to_confirmed, pay_alone
from launcher.place import DemoError
from load import Crowd, Measured, machine_load
from payer import Paid, PaymentFailed
from probe import fsync_times
from report import Database, Report, show, write_json
from stack import CHECKOUT, Stack

ROUNDS = 3
DATABASES = ("SQLite", "PostgreSQL")
DEFAULT_SECONDS = 50.0
_LATENCY_SHARE = 0.25
_ORDERS_PER_SECOND = 25
"""Orders made before a slice, per second of it; more are made on the way when the machine is faster."""


@dataclass
class Bench:
    """One stack with everything that is measured on it."""

    stack: Stack
    crowd: Crowd
    variants: dict[str, Measured] = field(
        default_factory=lambda: {"plain": Measured(), "receipt": Measured()}
    )
    alone: list[Paid] = field(default_factory=list)
    fsync: list[Spread] = field(default_factory=list)
    floors: list[tuple[Part, ...]] = field(default_factory=list)
    seen: Seen = field(default_factory=Seen)

    def prepare(self) -> None:
        """Warm everything up, and watch one payment from inside."""
        self.crowd.wait_until_idle()
        self.crowd.make_orders(8)
        self.crowd.pay_for(0.5, receipt=True)
        self.crowd.wait_until_idle()
        self.seen = watch_payment(self.stack, self.stack.instant)

    def measure(self, seconds: float) -> None:
        """One slice of each variant, with probe and floor beside."""
        folder = self.stack.place.folder
        self.fsync.append(fsync_times(folder))
        key = folder / "keys" / "gateway.key"
        self.floors.append(measure_floor(self.seen, key, self.stack.database_url, folder))
        slice_seconds = seconds * (1 - _LATENCY_SHARE) / len(self.variants)
        for name, measured in self.variants.items():
            self.crowd.make_orders(int(slice_seconds * _ORDERS_PER_SECOND))
            measured.add(*self.crowd.pay_for(slice_seconds, receipt=name == "receipt"))
        self.alone += pay_alone(self.stack, seconds * _LATENCY_SHARE)

    def result(self) -> Database:
        """Everything measured, in figures."""
        told = [paid for measured in self.variants.values() for paid in measured.payments]
        latency: Latency = added_latency(self.stack, self.alone)
        return Database(
            name=self.stack.database,
            fsync=tuple(self.fsync),
            variants=self.variants,
            floor=_median_parts(self.floors),
            seen=self.seen,
            latency=latency,
            capture_to_confirmed=capture_to_confirmed(self.stack.database_url, told),
        )


def main() -> int:
    """Measure and print; 1 when a payment failed or something did not start."""
    options = _parser().parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started is ended on this way out too
    logging.disable(logging.WARNING)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    try:
        report = _measure(options.seconds, tuple(options.database or DATABASES))
    except (DemoError, UnexpectedAnswer, PaymentFailed) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    show(report)
    if options.json:
        write_json(report, options.json)
    return 0


def _measure(seconds: float, databases: tuple[str, ...]) -> Report:
    began = time.monotonic()
    load_before = machine_load()
    parent = CHECKOUT / "var"
    parent.mkdir(exist_ok=True)
    with ExitStack() as ending:
        benches = []
        for database in databases:
            folder = Path(tempfile.mkdtemp(prefix="bench-", dir=parent))
            ending.callback(shutil.rmtree, folder, ignore_errors=True)
            print(f"starting the scenario on {database} …", file=sys.stderr)
            stack = ending.enter_context(Stack(database, folder))
            benches.append(Bench(stack, Crowd(stack)))
            benches[-1].prepare()
        for number in range(ROUNDS):
            for bench in benches if number % 2 == 0 else benches[::-1]:
                print(f"round {number + 1} of {ROUNDS}: {bench.stack.database} …", file=sys.stderr)
                bench.measure(seconds / ROUNDS / len(benches))
        results = tuple(bench.result() for bench in benches)
    return Report(results, load_before, machine_load(), time.monotonic() - began)


def _median_parts(floors: list[tuple[Part, ...]]) -> tuple[Part, ...]:
    """Of several measurements of the same parts, the median of each."""
    return tuple(
        sorted(same, key=lambda part: part.each_ms)[len(same) // 2] for same in zip(*floors, strict=True)
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "--seconds", type=float, default=float(os.environ.get("SECONDS") or DEFAULT_SECONDS),
        help="time of measuring in all, without starting and ending (default: SECONDS, else %(default)s)",
    )  # fmt: skip
    parser.add_argument("--database", action="append", choices=DATABASES, help="only this one; repeatable")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to this file too")
    return parser


if __name__ == "__main__":
    sys.exit(main())
