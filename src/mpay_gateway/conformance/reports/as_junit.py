"""JUnit XML, as build servers read it: a suite for each group."""

from itertools import groupby

from lxml import etree

from mpay_gateway.conformance.run import Report
from mpay_gateway.conformance.verdict import Result, Status

_TAGS = {Status.FAILED: "failure", Status.NOT_RUN: "skipped"}


def junit_report(report: Report) -> str:
    """The same results; a failed check is a failure whose type is its severity, advice too."""
    root = etree.Element(
        "testsuites", {"name": f"conformance of {report.service_id}"} | _counts(report.results)
    )
    by_group = sorted(report.results, key=lambda result: _place(result, report))
    for group, results in groupby(by_group, key=lambda result: result.check.group):
        found = tuple(results)
        attributes = {"name": group, "timestamp": report.started.isoformat()}
        suite = etree.SubElement(root, "testsuite", attributes | _counts(found))
        for result in found:
            _add_case(suite, result)
    return etree.tostring(root, encoding="unicode", pretty_print=True)


def _place(result: Result, report: Report) -> int:
    """Where a result's group begins among all results."""
    groups = [each.check.group for each in report.results]
    return groups.index(result.check.group)


def _add_case(suite: etree._Element, result: Result) -> None:
    check = result.check
    seconds = sum(answer.received.seconds for answer in result.answers)
    case = etree.SubElement(
        suite,
        "testcase",
        name=f"{check.id} {check.title}",
        classname=f"conformance.{check.group}",
        time=f"{seconds:.3f}",
    )
    if result.status in _TAGS:
        said = etree.SubElement(case, _TAGS[result.status], message=_clean(result.detail))
        if result.status is Status.FAILED:
            said.set("type", check.severity.value)
            said.text = _clean(_explained(result))


def _explained(result: Result) -> str:
    exchanges = "".join(f"sent: {each.said}\ncame back: {each.summary}\n" for each in result.answers[-3:])
    return f"{result.detail}\n{exchanges}contract: {result.check.contract}\nmend: {result.check.mend}\n"


def _counts(results: tuple[Result, ...]) -> dict[str, str]:
    return {
        "tests": str(len(results)),
        "failures": str(sum(result.status is Status.FAILED for result in results)),
        "skipped": str(sum(result.status is Status.NOT_RUN for result in results)),
        "errors": "0",
    }


def _clean(text: str) -> str:
    """Without what XML cannot hold."""
    return "".join(letter if letter >= " " or letter in "\n\t" else "�" for letter in text)
