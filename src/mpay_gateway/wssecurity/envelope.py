"""The skeleton of a SOAP 1.1 message: its parts, each found by its place and each there once.

Signature wrapping moves a signed element aside and puts another in its place. So a name that decides what
is signed may occur once in the whole document, an Id may occur once in any spelling, and the parts are
taken from where SOAP and WS-Security put them, never by searching for an Id.
"""

from dataclasses import dataclass
from typing import Final, cast

from lxml import etree

from mpay_gateway.wssecurity import names
from mpay_gateway.wssecurity.refusal import RefusalCode, Refused, quoted
from mpay_gateway.wssecurity.whitespace import WHITE_SPACE

_ONCE: Final = (
    (names.ENVELOPE, RefusalCode.ENVELOPE_STRUCTURE),
    (names.BODY, RefusalCode.TWO_BODIES),
    (names.HEADER, RefusalCode.TWO_HEADERS),
    (names.SECURITY, RefusalCode.TWO_SECURITIES),
    (names.SIGNATURE, RefusalCode.TWO_SIGNATURES),
    (names.TIMESTAMP, RefusalCode.TWO_TIMESTAMPS),
)
_IDS: Final = etree.XPath("//@*[local-name()='Id' or local-name()='ID' or local-name()='id']")


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message whose skeleton is sound; nothing in it is verified yet."""

    root: etree._Element
    body: etree._Element
    operation: etree._Element
    """The only child of Body: a request, a reply or a fault."""
    header: etree._Element | None
    security: etree._Element | None
    timestamp: etree._Element | None
    signature: etree._Element | None


def read_envelope(root: etree._Element) -> Envelope:
    """Find the parts of a parsed message. Header may come before or after Body.

    Raises: Refused (not-soap-11, two-..., duplicate-id, envelope-structure, body-content).
    """
    if root.tag != names.ENVELOPE:
        raise Refused(RefusalCode.NOT_SOAP_11, f"the root element is {quoted(str(root.tag))}")
    _check_once(root)
    _check_ids(root)
    body, header = _body_and_header(root)
    security = _child(header, names.SECURITY)
    return Envelope(
        root=root,
        body=body,
        operation=_only_child(body),
        header=header,
        security=security,
        timestamp=_child(security, names.TIMESTAMP),
        signature=_child(security, names.SIGNATURE),
    )


def id_attribute(element: etree._Element) -> str | None:
    """The name of the attribute that holds the element's Id: wsu:Id, or the plain Id of some .NET signers.

    Raises: Refused (duplicate-id) when it has both.
    """
    present = [name for name in (names.WSU_ID, names.PLAIN_ID) if name in element.attrib]
    if len(present) > 1:
        raise Refused(RefusalCode.DUPLICATE_ID, f"{quoted(str(element.tag))} has two Ids")
    return present[0] if present else None


def _check_once(root: etree._Element) -> None:
    for name, code in _ONCE:
        found = root.iter(name)
        next(found, None)
        if next(found, None) is not None:
            raise Refused(code, f"{name} occurs more than once")


def _check_ids(root: etree._Element) -> None:
    seen: set[str] = set()
    for value in cast("list[str]", _IDS(root)):
        if value in seen:
            raise Refused(RefusalCode.DUPLICATE_ID, f"the Id {quoted(value)} occurs more than once")
        seen.add(value)


def _body_and_header(root: etree._Element) -> tuple[etree._Element, etree._Element | None]:
    children = sorted(str(child.tag) for child in root)
    body = _child(root, names.BODY)
    if body is None or children not in ([names.BODY], [names.BODY, names.HEADER]) or _has_own_text(root):
        raise Refused(
            RefusalCode.ENVELOPE_STRUCTURE, "an envelope holds one Body, one Header and nothing else"
        )
    return body, _child(root, names.HEADER)


def _only_child(body: etree._Element) -> etree._Element:
    if len(body) != 1 or _has_own_text(body):
        raise Refused(
            RefusalCode.BODY_CONTENT, f"the Body holds {len(body)} elements, or text; one is needed"
        )
    return body[0]


def _child(parent: etree._Element | None, name: str) -> etree._Element | None:
    return None if parent is None else parent.find(name)


def _has_own_text(element: etree._Element) -> bool:
    return any((text or "").strip(WHITE_SPACE) for text in (element.text, *(child.tail for child in element)))
