"""Signed requests made wrong: each is one way to have a service believe what the gateway never signed."""

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from lxml import etree

from mpay_gateway.conformance import names
from mpay_gateway.conformance.canonical import base64_text, canonical
from mpay_gateway.conformance.identity import Identity
from mpay_gateway.conformance.signing import Recipe, signed_request, unsigned_request

_BODY: Final = re.compile(r"<(soap-env:Body)[^>]*>.*</soap-env:Body>", re.DOTALL)
_TIMESTAMP: Final = re.compile(r"<wsu:Timestamp.*?</wsu:Timestamp>", re.DOTALL)
_SIGNATURE_VALUE: Final = re.compile(r"(<ds:SignatureValue>)[^<]*")

Maker = Callable[[str, Recipe, datetime], bytes]
"""From a payload, the recipe that would be right and the time, to a message that must not be believed."""


def _prefixes(recipe: Recipe) -> tuple[str, ...]:
    return tuple(recipe.prefix_list.split())


def unsigned(payload: str, _recipe: Recipe, _at: datetime) -> bytes:
    """No header at all."""
    return unsigned_request(payload)


def without_signature(payload: str, recipe: Recipe, at: datetime) -> bytes:
    """A Security header with token and Timestamp, and no Signature in it."""
    text = signed_request(payload, recipe, at).decode()
    return re.sub(r"<ds:Signature .*</ds:Signature>", "", text, flags=re.DOTALL).encode()


def by(signer: Identity) -> Maker:
    """Signed by another key, under its own certificate."""

    def make(payload: str, recipe: Recipe, at: datetime) -> bytes:
        return signed_request(payload, replace(recipe, signer=signer), at)

    return make


def with_recipe(**changes: object) -> Maker:
    """The right recipe but for these members of it."""

    def make(payload: str, recipe: Recipe, at: datetime) -> bytes:
        return signed_request(payload, replace(recipe, **changes), at)  # type: ignore[arg-type]

    return make


def expired(payload: str, recipe: Recipe, at: datetime) -> bytes:
    """Ended an hour ago."""
    return signed_request(payload, replace(recipe, created_in=timedelta(minutes=-65)), at)


def from_the_future(payload: str, recipe: Recipe, at: datetime) -> bytes:
    """Created in an hour."""
    return signed_request(payload, replace(recipe, created_in=timedelta(minutes=60)), at)


def tampered(original: str) -> Maker:
    """`original` was signed; the payload stands in its place, the digests stay."""

    def make(payload: str, recipe: Recipe, at: datetime) -> bytes:
        return signed_request(original, recipe, at).decode().replace(original, payload).encode()

    return make


def tampered_with_new_digest(original: str) -> Maker:
    """Payload and digest are changed, SignedInfo and its signature no longer fit."""

    def make(payload: str, recipe: Recipe, at: datetime) -> bytes:
        message = tampered(original)(payload, recipe, at)
        root = etree.fromstring(message)
        body = root.find(f"{{{names.SOAP}}}Body")
        assert body is not None
        digest = base64_text(recipe.algorithm.digest(canonical(body, _prefixes(recipe))))
        found = list(root.iter(f"{{{names.DS}}}DigestValue"))[-1].text or ""
        return message.decode().replace(found, digest).encode()

    return make


def wrapped_in_header(original: str) -> Maker:
    """The signed Body is moved into the header; a new one without Id stands in its place."""
    return partial(_wrapped, original, lambda _opening: "<soap-env:Body>")


def wrapped_with_same_id(original: str) -> Maker:
    """As above, and the new Body bears the Id of the signed one."""
    return partial(_wrapped, original, str)


def _wrapped(original: str, bend: Callable[[str], str], payload: str, recipe: Recipe, at: datetime) -> bytes:
    """`bend` makes the new Body's opening tag from the signed one's."""
    text = signed_request(original, recipe, at).decode()
    body = _BODY.search(text)
    assert body is not None
    opening = body[0][: body[0].index(">") + 1]
    swapped = text.replace(body[0], f"{bend(opening)}{payload}</soap-env:Body>")
    wrap = f"<w:Wrap xmlns:w='urn:wrap'>{body[0]}</w:Wrap></soap-env:Header>"
    return swapped.replace("</soap-env:Header>", wrap).encode()


def second_body(original: str) -> Maker:
    """An unsigned Body stands before the signed one."""

    def make(payload: str, recipe: Recipe, at: datetime) -> bytes:
        text = signed_request(original, recipe, at).decode()
        return text.replace(
            "<soap-env:Body ", f"<soap-env:Body>{payload}</soap-env:Body><soap-env:Body ", 1
        ).encode()

    return make


def without_timestamp(payload: str, recipe: Recipe, at: datetime) -> bytes:
    """Only the Body is signed, and no Timestamp says when."""
    text = signed_request(payload, replace(recipe, signed=("Body",)), at).decode()
    return _TIMESTAMP.sub("", text).encode()


def keyed_with_certificate(payload: str, recipe: Recipe, at: datetime) -> bytes:
    """An HMAC whose secret is the public certificate: for verifiers that take the algorithm from the message."""
    text = signed_request(payload, recipe, at).decode()
    text = text.replace(recipe.algorithm.value.signature_uri, names.HMAC_SHA1)
    info = next(etree.fromstring(text.encode()).iter(f"{{{names.DS}}}SignedInfo"))
    value = hmac.new(recipe.signer.der, canonical(info, _prefixes(recipe)), hashlib.sha1).digest()
    return _SIGNATURE_VALUE.sub(rf"\g<1>{base64_text(value)}", text).encode()


def with_xpath(original: str) -> Maker:
    """The Body's digest is taken through an XPath transform that selects nothing, so any Body fits it."""

    def make(payload: str, recipe: Recipe, at: datetime) -> bytes:
        text = signed_request(original, recipe, at).decode()
        transform = f'<ds:Transform Algorithm="{names.XPATH}"><ds:XPath>false()</ds:XPath></ds:Transform>'
        before, found, after = text.rpartition("<ds:Transforms>")
        text = before + found + transform + after
        nothing = base64_text(recipe.algorithm.digest(b""))
        old = list(etree.fromstring(text.encode()).iter(f"{{{names.DS}}}DigestValue"))[-1].text or ""
        text = text.replace(old, nothing)
        info = next(etree.fromstring(text.encode()).iter(f"{{{names.DS}}}SignedInfo"))
        value = base64_text(recipe.algorithm.sign(canonical(info, _prefixes(recipe)), recipe.signer.key))
        return _SIGNATURE_VALUE.sub(rf"\g<1>{value}", text).replace(original, payload).encode()

    return make


def with_doctype(payload: str, recipe: Recipe, at: datetime) -> bytes:
    """A DOCTYPE that defines an entity, which is not used: the signature holds."""
    return b'<!DOCTYPE x [<!ENTITY e "text">]>' + signed_request(payload, recipe, at)
