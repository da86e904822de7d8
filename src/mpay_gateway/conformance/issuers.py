"""Names of issuers as texts: their parts in either order, quoted or escaped, attributes named in many ways.

Only the values are compared: between `S`, `ST` and `2.5.4.8` senders disagree, and a serial number stands beside them.
"""

import re
from typing import Final

from cryptography import x509

_LONGEST: Final = 2048
_PART: Final = re.compile(r'[\w.\- ]+=\s*("(?:[^"\\]|\\.)*"|(?:\\.|[^,;+"\\])*)', re.DOTALL)
_ESCAPE: Final = re.compile(rb"\\(?:([0-9A-Fa-f]{2})|(.))", re.DOTALL)
_ENCODINGS: Final = {0x0C: "utf-8", 0x13: "ascii", 0x14: "latin-1", 0x16: "ascii", 0x1E: "utf-16-be"}
"""The text types of DER, by tag."""


def is_issuer(written: str, name: x509.Name) -> bool:
    """Whether a text, as messages carry it, names this issuer."""
    if len(written) > _LONGEST:
        return False
    found = sorted(_folded(_value(part)) for part in _PART.findall(written))
    return found == sorted(_folded(str(attribute.value)) for attribute in name)


def _value(written: str) -> str:
    written = written.strip()
    if written.startswith("#"):
        return _of_der(written[1:])
    if len(written) > 1 and written[0] == written[-1] == '"':
        written = written[1:-1]
    content = _ESCAPE.sub(
        lambda found: bytes.fromhex(found[1].decode()) if found[1] else found[2], written.encode()
    )
    return content.decode("utf-8", "replace")


def _of_der(digits: str) -> str:
    """A short text in DER, in hexadecimal (RFC 4514, section 2.4)."""
    try:
        content = bytes.fromhex(digits)
        return content[2:].decode(_ENCODINGS[content[0]])
    except (ValueError, LookupError):
        return digits


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()
