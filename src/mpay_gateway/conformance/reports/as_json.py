"""A list of objects, one for each check."""

import json

from mpay_gateway.conformance.folder import message_stem
from mpay_gateway.conformance.run import Report
from mpay_gateway.conformance.verdict import Result


def json_report(report: Report) -> str:
    """Each check with `id`, `title`, `group`, `severity`, `status`, `detail`, and what explains it."""
    return json.dumps([_object(result) for result in report.results], ensure_ascii=False, indent=2) + "\n"


def _object(result: Result) -> dict[str, object]:
    check = result.check
    return {
        "id": check.id,
        "title": check.title,
        "group": check.group,
        "severity": check.severity.value,
        "status": result.status.value,
        "detail": result.detail,
        "contract": check.contract,
        "mend": check.mend,
        "exchanges": [
            {"sent": each.said, "received": each.summary, "files": message_stem(each)}
            for each in result.answers
        ],
    }
