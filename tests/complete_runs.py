"""A run is complete or it fails: a skipped test is a check that nobody made.

Deselection (`-k`, `-m`, a path) is the way to run less. A test that can't run here is a fault of the
environment, which `make` sets up.
"""

import pytest

SKIPPED: list[str] = []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note each skipped test; an expected failure is no skip."""
    if report.skipped and not hasattr(report, "wasxfail"):
        SKIPPED.append(report.nodeid)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Note each module that skipped itself."""
    if report.skipped:
        SKIPPED.append(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run that would otherwise pass in spite of skipped tests."""
    if SKIPPED and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say why the run failed."""
    if SKIPPED:
        terminalreporter.write_line(f"FAILED: {len(SKIPPED)} skipped; no test may be skipped:", red=True)
        for nodeid in sorted(set(SKIPPED)):
            terminalreporter.write_line(f"  {nodeid}", red=True)
