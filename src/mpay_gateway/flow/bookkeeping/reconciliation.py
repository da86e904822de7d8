"""Books: one day of ours against the providers' statements, line by line, and against what the services know.

A day is one in Chisinau, by the provider's time of each transaction. Captures are looked for in the statements of
all days: a provider whose calendar is another one, or that pays later, is not mistaken.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from mpay_gateway.domain.bank_statement import LineOutcome
from mpay_gateway.domain.dismissal import Dismissal
from mpay_gateway.domain.identifiers import AccountId
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.payment import CaptureState, DeliveryState, ReversalState
from mpay_gateway.domain.refund import RefundGround
from mpay_gateway.flow.bookkeeping.statement_days import accounts_with_statements
from mpay_gateway.flow.bookkeeping.statement_intake import post_again
from mpay_gateway.flow.order_probing import NOT_PROBED, Probed, Progress, probe_orders
from mpay_gateway.flow.parts import Parts
from mpay_gateway.storage import Work
from mpay_gateway.storage.bank_statements import Reading, StoredLine
from mpay_gateway.storage.days import CaptureOfDay, ReversalOfDay
from mpay_gateway.texts.local_days import bounds

MOST_PROBES = 500
"""So many orders are read again in one run: each is a call to a service."""


class GapKind(StrEnum):
    """Where two sides' books part."""

    PAID_NOT_CONFIRMED = "paid-not-confirmed"
    CONFIRMED_NOT_SETTLED = "confirmed-not-settled"
    SETTLED_UNKNOWN = "settled-unknown"
    AMOUNT_DIFFERS = "amount-differs"
    CHARGED_BACK = "charged-back"


class ServiceSide(StrEnum):
    """By what the report knows what services know."""

    SIGNED_REPLIES = "signed replies"
    PROBED = "signed replies, and their orders read again"


@dataclass(frozen=True, slots=True)
class Gap:
    """One disagreement. `ours`, `theirs`: the amounts of either side, None where a side knows of none."""

    kind: GapKind
    account_id: AccountId
    payment_id: str
    transaction_id: str
    ours: Money | None
    theirs: Money | None
    detail: str


@dataclass(frozen=True, slots=True)
class AccountDay:
    """How much was compared. `states`: whether the provider gives statements. `readings`: those of this day.

    `early`: the day is over, and its statement was read before it was.
    """

    account_id: AccountId
    states: bool
    readings: tuple[Reading, ...]
    captures: int
    lines: int
    early: bool = False

    @property
    def complete(self) -> bool:
        """Whether the day's statement was read, and all of it, where there is one."""
        return not self.states or (bool(self.readings) and not self.problems and not self.early)

    @property
    def problems(self) -> tuple[str, ...]:
        """What could not be read at the last reading of the day."""
        return self.readings[-1].problems if self.readings else ()


@dataclass(frozen=True, slots=True)
class Report:
    """A day's reconciliation.

    `probed`: orders that were read again; `unread`: those that could not be; `unprobed`: those left out by the bound.
    `dismissed`: lines that nothing explains and that two operators have seen to: no gaps any more.
    """

    day: date
    service_side: ServiceSide
    accounts: tuple[AccountDay, ...]
    gaps: tuple[Gap, ...]
    probed: int = 0
    unprobed: int = 0
    unread: int = 0
    dismissed: tuple[tuple[StoredLine, Dismissal], ...] = ()

    @property
    def sound(self) -> bool:
        """No gap, every statement was there to compare with, and every service that was asked has answered."""
        return not self.gaps and not self.unread and all(account.complete for account in self.accounts)


@dataclass(frozen=True, slots=True)
class _Day:
    """What our books and the stored statements have of the day."""

    captures: tuple[CaptureOfDay, ...]
    reversals: tuple[ReversalOfDay, ...]
    lines: tuple[tuple[StoredLine, Money | None], ...]
    accounts: tuple[AccountDay, ...]
    dismissals: Mapping[int, Dismissal]


def reconcile(
    parts: Parts, day: date, account_id: AccountId | None = None, *, probe: bool = False,
    progress: Progress = lambda _done, _total: None,
) -> Report:  # fmt: skip
    """Compare a day. `account_id`: None for all accounts. `probe`: read the orders at their services again.

    Lines that waited for their capture are posted first, if it has come.
    Raises: Conflict when a statement of the day is being read by another process.
    """
    stating = frozenset(accounts_with_statements(parts))
    for each in sorted(stating if account_id is None else stating & {account_id}):
        post_again(parts, each, day)
    found = parts.units.read(lambda work: _read(parts, work, day, account_id))
    claimed = [each for each in found.captures if each.state is CaptureState.CLAIMED]
    claimed.sort(key=lambda each: each.delivery is DeliveryState.CONFIRMED)  # the doubtful ones first
    asked = probe_orders(parts, claimed[:MOST_PROBES], progress) if probe else {}
    gaps = [
        *_of_captures(found.captures, stating, asked),
        *_of_reversals(found.reversals),
        *_of_lines((line, ours) for line, ours in found.lines if line.id not in found.dismissals),
    ]
    dismissed = ((line, found.dismissals[line.id]) for line, _ in found.lines if line.id in found.dismissals)
    unread = sum(not each.answered for each in asked.values())
    return Report(
        day, ServiceSide.PROBED if probe else ServiceSide.SIGNED_REPLIES, found.accounts, tuple(gaps),
        probed=len(asked) - unread, unprobed=len(claimed) - len(asked) if probe else 0, unread=unread,
        dismissed=tuple(dismissed),
    )  # fmt: skip


def statement_days(day: date) -> tuple[date, ...]:
    """The provider's days that a day in Chisinau can fall into: calendars west of us begin theirs later."""
    return day - timedelta(days=1), day


def _read(parts: Parts, work: Work, day: date, account_id: AccountId | None) -> _Day:
    since, until = bounds(day)
    taken = work.days.captures(since, until, account_id)
    known = parts.registry.accounts.keys() | {each.account_id for each in taken}
    chosen = sorted(known if account_id is None else {account_id})
    lines = tuple(line for each in chosen for line in _lines_of(work, each, day) if not _seen_to(work, line))
    readings = {each: work.bank_statements.readings(each, day) for each in chosen}
    stating, over = accounts_with_statements(parts), parts.clock.now() >= until
    accounts = tuple(
        AccountDay(
            each, each in stating, readings[each], sum(capture.account_id == each for capture in taken),
            sum(line.account_id == each for line in lines), over and _read_before(readings[each], until),
        )
        for each in chosen
    )  # fmt: skip
    return _Day(
        taken, work.days.unstated_reversals(since, until, account_id),
        tuple((line, _ours(work, line)) for line in lines), accounts, work.dismissals.standing(lines),
    )  # fmt: skip


def _lines_of(work: Work, account_id: AccountId, day: date) -> tuple[StoredLine, ...]:
    """The lines of transactions of the day, and those of the day's statement about a time long gone or to come.

    Of these nobody would ever hear: the report of their own day was made without them, or never will be.
    """
    since, until = bounds(day)
    near = timedelta(days=1)  # the provider's day may begin and end at other hours than ours
    stated = work.bank_statements.of_day(account_id, day)
    strays = (each for each in stated if not since - near <= each.line.at < until + near)
    return (*work.bank_statements.between(account_id, since, until), *strays)


def _read_before(readings: tuple[Reading, ...], until: datetime) -> bool:
    return bool(readings) and readings[-1].read_at < until


def _seen_to(work: Work, line: StoredLine) -> bool:
    """Whether the line is a chargeback that is written down as a refund, and people have agreed on who bears it."""
    if line.outcome is not LineOutcome.CHARGED_BACK or line.payment_id is None:
        return False
    refunds = work.refunds.of_payment(line.payment_id)
    recorded = [each for each in refunds if each.ground is RefundGround.BY_PROVIDER]
    return bool(recorded) and all(each.acknowledged_at for each in recorded)


def _ours(work: Work, line: StoredLine) -> Money | None:
    """Our own amount of a line that differs."""
    if line.outcome is not LineOutcome.DIFFERS:
        return None
    capture = work.bank_statements.capture_of(line)
    return None if capture is None else capture.amount


def _of_captures(
    captures: tuple[CaptureOfDay, ...], stating: frozenset[AccountId], asked: Mapping[str, Probed]
) -> Iterator[Gap]:
    for each in captures:
        untold = _untold(each, asked.get(each.payment_id, NOT_PROBED))
        unstated = each.account_id in stating and not each.stated
        theirs = None if unstated else each.amount
        if untold:
            detail = f"{untold}; it stands in no statement" if unstated else untold
            yield _gap(GapKind.PAID_NOT_CONFIRMED, each, each.amount, theirs, detail)
        elif unstated and each.state is CaptureState.CLAIMED:
            detail = "the service confirmed it, and it stands in no statement"
            yield _gap(GapKind.CONFIRMED_NOT_SETTLED, each, each.amount, None, detail)


def _untold(capture: CaptureOfDay, probed: Probed) -> str:
    """Why the service does not know of money that was taken and not given back; empty when it knows."""
    match capture.state:
        case CaptureState.REVIEW:
            return f"in review: {capture.asked} was asked for"
        case CaptureState.SURPLUS:
            going = capture.reversal.value if capture.reversal else "missing"
            return "" if capture.reversal is ReversalState.DONE else f"surplus, and its reversal is {going}"
    seen = f"; the order reads {probed.reads}" if probed.reads else ""
    if capture.delivery is not DeliveryState.CONFIRMED:
        return f"its delivery is {capture.delivery.value if capture.delivery else 'missing'}{seen}"
    return f"the service confirmed it{seen}" if probed.denies else ""


def _of_reversals(reversals: tuple[ReversalOfDay, ...]) -> Iterator[Gap]:
    for each in reversals:
        detail = "given back, and that stands in no statement"
        yield _gap(GapKind.CONFIRMED_NOT_SETTLED, each, each.amount.negated(), None, detail)


def _of_lines(lines: Iterable[tuple[StoredLine, Money | None]]) -> Iterator[Gap]:
    for stored, ours in lines:
        kind, detail = GapKind.SETTLED_UNKNOWN, _WHY_UNKNOWN.get(stored.outcome, "")
        if stored.outcome in _POSTED_OTHERWISE:
            kind, detail = _POSTED_OTHERWISE[stored.outcome]
        if detail:
            line = stored.line
            yield Gap(
                kind,
                stored.account_id,
                stored.payment_id or "",
                line.transaction_id,
                ours,
                line.gross,
                detail,
            )


_WHY_UNKNOWN = {
    LineOutcome.WAITING: "not looked at yet",
    LineOutcome.UNKNOWN: "no capture, reversal or refund of ours: not posted",
    LineOutcome.DUPLICATE: "another line is about the same transaction: not posted",
}
_POSTED_OTHERWISE = {
    LineOutcome.DIFFERS: (GapKind.AMOUNT_DIFFERS, "posted as the provider states it"),
    LineOutcome.CHARGED_BACK: (
        GapKind.CHARGED_BACK, "the provider took it back by itself: a recorded refund, the order stays paid"
    ),
}  # fmt: skip


def _gap(
    kind: GapKind, about: CaptureOfDay | ReversalOfDay, ours: Money, theirs: Money | None, detail: str
) -> Gap:
    return Gap(kind, about.account_id, about.payment_id, about.transaction_id, ours, theirs, detail)
