"""One HTML page that needs nothing else: to be kept, mailed and read years later."""

from functools import cache
from importlib.resources import files
from itertools import groupby

from chameleon import PageTemplate

from mpay_gateway.conformance.folder import message_stem
from mpay_gateway.conformance.reports.explaining import failures, unfinished
from mpay_gateway.conformance.run import Report
from mpay_gateway.conformance.verdict import Status

_WORDS = {Status.PASSED: "passed", Status.FAILED: "failed", Status.NOT_RUN: "not run"}


def html_report(report: Report) -> str:
    """The report as a page."""
    groups = [
        (group, list(results))
        for group, results in groupby(report.results, key=lambda each: each.check.group)
    ]
    counts = [(_WORDS[status], report.count(status), status.value) for status in Status]
    rendered: str = _template().render(
        report=report,
        groups=groups,
        counts=counts,
        verdict=_verdict(report),
        failed=failures(report),
        words=_WORDS,
        stem=message_stem,
        started=f"{report.started:%Y-%m-%d %H:%M} UTC",
    )
    return rendered


def _verdict(report: Report) -> str:
    if not report.reached:
        return "Nothing could be reached."
    if not report.passes:
        return f"There are failed checks above advice. {unfinished(report)}".rstrip()
    return unfinished(report) or "No check above advice failed."


@cache
def _template() -> PageTemplate:
    return PageTemplate(files(__package__).joinpath("report.pt").read_text("utf-8"))
