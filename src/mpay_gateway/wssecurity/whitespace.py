"""White space between elements: dropped before signing, and, for some services, before verifying.

Some services pretty-print a message after they signed it. What they signed is the message without the
white space, so that is what gets verified, and what the data is read from.
"""

from typing import Final

from lxml import etree

from mpay_gateway.wssecurity import names

WHITE_SPACE: Final = " \t\r\n"
"""What XML calls white space; str.strip() alone would take more."""


def drop_everywhere(root: etree._Element) -> None:
    """Remove every text node that is nothing but white space."""
    _drop(list(root.iter()), keep=frozenset())


def drop_outside_signature(root: etree._Element) -> None:
    """Remove white-space-only text nodes, except those inside of ds:Signature."""
    signature = root.find(f".//{names.SIGNATURE}")
    inside = frozenset() if signature is None else frozenset(signature.iter())
    _drop(list(root.iter()), keep=inside, tail_of=signature)


def drop_between_elements(root: etree._Element) -> None:
    """Remove white space between elements, and leave values alone, be they blank."""
    for element in root.iter():
        if len(element):
            element.text = _unless_blank(element.text)
        element.tail = _unless_blank(element.tail)


def _drop(
    elements: list[etree._Element],
    keep: frozenset[etree._Element],
    *,
    tail_of: etree._Element | None = None,
) -> None:
    for element in elements:
        if element not in keep:
            element.text = _unless_blank(element.text)
        if element not in keep or element is tail_of:
            element.tail = _unless_blank(element.tail)


def _unless_blank(text: str | None) -> str | None:
    return text if text and text.strip(WHITE_SPACE) else None
