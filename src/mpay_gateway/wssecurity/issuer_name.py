"""Distinguished names as text, compared across the spellings that signing stacks produce.

X509IssuerName holds a string of RFC 2253/4514, yet the field sends it in either order of the parts, with or
without blanks after the commas, with quotes, and with differing short names for one attribute.
"""

import re
from typing import Final

from cryptography import x509

IssuerName = tuple[tuple[str, str], ...]
"""(attribute, value) pairs: attribute as dotted OID or upper-case name, value case-folded."""

_OIDS: Final = {
    "CN": "2.5.4.3",
    "SN": "2.5.4.4",
    "SURNAME": "2.5.4.4",
    "SERIALNUMBER": "2.5.4.5",
    "C": "2.5.4.6",
    "L": "2.5.4.7",
    "S": "2.5.4.8",
    "ST": "2.5.4.8",
    "STREET": "2.5.4.9",
    "O": "2.5.4.10",
    "OU": "2.5.4.11",
    "T": "2.5.4.12",
    "TITLE": "2.5.4.12",
    "G": "2.5.4.42",
    "GN": "2.5.4.42",
    "GIVENNAME": "2.5.4.42",
    "INITIALS": "2.5.4.43",
    "DNQUALIFIER": "2.5.4.46",
    "PSEUDONYM": "2.5.4.65",
    "ORGANIZATIONIDENTIFIER": "2.5.4.97",
    "UID": "0.9.2342.19200300.100.1.1",
    "DC": "0.9.2342.19200300.100.1.25",
    "E": "1.2.840.113549.1.9.1",
    "EMAIL": "1.2.840.113549.1.9.1",
    "EMAILADDRESS": "1.2.840.113549.1.9.1",
}
_PART: Final = re.compile(r'(?:"(?:[^"\\]|\\.)*"|\\.|[^,;+"\\])+', re.DOTALL)
_ESCAPE: Final = re.compile(rb"\\(?:([0-9A-Fa-f]{2})|(.))", re.DOTALL)
_DER_STRINGS: Final = {0x0C: "utf-8", 0x13: "ascii", 0x16: "ascii", 0x14: "latin-1", 0x1E: "utf-16-be"}
_LONGEST_NAME: Final = 2048


def name_of(name: x509.Name) -> IssuerName:
    """The comparable form of a name inside a certificate, in the certificate's own order."""
    return tuple((attribute.oid.dotted_string, _folded(str(attribute.value))) for attribute in name)


def parse_name(text: str) -> IssuerName:
    """The comparable form of a name in a message; empty when the text is no distinguished name."""
    if len(text) > _LONGEST_NAME:
        return ()
    parts = [part.strip() for part in _PART.findall(text)]
    pairs = [part.partition("=") for part in parts if part]
    if not all(equals for _, equals, _ in pairs):
        return ()
    return tuple((_attribute(attribute), _value(value)) for attribute, _, value in pairs)


def same_name(left: IssuerName, right: IssuerName) -> bool:
    """Whether two names are equal, in the same or in the opposite order."""
    return bool(left) and (left == right or left == right[::-1])


def _attribute(text: str) -> str:
    name = text.strip().upper().removeprefix("OID.")
    return _OIDS.get(name, name)


def _value(text: str) -> str:
    value = text.strip()
    if value.startswith("#"):
        return _folded(_der_string(value[1:]))
    if len(value) >= 2 and value[0] == value[-1] == '"':
        value = value[1:-1]
    raw = _ESCAPE.sub(_unescaped, value.encode("utf-8", "surrogatepass"))
    return _folded(raw.decode("utf-8", "replace"))


def _unescaped(match: re.Match[bytes]) -> bytes:
    pair, char = match.groups()
    return bytes.fromhex(pair.decode("ascii")) if pair is not None else bytes(char)


def _der_string(digits: str) -> str:
    """The text of a short DER string in hexadecimal (RFC 4514 section 2.4); as it came when it is none."""
    try:
        der = bytes.fromhex(digits)
        return der[2:].decode(_DER_STRINGS[der[0]]) if len(der) == der[1] + 2 else digits
    except (ValueError, IndexError, KeyError):
        return digits


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()
