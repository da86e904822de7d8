"""Read an untrusted SOAP 1.1 envelope and find its parts by place, never by name or Id alone."""

from dataclasses import dataclass

from lxml import etree

from eservice_kit import names
from eservice_kit.refusal import NotVerified, Refusal

LARGEST_MESSAGE = 1024 * 1024
DEEPEST_ELEMENT = 64
MOST_ATTRIBUTES = 100
"""On one element. To canonicalise takes the square of their number, and SignedInfo is canonicalised for anybody."""
MOST_NAMESPACES = 100
"""Declared around one element. Of each prefix that SignedInfo lists, all are looked through at each element."""
_ID_ATTRIBUTES = (names.wsu("Id"), "Id", "ID", "id", f"{{{names.XML}}}id")


@dataclass(frozen=True, slots=True)
class Envelope:
    """The parts of a signed message. ``by_id`` holds each element that carries an Id, which is unique."""

    header: etree._Element
    security: etree._Element
    timestamp: etree._Element
    signature: etree._Element
    body: etree._Element
    by_id: dict[str, etree._Element]


def parse_xml(message: bytes) -> etree._Element:
    """Parse without DTD, entities, network, comments or processing instructions.

    A comment inside a value would cut what a reader sees and leave the signature valid: so it is refused.
    Raises: NotVerified.
    """
    if len(message) > LARGEST_MESSAGE:
        raise NotVerified(Refusal.TOO_LARGE, f"{len(message)} bytes")
    try:
        root = etree.fromstring(message, _parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        raise NotVerified(Refusal.NOT_XML, str(error)) from error
    _refuse_forbidden(root)
    return root


def read_envelope(message: bytes) -> Envelope:
    """Find the parts of a signed SOAP 1.1 message; each may occur once only. Raises: NotVerified."""
    root = parse_xml(message)
    if root.tag != names.soap("Envelope"):
        raise NotVerified(Refusal.NOT_AN_ENVELOPE, f"the root element is {root.tag}")
    if any(child.tag not in (names.soap("Header"), names.soap("Body")) for child in root):
        raise NotVerified(Refusal.STRUCTURE, "an element beside Header and Body")
    body = _the_only(root, names.soap("Body"), Refusal.STRUCTURE)
    header = _the_only(root, names.soap("Header"), Refusal.NOT_SIGNED)
    security = _the_only(header, names.wsse("Security"), Refusal.NOT_SIGNED)
    _refuse_unknown_headers(header)
    return Envelope(
        header=header,
        security=security,
        timestamp=_the_only(security, names.wsu("Timestamp"), Refusal.TIMESTAMP),
        signature=_the_only(security, names.ds("Signature"), Refusal.NOT_SIGNED),
        body=body,
        by_id=_elements_by_id(root),
    )


def only_child(parent: etree._Element, tag: str) -> etree._Element:
    """The only child called ``tag``. Raises: NotVerified when it is missing or there is a second one."""
    children = parent.findall(tag)
    if len(children) != 1:
        raise NotVerified(Refusal.STRUCTURE, f"{len(children)} x {tag} in {parent.tag}")
    return children[0]


def _the_only(parent: etree._Element, tag: str, absent: Refusal) -> etree._Element:
    """Like ``only_child``, and none of that name may stand anywhere else in the message."""
    if parent.find(tag) is None:
        raise NotVerified(absent, f"no {tag} in {parent.tag}")
    everywhere = list(parent.getroottree().iter(tag))
    if len(everywhere) != 1:
        raise NotVerified(Refusal.STRUCTURE, f"{len(everywhere)} x {tag}")
    return everywhere[0]


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False
    )


def _refuse_forbidden(root: etree._Element) -> None:
    document = root.getroottree()
    if document.docinfo.doctype:  # type: ignore[attr-defined]  # the stubs lack it
        raise NotVerified(Refusal.FORBIDDEN_CONTENT, "a DOCTYPE")
    if (document.docinfo.encoding or "utf-8").lower() not in ("utf-8", "us-ascii"):
        raise NotVerified(Refusal.FORBIDDEN_CONTENT, f"encoding {document.docinfo.encoding}")
    if root.getprevious() is not None or root.getnext() is not None:
        raise NotVerified(Refusal.FORBIDDEN_CONTENT, "a comment or processing instruction")
    if _namespaces(root) > MOST_NAMESPACES:
        raise NotVerified(Refusal.FORBIDDEN_CONTENT, "too many namespaces around an element")
    depth = 0
    for event, node in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
        if event in ("comment", "pi") or not isinstance(node.tag, str):
            raise NotVerified(Refusal.FORBIDDEN_CONTENT, "a comment, entity or processing instruction")
        depth += 1 if event == "start" else -1
        if depth > DEEPEST_ELEMENT:
            raise NotVerified(Refusal.FORBIDDEN_CONTENT, "elements nested too deeply")
        if len(node.attrib) > MOST_ATTRIBUTES:
            raise NotVerified(Refusal.FORBIDDEN_CONTENT, "an element with too many attributes")


def _namespaces(root: etree._Element) -> int:
    """How many declarations are in force where there are most."""
    now = most = 0
    for event, _ in etree.iterwalk(root, events=("start-ns", "end-ns")):
        now += 1 if event == "start-ns" else -1
        most = max(most, now)
    return most


def _refuse_unknown_headers(header: etree._Element) -> None:
    for child in header:
        if child.tag != names.wsse("Security") and child.get(names.soap("mustUnderstand")) in ("1", "true"):
            raise NotVerified(Refusal.STRUCTURE, f"header {child.tag} must be understood and is not")


def _elements_by_id(root: etree._Element) -> dict[str, etree._Element]:
    found: dict[str, etree._Element] = {}
    for element in root.iter():
        values = [value for name in _ID_ATTRIBUTES if (value := element.get(name)) is not None]
        if len(values) > 1:
            raise NotVerified(Refusal.DUPLICATE_ID, f"{element.tag} has {len(values)} Ids")
        for value in values:
            if value in found:
                raise NotVerified(Refusal.DUPLICATE_ID, value)
            found[value] = element
    return found
