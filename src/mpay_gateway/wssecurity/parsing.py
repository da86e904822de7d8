"""Bytes to tree, with everything refused that a SOAP message has no need of.

Nothing is fetched, no DTD is read, no entity is resolved; only UTF-8 is spoken, so that there is one
reading of the bytes that were signed.
"""

import re
from collections.abc import Iterator
from itertools import chain
from typing import Final

from lxml import etree

from mpay_gateway.wssecurity.refusal import RefusalCode, Refused, quoted

DEFAULT_MAX_BYTES: Final = 1024 * 1024
MAX_DEPTH: Final = 64
MAX_ATTRIBUTES: Final = 100
"""On one element. To canonicalise takes the square of their number: minutes for a message of 1 MiB."""
MAX_NAMESPACES: Final = 100
"""Declared around one element, its own among them. For each prefix that a signature lists, all of them are looked
through at each element: hours for a message of 1 MiB.
"""

_DECLARATION: Final = re.compile(rb"<\?xml\s[^>]*?\?>")
_ENCODING: Final = re.compile(rb"""\sencoding\s*=\s*["']([^"']*)["']""")
_BEFORE_ROOT: Final = re.compile(rb"[ \t\r\n]*(<\?|<!--)?")
_ENDS: Final = {b"<?": b"?>", b"<!--": b"-->"}
_DOCTYPE: Final = re.compile(rb"[ \t\r\n]*<!DOCTYPE", re.IGNORECASE)
_BOM: Final = b"\xef\xbb\xbf"
_TOO_DEEP: Final = etree.XPath("boolean(" + "/*" * (MAX_DEPTH + 1) + ")")


def parse(message: bytes, *, max_bytes: int = DEFAULT_MAX_BYTES) -> etree._Element:
    """Parse a message that anyone may have sent; ``max_bytes`` bounds its size.

    Comments are refused inside the root element: canonicalisation drops them, so no signature covers them,
    while readers of ``element.text`` would stop at them. Outside of the root element they are ignored.

    Raises: Refused (too-large, encoding-not-accepted, doctype, not-xml, too-deep, too-many-attributes, comment,
    processing-instruction).
    """
    if len(message) > max_bytes:
        raise Refused(RefusalCode.TOO_LARGE, f"the message has {len(message)} bytes; {max_bytes} are allowed")
    _check_encoding(message)
    _check_prolog(message)
    root = _tree(message)
    _check_nodes(root)
    return root


def _check_encoding(message: bytes) -> None:
    declaration = _DECLARATION.match(message.removeprefix(_BOM))
    named = _ENCODING.search(declaration[0]) if declaration else None
    if named is not None and named[1].lower() != b"utf-8":
        name = quoted(named[1].decode("latin-1"))
        raise Refused(RefusalCode.ENCODING_NOT_ACCEPTED, f"the message declares the encoding {name}")
    try:
        text = message.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(RefusalCode.ENCODING_NOT_ACCEPTED, "the message is not UTF-8 text") from error
    if "\x00" in text:
        raise Refused(RefusalCode.ENCODING_NOT_ACCEPTED, "the message is not UTF-8 text: it holds NUL")


def _check_prolog(message: bytes) -> None:
    """Refuse a DOCTYPE before any parser sees it; it can stand only before the root element."""
    at = len(_BOM) if message.startswith(_BOM) else 0
    while (found := _BEFORE_ROOT.match(message, at)) and (opening := found[1]):
        end = _ENDS[opening]
        closing = message.find(end, found.end())
        if closing < 0:
            return  # no XML, and the parser says so
        at = closing + len(end)
    if _DOCTYPE.match(message, at):
        raise Refused(RefusalCode.DOCTYPE, "the message has a document type declaration")


def _tree(message: bytes) -> etree._Element:
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False
    )
    try:
        root = etree.fromstring(message, parser)
    except etree.XMLSyntaxError as error:
        reason = error.msg or "it is empty"
        if "Excessive depth" in reason:
            raise Refused(RefusalCode.TOO_DEEP, "the message is nested too deeply to be read") from error
        raise Refused(RefusalCode.NOT_XML, f"the message is not XML: {quoted(reason)}") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise Refused(RefusalCode.DOCTYPE, "the message has a document type declaration")
    return root


def _check_nodes(root: etree._Element) -> None:
    if _TOO_DEEP(root):
        raise Refused(RefusalCode.TOO_DEEP, f"elements are nested more than {MAX_DEPTH} deep")
    if any(len(element.attrib) > MAX_ATTRIBUTES for element in root.iter("*")):
        raise Refused(
            RefusalCode.TOO_MANY_ATTRIBUTES, f"an element has more than {MAX_ATTRIBUTES} attributes"
        )
    if _namespaces(root) > MAX_NAMESPACES:
        raise Refused(
            RefusalCode.TOO_MANY_ATTRIBUTES,
            f"more than {MAX_NAMESPACES} namespaces are declared around an element",
        )
    instruction = etree.ProcessingInstruction
    before, after = (root.itersiblings(instruction, preceding=each) for each in (True, False))
    if _holds(chain(root.iter(instruction), before, after)):
        raise Refused(RefusalCode.PROCESSING_INSTRUCTION, "the message has a processing instruction")
    if _holds(root.iter(etree.Comment)):
        raise Refused(RefusalCode.COMMENT, "the message has a comment inside its envelope")


def _namespaces(root: etree._Element) -> int:
    """How many declarations are in force where there are most."""
    now = most = 0
    for event, _ in etree.iterwalk(root, events=("start-ns", "end-ns")):
        now += 1 if event == "start-ns" else -1
        most = max(most, now)
    return most


def _holds(found: Iterator[object]) -> bool:
    """Whether there is one. Sets of nodes, as XPath makes them, cost the square of what is in them."""
    return next(found, None) is not None
