"""JUnit XML, as build servers read it: a suite for each group."""

from itertools import groupby

from lxml import etree

from mpay_gateway.conformance.plain_text import plain
from mpay_gateway.conformance.reports.explaining import explanation
from mpay_gateway.conformance.run import Report
from mpay_gateway.conformance.verdict import Result, Status

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'


def junit_report(report: Report) -> str:
    """The same results; a failed check is a failure whose type is its severity, advice too."""
    named = {"name": plain(f"conformance of {report.service_id}")}
    root = etree.Element("testsuites", named | _counts(report.results))
    for group, results in groupby(report.results, key=lambda result: result.check.group):
        found = tuple(results)
        attributes = {"name": group, "timestamp": f"{report.started:%Y-%m-%dT%H:%M:%S}"} | _counts(found)
        skipped = str(sum(result.status is Status.NOT_RUN for result in found))
        suite = etree.SubElement(root, "testsuite", attributes, skipped=skipped)
        for result in found:
            _add_case(suite, result)
    return _DECLARATION + etree.tostring(root, encoding="unicode", pretty_print=True)


def _add_case(suite: etree._Element, result: Result) -> None:
    check = result.check
    case = etree.SubElement(
        suite,
        "testcase",
        name=f"{check.id} {check.title}",
        classname=f"conformance.{check.group}",
        time=_seconds((result,)),
    )
    if result.status is Status.NOT_RUN:
        etree.SubElement(case, "skipped", message=result.detail)
    elif result.status is Status.FAILED:
        said = etree.SubElement(case, "failure", type=check.severity.value, message=result.detail)
        said.text = explanation(result)


def _counts(results: tuple[Result, ...]) -> dict[str, str]:
    return {
        "tests": str(len(results)),
        "failures": str(sum(result.status is Status.FAILED for result in results)),
        "errors": "0",
        "time": _seconds(results),
    }


def _seconds(results: tuple[Result, ...]) -> str:
    return f"{sum(seen.seconds for result in results for seen in result.exchanges):.3f}"
