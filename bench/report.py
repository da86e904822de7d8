"""The figures as tables for a person and as JSON for a program."""

import json
import math
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

from figures import Spread
from floor import Part, floor_ms
from inside import Seen
from latency import Latency
from load import CLIENTS, Measured
from rich.console import Console
from rich.table import Table

PROCESSES = ("gateway", "papers", "worker", "demo e-Service", "sandbox bank", "PostgreSQL", "payers")
TARGET = 2.5
"""The gateway's CPU is to be under so many times the floor."""
_TITLES = {"plain": "without receipt", "receipt": "with receipt PDF"}


@dataclass(frozen=True, slots=True)
class Database:
    """Everything measured on one database."""

    name: str
    fsync: tuple[Spread, ...]
    variants: dict[str, Measured]
    floor: tuple[Part, ...]
    seen: Seen
    latency: Latency
    capture_to_confirmed: Spread

    def ratio(self, variant: str) -> float:
        """The gateway's CPU per payment over the floor."""
        return self.variants[variant].cpu_per_payment("gateway") / floor_ms(self.floor)


@dataclass(frozen=True, slots=True)
class Report:
    """One run. `seconds`: of the whole run."""

    databases: tuple[Database, ...]
    load_before: str
    load_after: str
    seconds: float


def show(report: Report) -> None:
    """Print the tables."""
    console = Console(width=None if Console().is_terminal else 130, highlight=False)
    console.print(
        f"Machine before: {report.load_before}; after: {report.load_after}. {CLIENTS} payers at once."
    )
    for table in (_throughput(report), _floor(report), _latency(report), _units(report)):
        console.print()
        console.print(table)
    console.print(f"\nThe run took {report.seconds:.0f} s. bench/README.md explains every figure.")


def write_json(report: Report, path: Path) -> None:
    """Write the same figures for a program; milliseconds."""
    databases = [_json(database) for database in report.databases]
    whole = {"load_before": report.load_before, "load_after": report.load_after, "seconds": report.seconds}
    path.write_text(json.dumps(whole | {"databases": databases}, indent=2) + "\n", "utf-8")


def _throughput(report: Report) -> Table:
    columns = ("", "payments", "per second", *(f"{name}" for name in PROCESSES), "gateway / floor")
    table = _table("Complete payments, and CPU milliseconds per payment of each process", columns)
    for database in report.databases:
        for variant, measured in database.variants.items():
            cpu = (
                _number(measured.cpu_per_payment(name)) if name in measured.cpu else "" for name in PROCESSES
            )
            ratio = f"{database.ratio(variant):.1f} x"
            row = (str(len(measured.payments)), f"{measured.per_second:.1f}", *cpu, ratio)
            table.add_row(f"{database.name}, {_TITLES[variant]}", *row)
    return table


def _floor(report: Report) -> Table:
    columns = ("", "part", "times", "CPU ms each", "CPU ms", f"target: {TARGET:g} x")
    table = _table("The floor: the bare parts of one payment in the gateway", columns)
    for database in report.databases:
        for part in database.floor:
            table.add_row(
                database.name, part.name, str(part.times), f"{part.each_ms:.2f}", f"{part.total_ms:.1f}"
            )
        total = floor_ms(database.floor)
        table.add_row(
            database.name, "in all", "", "", f"{total:.1f}", f"{TARGET * total:.0f}", end_section=True
        )
    return table


def _latency(report: Report) -> Table:
    table = _table("Milliseconds", ("", "of", "p50", "p95", "p99", "count"))
    for database in report.databases:
        for page, spread in database.latency.pages.items():
            table.add_row(database.name, f"{page}, added by the gateway", *_spread(spread))
        table.add_row(
            database.name, "capture to confirmed, under load", *_spread(database.capture_to_confirmed)
        )
        for spread in database.fsync:
            table.add_row(database.name, "fsync of 4 KiB", *_spread(spread))
        table.add_row(
            database.name, "an answer of the stand-ins (taken off above)",
            f"{database.latency.standin_ms:.2f}", end_section=True,
        )  # fmt: skip
    return table


def _units(report: Report) -> Table:
    table = _table("Units of work of one payment in the gateway", ("unit", "times", "statements", "commits"))
    units = report.databases[0].seen.units
    times = Counter(unit.name for unit in units)
    for name, count in times.items():
        same = [unit for unit in units if unit.name == name]
        commits = sum(unit.commits for unit in same)
        table.add_row(name, str(count), str(sum(unit.statements for unit in same)), str(commits))
    seen = report.databases[0].seen
    table.add_section()
    table.add_row("in all", str(len(units)), str(seen.statements), str(seen.commits))
    return table


def _table(title: str, columns: tuple[str, ...]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number == 0 or column in {"part", "of"} else "right")
    return table


def _spread(spread: Spread) -> tuple[str, ...]:
    return (_number(spread.p50), _number(spread.p95), _number(spread.p99), str(spread.count))


def _number(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.2f}" if value < 10 else f"{value:.0f}"


def _json(database: Database) -> dict[str, object]:
    variants = {
        name: {
            "payments": len(measured.payments),
            "per_second": measured.per_second,
            "cpu_ms_per_payment": {each: measured.cpu_per_payment(each) for each in measured.cpu},
            "gateway_over_floor": database.ratio(name),
        }
        for name, measured in database.variants.items()
    }
    return {
        "database": database.name,
        "variants": variants,
        "floor_ms": {part.name: asdict(part) for part in database.floor},
        "added_latency_ms": {page: asdict(spread) for page, spread in database.latency.pages.items()},
        "standin_ms": database.latency.standin_ms,
        "capture_to_confirmed_ms": asdict(database.capture_to_confirmed),
        "fsync_ms": [asdict(spread) for spread in database.fsync],
        "units": [asdict(unit) for unit in database.seen.units],
    }
