"""What a form is: the table `[service.settings]` of a service with `connector = "form"`."""

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from stdnum import exceptions as stdnum_errors
from stdnum import iban
from stdnum.md import idno

from mpay_gateway.api import LocalText, Money, PaymentAccount, sum_money

LONGEST_VALUE = 255
"""Characters of a property's value (guide 1.3)."""
LONGEST_REASON = 50
MOST_FIELDS = 40
MOST_LINES = 20
_FIELD_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,32}\Z", re.ASCII)
"""Leaves room for the prefix with which properties come back, within the guide's 36 characters."""
LARGEST_ORDER = 60 * 1024
"""Bytes: what one record takes, less what is written to an order when it is paid and released."""
_BYTES_OF_LETTER = 4
_BYTES_BESIDE = 150
"""Names of members, signs and numbers that stand beside each field or line."""
_BYTES_OF_ACCOUNT = 600
"""Of the service's own, which a line without one gets."""
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,35}\Z", re.ASCII)


class FieldType(StrEnum):
    """What may be written into a field. `idn` and `tc` are the contract's (section 3)."""

    STRING = "string"
    IDN = "idn"
    TC = "tc"
    NUMBER = "number"
    DATE = "date"
    CHOICE = "choice"


class PayerPart(StrEnum):
    """What of the payer a field tells."""

    NAME = "name"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class ConnectorSettings:
    """The section `[eservice.form]`. `paid_kept_days`: how long what was written into the form of a paid order is kept.

    What was paid, when and to which account is kept without end.
    """

    paid_kept_days: int = 1827

    def __post_init__(self) -> None:
        if not 180 <= self.paid_kept_days <= 36_500:
            raise ValueError("paid_kept_days: from 180 to 36500")


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the values of a field of type `choice`. `value`: what the beneficiary gets."""

    value: str
    label: LocalText

    def __post_init__(self) -> None:
        if not self.value.strip() or len(self.value) > LONGEST_VALUE:
            raise ValueError(f"value: 1 to {LONGEST_VALUE} characters")
        _refuse(_texts("label", self.label))


@dataclass(frozen=True, slots=True)
class Field:
    """`[[service.settings.fields]]`: one thing that the payer writes or chooses.

    `shortest`, `longest`: characters of a `string` or `tc`. `least`, `most`: of a `number`. `choices`: of a `choice`.
    `payer`: the field tells the payer's name or code; the invoice then says so.
    """

    name: str
    label: LocalText
    type: FieldType = FieldType.STRING
    required: bool = True
    hint: LocalText = LocalText("")
    shortest: int = 1
    longest: int = LONGEST_VALUE
    least: Decimal | None = None
    most: Decimal | None = None
    choices: tuple[Choice, ...] = ()
    payer: PayerPart | None = None

    def __post_init__(self) -> None:
        _refuse(self._problems())

    def _problems(self) -> Iterator[str]:
        if not _FIELD_NAME.match(self.name):
            yield "name: a letter, then letters, digits and underscores, 33 characters at most"
        yield from _texts("label", self.label)
        if any((self.hint.ro, self.hint.ru, self.hint.en)):
            yield from _texts("hint", self.hint)
        if not 1 <= self.shortest <= self.longest <= LONGEST_VALUE:
            yield f"shortest, longest: from 1 to {LONGEST_VALUE}, the shortest first"
        yield from self._problems_of_type()

    def _problems_of_type(self) -> Iterator[str]:
        if (self.least, self.most) != (None, None) and self.type is not FieldType.NUMBER:
            yield "least, most: only a number has bounds"
        if self.least is not None and self.most is not None and self.least > self.most:
            yield "least: above most"
        if bool(self.choices) != (self.type is FieldType.CHOICE):
            yield "choices: a choice has some, and nothing else has"
        if len({choice.value for choice in self.choices}) != len(self.choices):
            yield "choices: two have the same value"
        if self.payer is PayerPart.CODE and self.type not in {FieldType.IDN, FieldType.TC}:
            yield "payer: a code is of type idn or tc"
        if self.payer is PayerPart.NAME and self.type is not FieldType.STRING:
            yield "payer: a name is of type string"


@dataclass(frozen=True, slots=True)
class Line:
    """`[[service.settings.lines]]`: one thing that is paid. Either `amount`, or `least` and `most` and the payer says.

    `account`: where its money goes; without an IBAN to the service's default account.
    """

    id: str
    reason: LocalText
    amount: Decimal | None = None
    least: Decimal | None = None
    most: Decimal | None = None
    account: PaymentAccount = PaymentAccount()

    def __post_init__(self) -> None:
        _refuse(self._problems())

    @property
    def fixed(self) -> bool:
        return self.amount is not None

    def _problems(self) -> Iterator[str]:
        if not _ID.match(self.id):
            yield "id: 1 to 36 letters, digits, points, hyphens, underscores"
        yield from _texts("reason", self.reason, LONGEST_REASON)
        bounds = (self.least, self.most)
        if self.fixed == (bounds != (None, None)) or (not self.fixed and None in bounds):
            yield "amount: either a fixed amount, or least and most"
        if any(each is not None and each <= 0 for each in (self.amount, *bounds)):
            yield "amount, least, most: above zero"
        if self.least is not None and self.most is not None and self.least > self.most:
            yield "least: above most"
        yield from _account_problems(self.account)


@dataclass(frozen=True, slots=True)
class ServiceForm:
    """`[service.settings]`: a form and what is paid with it.

    `title`: heading of the page. `lead`: what stands below it. `reason`: what the order is for. `valid_days`: how long
    an order can be paid after it was made.
    """

    title: LocalText
    reason: LocalText
    lines: tuple[Line, ...]
    fields: tuple[Field, ...] = ()
    lead: LocalText = LocalText("")
    currency: str = "MDL"
    valid_days: int = 30

    def __post_init__(self) -> None:
        _refuse(self._problems())

    @property
    def valid(self) -> timedelta:
        return timedelta(days=self.valid_days)

    def money(self, amount: Decimal) -> Money:
        """The amount in the form's currency. Raises: ValueError."""
        return Money(amount, self.currency)

    def _problems(self) -> Iterator[str]:
        yield from _texts("title", self.title)
        yield from _texts("reason", self.reason, LONGEST_REASON)
        if any((self.lead.ro, self.lead.ru, self.lead.en)):
            yield from _texts("lead", self.lead)
        if not 1 <= self.valid_days <= 366:
            yield "valid_days: from 1 to 366"
        if len(self.fields) > MOST_FIELDS:
            yield f"fields: {MOST_FIELDS} at most"
        yield from _twice("fields", [each.name.lower() for each in self.fields])
        for part in PayerPart:
            if sum(each.payer is part for each in self.fields) > 1:
                yield f"fields: two tell the payer's {part.value}"
        yield from self._line_problems()
        if (size := self._largest_order()) > LARGEST_ORDER:
            yield f"fields, lines: an order of this form can have {size} bytes; {LARGEST_ORDER} at most are kept"

    def _largest_order(self) -> int:
        """Bytes that an order can take, whatever is written into the form."""
        names = 2 * LONGEST_VALUE * _BYTES_OF_LETTER  # the payer's name and code are kept beside the values
        fields = sum(_size(each.label) + _longest_value(each) + _BYTES_BESIDE for each in self.fields)
        lines = sum(
            _size(each.reason) + max(_size(each.account), _BYTES_OF_ACCOUNT) + _BYTES_BESIDE
            for each in self.lines
        )
        return _size(self.reason) + _BYTES_BESIDE + names + fields + lines

    def _line_problems(self) -> Iterator[str]:
        if not 1 <= len(self.lines) <= MOST_LINES:
            yield f"lines: from 1 to {MOST_LINES}"
        yield from _twice("lines", [each.id.lower() for each in self.lines])
        try:
            for line in self.lines:
                for amount in filter(None, (line.amount, line.least, line.most)):
                    self.money(amount)
            highest = (self.money(line.amount or line.most or Decimal(0)) for line in self.lines)
            sum_money(highest, self.currency)
        except ValueError as error:
            yield f"currency, lines: {error}"


def _texts(key: str, text: LocalText, longest: int = 1000) -> Iterator[str]:
    for language in ("ro", "ru", "en"):
        written = getattr(text, language)
        if not written.strip():
            yield f"{key}.{language}: required, and empty"
        elif len(written) > longest:
            yield f"{key}.{language}: {longest} characters at most"


def _longest_value(field: Field) -> int:
    """Bytes of the longest value that the field takes."""
    match field.type:
        case FieldType.STRING | FieldType.TC:
            return field.longest * _BYTES_OF_LETTER
        case FieldType.CHOICE:
            return max(len(each.value) * _BYTES_OF_LETTER + _size(each.label) for each in field.choices)
        case FieldType.IDN | FieldType.NUMBER | FieldType.DATE:
            return _BYTES_BESIDE


def _size(value: LocalText | PaymentAccount) -> int:
    """Bytes of its texts as they are kept."""
    return len(json.dumps(asdict(value), ensure_ascii=False).encode())


def _twice(key: str, names: list[str]) -> Iterator[str]:
    yield from (
        f"{key}: {name!r} is there twice" for name in sorted({n for n in names if names.count(n) > 1})
    )


def _account_problems(account: PaymentAccount) -> Iterator[str]:
    """A wrong digit sends money astray, so checksums are errors (ISO 13616; IDNO's own)."""
    if account != PaymentAccount() and not account.iban:
        yield "account.iban: required where a line has an account of its own"
    for key, value, check in (("iban", account.iban, iban), ("fiscal_code", account.fiscal_code, idno)):
        try:
            if value:
                check.validate(value)
        except stdnum_errors.ValidationError as error:
            yield f"account.{key}: {str(error).rstrip('.')}"


def _refuse(problems: Iterator[str]) -> None:
    """Raises: ValueError with all of them."""
    if found := list(problems):
        raise ValueError("; ".join(found))
