"""The report for a terminal: what failed with all that explains it, what was not run, what passed in one line each."""

from collections.abc import Iterator

from mpay_gateway.conformance.reports.explaining import explained, failures, unfinished
from mpay_gateway.conformance.run import Report
from mpay_gateway.conformance.verdict import Result, Status

_MARKS = {Status.PASSED: "passed", Status.FAILED: "FAILED", Status.NOT_RUN: "not run"}


def text_report(report: Report) -> Iterator[str]:
    """Line by line, the summary last."""
    for result in report.results:
        yield f"{result.check.id:<7} {_MARKS[result.status]:<8} {result.check.title}"
    for result in failures(report):
        yield ""
        yield from _explained(result)
    yield from _not_run(report)
    if report.spendings:
        yield ""
        yield "paid by this run:"
        yield from (f"  {spending}" for spending in report.spendings)
    yield ""
    if report.cut_short:
        yield unfinished(report)
    yield _summary(report)


def _explained(result: Result) -> Iterator[str]:
    yield f"{result.check.id} {result.check.title} ({result.check.severity.value})"
    for what, line in explained(result):
        yield f"  {what + ':':<10} {line}"


def _not_run(report: Report) -> Iterator[str]:
    reasons: dict[str, list[str]] = {}
    for result in report.results:
        if result.status is Status.NOT_RUN:
            reasons.setdefault(result.detail, []).append(result.check.id)
    for reason, identifiers in reasons.items():
        yield ""
        every = len(identifiers) == len(report.results)
        yield f"not run: {'every check' if every else ', '.join(identifiers)}"
        yield f"  because: {reason}"


def _summary(report: Report) -> str:
    counts = ", ".join(f"{report.count(status)} {_MARKS[status].lower()}" for status in Status)
    advice = sum(each.status is Status.FAILED and not each.is_grave for each in report.results)
    said = f"{len(report.results)} checks: {counts}"
    return f"{said} ({advice} of them advice)" if advice else said
