"""What a provider's statement says, line by line, and what our books make of each line."""

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from mpay_gateway.domain.errors import InvalidAnswer
from mpay_gateway.domain.identifiers import AccountId
from mpay_gateway.domain.provider_answer import StatementLine

LONGEST_TEXT = 128
"""Characters of a line's transaction id, reference and kind."""


LARGEST_FEE_MINOR = 10**9
"""What a fee of no transaction may come to, in minor units: more is a slip of the pen, or of a column."""


class LineOutcome(StrEnum):
    """What a line is in our books. Only the first five below `WAITING` are posted; the others wait for people.

    `DIFFERS`: a capture of ours with another amount; posted as the provider states it. `GIVEN_BACK`: a reversal or
    refund of ours. `CHARGED_BACK`: money that the provider took back by itself. `FEE`: what it keeps of no
    transaction, within reason. `DUPLICATE`: another line about the same transaction is posted. `SUPERSEDED`: a later
    statement of the same day says something else of the transaction in its place. `UNKNOWN`: nothing of ours; looked at
    again with each later statement.
    """

    WAITING = "waiting"
    SETTLED = "settled"
    DIFFERS = "differs"
    GIVEN_BACK = "given-back"
    CHARGED_BACK = "charged-back"
    FEE = "fee"
    UNKNOWN = "unknown"
    DUPLICATE = "duplicate"
    SUPERSEDED = "superseded"

    @property
    def posted(self) -> bool:
        return self in POSTED


POSTED = (
    LineOutcome.SETTLED, LineOutcome.DIFFERS, LineOutcome.GIVEN_BACK, LineOutcome.CHARGED_BACK, LineOutcome.FEE,
)  # fmt: skip
UNDECIDED = (LineOutcome.WAITING, LineOutcome.UNKNOWN)


class Direction(StrEnum):
    """Which way a line moves money of payers; `NEITHER`: it names a fee alone, or nothing."""

    IN = "in"
    OUT = "out"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class Statement:
    """One provider's day as it was read. `problems`: what could not be read beside it."""

    account_id: AccountId
    day: date
    lines: tuple[StatementLine, ...]
    problems: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Of all lines in their order: the same file twice is one statement."""
        said = (self.account_id, self.day.isoformat(), *map(line_digest, self.lines))
        return _digest(*said, "problems", *self.problems) if self.problems else _digest(*said)

    def numbered(self) -> tuple[tuple[int, StatementLine], ...]:
        """Each line with the number of equal lines before it, from 0."""
        seen: Counter[str] = Counter()
        numbered = []
        for line in self.lines:
            digest = line_digest(line)
            numbered.append((seen[digest], line))
            seen[digest] += 1
        return tuple(numbered)


def check_line(line: StatementLine) -> None:
    """Whether a line can be booked at all. Raises: InvalidAnswer; then nothing of its statement is stored."""
    texts = (line.transaction_id, line.reference, line.kind)
    if not line.transaction_id or any(len(text) > LONGEST_TEXT for text in texts):
        raise InvalidAnswer("a line's transaction id is missing, or one of its texts is too long")
    if len({each.currency for each in (line.gross, line.fee, line.net)}) != 1:
        raise InvalidAnswer(f"line {line.transaction_id[:40]!r}: several currencies")
    if line.gross.minor - line.fee.minor != line.net.minor:
        raise InvalidAnswer(f"line {line.transaction_id[:40]!r}: gross less fee is not net")
    if line.at.tzinfo is None:
        raise InvalidAnswer(f"line {line.transaction_id[:40]!r}: a time without zone")


def line_digest(line: StatementLine) -> str:
    """Of everything that a line says."""
    return _digest(
        line.transaction_id, line.reference, line.kind, line.gross.minor, line.fee.minor, line.gross.currency,
        line.at.isoformat(),
    )  # fmt: skip


def direction(line: StatementLine) -> Direction:
    if not line.gross:
        return Direction.NEITHER
    return Direction.OUT if line.gross.minor < 0 else Direction.IN


def movement_key(account_id: AccountId, line: StatementLine) -> str:
    """What a line may be posted once for: one transaction of one account, one direction.

    Not its kind: that is words, and a file that is mended may have others. Keys of lines that were posted before
    revision 0018 of the database hold it: whether a movement is posted is asked by what lines say, not by their keys.
    """
    return _digest(account_id, line.transaction_id, direction(line))


def _digest(*parts: str | int) -> str:
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()
