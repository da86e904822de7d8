"""What the proofs share with the journeys, how much of the matrix is played, and what is reported of it."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from mpay_gateway.crash_points import POINTS
from tests.functional.conftest import (
    counterparts,
    fresh_database,
    gateways,
    postgres_template,
    sqlite_template,
)
from tests.proofs.death_report import PROPERTY, Death, Run, markdown
from tests.proofs.nursery import Nursery
from tests.proofs.stage import Stage
from tests.scene.counterparts import Counterparts

StageFor = Callable[[str, str], AbstractContextManager[Stage]]
__all__ = ["counterparts", "nursery", "postgres_template", "sqlite_template"]
REPORT = "MPAY_CRASHPOINTS_REPORT"
"""The file that a run over the whole matrix reports to; without it a sample is played."""

_began = time.monotonic()
_deaths: dict[str, Death] = {}


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Where the processes come from that die."""
    made = Nursery()
    yield made
    made.close()


@pytest.fixture
def stage_for(
    request: pytest.FixtureRequest, counterparts: Counterparts, nursery: Nursery, tmp_path: Path
) -> StageFor:
    """Sets a stage where something is to die at a point, on a fresh database of an engine.

    When the play is over, the books of all must be sound.
    """
    numbers = count()

    @contextmanager
    def stage(point: str, engine: str) -> Iterator[Stage]:
        folder = tmp_path / str(next(numbers))
        folder.mkdir()
        empty = partial(_empty_database, engine, request, folder)
        with (
            fresh_database(engine, request, folder) as url,
            gateways(url, counterparts, folder) as make,
        ):
            yield Stage(point, engine, folder, counterparts, nursery, make, empty)

    return stage


def _empty_database(engine: str, request: pytest.FixtureRequest, folder: Path) -> str:
    if engine == "sqlite":
        return f"sqlite:///{folder / 'empty.sqlite'}"
    return str(request.getfixturevalue("postgres_url")())


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note each death, and whether everything that was looked at after it was in order."""
    told = dict(report.user_properties).get(PROPERTY)
    if told is not None and report.when == "call":
        point, scenario, engine, died, times = str(told).split("|")
        _deaths[report.nodeid] = Death(point, scenario, engine, died, int(times), report.passed)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the report, in the one process that hears of all tests."""
    target = os.environ.get(REPORT)
    if not target or hasattr(session.config, "workerinput") or not _deaths:
        return
    missing = POINTS - {each.point for each in _deaths.values() if each.died}
    run = Run(tuple(_deaths.values()), tuple(sorted(missing)), time.monotonic() - _began)
    Path(target).write_text(markdown(run, "make crashpoints"), "utf-8")
