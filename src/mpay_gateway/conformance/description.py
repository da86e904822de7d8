"""The WSDL that a service publishes, with what it imports from the same host."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin

from lxml import etree

from mpay_gateway.conformance.answer import Answer, local
from mpay_gateway.conformance.caller import Caller, NotRun
from mpay_gateway.conformance.transport import Sent, same_host

WSDL: Final = "http://schemas.xmlsoap.org/wsdl/"
WSDL_SOAP: Final = "http://schemas.xmlsoap.org/wsdl/soap/"
XSD: Final = "http://www.w3.org/2001/XMLSchema"
_MOST_DOCUMENTS: Final = 20
"""A description that goes on and on is none."""
_IMPORTS: Final = (
    (f"{{{WSDL}}}import", "location"), (f"{{{XSD}}}import", "schemaLocation"), (f"{{{XSD}}}include", "schemaLocation"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Description:
    """The documents of a WSDL, the first one first, and what of it could not be read."""

    roots: tuple[etree._Element, ...]
    unread: tuple[str, ...]

    def all(self, tag: str, namespace: str = WSDL) -> tuple[etree._Element, ...]:
        """Every element of this name in every document."""
        return tuple(each for root in self.roots for each in root.iter(f"{{{namespace}}}{tag}"))

    def sequence(self, type_name: str) -> tuple[str, ...] | None:
        """The names of a complex type's members in their order; None when there is no such type, or no order."""
        for each in self.all("complexType", XSD):
            if each.get("name") == type_name and each.find(f"{{{XSD}}}all") is None:
                return tuple(member.get("name", "") for member in each.iter(f"{{{XSD}}}element"))
        return None

    def need_whole(self) -> None:
        """See that nothing is missing, or what is not found proves nothing. Raises: NotRun."""
        if self.unread:
            raise NotRun(f"a part of the description cannot be read, WSD-02 says which: {self.unread[0]}")

    def enumeration(self, type_name: str) -> tuple[str, ...]:
        """The values of a simple type."""
        return tuple(
            value.get("value", "")
            for each in self.all("simpleType", XSD)
            if each.get("name") == type_name
            for value in each.iter(f"{{{XSD}}}enumeration")
        )


def fetch(caller: Caller) -> Answer:
    """Ask for the description."""
    return caller.exchange(Sent("GET", f"{caller.target.url}?wsdl"), "GET of the address with ?wsdl")


def read(caller: Caller, answer: Answer) -> Description:
    """The description with its imports. Raises: NotRun when there is none."""
    if answer.root is None or local(answer.root) != "definitions":
        raise NotRun(f"no WSDL can be read: {answer.summary}")
    roots = [answer.root]
    unread: list[str] = []
    waiting = list(_imported(answer.root, answer.sent.url))
    seen = {answer.sent.url}
    while waiting and len(seen) < _MOST_DOCUMENTS:
        url = waiting.pop(0)
        if url in seen:
            continue
        seen.add(url)
        root = _document(caller, url) if same_host(caller.target.url, url) else None
        if root is None:
            unread.append(url)
        else:
            roots.append(root)
            waiting += _imported(root, url)
    return Description(tuple(roots), tuple(unread))


def _document(caller: Caller, url: str) -> etree._Element | None:
    return caller.exchange(Sent("GET", url), f"GET of {url}").root


def _imported(root: etree._Element, base: str) -> Iterator[str]:
    for tag, attribute in _IMPORTS:
        for element in root.iter(tag):
            place = element.get(attribute)
            if place:
                yield _joined(base, place)


def _joined(base: str, place: str) -> str:
    """The address that a document names; as it was written where it is none."""
    try:
        return urljoin(base, place)
    except ValueError:
        return place
