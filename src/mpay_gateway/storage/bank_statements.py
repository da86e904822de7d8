"""Providers' statements: each line once, what it is in our books, and whose task it is to read the next day."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, case, exists, insert, select, update
from sqlalchemy.engine import Connection

from mpay_gateway.domain.bank_statement import (
    POSTED,
    UNDECIDED,
    Direction,
    LineOutcome,
    Statement,
    direction,
    line_digest,
    movement_key,
)
from mpay_gateway.domain.identifiers import AccountId
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.provider_answer import StatementLine
from mpay_gateway.storage.statements import insert_once
from mpay_gateway.storage.tables import captures, payments, statement_lines, statements, tasks
from mpay_gateway.storage.tasks import TaskKind

STATEMENT_POSTING = "statement"
"""The kind of the posting of a line; its subject is what the line moves."""
_ABOUT = ("payment_id", "capture_id", "reversal_id", "refund_id", "rest_of_id")
_NOT_POSTED = statement_lines.c.outcome.in_([*UNDECIDED, LineOutcome.SUPERSEDED])
"""Lines that a later statement of their day may put another in place of, or bring back."""
_ADD = insert(statements)
_ADD_LINE = insert_once(statement_lines, ["account_id", "day", "digest", "occurrence"])


@dataclass(frozen=True, slots=True)
class StoredLine:
    """A line of a statement, and what it is in our books. `rest_of_id`: the reversal that another line left it of."""

    id: int
    account_id: AccountId
    day: date
    movement: str
    line: StatementLine
    outcome: LineOutcome
    payment_id: str | None = None
    capture_id: str | None = None
    reversal_id: str | None = None
    refund_id: str | None = None
    rest_of_id: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """That a statement was read: with how many lines, and when. `problems`: what could not be read beside it."""

    line_count: int
    read_at: datetime
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """The capture, reversal or refund of ours that a line is about. `amount`: ours."""

    payment_id: str
    id: str
    amount: Money

    @classmethod
    def of_row(cls, row: Any) -> "Match":
        return cls(row.payment_id, row.id, Money.from_minor(row.amount_minor, row.currency))


class BankStatements:
    """The stored statements."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, statement: Statement, statement_id: str, *, evidence: str, at: datetime) -> bool:
        """Store a statement's lines, those that are not known yet. False when just this statement is stored.

        Its words of a transaction stand in place of what earlier statements of the day say of it, unless that is
        posted.
        """
        self._supersede(statement)
        c = statements.c
        same = (c.account_id == statement.account_id, c.day == statement.day, c.digest == statement.digest)
        if self._connection.execute(update(statements).where(*same).values(read_at=at)).rowcount:
            return False
        row = {
            "id": statement_id, "account_id": statement.account_id, "day": statement.day,
            "digest": statement.digest, "line_count": len(statement.lines), "evidence": evidence, "read_at": at,
            "problems": "\n".join(" ".join(each.split()) for each in statement.problems),
        }  # fmt: skip
        self._connection.execute(_ADD, row)
        lines = [_line_row(statement, statement_id, number, line) for number, line in statement.numbered()]
        if lines:
            self._connection.execute(_ADD_LINE.on(self._connection), lines)
        return True

    def _supersede(self, statement: Statement) -> None:
        """Let lines of the day count or not, as the statement says. Of what another process posts meanwhile, nothing:
        it posts the lines of all days, under the task of its own.
        """
        c = statement_lines.c
        of_day = (c.account_id == statement.account_id, c.day == statement.day)
        open_ones = select(c.id, c.digest, c.movement, c.outcome).where(*of_day, _NOT_POSTED).order_by(c.id)
        said = {line_digest(line) for line in statement.lines}
        told = {movement_key(statement.account_id, line) for line in statement.lines}
        for row in self._connection.execute(open_ones).all():
            outcome = row.outcome
            if row.digest in said:
                outcome = LineOutcome.WAITING if outcome == LineOutcome.SUPERSEDED else outcome
            elif row.movement in told:
                outcome = LineOutcome.SUPERSEDED
            if outcome != row.outcome:
                still_open = update(statement_lines).where(c.id == row.id, _NOT_POSTED)
                self._connection.execute(still_open.values(outcome=outcome))

    def readings(self, account_id: AccountId, day: date) -> tuple[Reading, ...]:
        """The statements of the provider's day that were read, the latest last."""
        c = statements.c
        query = (
            select(c.line_count, c.read_at, c.problems)
            .where(c.account_id == account_id, c.day == day)
            .order_by(c.read_at)
        )
        return tuple(
            Reading(row.line_count, row.read_at, tuple(row.problems.splitlines()))
            for row in self._connection.execute(query)
        )

    def undecided(self, account_id: AccountId, *, after: int, limit: int) -> tuple[StoredLine, ...]:
        """Lines that are not posted and may be, in the order in which they came."""
        c = statement_lines.c
        return self._lines(
            select(statement_lines)
            .where(c.account_id == account_id, c.outcome.in_(UNDECIDED), c.id > after)
            .order_by(c.id)
            .limit(limit)
        )

    def between(self, account_id: AccountId, since: datetime, until: datetime) -> tuple[StoredLine, ...]:
        """The lines of transactions in [since, until)."""
        c = statement_lines.c
        within = (c.account_id == account_id, c.at >= since, c.at < until)
        return self._lines(select(statement_lines).where(*within).order_by(c.at, c.id))

    def of_day(self, account_id: AccountId, day: date) -> tuple[StoredLine, ...]:
        """The lines of the provider's statements of `day`."""
        c = statement_lines.c
        query = select(statement_lines).where(c.account_id == account_id, c.day == day)
        return self._lines(query.order_by(c.at, c.id))

    def is_repeated(self, stored: StoredLine) -> bool:
        """Whether another line about the same transaction and direction is posted, under whatever key."""
        c = statement_lines.c
        same = (
            c.account_id == stored.account_id, c.transaction_id == stored.line.transaction_id,
            direction_of(c.gross_minor) == direction(stored.line), c.id != stored.id,
        )  # fmt: skip
        return self._is(exists().where(*same, c.outcome.in_(POSTED)))

    def capture_of(self, stored: StoredLine) -> Match | None:
        """The capture that a line is about, by the provider's transaction id."""
        c = captures.c
        row = self._connection.execute(
            select(c.payment_id, c.id, c.amount_minor, c.currency).where(
                c.account_id == stored.account_id, c.transaction_id == stored.line.transaction_id
            )
        ).first()
        return None if row is None else Match.of_row(row)

    def unstated_capture_of(self, payment_id: str) -> Match | None:
        """The payment's capture, if it has just one and no line is about it yet."""
        c = captures.c
        query = select(c.payment_id, c.id, c.amount_minor, c.currency).where(c.payment_id == payment_id)
        rows = self._connection.execute(query.limit(2)).all()
        return Match.of_row(rows[0]) if len(rows) == 1 and not self.is_stated(rows[0].id) else None

    def is_stated(self, capture_id: str) -> bool:
        """Whether a line is posted as the provider's word on this capture."""
        return self._is(exists().where(statement_lines.c.capture_id == capture_id))

    def decide(self, before: StoredLine, after: StoredLine) -> bool:
        """Store what the line is. False when another process has decided meanwhile."""
        c = statement_lines.c
        values = {name: getattr(after, name) for name in _ABOUT}
        done = self._connection.execute(
            update(statement_lines)
            .where(c.id == before.id, c.outcome == before.outcome)
            .values(outcome=after.outcome, **values)
        )
        return done.rowcount == 1

    def payment_of(self, stored: StoredLine) -> str | None:
        """The payment that a line names by our reference, or by what the provider calls it."""
        c = payments.c
        for named in (c.reference, c.remote_reference):
            query = select(c.id).where(c.account_id == stored.account_id, named == stored.line.reference)
            if stored.line.reference and (found := self._connection.execute(query.limit(1)).scalar()):
                return str(found)
        return None

    def is_planned(self, account_id: AccountId) -> bool:
        """Whether some day of the account is to be read: that day's reading will plan the next.

        A day that was read on demand alone keeps its task, and plans none.
        """
        c = tasks.c
        of_account = c.subject.startswith(f"{account_id}:", autoescape=True)
        return self._is(exists().where(c.kind == TaskKind.STATEMENT, of_account, c.due.is_not(None)))

    def next_unplanned(self, account_id: AccountId, day: date) -> date | None:
        """The first day after `day` that was never read; None while one before it is planned."""
        c = tasks.c
        of_account = c.subject.startswith(f"{account_id}:", autoescape=True)
        query = select(c.subject, c.due).where(c.kind == TaskKind.STATEMENT, of_account)
        known = {row.subject: row.due for row in self._connection.execute(query)}
        following = day + timedelta(days=1)
        while (subject := task_subject(account_id, following)) in known:
            if known[subject] is not None:
                return None
            if not self.readings(account_id, following):  # its lines were only looked at
                break
            following += timedelta(days=1)
        return following

    def _is(self, condition: Any) -> bool:
        return bool(self._connection.execute(select(condition)).scalar())

    def _lines(self, query: Any) -> tuple[StoredLine, ...]:
        return tuple(stored_line(row) for row in self._connection.execute(query))


def direction_of(gross_minor: ColumnElement[int]) -> ColumnElement[str]:
    """As `bank_statement.direction`, for the database."""
    return case(
        (gross_minor > 0, Direction.IN.value),
        (gross_minor < 0, Direction.OUT.value),
        else_=Direction.NEITHER.value,
    )


def task_subject(account_id: AccountId, day: date) -> str:
    """What the task of one account's day is called."""
    return f"{account_id}:{day.isoformat()}"


def account_and_day(subject: str) -> tuple[AccountId, date]:
    """Which day of which account a task is about."""
    account_id, _, day = subject.rpartition(":")
    return AccountId(account_id), date.fromisoformat(day)


def decided(stored: StoredLine, outcome: LineOutcome, **about: str | None) -> StoredLine:
    """The line with its outcome, and what of ours it is about."""
    return replace(stored, outcome=outcome, **about)  # type: ignore[arg-type]


def _line_row(statement: Statement, statement_id: str, number: int, line: StatementLine) -> dict[str, object]:
    return {
        "statement_id": statement_id,
        "account_id": statement.account_id,
        "day": statement.day,
        "digest": line_digest(line),
        "occurrence": number,
        "movement": movement_key(statement.account_id, line),
        "transaction_id": line.transaction_id,
        "reference": line.reference,
        "kind": line.kind,
        "gross_minor": line.gross.minor,
        "fee_minor": line.fee.minor,
        "currency": line.gross.currency,
        "at": line.at,
        "outcome": LineOutcome.WAITING,
    }


def stored_line(row: Row[Any]) -> StoredLine:
    """A row of the table."""
    gross, fee = (Money.from_minor(minor, row.currency) for minor in (row.gross_minor, row.fee_minor))
    line = StatementLine(row.transaction_id, row.reference, row.kind, gross, fee, gross - fee, row.at)
    return StoredLine(
        row.id, AccountId(row.account_id), row.day, row.movement, line, LineOutcome(row.outcome),
        row.payment_id, row.capture_id, row.reversal_id, row.refund_id, row.rest_of_id,
    )  # fmt: skip
