"""Answers of services that wait to be counted: a row each, in the commit that the answer led to (docs/adr/0024).

Rows are only added and, once they are counted, removed: nobody who answers a payer waits for another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, bindparam, delete, insert, select
from sqlalchemy.engine import Connection

from mpay_gateway.domain.deviation_kinds import bounded
from mpay_gateway.domain.heard_answer import LONGEST_MS, AnswerTo, HeardAnswer
from mpay_gateway.domain.identifiers import ServiceId
from mpay_gateway.storage.serial import deviations_from_text, deviations_to_text
from mpay_gateway.storage.tables import heard_answers

_MILLISECOND = timedelta(milliseconds=1)
_ADD = insert(heard_answers).inline()  # nobody asks for the number of the row
_REMOVE = delete(heard_answers).where(heard_answers.c.id.in_(bindparam("ids", expanding=True)))


@dataclass(frozen=True, slots=True)
class Waiting:
    """An answer that is not counted yet, by the number of its row."""

    id: int
    answer: HeardAnswer


class HeardAnswers:
    """The rows that wait."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, answer: HeardAnswer) -> None:
        """Let the answer be counted. Its deviations are bounded here, whatever a connector says."""
        self._connection.execute(
            _ADD,
            {
                "service_id": answer.service_id,
                "answer_to": answer.to.value,
                "at": answer.at,
                "subject": answer.subject,
                "took_ms": _milliseconds(answer.took),
                "skew_ms": _milliseconds(answer.skew),
                "deviations": deviations_to_text(bounded(answer.deviations)),
            },
        )

    def oldest(self, limit: int) -> tuple[Waiting, ...]:
        """Up to `limit` rows, the oldest first."""
        query = select(heard_answers).order_by(heard_answers.c.id).limit(limit)
        return tuple(map(_waiting, self._connection.execute(query)))

    def remove(self, rows: Sequence[Waiting]) -> None:
        """Forget these rows and no others: more may have come meanwhile."""
        if rows:
            self._connection.execute(_REMOVE, {"ids": [each.id for each in rows]})


def _milliseconds(span: timedelta | None) -> int | None:
    return None if span is None else max(-LONGEST_MS, min(span // _MILLISECOND, LONGEST_MS))


def _span(milliseconds: int | None) -> timedelta | None:
    return None if milliseconds is None else timedelta(milliseconds=milliseconds)


def _waiting(row: Row[Any]) -> Waiting:
    answer = HeardAnswer(
        ServiceId(row.service_id), AnswerTo(row.answer_to), row.at, row.subject, _span(row.took_ms), _span(row.skew_ms),
        deviations_from_text(row.deviations),
    )  # fmt: skip
    return Waiting(row.id, answer)
