"""What came back, read leniently: a fault in one place must not hide what stands in the others."""

import zlib
from dataclasses import dataclass
from functools import cached_property
from typing import Final
from unicodedata import normalize

from lxml import etree

from mpay_gateway.conformance import names
from mpay_gateway.conformance.plain_text import plain
from mpay_gateway.conformance.transport import LARGEST_ANSWER, Received, Sent

_NIL: Final = f"{{{names.XSI}}}nil"
_ANY_ZLIB: Final = 47
"""Window bits of zlib and gzip, whichever the head names."""
_LONGEST_KEY: Final = 1000
_MOST_ATTRIBUTES: Final = 100
"""On one element. To canonicalise takes the square of their number."""
_MOST_NAMESPACES: Final = 100
"""Declared around one element. Of each prefix that a signature lists, all are looked through at each element."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A SOAP fault; `code` is the local part of faultcode."""

    code: str
    reason: str
    element: etree._Element


@dataclass(frozen=True, slots=True)
class Seen:
    """What a report tells of an exchange. Answers themselves are in the folder: they may be large, and many."""

    number: int
    said: str
    summary: str
    seconds: float


@dataclass(frozen=True)
class Answer:
    """One exchange. `said` tells in a few words what was sent."""

    number: int
    said: str
    sent: Sent
    received: Received

    @cached_property
    def body(self) -> bytes:
        """The answer's bytes, unpacked where they came compressed though nobody asked for that."""
        coding = self.received.headers.get("content-encoding", "").strip().lower()
        if coding not in ("gzip", "x-gzip", "deflate"):
            return self.received.body
        try:
            return zlib.decompressobj(_ANY_ZLIB).decompress(self.received.body, LARGEST_ANSWER + 1)
        except zlib.error:
            return self.received.body

    @cached_property
    def root(self) -> etree._Element | None:
        """The answer's XML; None when it is none, or has more attributes or namespaces than anybody reads."""
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
        try:
            root = etree.fromstring(self.body, parser)
        except (etree.XMLSyntaxError, ValueError):
            return None
        many = any(len(each.attrib) > _MOST_ATTRIBUTES for each in root.iter("*"))
        return None if many or _namespaces(root) > _MOST_NAMESPACES else root

    @cached_property
    def payload(self) -> etree._Element | None:
        """The first element in the Body of an envelope."""
        if self.root is None or local(self.root) != "Envelope":
            return None
        bodies = [child for child in self.root if local(child) == "Body"]
        return next(iter(children(bodies[0])), None) if bodies else None

    @cached_property
    def fault(self) -> Fault | None:
        """The fault that the Body holds."""
        if self.payload is None or local(self.payload) != "Fault":
            return None
        code = text(self.payload, "faultcode") or ""
        return Fault(code.rpartition(":")[2].strip(), text(self.payload, "faultstring") or "", self.payload)

    @cached_property
    def orders(self) -> tuple[etree._Element, ...] | None:
        """The orders of an answer to GetOrderDetails; None when it is another answer."""
        if self.payload is None or local(self.payload) != f"{names.LOOKUP}Response":
            return None
        results = [child for child in children(self.payload) if local(child) == f"{names.LOOKUP}Result"]
        return tuple(each for result in results for each in children(result) if not is_nil(each))

    @property
    def is_confirmed(self) -> bool:
        """Whether the answer is the one that means "I have stored this", signed or not."""
        return self.payload is not None and local(self.payload) == f"{names.CONFIRM}Response"

    @property
    def summary(self) -> str:
        """What came back, in one line that a terminal may show."""
        if self.received.failure:
            return f"no answer: {self.received.failure}"
        return f"HTTP {self.received.status}, {plain(self._content())}"

    @property
    def seen(self) -> Seen:
        """What a report tells of it."""
        return Seen(self.number, plain(self.said), self.summary, self.received.seconds)

    def _content(self) -> str:
        if self.fault is not None:
            return f"fault {self.fault.code}: {self.fault.reason}"
        if self.orders is not None:
            found = "; ".join(map(_order_in_words, self.orders))
            return f"{len(self.orders)} orders: {found}" if found else "no order"
        if self.payload is not None:
            return local(self.payload)
        kind = self.received.headers.get("content-type", "no content type")
        return f"{len(self.received.body)} bytes of {kind}"


def _namespaces(root: etree._Element) -> int:
    """How many declarations are in force where there are most."""
    now = most = 0
    for event, _ in etree.iterwalk(root, events=("start-ns", "end-ns")):
        now += 1 if event == "start-ns" else -1
        most = max(most, now)
    return most


def local(element: etree._Element) -> str:
    """An element's name without its namespace; empty for what is no element."""
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def is_nil(element: etree._Element) -> bool:
    return element.get(_NIL, "").strip() in ("true", "1")


def children(element: etree._Element) -> tuple[etree._Element, ...]:
    """The elements directly below."""
    return tuple(child for child in element if isinstance(child.tag, str))


def members(element: etree._Element, *spellings: str) -> tuple[etree._Element, ...]:
    """The elements directly below that have one of these names, in whatever namespace."""
    return tuple(child for child in children(element) if local(child) in spellings)


def text(element: etree._Element, *spellings: str) -> str | None:
    """The text of a member; None when it is absent or nil."""
    for found in members(element, *spellings):
        if not is_nil(found):
            return (found.text or "").strip()
    return None


def as_key(raw: str) -> str:
    """An order key as it is compared: white space around it off, in NFC (section 6).

    What is longer than any key stays as it came: to normalise takes the square of the number of marks on a letter.
    """
    key = raw.strip()
    return normalize("NFC", key) if len(key) <= _LONGEST_KEY else key


def below(element: etree._Element, holder: str, name: str) -> tuple[etree._Element, ...]:
    """The elements of an array: those named `name` below the member named `holder`."""
    return tuple(each for outer in members(element, holder) for each in members(outer, name))


def _order_in_words(order: etree._Element) -> str:
    amount = text(order, "TotalAmountDue")
    said = f"{amount} {text(order, 'Currency')}" if amount is not None else "amount not known"
    return f"{text(order, 'OrderKey')} {text(order, 'Status')} {said}"
