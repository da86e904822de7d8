"""The report of a run over the whole matrix: what died where, and how the books were afterwards."""

import platform
import subprocess
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mpay_gateway.crash_points import POINTS

CHECKOUT = Path(__file__).parents[2]
INTRODUCTION = (
    "A process of `mpay` kills itself with SIGKILL at each point of the registry (`src/mpay_gateway/crash_points.py`).",
    "Whoever comes next goes on: a payer who asks again, a bank that repeats itself, another worker once the leases",
    "of the dead one have run out. *Sound* means that the invariants of `mpay check-books` hold then, that our books",
    "agree with those of the bank, the service and the kiosk network, and that the scenario came to its proper end.",
)
MOST_NAMED = 20
PROPERTY = "death"
"""Under this name a test tells its death to whoever reports: fields in the order of `Death`, with bars between."""


@dataclass(frozen=True, slots=True)
class Death:
    """One case as it went. `died`: what was running, empty when nothing died. `times`: how often it was played."""

    point: str
    scenario: str
    engine: str
    died: str
    times: int
    sound: bool

    @property
    def outcome(self) -> str:
        """How the case went, for a cell of the table."""
        if self.sound:
            return "sound"
        return "**books not sound**" if self.died else "**not reached**"


@dataclass(frozen=True, slots=True)
class Run:
    """A run as it went. `missing`: crash points that no case of it reached."""

    deaths: tuple[Death, ...]
    missing: tuple[str, ...]
    seconds: float


def markdown(run: Run, command: str) -> str:
    """The report as a page of the documentation."""
    made = (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, revision {_revision()}, Python {platform.python_version()}"
    )
    lines = [
        "# Crash points: a report",
        "",
        f"`{command}`, {made}, {run.seconds / 60:.0f} minutes.",
        "",
        *INTRODUCTION,
        "",
        _sum(run),
        "",
        "| Crash point | Scenario | Killed | SQLite | PostgreSQL |",
        "|---|---|---|---|---|",
        *_rows(run.deaths),
    ]
    return "\n".join(lines) + "\n"


def _sum(run: Run) -> str:
    points = len({each.point for each in run.deaths if each.died} & POINTS)
    deaths, broken = sum(each.times for each in run.deaths), sum(not each.sound for each in run.deaths)
    named = ", ".join(f"`{each}`" for each in run.missing[:MOST_NAMED])
    missing = f" Not reached: {len(run.missing)}, among them {named}." if run.missing else ""
    return (
        f"**{deaths} deaths, {points} of {len(POINTS)} points; {broken} cases not as they must be.**{missing}"
    )


def _rows(deaths: tuple[Death, ...]) -> list[str]:
    found: dict[tuple[str, str], dict[str, Death]] = defaultdict(dict)
    for each in deaths:
        found[each.point, each.scenario][each.engine] = each
    rows = []
    for (point, scenario), by_engine in sorted(found.items()):
        killed = " / ".join(sorted({f"`mpay {each.died}`" for each in by_engine.values() if each.died}))
        cells = [
            by_engine[engine].outcome if engine in by_engine else "" for engine in ("sqlite", "postgresql")
        ]
        rows.append(f"| `{point}` | {scenario} | {killed} | {cells[0]} | {cells[1]} |")
    return rows


def _revision() -> str:
    """Which code it was; nothing when this is no clone."""
    asked = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    return asked.stdout.strip() or "unknown"
