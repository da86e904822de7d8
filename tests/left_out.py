"""What a machine cannot check is said at the end of the run: a program that is no part of our environment is missing.

For checks that other ones stand in for, made by somebody else's program (nginx, systemd). Everything else that cannot
run is a fault of the environment: see `complete_runs`.
"""

import os
import shutil
from collections.abc import Callable

import pytest

SYSTEM_PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))
PROPERTY = "left-out"
MISSED: dict[str, int] = {}

FindProgram = Callable[[str], str | None]


@pytest.fixture
def find_program(request: pytest.FixtureRequest) -> FindProgram:
    """Looks for a program of the machine; notes that the test's check by it was left out when it is not there."""

    def find(name: str) -> str | None:
        found = shutil.which(name, path=SYSTEM_PATH)
        if found is None:
            request.node.user_properties.append((PROPERTY, name))
        return found

    return find


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Each test has its properties in every report: those of its end count."""
    if report.when == "teardown":
        for name, program in report.user_properties:
            if name == PROPERTY:
                MISSED[str(program)] = MISSED.get(str(program), 0) + 1


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was not checked."""
    for program, count in sorted(MISSED.items()):
        line = f"LEFT OUT: {program} is not on this machine, {count} checks by it were not made"
        terminalreporter.write_line(line, yellow=True)
