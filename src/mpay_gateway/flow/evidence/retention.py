"""Retention by itself: once a day a worker erases what is older than `[evidence] keep_days` says."""

from datetime import timedelta

import structlog

from mpay_gateway.flow.evidence.erasing import anything_over, erase_bodies
from mpay_gateway.flow.parts import Parts
from mpay_gateway.storage.tasks import Lease, TaskKind

SUBJECT = "evidence"
"""The subject of the one task that erases."""
EVERY = timedelta(days=1)
_ACTOR = "machine"
_log = structlog.get_logger("retention")


def keep_erasing(parts: Parts) -> None:
    """Make sure that what is over is erased within a day, where the settings say when it is."""
    if parts.settings.evidence.keep_days is not None:
        due = parts.clock.now() + EVERY
        parts.units.run("tend-erasing", lambda work: work.tasks.tend(TaskKind.ERASE, SUBJECT, due))


def erase_old(parts: Parts, lease: Lease) -> None:
    """A worker's turn. What it was stopped over the next one goes on with. Nothing is erased where the setting is gone.

    Raises: Conflict when another process has taken the task over.
    """
    keep, now = parts.settings.evidence.keep_days, parts.clock.now()
    if keep is not None:
        _erase(parts, lease, timedelta(days=keep))
    due = None if keep is None else now + EVERY
    parts.units.run("erasing-done", lambda work: work.tasks.finish(lease, due=due))


def _erase(parts: Parts, lease: Lease, keep: timedelta) -> None:
    """Each commit is followed by another that holds the task: there may be years to erase. Raises: Conflict."""
    before = parts.clock.now() - keep
    if not anything_over(parts.units, before):
        return  # else a note would be made each day for ever

    def hold(_done: int, _total: int) -> None:
        parts.units.run("hold-erasing", lambda work: work.tasks.renew(lease, now=parts.clock.now()))

    done = erase_bodies(parts.units, parts.clock, before, actor=_ACTOR, progress=hold)
    _log.info("evidence_erased", bodies=done.erased, kept=done.kept, filled=done.filled)
