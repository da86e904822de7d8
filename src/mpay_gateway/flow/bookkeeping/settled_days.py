"""Who settled each day, and the digests of its files: a message to ourselves in a chain of its own, which is sealed."""

import hashlib
import json
from collections.abc import Iterator
from datetime import date, datetime

from mpay_gateway.domain.evidence import Direction, MessageMeta
from mpay_gateway.storage import Work
from mpay_gateway.storage.evidence import SETTLED, Message
from mpay_gateway.storage.settlements import Settlement

_OPERATION = "settle-day"


def write_down(work: Work, day: date, actor: str, *, at: datetime) -> None:
    """Keep who settled the day, and what its files are. They stand in the notes, which nothing ever erases."""
    files = _digests(work.settlements.of_day(day))
    body = json.dumps({"day": day.isoformat(), "by": actor, "files": len(files)}, sort_keys=True).encode()
    meta = MessageMeta(_OPERATION, notes=(("by", actor), *files))
    work.evidence.keep(f"{SETTLED}{day.isoformat()}", [Message(Direction.SENT, body, meta, at)])


def altered_days(work: Work, since: datetime | None) -> Iterator[tuple[date, str]]:
    """Each day that was settled since then (UTC; None: ever) whose files are not those that were written down, and how.

    The chains themselves are verified elsewhere; what they hold is believed here.
    """
    written = {
        date.fromisoformat(each.removeprefix(SETTLED)) for each in work.evidence.subjects(SETTLED, since)
    }
    closed = set(work.settlements.days(since))
    for day in sorted(written | closed):
        if day not in closed and not work.settlements.closed({day}):
            yield day, "was settled, and is open again"
            continue
        if not (found := work.evidence.of_subject(f"{SETTLED}{day.isoformat()}")):
            yield day, "settled, and nobody is written down who did it"
            continue
        _, *files = (tuple(note) for note in json.loads(found[0].meta)["notes"])
        kept, stored = dict(files), dict(_digests(work.settlements.of_day(day)))
        for name in sorted(kept.keys() | stored.keys()):
            if kept.get(name) != stored.get(name):
                yield day, f"the file for {name} {_how(name in kept, name in stored)}"


def _how(kept: bool, stored: bool) -> str:
    if kept and stored:
        return "was altered"
    return "is missing" if kept else "was inserted"


def _digests(files: tuple[Settlement, ...]) -> tuple[tuple[str, str], ...]:
    """Each file by its beneficiary and currency, with the digest of its bytes."""
    return tuple(
        (f"{each.account} {each.amount.currency}", hashlib.sha256(each.content.encode()).hexdigest())
        for each in files
    )
