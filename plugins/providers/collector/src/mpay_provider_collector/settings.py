"""Settings of one account whose money somebody else collects."""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from mpay_gateway.api import StatementLine

CURRENCY = "MDL"
ENCODINGS = ("utf-8", "windows-1250", "windows-1251", "windows-1252")
_NAMES_A_DAY = re.compile(r"(?=.*%Y)(?=.*%m)(?=.*%d)[^%]*(%[Ymd][^%]*){3}\Z")
_WORDS = 1000
"""Characters of a stranger's words that are looked at."""
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}\Z", re.ASCII)


class Way(StrEnum):
    """Whose word is taken: the device's, through the port, or the statement's alone."""

    PUSH = "push"
    STATEMENT = "statement"


@dataclass(frozen=True, slots=True)
class CsvForm:
    """The table `[provider.<id>.csv]`: how CSV files are written.

    `transaction`, `reference`, `day`, `amount`: names of columns; `fee`, `currency`, `kind`: the same, empty where the
    files have no such column. Other columns are left alone. `delimiter`, `decimal`: one character each. `day_format`:
    with %d, %m and %Y. `total`: what the first cell of a last row says that has the count and the sum of the lines;
    empty where there is none, and then a file that is cut off between two lines is not noticed.
    """

    delimiter: str = ","
    decimal: str = "."
    encoding: str = "utf-8"
    transaction: str = "transaction"
    reference: str = "reference"
    day: str = "day"
    amount: str = "amount"
    fee: str = ""
    currency: str = ""
    kind: str = ""
    day_format: str = "%Y-%m-%d"
    total: str = ""

    def __post_init__(self) -> None:
        if len(self.delimiter) != 1 or self.delimiter in '"\r\n' or self.delimiter.isalnum():
            raise ValueError("csv.delimiter is one sign, as ',' or ';' or a tab")
        if self.decimal not in {".", ","} or self.decimal == self.delimiter:
            raise ValueError("csv.decimal is '.' or ',', and not the delimiter")
        if self.encoding not in ENCODINGS:
            raise ValueError(f"csv.encoding is one of {', '.join(ENCODINGS)}")
        if not _NAMES_A_DAY.match(self.day_format):
            raise ValueError("csv.day_format has %d, %m and %Y once each, and no other % sign")
        needed = (self.transaction, self.reference, self.day, self.amount)
        named = [name for name in (*needed, self.fee, self.currency, self.kind) if name]
        if not all(needed) or len(set(named)) != len(named):
            raise ValueError("csv: transaction, reference, day and amount are columns, each another one")


@dataclass(frozen=True)
class CollectorSettings:
    """The section `[provider.<id>]` of an account with `plugin = "collector"`.

    `confirms`: whose word is taken. `statements`: the folder with the files. `iban`: of the account that the
    camt.053 statements are about; those of another account are refused; empty: any. `reference`: what our references
    look like in the words of a transfer, a regular expression. `own_debits`: what stands in the words of debits that
    are no payer's affair (what is paid to services, the bank's own fees), a regular expression; they are left out.
    """

    confirms: Way
    statements: Path
    iban: str = ""
    reference: str = "[0-9]{15}"
    own_debits: str = ""
    csv: CsvForm = field(default_factory=CsvForm)

    def __post_init__(self) -> None:
        if self.iban and not _IBAN.match(self.iban):
            raise ValueError("iban is none: capital letters and digits, without spaces")
        for name in ("reference", "own_debits"):
            try:
                empty = re.search(getattr(self, name) or ".", "") is not None
            except re.error as error:
                raise ValueError(f"{name} is no regular expression: {error}") from error
            if empty:
                raise ValueError(f"{name} fits the empty text")

    @cached_property
    def references(self) -> re.Pattern[str]:
        """Finds references that stand by themselves. Raises: re.error."""
        return re.compile(rf"(?<![0-9A-Za-z])(?:{self.reference})(?![0-9A-Za-z])")

    def is_own_debit(self, line: StatementLine, *texts: str) -> bool:
        """Whether money left the account for nothing that a payer paid."""
        if not self.own_debits or line.reference or line.gross.minor >= 0:
            return False
        return any(re.search(self.own_debits, text[:_WORDS]) for text in texts)

    def reference_in(self, *texts: str) -> str:
        """The one reference that the texts name; empty when they name none, or several."""
        found = {match[0] for text in texts for match in self.references.finditer(text[:_WORDS])}
        return found.pop() if len(found) == 1 else ""
