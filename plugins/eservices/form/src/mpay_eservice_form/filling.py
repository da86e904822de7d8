"""What a payer wrote into a form: checked by the form's definition, an explanation beside each field that is wrong."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from mpay_eservice_form import texts
from mpay_eservice_form.settings import Field, FieldType, Line, ServiceForm
from mpay_gateway.api import Language, LocalText, Money, is_idn, normal_form

_NUMBER = re.compile(r"-?[0-9]{1,12}([.,][0-9]{1,6})?\Z", re.ASCII)
_AMOUNT = re.compile(r"[0-9]{1,12}([.,][0-9]{1,3})?\Z", re.ASCII)
_DATE = re.compile(r"(?P<d>[0-9]{1,2})[./-](?P<m>[0-9]{1,2})[./-](?P<y>[0-9]{4})\Z", re.ASCII)
_ISO_DATE = re.compile(r"(?P<y>[0-9]{4})-(?P<m>[0-9]{2})-(?P<d>[0-9]{2})\Z", re.ASCII)
_YEARS = range(1900, 2200)
_SHORTEST_TC = 5


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing to mend. `field`: id of the input; `words`: the explanation, in the payer's language."""

    field: str
    words: str


@dataclass(frozen=True, slots=True)
class Value:
    """What a field holds. `value`: as the beneficiary gets it; `shown`: as people read it.

    `visible`: not so when the invoice shows it as the payer's own name or code.
    """

    name: str
    label: LocalText
    type: str
    value: str
    shown: LocalText
    visible: bool = True


@dataclass(frozen=True, slots=True)
class Filled:
    """A form as it was filled in; without errors it can be made into an order."""

    values: tuple[Value, ...]
    amounts: tuple[tuple[Line, Money], ...]
    errors: tuple[FieldError, ...]


class Wrong(ValueError):
    """A value that the field does not take."""

    def __init__(self, text: LocalText, **about: object) -> None:
        super().__init__(text.en)
        self.text = text
        self.about = about


def input_of_field(field: Field) -> str:
    """The id and name of the field's input."""
    return f"field-{field.name}"


def input_of_line(line: Line) -> str:
    """The id and name of the input for a line's amount."""
    return f"amount-{line.id}"


def fill_in(form: ServiceForm, typed: Mapping[str, str], language: Language) -> Filled:
    """Check everything; every wrong field is named at once, in the order of the page."""
    values: list[Value] = []
    amounts: list[tuple[Line, Money]] = []
    errors: list[FieldError] = []
    for field in form.fields:
        try:
            values += _value(field, typed.get(input_of_field(field), ""))
        except Wrong as wrong:
            label = field.label.in_language(language)
            errors.append(_explained(input_of_field(field), wrong, label, language))
    for line in form.lines:
        try:
            amounts.append((line, _amount(form, line, typed.get(input_of_line(line), ""))))
        except Wrong as wrong:
            label = line.reason.in_language(language)
            errors.append(_explained(input_of_line(line), wrong, label, language))
    return Filled(tuple(values), tuple(amounts), tuple(errors))


def _explained(place: str, wrong: Wrong, label: str, language: Language) -> FieldError:
    about = {
        name: texts.money_words(value, language) if isinstance(value, Money) else value
        for name, value in wrong.about.items()
    }
    return FieldError(place, wrong.text.in_language(language).format(label=label, **about))


def _value(field: Field, typed: str) -> list[Value]:
    """What the field holds, nothing where it may stay empty. Raises: Wrong."""
    text = " ".join(normal_form(typed).split())
    if any(unicodedata.category(character).startswith("C") for character in text):
        raise Wrong(texts.ODD_CHARACTERS)
    if not text:
        if field.required:
            raise Wrong(texts.NOT_CHOSEN if field.type is FieldType.CHOICE else texts.MISSING)
        return []
    value, shown = _READERS[field.type](field, text)
    return [Value(field.name, field.label, field.type.value, value, shown, field.payer is None)]


def _plain(value: str) -> tuple[str, LocalText]:
    return value, LocalText(value)


def _string(field: Field, text: str) -> tuple[str, LocalText]:
    if len(text) < field.shortest:
        raise Wrong(texts.TOO_SHORT, least=field.shortest)
    if len(text) > field.longest:
        raise Wrong(texts.TOO_LONG, most=field.longest)
    return _plain(text)


def _idn(_: Field, text: str) -> tuple[str, LocalText]:
    """An IDNP or IDNO by its check digit; both have the same."""
    digits = text.replace(" ", "")
    if not is_idn(digits):
        raise Wrong(texts.NO_IDN)
    return _plain(digits)


def _tc(field: Field, text: str) -> tuple[str, LocalText]:
    """A tax code: an IDN, or any string with non-digits, at least 5 characters (contract section 3)."""
    digits = text.replace(" ", "")
    if digits.isdigit():
        if not is_idn(digits):
            raise Wrong(texts.NO_TC)
        return _plain(digits)
    if len(text) < _SHORTEST_TC:
        raise Wrong(texts.NO_TC)
    return _string(field, text)


def _number(field: Field, text: str) -> tuple[str, LocalText]:
    if not _NUMBER.match(text):
        raise Wrong(texts.NO_NUMBER)
    number = Decimal(text.replace(",", "."))
    if field.least is not None and number < field.least:
        raise Wrong(texts.NUMBER_BELOW, least=field.least)
    if field.most is not None and number > field.most:
        raise Wrong(texts.NUMBER_ABOVE, most=field.most)
    return _plain(f"{number:f}")


def _date(_: Field, text: str) -> tuple[str, LocalText]:
    """Day, month and year, as they are written here; or year, month and day with hyphens."""
    found = _DATE.match(text) or _ISO_DATE.match(text)
    try:
        day = date(int(found["y"]), int(found["m"]), int(found["d"])) if found else None
    except ValueError:
        day = None
    if day is None or day.year not in _YEARS:
        raise Wrong(texts.NO_DATE)
    return day.isoformat(), LocalText(f"{day:%d.%m.%Y}")


def _choice(field: Field, text: str) -> tuple[str, LocalText]:
    for choice in field.choices:
        if choice.value == text:
            return choice.value, choice.label
    raise Wrong(texts.NOT_CHOSEN)


_READERS: Mapping[FieldType, Callable[[Field, str], tuple[str, LocalText]]] = {
    FieldType.STRING: _string,
    FieldType.IDN: _idn,
    FieldType.TC: _tc,
    FieldType.NUMBER: _number,
    FieldType.DATE: _date,
    FieldType.CHOICE: _choice,
}


def _amount(form: ServiceForm, line: Line, typed: str) -> Money:
    """What the line costs: never from the browser where it is fixed. Raises: Wrong."""
    if line.amount is not None:
        return form.money(line.amount)
    assert line.least is not None and line.most is not None, "the definition was checked"  # noqa: PT018
    text = typed.strip()
    if not text:
        raise Wrong(texts.MISSING)
    try:
        amount = form.money(Decimal(text.replace(",", "."))) if _AMOUNT.match(text) else None
    except ValueError:
        amount = None
    if amount is None:
        raise Wrong(texts.NO_AMOUNT)
    least, most = form.money(line.least), form.money(line.most)
    if not least <= amount <= most:
        raise Wrong(texts.AMOUNT_OUT, least=least, most=most)
    return amount
