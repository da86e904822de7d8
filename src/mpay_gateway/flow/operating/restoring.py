"""A restored backup: new payments wait until every provider was asked what happened since (faults.md B28).

The database itself cannot know that it is a backup. It is noticed by a mark outside it that names a row which the
database must have, or by an operator who says so. Until an operator ends it nothing new begins, refunds included; what
is known is asked about, told and given back as ever, under keys that the lost time used too: a refund's comes from its
decision, a reversal's from the provider's transaction.
"""

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import structlog

from mpay_gateway.domain.bank_statement import LineOutcome
from mpay_gateway.domain.errors import Conflict, MpayError
from mpay_gateway.domain.evidence import Direction, MessageMeta
from mpay_gateway.domain.identifiers import AccountId
from mpay_gateway.domain.provider_answer import Confirms
from mpay_gateway.domain.restoration import Restoration
from mpay_gateway.flow.bookkeeping.statement_days import accounts_with_statements
from mpay_gateway.flow.bookkeeping.statement_intake import fetch_statement
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.settling import settle
from mpay_gateway.storage import Work
from mpay_gateway.storage.bank_statements import StoredLine
from mpay_gateway.storage.evidence import RESTORATION, Message
from mpay_gateway.storage.watermark import Mark, Watermark
from mpay_gateway.texts.local_days import local_day

REACH = timedelta(days=1)
"""Payments that were begun so long before the last remembered moment are asked about, too: money may have turned up."""
_log = structlog.get_logger("restoring")


def look_back(parts: Parts) -> Restoration | None:
    """Notice a database that has gone back, else move the mark forward. Returns what was noticed now.

    Without effect when the settings name no mark. Raises: ConfigurationError; OSError when it cannot be written.
    """
    path = parts.settings.gateway.watermark
    if path is None:
        return None
    kept, watermark = Watermark(path).read(), Watermark(path)
    if kept is not None and (noticed := _gone_back(parts, kept)) is not None:
        watermark.write(parts.units.read(lambda work: work.restorations.mark()))
        return noticed
    mark = parts.units.read(lambda work: work.restorations.mark())
    if mark != kept:
        watermark.write(mark)
    return None


def _gone_back(parts: Parts, kept: Mark) -> Restoration | None:
    """A row of an earlier epoch proves nothing: an operator has begun a later one since."""

    def look(work: Work) -> tuple[bool, int, datetime | None]:
        epoch = work.restorations.epoch()
        gone = epoch < kept.epoch or (epoch == kept.epoch and not work.restorations.remembers(kept))
        return gone, epoch, work.restorations.last_moment()

    gone, epoch, last = parts.units.read(look)
    if not gone:
        return None
    now = parts.clock.now()
    reason = f"row {kept.row} of the audit, which it had in epoch {kept.epoch}, is missing"
    noticed = Restoration(
        max(epoch, kept.epoch) + 1, last or now, now, f"process:{parts.process}", reason
    )  # fmt: skip
    return begin(parts, noticed)


def begin_by_hand(parts: Parts, since: datetime, *, actor: str) -> Restoration:
    """An operator says that the database went back. Raises: Conflict when that is known and not finished."""
    now = parts.clock.now()
    newest = parts.units.read(lambda work: work.restorations.newest())
    if newest is not None and newest.finished_at is None:
        raise Conflict(f"restoration {newest.epoch} is not finished")
    return begin(
        parts, Restoration(newest.epoch + 1 if newest else 1, since, now, actor, "an operator says so")
    )


def begin(parts: Parts, restoration: Restoration) -> Restoration:
    """From this commit on nothing new begins, and everything open is due to be asked about."""

    def store(work: Work) -> None:
        if work.restorations.add(restoration):
            work.restorations.hurry_checks(parts.clock.now())
            newest = work.seals.newest()
            sealed = newest.seal.number if newest else 0
            _keep(parts, work, restoration, "begin", after_seal=sealed, reason=restoration.reason)

    parts.units.run("begin-restoration", store)
    _log.error("database_went_back", epoch=restoration.epoch, since=restoration.since.isoformat())
    return restoration


@dataclass(frozen=True, slots=True)
class Comparison:
    """What asking everybody gave. `unheard`: payments whose provider gave no answer. `unread`: statements that
    could not be had. `silent`: accounts that give none. `unknown`: money of which the database knows nothing."""

    asked: int
    unheard: tuple[str, ...]
    unread: tuple[tuple[AccountId, date], ...]
    silent: tuple[AccountId, ...]
    unknown: tuple[StoredLine, ...]

    @property
    def complete(self) -> bool:
        """Whether all answered who can."""
        return not self.unheard and not self.unread


def compare(parts: Parts, restoration: Restoration) -> Comparison:
    """Ask every provider about the payments that we know, and read the statements of all days since.

    Repeatable. Money of payments that we know is booked and told; what else there is stays a line of a statement
    that nothing explains, for people.
    """
    known = parts.units.read(
        lambda work: work.restorations.to_ask_about(restoration.since, REACH, _answering(parts))
    )
    unheard = tuple(each for each in known if not settle(parts, each))
    stating = accounts_with_statements(parts)
    unread = tuple(
        (account_id, day)
        for account_id in stating
        for day in _days(parts, restoration)
        if not _read(parts, account_id, day)
    )
    compared = Comparison(
        len(known), unheard, unread, tuple(sorted(set(parts.registry.accounts) - set(stating))),
        parts.units.read(lambda work: _unknown(parts, work, restoration)),
    )  # fmt: skip
    parts.units.run("compare-restoration", lambda work: _note(parts, work, restoration, compared))
    return compared


def _answering(parts: Parts) -> frozenset[AccountId]:
    """The accounts that can be asked about one payment; of the others the statements tell."""
    accounts = parts.registry.accounts.values()
    return frozenset(each.id for each in accounts if each.confirms is Confirms.PULL)


def _days(parts: Parts, restoration: Restoration) -> tuple[date, ...]:
    first, last = local_day(restoration.since - REACH), local_day(parts.clock.now())
    return tuple(first + timedelta(days=number) for number in range((last - first).days + 1))


def _read(parts: Parts, account_id: AccountId, day: date) -> bool:
    try:
        fetch_statement(parts, account_id, day)
    except MpayError as error:
        _log.warning(
            "statement_not_compared", account=account_id, day=day.isoformat(), error=type(error).__name__
        )
        return False
    return True


def _unknown(parts: Parts, work: Work, restoration: Restoration) -> tuple[StoredLine, ...]:
    since, until = restoration.since - REACH, parts.clock.now() + REACH
    lines = (
        line
        for account_id in sorted(parts.registry.accounts)
        for line in work.bank_statements.between(account_id, since, until)
    )
    return tuple(line for line in lines if line.outcome is LineOutcome.UNKNOWN)


def _note(parts: Parts, work: Work, restoration: Restoration, compared: Comparison) -> None:
    at = parts.clock.now() if compared.complete else None
    work.restorations.change(restoration, reconciled_at=at)
    _keep(
        parts, work, restoration, "compare", asked=compared.asked, unheard=len(compared.unheard),
        unread=len(compared.unread), unknown=[line.line.transaction_id for line in compared.unknown],
    )  # fmt: skip


def finish(parts: Parts, *, actor: str, although: str = "") -> Restoration:
    """Let new payments begin again. `although`: why, when not everybody has answered.

    Raises: Conflict when there is nothing to finish, or not everybody has answered and nobody says why.
    """

    def end(work: Work) -> Restoration:
        restoration = work.restorations.open()
        if restoration is None:
            raise Conflict("no restoration is open")
        if restoration.reconciled_at is None and not although:
            raise Conflict("not every provider has answered")
        ended = work.restorations.change(restoration, finished_at=parts.clock.now(), finished_by=actor)
        _keep(parts, work, ended, "finish", although=although, by=actor)
        return ended

    return parts.units.run("finish-restoration", end)


def _keep(parts: Parts, work: Work, restoration: Restoration, operation: str, **facts: object) -> None:
    """A message to ourselves in a chain of its own: from now on the seals say that something is missing."""
    told = {
        "epoch": restoration.epoch,
        "since": restoration.since.isoformat(),
        "by": restoration.noticed_by,
        **facts,
    }
    body = json.dumps(told, sort_keys=True, ensure_ascii=False).encode()
    message = Message(Direction.SENT, body, MessageMeta(f"{operation}-restoration"), parts.clock.now())
    work.evidence.keep(f"{RESTORATION}{restoration.epoch}", [message])
