"""What services' answers were like, counted: their deviations by kind and place, and a day's clock and speed.

Whoever counts holds the lease of the one task that does: rows are read, added to and written back.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, select
from sqlalchemy.engine import Connection

from mpay_gateway.domain.heard_answer import AnswerTo, Spread
from mpay_gateway.domain.identifiers import ServiceId
from mpay_gateway.storage.statements import put_row
from mpay_gateway.storage.tables import answer_days, deviations


@dataclass(frozen=True, slots=True)
class DeviationRecord:
    """One way in which a service deviates. `subject`: under which the messages of the last time are kept."""

    service_id: ServiceId
    to: AnswerTo
    code: str
    path: str
    times: int
    first_seen_at: datetime
    last_seen_at: datetime
    example: str
    subject: str

    @property
    def place(self) -> tuple[str, str, str, str]:
        """What tells it from every other."""
        return (self.service_id, self.to, self.code, self.path)

    def and_later(self, other: "DeviationRecord") -> "DeviationRecord":
        """Both, seen at one place. The newest example is kept, unless it has none."""
        newer, older = (other, self) if other.last_seen_at >= self.last_seen_at else (self, other)
        return replace(
            newer, times=self.times + other.times, example=newer.example or older.example,
            first_seen_at=min(self.first_seen_at, other.first_seen_at),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class AnswerDay:
    """One day (UTC) of a service's answers to one kind of question. `last_skew`: measured at `last_at`."""

    service_id: ServiceId
    to: AnswerTo
    day: date
    answers: int
    took: Spread
    skew: Spread
    last_skew: timedelta | None
    last_at: datetime

    @property
    def place(self) -> tuple[str, str, date]:
        """What tells it from every other."""
        return (self.service_id, self.to, self.day)

    def and_later(self, other: "AnswerDay") -> "AnswerDay":
        """Both, whether or not of one day."""
        newer, older = (other, self) if other.last_at >= self.last_at else (self, other)
        return replace(
            newer, answers=self.answers + other.answers, took=self.took.together(other.took),
            skew=self.skew.together(other.skew),
            last_skew=older.last_skew if newer.last_skew is None else newer.last_skew,
        )  # fmt: skip


_PUT_DEVIATION = put_row(deviations, ["service_id", "answer_to", "code", "path"])
_PUT_DAY = put_row(answer_days, ["service_id", "answer_to", "day"])


class DeviationRecords:
    """The counted rows."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def deviations(self, service_ids: Iterable[str] | None = None) -> tuple[DeviationRecord, ...]:
        """Of these services, of all when None; by service, the most frequent first."""
        query = select(deviations).order_by(deviations.c.service_id, deviations.c.times.desc())
        if service_ids is not None:
            query = query.where(deviations.c.service_id.in_(list(service_ids)))
        return tuple(map(_deviation, self._connection.execute(query)))

    def days(self, since: date, service_ids: Iterable[str] | None = None) -> tuple[AnswerDay, ...]:
        """Days from `since` on of these services, of all when None, in the order of time."""
        query = select(answer_days).where(answer_days.c.day >= since).order_by(answer_days.c.day)
        if service_ids is not None:
            query = query.where(answer_days.c.service_id.in_(list(service_ids)))
        return tuple(map(_day, self._connection.execute(query)))

    def put_deviations(self, records: Iterable[DeviationRecord]) -> None:
        rows = [
            {
                "service_id": each.service_id, "answer_to": each.to.value, "code": each.code, "path": each.path,
                "times": each.times, "first_seen_at": each.first_seen_at, "last_seen_at": each.last_seen_at,
                "example": each.example, "subject": each.subject,
            }
            for each in records
        ]  # fmt: skip
        if rows:
            self._connection.execute(_PUT_DEVIATION.on(self._connection), rows)

    def put_days(self, days: Iterable[AnswerDay]) -> None:
        rows = [
            {
                "service_id": each.service_id, "answer_to": each.to.value, "day": each.day, "answers": each.answers,
                "took": _spread_to_text(each.took), "skew": _spread_to_text(each.skew),
                "last_skew_ms": None if each.last_skew is None else each.last_skew // timedelta(milliseconds=1),
                "last_at": each.last_at,
            }
            for each in days
        ]  # fmt: skip
        if rows:
            self._connection.execute(_PUT_DAY.on(self._connection), rows)

    def forget_days(self, before: date) -> None:
        """Remove what is so old that nobody asks for it."""
        self._connection.execute(delete(answer_days).where(answer_days.c.day < before))


def _deviation(row: Row[Any]) -> DeviationRecord:
    return DeviationRecord(
        ServiceId(row.service_id), AnswerTo(row.answer_to), row.code, row.path, row.times, row.first_seen_at,
        row.last_seen_at, row.example, row.subject,
    )  # fmt: skip


def _day(row: Row[Any]) -> AnswerDay:
    last = None if row.last_skew_ms is None else timedelta(milliseconds=row.last_skew_ms)
    return AnswerDay(
        ServiceId(row.service_id), AnswerTo(row.answer_to), row.day, row.answers, _spread(row.took), _spread(row.skew),
        last, row.last_at,
    )  # fmt: skip


def _spread_to_text(spread: Spread) -> str:
    return json.dumps({str(each): spread.counts[each] for each in sorted(spread.counts)})


def _spread(text: str) -> Spread:
    return Spread({int(place): count for place, count in json.loads(text).items()})
