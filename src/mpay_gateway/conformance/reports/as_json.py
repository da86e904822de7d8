"""A list of objects, one for each check."""

import json

from mpay_gateway.conformance.reports.explaining import explanation
from mpay_gateway.conformance.run import Report
from mpay_gateway.conformance.verdict import Result, Status


def json_report(report: Report) -> str:
    """Each check with `id`, `title`, `group`, `severity`, `status` and `detail`, and nothing else.

    The detail of a failed check says what was found, what was sent, what came back, what the contract says and how
    to mend it, a line each.
    """
    return json.dumps([_object(result) for result in report.results], ensure_ascii=False, indent=2) + "\n"


def _object(result: Result) -> dict[str, str]:
    return {
        "id": result.check.id,
        "title": result.check.title,
        "group": result.check.group,
        "severity": result.check.severity.value,
        "status": result.status.value,
        "detail": explanation(result) if result.status is Status.FAILED else result.detail,
    }
