"""The matrix: every crash point on each database, in the scenarios that pass it."""

import random
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

from mpay_gateway.crash_points import POINTS
from tests.proofs.scenarios import (
    books,
    databases,
    forms,
    holds,
    integrators,
    kiosks,
    operators,
    plugins,
    portal,
    refunds,
    restored,
    statement_lines,
    worker,
)
from tests.proofs.stage import SCENARIOS, Scenario

MODULES = (
    portal,
    worker,
    holds,
    refunds,
    kiosks,
    books,
    operators,
    plugins,
    forms,
    databases,
    restored,
    integrators,
    statement_lines,
)
OTHERS = 12
"""So many other cases are in the share of every run."""


@dataclass(frozen=True, slots=True)
class Case:
    """One death."""

    point: str
    scenario: Scenario
    engine: str

    def __str__(self) -> str:
        return f"{self.engine}-{self.point}-{self.scenario.name.replace(' ', '_')}"


def cases() -> list[Case]:
    """Every point in every scenario that passes it on SQLite; on PostgreSQL every point, in the first of them.

    The order is always the same.
    """
    found = [Case(point, each, "sqlite") for each in SCENARIOS for point in sorted(each.points)]
    first = {each.point: replace(each, engine="postgresql") for each in reversed(found)}
    return [*found, *reversed(first.values())]


def unproved() -> frozenset[str]:
    """The points that no scenario passes."""
    return POINTS - frozenset().union(*(each.points for each in SCENARIOS))


def sample() -> list[Case]:
    """The share that every run of all tests plays: the points around calls on SQLite, once each, and some others."""
    everything = cases()
    calls = {each.point: each for each in reversed(everything) if _of_a_call(each.point, each.engine)}
    rest = [each for each in everything if not each.point.startswith("call:")]
    return [*calls.values(), *chance().sample(rest, OTHERS)]


def chance() -> random.Random:
    """What decides on the share of a run: the revision, so that each change has its own and a run can be repeated."""
    return random.Random(_revision())


def _of_a_call(point: str, engine: str) -> bool:
    return engine == "sqlite" and point.startswith("call:")


def _revision() -> str:
    """Which code this is; nothing when this is no clone."""
    asked = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=Path(__file__).parent, capture_output=True, text=True, check=False
    )
    return asked.stdout.strip()
