"""The members of one verified element, by local name in the contract's namespace (contract section 4).

What can be read without a guess is read, and a deviation noted; what cannot is InvalidAnswer. Nothing is ever
skipped in silence: zeep's own reader, made lenient, would drop every member after one that it does not know.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NoReturn, TypeVar

from lxml import etree

from mpay_eservice_soap.operations import NAMESPACE
from mpay_eservice_soap.texts import LENGTHS, clean_text, for_a_log, opaque
from mpay_eservice_soap.times import WhenTwice, read_date_time
from mpay_gateway.api import Deviation, InvalidAnswer

MOST_ITEMS = 200
"""Items of one array. The contract knows no limit; no order that a person pays comes near it."""
MOST_DEVIATIONS = 100

_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_DECIMAL = re.compile(r"[+-]?([0-9]{1,20}(\.[0-9]{0,20})?|\.[0-9]{1,20})\Z")
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_BLANK = " \t\r\n"
_SPELLINGS = {
    "AllowAdvancePayment": "AllowAdvancePayments",
    "AllowAdvancedPayment": "AllowAdvancePayments",
    "AllowAdvancedPayments": "AllowAdvancePayments",
    "AllowPartialPayment": "AllowPartialPayments",
}
"""Other names under which members arrive."""

E = TypeVar("E", bound=StrEnum)


class Findings:
    """The deviations of one answer, each kind once per place, in the order in which they were met."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Deviation] = {}

    def note(self, code: str, path: str, example: str = "") -> None:
        """Note a deviation. `example` must hold no personal data."""
        if len(self._found) < MOST_DEVIATIONS:
            self._found.setdefault((code, path), Deviation(code, path, example))

    def as_tuple(self) -> tuple[Deviation, ...]:
        return tuple(self._found.values())


class Members:
    """Reads one element. `names`: its members in the order of the contract; `path`: where it stands."""

    def __init__(
        self, element: etree._Element, names: tuple[str, ...], *, path: str, findings: Findings
    ) -> None:
        """Sort the children by name.

        Raises: InvalidAnswer for a member given twice, or for text between members.
        """
        self.path = path
        self.findings = findings
        self._present: dict[str, etree._Element] = {}
        if _own_text(element):
            raise InvalidAnswer(f"{path}: text where members are expected")
        self._collect(element, names)

    def _collect(self, element: etree._Element, names: tuple[str, ...]) -> None:
        furthest = -1
        for child in element:
            name = self._known_name(child, names)
            if name is None:
                continue
            if name in self._present:
                self.refuse(name, "given twice")
            place = names.index(name)
            if place < furthest:
                self.findings.note("misplaced-member", self._at(name))
            furthest = max(furthest, place)
            self._present[name] = child

    def _known_name(self, child: etree._Element, names: tuple[str, ...]) -> str | None:
        qualified = etree.QName(child)
        written = qualified.localname
        name = _SPELLINGS.get(written, written)
        if qualified.namespace != NAMESPACE or name not in names:
            self.findings.note("unknown-member", self.path, for_a_log(written, 40))
            return None
        if name != written:
            self.findings.note("spelling", self._at(name), written)
        return name

    def element(self, name: str) -> etree._Element | None:
        """The member, or None when it is absent or nil.

        Raises: InvalidAnswer when it is nil and has content all the same.
        """
        element = self._present.get(name)
        if element is None or element.get(_NIL, "").strip() not in {"true", "1"}:
            return element
        if len(element) or _own_text(element):
            self.refuse(name, "nil, with content")
        return None

    def raw(self, name: str) -> str | None:
        """The member's text with outer white space off, None when it is absent or nil.

        Raises: InvalidAnswer when it holds elements.
        """
        element = self.element(name)
        if element is None:
            return None
        if len(element):
            self.refuse(name, "elements where a value is expected")
        return (element.text or "").strip(_BLANK)

    def text(self, name: str) -> str:
        """A text, empty when absent; cleaned; longer than the guide's length is a deviation."""
        raw = self.raw(name) or ""
        text = clean_text(raw)
        if text != raw:
            self.findings.note("unclean-text", self._at(name))
        return self._measured(name, text)

    def identifier(self, name: str) -> str:
        """An identifier, to be sent back as it came; empty when absent."""
        return self._measured(name, opaque(self.raw(name) or ""))

    def amount(self, name: str) -> Decimal | None:
        """An xs:decimal, None when absent or nil. Raises: InvalidAnswer for anything else."""
        raw = self.raw(name)
        if raw is None:
            return None
        if not _DECIMAL.match(raw):
            self.refuse(name, f"not a number: {for_a_log(raw, 40)!r}")
        return Decimal(raw)

    def flag(self, name: str) -> bool | None:
        """An xs:boolean, None when absent or nil. Raises: InvalidAnswer for anything else."""
        raw = self.raw(name)
        if raw is None:
            return None
        if raw not in _BOOLEANS:
            self.refuse(name, f"neither true nor false: {for_a_log(raw, 40)!r}")
        return _BOOLEANS[raw]

    def instant(self, name: str, when_twice: WhenTwice) -> datetime | None:
        """An xs:dateTime in UTC, None when absent, nil or the platform's unset date.

        Raises: InvalidAnswer for anything else.
        """
        raw = self.raw(name)
        if raw is None:
            return None
        try:
            read = read_date_time(raw, when_twice)
        except ValueError:
            self.refuse(name, f"not a date and time: {for_a_log(raw, 40)!r}")
        if read.oddity:
            self.findings.note(read.oddity, self._at(name), for_a_log(raw, 40))
        return read.at

    def choice(self, name: str, kind: type[E], spellings: Mapping[str, E]) -> E | None:
        """A value of a closed list, None when absent or nil. `spellings`: how values are written, too.

        Raises: InvalidAnswer for anything else.
        """
        raw = self.raw(name)
        if raw is None:
            return None
        if raw in spellings:
            self.findings.note("spelling", self._at(name), raw)
            return spellings[raw]
        try:
            return kind(raw)
        except ValueError:
            self.refuse(name, f"unknown value {for_a_log(raw, 40)!r}")

    def items(self, name: str, item: str, names: tuple[str, ...]) -> Iterator["Members"]:
        """The items of an array member; none when it is absent, nil or empty. Nil items are a deviation.

        Raises: InvalidAnswer for more than MOST_ITEMS.
        """
        element = self.element(name)
        if element is None:
            return
        if len(element) > MOST_ITEMS:
            self.refuse(name, f"{len(element)} items; at most {MOST_ITEMS} are read")
        if _own_text(element):
            self.refuse(name, "text where items are expected")
        path = f"{self._at(name)}/{item}"
        for child in element:
            if child.tag != f"{{{NAMESPACE}}}{item}":
                self.note("unknown-member", name, for_a_log(etree.QName(child).localname, 40))
            elif child.get(_NIL, "").strip() in {"true", "1"} and not len(child):
                self.findings.note("nil-item", path)
            else:
                yield Members(child, names, path=path, findings=self.findings)

    def refuse(self, name: str, why: str) -> NoReturn:
        """Raises: InvalidAnswer, which names the place."""
        raise InvalidAnswer(f"{self._at(name)}: {why}")

    def missing(self, name: str) -> NoReturn:
        """Raises: InvalidAnswer for a member that is absent, nil or empty and cannot be done without."""
        self.refuse(name, "missing")

    def note(self, code: str, name: str, example: str = "") -> None:
        """Note a deviation at a member."""
        self.findings.note(code, self._at(name), example)

    def _at(self, name: str) -> str:
        return f"{self.path}/{name}"

    def _measured(self, name: str, text: str) -> str:
        longest = LENGTHS.get(name)
        if longest is not None and len(text) > longest:
            self.note("too-long", name, f"{len(text)} characters, {longest} in the guide")
        return text


def _own_text(element: etree._Element) -> bool:
    """Whether the element holds text of its own, beside its children."""
    return any((part or "").strip(_BLANK) for part in (element.text, *(child.tail for child in element)))
