"""Bytes that are no sound message: wrong encodings, DTDs, other formats, too much of anything."""

import gzip
import time

import pytest

from tests.unit.wssecurity.forge import (
    EXCLUSIVE_C14N,
    REPLY,
    Recipe,
    refusal,
)


def replaced(old: bytes, new: bytes) -> bytes:
    message = Recipe().build()
    assert old in message
    return message.replace(old, new)


def nested(depth: int) -> bytes:
    return Recipe(operation=REPLY.replace("Certificate", "<m:a>" * depth + "</m:a>" * depth)).build()


def with_attributes(count: int) -> bytes:
    many = " ".join(f'a{number}="1"' for number in range(count))
    return Recipe(operation=REPLY.replace("Certificate", f"<m:a {many}/>")).build()


def namespaces(count: int, first: int = 0) -> str:
    return " ".join(f'xmlns:n{number}="u:{number}"' for number in range(first, first + count))


def with_content(content: str) -> bytes:
    return Recipe(operation=REPLY.replace("Certificate", content)).build()


LAUGHS = b'<!DOCTYPE s [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
BYTES = {
    "empty": (b"", "not-xml"),
    "blank": (b"  \n", "not-xml"),
    "text": (b"Bad gateway", "not-xml"),
    "html": (b"<html><head><title>502</title></head><body>Bad gateway<br></body></html>", "not-xml"),
    "well-formed-html": (b"<html><body/></html>", "not-soap-11"),
    "cut-off": (Recipe().build()[:-10], "not-xml"),
    "multipart": (b"--b\r\nContent-Type: application/xop+xml\r\n\r\n" + Recipe().build(), "not-xml"),
    "gzip": (gzip.compress(Recipe().build()), "encoding-not-accepted"),
    "utf-16": (
        Recipe().build().decode().replace("utf-8", "utf-16").encode("utf-16"),
        "encoding-not-accepted",
    ),
    "utf-16-without-mark": (Recipe().build().decode().encode("utf-16-le"), "encoding-not-accepted"),
    "utf-7-declared": (replaced(b"utf-8", b"utf-7"), "encoding-not-accepted"),
    "latin-declared": (replaced(b"utf-8", b"iso-8859-1"), "encoding-not-accepted"),
    "latin-text": (replaced(b"Certificate", b"Adeverin\xfe\xe3"), "encoding-not-accepted"),
    "overlong-utf-8": (replaced(b"Certificate", b"\xc0\xbc"), "encoding-not-accepted"),
    "nul": (replaced(b"Certificate", b"a\x00b"), "encoding-not-accepted"),
    "soap-12": (
        replaced(b"http://schemas.xmlsoap.org/soap/envelope/", b"http://www.w3.org/2003/05/soap-envelope"),
        "not-soap-11",
    ),
    "soap-of-no-namespace": (
        replaced(b"http://schemas.xmlsoap.org/soap/envelope/", b"urn:soap"),
        "not-soap-11",
    ),
    "dsig-with-https": (replaced(b"http://www.w3.org/2000/09", b"https://www.w3.org/2000/09"), "unsigned"),
    "security-of-other-namespace": (replaced(b"secext-1.0", b"secext-1.1"), "unsigned"),
    "utility-of-other-namespace": (replaced(b"utility-1.0", b"utility-1.1"), "body-not-signed"),
    "doctype": (replaced(b"<s:Envelope", b"<!DOCTYPE s:Envelope><s:Envelope"), "doctype"),
    "doctype-lower-case": (replaced(b"<s:Envelope", b"<!doctype s><s:Envelope"), "doctype"),
    "doctype-after-comment": (
        replaced(b"<s:Envelope", b"<!-- > --><?a > ?>\n<!DOCTYPE s><s:Envelope"),
        "doctype",
    ),
    "doctype-external": (
        replaced(b"<s:Envelope", b'<!DOCTYPE s SYSTEM "http://127.0.0.1/a.dtd"><s:Envelope'),
        "doctype",
    ),
    "external-entity": (
        replaced(b"<s:Envelope", b'<!DOCTYPE s [<!ENTITY a SYSTEM "file:///etc/hostname">]><s:Envelope'),
        "doctype",
    ),
    "parameter-entity": (
        replaced(b"<s:Envelope", b'<!DOCTYPE s [<!ENTITY % a "b">%a;]><s:Envelope'),
        "doctype",
    ),
    "billion-laughs": (replaced(b"<s:Envelope", LAUGHS + b"<s:Envelope"), "doctype"),
    "undeclared-entity": (replaced(b"Certificate", b"&laugh;"), "not-xml"),
    "instruction-before-envelope": (
        replaced(b"<s:Envelope", b'<?xml-stylesheet href="file:///a.xsl"?><s:Envelope'),
        "processing-instruction",
    ),
    "nested-65": (nested(65), "too-deep"),
    "nested-10000": (replaced(b"Certificate", b"<a>" * 10_000 + b"</a>" * 10_000), "too-deep"),
    "attributes-101": (with_attributes(101), "too-many-attributes"),
    "namespaces-101": (with_content(f"<m:a {namespaces(101)}/>"), "too-many-attributes"),
    "namespaces-101-nested": (
        with_content(f"<m:a {namespaces(50)}><m:a {namespaces(51, 50)}/></m:a>"),
        "too-many-attributes",
    ),
    "a-byte-too-large": (Recipe().build().ljust(1024 * 1024 + 1), "too-large"),
}


@pytest.mark.parametrize(("message", "code"), BYTES.values(), ids=BYTES)
def test_bytes_that_are_no_sound_message_are_refused(message, code):
    assert refusal(message) == code


def test_limits_admit_what_is_just_within_them():
    assert refusal(Recipe().build().ljust(1024 * 1024)) == "valid"
    assert refusal(nested(58)) == "valid"
    assert refusal(nested(59)) == "too-deep"
    assert refusal(with_attributes(100)) == "valid"
    assert refusal(with_content(f"<m:a {namespaces(80)}/>" * 10)) == "valid"
    assert refusal(Recipe().build(), max_bytes=1000) == "too-large"


@pytest.mark.parametrize(
    ("unit", "place", "said"),
    [
        (b"<!---->", b"<s:Envelope", "valid"), (b"<?a?>", b"<s:Envelope", "processing-instruction"),
        (b"<!---->", b"<s:Body", "comment"), (b"<?a?>", b"<s:Body", "processing-instruction"),
    ],
)  # fmt: skip
def test_comments_and_instructions_cost_no_more_than_their_length(unit, place, said):
    """4 MiB: looked at anew after each of them, they would take minutes and hours."""
    message = replaced(place, unit * ((4 << 20) // len(unit)) + place)
    begun = time.process_time()
    assert refusal(message, max_bytes=5 << 20) == said
    assert time.process_time() - begun < 15


def test_a_genuine_message_of_endless_attributes_holds_nobody():
    """20,000 on one element: signed by the service itself, they would be put into their order for a second, and
    those of a whole MiB for minutes."""
    message = with_attributes(20_000)
    begun = time.process_time()
    assert refusal(message) == "too-many-attributes"
    assert time.process_time() - begun < 0.5


def test_nobody_who_has_no_key_can_hold_who_verifies_by_prefixes_that_are_looked_for_in_vain():
    """Digests are taken before the signature is judged: each prefix was looked for at each element."""
    prefixes = " ".join(f"p{number}" for number in range(20))
    listed = f'<c:InclusiveNamespaces xmlns:c="{EXCLUSIVE_C14N}" PrefixList="{prefixes}"/>'
    method = f'<d:Transform Algorithm="{EXCLUSIVE_C14N}">{listed}</d:Transform>'
    content = f"<m:a {namespaces(80)}>{'<m:b/>' * 100_000}</m:a>"
    message = Recipe(operation=REPLY.replace("Certificate", content), transforms=method).build()
    spoilt = message.replace(b"<m:b/>", b"<m:c/>", 1)
    begun = time.process_time()
    assert refusal(spoilt) == "bad-signature"
    assert time.process_time() - begun < 15


@pytest.mark.parametrize("before", [b"<!--> <!DOCTYPE s>-->", b"<?a <!DOCTYPE s>?>", b"\r\n\t "])
def test_what_looks_like_a_doctype_inside_a_comment_is_none(before):
    assert refusal(before + Recipe().build().partition(b"?>")[2]) != "doctype"
