"""What a failed check found, with all that explains it."""

from collections.abc import Iterator
from typing import Final

from mpay_gateway.conformance.folder import message_stem
from mpay_gateway.conformance.run import Report
from mpay_gateway.conformance.verdict import Result, Severity, Status

_LAST: Final = 3
"""Exchanges that are told: what a check saw last is what it judged by."""


def failures(report: Report) -> list[Result]:
    """What failed, the gravest first."""
    failed = [result for result in report.results if result.status is Status.FAILED]
    return sorted(failed, key=lambda each: list(Severity).index(each.check.severity))


def unfinished(report: Report) -> str:
    """That a run ended before its end, and what that leaves open; empty for a whole one."""
    if not report.cut_short:
        return ""
    left = sum(each.detail == report.cut_short for each in report.results)
    return f"NOT FINISHED: {report.cut_short}. Checks that were not tried to their end: {left}."


def explained(result: Result) -> Iterator[tuple[str, str]]:
    """What each line is about, and the line."""
    yield "found", result.detail
    for seen in result.exchanges[-_LAST:]:
        yield "sent", f"{seen.said} (message {message_stem(seen.number)})"
        yield "came back", seen.summary
    yield "contract", result.check.contract
    yield "mend", result.check.mend


def explanation(result: Result) -> str:
    """The same as one text."""
    return "\n".join(f"{what}: {line}" for what, line in explained(result))
