"""What each service gets wrong, how its clock goes, how fast it answers: for operators and for who makes it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import TypeVar

from mpay_gateway.domain.deviation import DeviationKind
from mpay_gateway.domain.deviation_kinds import CORE_KINDS
from mpay_gateway.domain.errors import UnknownService
from mpay_gateway.domain.heard_answer import AnswerTo
from mpay_gateway.flow.answer_counting import counted_with
from mpay_gateway.flow.parts import Parts
from mpay_gateway.storage import Work
from mpay_gateway.storage.deviation_records import AnswerDay, DeviationRecord

_MOST_WAITING = 10_000
"""Of what is not counted yet, so much is looked at: more waits only where no worker runs."""
_MILLISECOND = timedelta(milliseconds=1)
T = TypeVar("T", DeviationRecord, AnswerDay)


@dataclass(frozen=True, slots=True)
class SeenDeviation:
    """A counted deviation with what its code means; `kind` None where the connector does not say."""

    record: DeviationRecord
    kind: DeviationKind | None


@dataclass(frozen=True, slots=True)
class Measures:
    """A service's answers to one kind of question, in milliseconds; None where nothing was measured.

    `skew`: its clock minus ours.
    """

    to: AnswerTo
    answers: int
    took_median: int | None
    took_p95: int | None
    took_worst: int | None
    skew_median: int | None
    skew_worst: int | None
    skew_last: int | None
    last_at: datetime


@dataclass(frozen=True, slots=True)
class ServiceReport:
    """`measures`: of the days that were asked for; the deviations are of all times."""

    service_id: str
    deviations: tuple[SeenDeviation, ...]
    measures: tuple[Measures, ...]


def report_answers(parts: Parts, service_id: str | None, *, days: int) -> tuple[ServiceReport, ...]:
    """What is known of each service, of one alone if it is named; with what no worker has counted yet.

    `days`: of how many days, today's among them, clock and speed are told. Raises: UnknownService.
    """
    return parts.units.read(lambda work: _reports(parts, work, service_id, days))


def _reports(parts: Parts, work: Work, service_id: str | None, days: int) -> tuple[ServiceReport, ...]:
    rows = {row.id: row.connector for row in work.services.all()}
    if service_id is not None and service_id not in rows:
        raise UnknownService(service_id)
    since = (parts.clock.now() - timedelta(days=days - 1)).date()
    fresh = counted_with(work, work.heard_answers.oldest(_MOST_WAITING))
    records = _newest(work.deviation_records.deviations(), fresh.deviations)
    spans = [each for each in _newest(work.deviation_records.days(since), fresh.days) if each.day >= since]
    return tuple(
        ServiceReport(
            each,
            _explained(
                [record for record in records if record.service_id == each], _kinds(parts, rows[each])
            ),
            _measured([span for span in spans if span.service_id == each]),
        )
        for each in sorted(rows)
        if service_id in {None, each}
    )


def _newest(stored: Iterable[T], fresh: Iterable[T]) -> list[T]:
    """The stored rows, each replaced by what it will be once everything is counted."""
    return list(({each.place: each for each in stored} | {each.place: each for each in fresh}).values())


def _kinds(parts: Parts, connector: str) -> Mapping[str, DeviationKind]:
    info = parts.registry.connectors.get(connector)
    known = () if info is None else info.plugin.deviation_kinds
    return {each.code: each for each in (*CORE_KINDS, *known)}


def _explained(
    records: list[DeviationRecord], kinds: Mapping[str, DeviationKind]
) -> tuple[SeenDeviation, ...]:
    ordered = sorted(records, key=lambda record: (-record.times, record.place))
    return tuple(SeenDeviation(each, kinds.get(each.code)) for each in ordered)


def _measured(days: list[AnswerDay]) -> tuple[Measures, ...]:
    found = []
    for to, some in groupby(sorted(days, key=lambda day: (day.to, day.day)), key=lambda day: day.to):
        first, *others = some
        for each in others:
            first = first.and_later(each)
        found.append(
            Measures(
                to, first.answers, _ms(first.took.quantile(50)), _ms(first.took.quantile(95)),
                _ms(first.took.worst), _ms(first.skew.quantile(50)), _ms(first.skew.worst), _ms(first.last_skew),
                first.last_at,
            )
        )  # fmt: skip
    return tuple(found)


def _ms(span: timedelta | None) -> int | None:
    return None if span is None else span // _MILLISECOND
