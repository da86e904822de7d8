"""Retention: bodies go when their time is over, and what payers typed; digests stay. It is written down first."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mpay_gateway.boundary import Clock
from mpay_gateway.domain.errors import InvalidInput
from mpay_gateway.domain.evidence import Direction, MessageMeta
from mpay_gateway.settings.retention import LEAST_DAYS
from mpay_gateway.storage import UnitOfWork, Work
from mpay_gateway.storage.erasure import NOTES, FilledIn, KeptBody
from mpay_gateway.storage.evidence import ERASURES, Message

LEAST_AGE = timedelta(days=LEAST_DAYS)
_AT_ONCE = 500
"""Bodies that one commit removes: who pays meanwhile hardly waits for it."""
Progress = Callable[[int, int], object]


@dataclass(frozen=True, slots=True)
class Erasing:
    """Who erased what passed before then, and when he did (UTC)."""

    by: str
    before: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class Erased:
    """`kept`: bodies that are as old and stay, since something of their payments is still to come, or they are ours.

    `filled`: visits and payments of which what the payer filled in is gone.
    """

    erased: int
    kept: int
    filled: int = 0


def erase_bodies(
    units: UnitOfWork, clock: Clock, before: datetime, *, actor: str, progress: Progress = lambda *_: None
) -> Erased:
    """Erase what passed before then (UTC) of payments that are finished: bodies of messages, and what payers filled in.

    May be interrupted and repeated. `progress` hears after each commit how many bodies of how many are done.
    Raises: InvalidInput when that is less than 90 days ago.
    """
    refuse_young(before, clock)
    units.run("note-erasure", lambda work: _note(work, before, actor, clock.now()))
    total = units.read(lambda work: work.erasure.count(before))
    unfinished = units.read(lambda work: work.erasure.unfinished())
    erased = seen = 0
    for some in _in_parts(units, before):
        over = [each for each in some if not _stays(each, unfinished)]
        _erase(units, over)
        seen, erased = seen + len(some), erased + len(over)
        progress(seen, max(seen, total))
    filled = 0
    for emptied in _forget_filled(units, before):
        filled += emptied
        progress(seen, max(seen, total))
    return Erased(erased, seen - erased, filled)


def _forget_filled(units: UnitOfWork, before: datetime) -> Iterator[int]:
    """Empty what payers filled in before then; how many places each commit emptied.

    Confirmations have a copy, fixed for ever, of what was told.
    """
    while found := units.read(lambda work: work.erasure.filled_in(before, limit=_AT_ONCE)):
        _empty(units, found)
        yield len(found.visits) + len(found.payments)


def _empty(units: UnitOfWork, found: FilledIn) -> None:
    units.run("erase-filled", lambda work: work.erasure.empty(found))


def _in_parts(units: UnitOfWork, before: datetime) -> Iterator[tuple[KeptBody, ...]]:
    """The bodies that are so old, so many at once as one commit may remove."""

    def next_part(after: int) -> tuple[KeptBody, ...]:
        return units.read(lambda work: work.erasure.bodies(before, after=after, limit=_AT_ONCE))

    last = 0
    while some := next_part(last):
        yield some
        last = some[-1].evidence_id


def _erase(units: UnitOfWork, bodies: list[KeptBody]) -> None:
    if bodies:
        units.run("erase-bodies", lambda work: work.erasure.erase(bodies))


def erasable(units: UnitOfWork, clock: Clock, before: datetime) -> int:
    """How many bodies are so old; some of them stay all the same. Raises: InvalidInput."""
    refuse_young(before, clock)
    return units.read(lambda work: work.erasure.count(before))


def anything_over(units: UnitOfWork, before: datetime) -> bool:
    """Whether something that passed before then (UTC) would be erased."""
    unfinished = units.read(lambda work: work.erasure.unfinished())
    over = (not _stays(each, unfinished) for some in _in_parts(units, before) for each in some)
    return any(over) or units.read(lambda work: bool(work.erasure.filled_in(before, limit=1)))


def erasures(work: Work) -> tuple[Erasing, ...]:
    """Every erasure that was written down, in order."""
    found = []
    for row in work.evidence.of_subject(ERASURES):
        notes = dict(json.loads(row.meta)["notes"])
        found.append(Erasing(notes["by"], datetime.fromisoformat(notes["before"]), row.at))
    return tuple(found)


def erased_before(work: Work) -> datetime | None:
    """Bodies of messages that passed before then (UTC) may be gone; None: nobody ever erased any."""
    return max((each.before for each in erasures(work)), default=None)


def refuse_young(before: datetime, clock: Clock) -> None:
    """Raises: InvalidInput for a time that is less than 90 days ago."""
    if before > clock.now() - LEAST_AGE:
        raise InvalidInput(f"messages of the last {LEAST_AGE.days} days are not erased")


def _note(work: Work, before: datetime, actor: str, at: datetime) -> None:
    """What tells an erasure from a theft stands in the note, which is sealed and never erased."""
    limit = before.astimezone(UTC).isoformat()
    body = json.dumps({"by": actor, "before": limit}, sort_keys=True).encode()
    meta = MessageMeta("erase-bodies", notes=(("by", actor), ("before", limit)))
    work.evidence.keep(ERASURES, [Message(Direction.SENT, body, meta, at)])


def _stays(body: KeptBody, unfinished: frozenset[str]) -> bool:
    return body.subject in unfinished or body.subject.startswith(NOTES)
