"""Once a minute: count what services' answers were like (docs/adr/0024).

One task, leased like any other, does so for all processes: who answers a payer, or tells a service, only adds a row.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from mpay_gateway.domain.deviation import Deviation
from mpay_gateway.domain.deviation_kinds import MORE_KINDS
from mpay_gateway.domain.heard_answer import HeardAnswer, Spread
from mpay_gateway.flow.parts import Parts
from mpay_gateway.storage import Work
from mpay_gateway.storage.deviation_records import AnswerDay, DeviationRecord
from mpay_gateway.storage.heard_answers import Waiting
from mpay_gateway.storage.tasks import Lease, TaskKind

SUBJECT = "answers"
"""The subject of the one task that counts."""
EVERY = timedelta(minutes=1)
MOST_ANSWERS = 1000
"""So many are counted at once; more are due at once again. It bounds the commit."""
MOST_KINDS = 200
"""Kinds and places of one service. A hostile one invents more: they are counted together."""
DAYS_KEPT = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted together with answers that waited: the rows that are other than they were."""

    waiting: tuple[Waiting, ...]
    deviations: tuple[DeviationRecord, ...]
    days: tuple[AnswerDay, ...]


def keep_counting(parts: Parts) -> None:
    """Make sure that answers are counted within a minute, whatever became of the task or the clock."""
    due = parts.clock.now() + EVERY
    parts.units.run("tend-answers", lambda work: work.tasks.tend(TaskKind.COUNT, SUBJECT, due))


def count_answers(parts: Parts, lease: Lease) -> None:
    """A worker's turn. Raises: Conflict when another process has taken the task over; nothing is counted then."""
    now = parts.clock.now()
    counted = parts.units.read(lambda work: counted_with(work, work.heard_answers.oldest(MOST_ANSWERS)))
    more = len(counted.waiting) == MOST_ANSWERS

    def store(work: Work) -> None:
        work.tasks.finish(lease, due=now if more else now + EVERY)
        work.heard_answers.remove(counted.waiting)
        work.deviation_records.put_deviations(counted.deviations)
        work.deviation_records.put_days(counted.days)
        work.deviation_records.forget_days(_day(now - DAYS_KEPT))

    parts.units.run("count-answers", store)


def counted_with(work: Work, waiting: tuple[Waiting, ...]) -> Counted:
    """What is counted already of the services that `waiting` is about, and `waiting` with it."""
    answers = [each.answer for each in waiting]
    services = {each.service_id for each in answers}
    if not answers:
        return Counted((), (), ())
    known = work.deviation_records.deviations(services)
    days = work.deviation_records.days(min(_day(each.at) for each in answers), services)
    return Counted(waiting, _deviations(known, answers), _days(days, answers))


def _deviations(
    known: tuple[DeviationRecord, ...], answers: Iterable[HeardAnswer]
) -> tuple[DeviationRecord, ...]:
    records = {each.place: each for each in known}
    kinds = Counter(each.service_id for each in known)
    changed: dict[tuple[str, str, str, str], DeviationRecord] = {}
    for answer in answers:
        for deviation in answer.deviations:
            seen = _seen(answer, deviation)
            if seen.place not in records and kinds[seen.service_id] >= MOST_KINDS:
                seen = replace(seen, code=MORE_KINDS, path="", example="")
            before = records.get(seen.place)
            kinds[seen.service_id] += before is None
            records[seen.place] = changed[seen.place] = seen if before is None else before.and_later(seen)
    return tuple(changed.values())


def _seen(answer: HeardAnswer, deviation: Deviation) -> DeviationRecord:
    return DeviationRecord(
        answer.service_id, answer.to, deviation.code, deviation.path, 1, answer.at, answer.at, deviation.example,
        answer.subject,
    )  # fmt: skip


def _days(known: tuple[AnswerDay, ...], answers: Iterable[HeardAnswer]) -> tuple[AnswerDay, ...]:
    days = {each.place: each for each in known}
    changed: dict[tuple[str, str, date], AnswerDay] = {}
    for answer in answers:
        seen = AnswerDay(
            answer.service_id, answer.to, _day(answer.at), 1, Spread().with_one(answer.took),
            Spread().with_one(answer.skew), answer.skew, answer.at,
        )  # fmt: skip
        before = days.get(seen.place)
        days[seen.place] = changed[seen.place] = seen if before is None else before.and_later(seen)
    return tuple(changed.values())


def _day(at: datetime) -> date:
    return at.astimezone(UTC).date()
