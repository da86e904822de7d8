"""Every faulty service under every check: `make conformance`. Tests run each under the checks of its own group only."""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.progress import track

from mpay_gateway.conformance import CATALOGUE, Report, Status
from tests.conformance.bench import Host, judge, new_keys, serving
from tests.conformance.faults import FAULTS


def fired(host: Host, identifier: str) -> tuple[set[str], int]:
    """The checks that failed against the faulty service of this one, and how many were not run."""
    service = host.service(identifier)
    FAULTS[identifier].bend(service)
    report = judge(host, service)
    return _of(report, Status.FAILED), report.count(Status.NOT_RUN)


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when each check fired on its fault and no other one did."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--report", type=Path)
    parser.add_argument("checks", nargs="*", default=sorted(FAULTS))
    options = parser.parse_args(arguments)
    with serving(new_keys()) as host:
        tried = track(options.checks, disable=not sys.stderr.isatty())
        rows = [(identifier, *fired(host, identifier)) for identifier in tried]
    wrong = [row for row in rows if row[1] != {row[0]}]
    for identifier, found, _ in wrong:
        print(f"{identifier}: {', '.join(sorted(found)) or 'nothing'} fired")
    print(f"{len(rows)} faulty services, {len(rows) - len(wrong)} found by their check alone")
    if options.report:
        options.report.write_text(_page(rows), "utf-8")
    return 1 if wrong else 0


def _of(report: Report, status: Status) -> set[str]:
    return {each.check.id for each in report.results if each.status is status}


def _page(rows: list[tuple[str, set[str], int]]) -> str:
    titles = {check.id: check.title for check in CATALOGUE}
    alone = sum(found == {identifier} for identifier, found, _ in rows)
    day = datetime.now(UTC)
    lines = [
        "# Conformance: every faulty service under every check",
        "",
        f"`make conformance` on {day:%Y-%m-%d}: {len(rows)} faulty services, one for each check, each under all",
        f"{len(CATALOGUE)} checks. {alone} were found by their check and by no other.",
        "",
        "| Fault of | Check | Fired | Not run |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {identifier} | {titles[identifier]} | {', '.join(sorted(found)) or 'nothing'} | {left} |"
        for identifier, found, left in rows
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
