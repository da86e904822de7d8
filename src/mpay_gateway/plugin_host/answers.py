"""What plugins return, in bounds: every text has a rule, every instant a zone, every field its declared type.

A plugin passes on what a bank or a service wrote. What does not fit a column would otherwise fail in the commit,
and the money of that commit with it.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import datetime
from functools import cache
from types import NoneType, UnionType
from typing import Any, NewType, Union, get_args, get_origin, get_type_hints

from mpay_gateway.api import (
    CallbackReading,
    Deviation,
    Document,
    Instructions,
    InstrumentOffer,
    InstrumentPlan,
    Money,
    Order,
    OrderLine,
    OrderLookup,
    OrderProperty,
    PaymentAccount,
    PostForm,
    Proof,
    ProviderCapture,
    ProviderConfirmation,
    Redirect,
    ReversalAnswer,
    ShowQr,
    StatementLine,
    StatementReading,
)
from mpay_gateway.domain.remarks import fit, is_fit


class Misfit(ValueError):
    """An answer that is out of bounds. Says which field and why, and nothing of its value."""


Reader = Callable[[object, str], object]
"""Takes a value and the name of its place, returns what is used of it. Raises: Misfit."""


@dataclass(frozen=True, slots=True)
class Exact:
    """A text that means what it says, or nothing: it is taken as it is. `needed`: it may not be empty."""

    longest: int
    needed: bool = False

    def __call__(self, value: object, place: str) -> str:
        if not isinstance(value, str):
            raise Misfit(f"{place} is {type(value).__name__}, not str")
        if len(value) > self.longest:
            raise Misfit(f"{place} is longer than {self.longest} characters")
        if not is_fit(value):
            raise Misfit(f"{place} holds characters that cannot be kept")
        if self.needed and not value:
            raise Misfit(f"{place} is empty")
        return value


@dataclass(frozen=True, slots=True)
class Words:
    """A text for people: it is cleaned and shortened. No money is lost for its sake."""

    longest: int

    def __call__(self, value: object, place: str) -> str:
        if not isinstance(value, str):
            raise Misfit(f"{place} is {type(value).__name__}, not str")
        return fit(value, self.longest)


@dataclass(frozen=True, slots=True)
class Distinct:
    """A text that only tells things apart: its digest does so too, when it is too long to keep."""

    longest: int

    def __call__(self, value: object, place: str) -> str:
        if isinstance(value, str) and (len(value) > self.longest or not is_fit(value)):
            return hashlib.sha256(value.encode(errors="surrogatepass")).hexdigest()
        return Exact(self.longest)(value, place)


_NAME, _REMOTE, _URL = Exact(128), Exact(512), Exact(8_000)
_ID, _TEXT, _VALUE = Exact(1_000), Words(20_000), Exact(20_000)
TEXTS: Mapping[type, Mapping[str, Reader]] = {
    OrderLookup: {"fault": _NAME},
    Order: {
        "service_id": Exact(64, needed=True), "order_key": Exact(64, needed=True), "reason": _TEXT,
        "currency": Exact(3, needed=True), "customer_id": _TEXT, "customer_name": _TEXT,
    },
    OrderLine: {"line_id": _ID, "reason": _TEXT},
    PaymentAccount: dict.fromkeys(
        ("iban", "bank_code", "fiscal_code", "beneficiary", "configuration_code", "treasury_account"), _ID
    ),
    OrderProperty: {"name": _ID, "value": _TEXT, "display_name": _TEXT, "type": _ID, "id": _ID},
    Deviation: {"code": _TEXT, "path": _TEXT, "example": _TEXT},
    Document: {"media_type": _NAME, "filename": Words(255)},
    InstrumentOffer: {
        "label": Words(500), "what_happens_next": _TEXT, "duration": Words(500), "logo": _URL,
        "unavailable": _TEXT,
    },
    InstrumentPlan: {"details": _VALUE},
    Redirect: {"url": _URL, "remote_reference": _REMOTE},
    PostForm: {"url": _URL, "fields": _VALUE, "remote_reference": _REMOTE},
    ShowQr: {"content": _VALUE, "app_url": _URL, "remote_reference": _REMOTE},
    Instructions: {"number": _REMOTE, "remote_reference": _REMOTE},
    CallbackReading: {"reference": _NAME, "remote_reference": _REMOTE, "event_id": Distinct(128)},
    ProviderConfirmation: {"method": Words(255)},
    ProviderCapture: {"transaction_id": Exact(128, needed=True)},
    ReversalAnswer: {"remote_reference": _REMOTE},
    StatementLine: {"transaction_id": _NAME, "reference": _NAME, "kind": Words(64)},
    StatementReading: {"problems": Words(500)},
}  # fmt: skip
"""The rule of each text, by the type that has it. A test knows that none is missing."""

SURE_OF_THEMSELVES: frozenset[type] = frozenset({Money, Proof})
"""Values that cannot be made out of bounds."""


def in_bounds(answer: object) -> object:
    """The answer as the core uses it: itself, or with words cleaned and shortened. Raises: Misfit."""
    if isinstance(answer, tuple):
        return tuple(in_bounds(each) for each in answer)
    kind: Any = type(answer)
    return _reader(kind)(answer, kind.__name__) if is_dataclass(answer) else answer


@cache
def _reader(kind: Any) -> Reader:
    """The reader of a dataclass, made once of its declared types."""
    hints = get_type_hints(kind)
    readers = {each.name: _of(hints[each.name], TEXTS.get(kind, {}).get(each.name)) for each in fields(kind)}

    def read(value: object, place: str) -> object:
        if not isinstance(value, kind):
            raise Misfit(f"{place} is {type(value).__name__}, not {kind.__name__}")
        changed: dict[str, Any] = {}
        for name, reader in readers.items():
            given = getattr(value, name)
            taken = reader(given, f"{place}.{name}")
            if taken is not given:
                changed[name] = taken
        return replace(value, **changed) if changed else value

    return read


def _of(hint: Any, text: Reader | None) -> Reader:
    """The reader of one declared type. `text`: the rule of the texts in it. Raises: TypeError when there is none."""
    if isinstance(hint, NewType):
        hint = hint.__supertype__
    if get_origin(hint) in {Union, UnionType}:
        return _any_of(tuple(_of(each, text) for each in get_args(hint) if each is not NoneType), hint)
    if get_origin(hint) is tuple:
        return _each(get_args(hint), text)
    if hint is str:
        if text is None:
            raise TypeError("a text without a rule")
        return text
    if hint is datetime:
        return _instant
    kind: Any = hint
    return _reader(kind) if is_dataclass(hint) and hint not in SURE_OF_THEMSELVES else _plain(kind)


def _any_of(readers: tuple[Reader, ...], hint: Any) -> Reader:
    assert len(readers) == 1, f"{hint}: only something or nothing"

    def read(value: object, place: str) -> object:
        return None if value is None else readers[0](value, place)

    return read


def _each(hints: tuple[Any, ...], text: Reader | None) -> Reader:
    """Of `tuple[X, ...]`, or of a pair of the same."""
    reader, pair = _of(hints[0], text), None if hints[-1] is Ellipsis else len(hints)

    def read(value: object, place: str) -> object:
        if not isinstance(value, tuple) or (pair is not None and len(value) != pair):
            raise Misfit(f"{place} is no tuple of its declared length")
        taken = tuple(reader(each, f"{place}[{number}]") for number, each in enumerate(value))
        return value if all(new is old for new, old in zip(taken, value, strict=True)) else taken

    return read


def _instant(value: object, place: str) -> object:
    if not isinstance(value, datetime) or value.utcoffset() is None:
        raise Misfit(f"{place} is no instant with a zone")
    return value


def _plain(kind: type) -> Reader:
    accepted = (int, float) if kind is float else kind

    def read(value: object, place: str) -> object:
        if not isinstance(value, accepted):
            raise Misfit(f"{place} is {type(value).__name__}, not {kind.__name__}")
        return value

    return read
