"""Signed messages that break a rule of the signature, each with the code of its refusal.

Each is signed rightly by the registered service unless the point is the cryptography itself: so the
refusal is for the reason named, and not for a broken signature. The positive controls are in
test_accepted_forms.py.
"""

import pytest

from mpay_gateway.wssecurity.names import DS, EXCLUSIVE_C14N, X509_PROFILE
from tests.unit.wssecurity.forge import (
    EXCLUSIVE,
    REPLY,
    REQUEST,
    Recipe,
    embedded,
    issuer_serial,
    key_identifier,
    refusal,
    service,
    stranger,
    token_reference,
)

ENVELOPED = f'<d:Transform Algorithm="{DS}enveloped-signature"/>'
XPATH = '<d:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><d:XPath>true()</d:XPath></d:Transform>'
XSLT = (
    '<d:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116">'
    '<x:stylesheet xmlns:x="http://www.w3.org/1999/XSL/Transform" version="1.0"/></d:Transform>'
)
CANONICAL = '<d:CanonicalizationMethod Algorithm="{}"/>'
INCLUSIVE_C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
MANY = " ".join(f"p{number}" for number in range(21))
MANY_PREFIXES = f'<c:InclusiveNamespaces xmlns:c="{EXCLUSIVE_C14N}" PrefixList="{MANY}"/>'
OTHER_PREFIXES = f'<c:InclusiveNamespaces xmlns:c="{EXCLUSIVE_C14N}" PrefixList="a|b"/>'

RECIPES = {
    "body-only": (Recipe(references=("#body",)), "timestamp-not-signed"),
    "timestamp-only": (Recipe(references=("#stamp",)), "body-not-signed"),
    "no-references": (Recipe(references=()), "body-not-signed"),
    "token-only": (Recipe(references=("#token",)), "body-not-signed"),
    "body-twice": (Recipe(references=("#body", "#stamp", "#body")), "reference-not-accepted"),
    "body-without-id": (Recipe(body_id="", references=("#stamp",)), "body-not-signed"),
    "body-with-two-ids": (Recipe(body_id='u:Id="body" Id="bodi"'), "duplicate-id"),
    "body-with-xml-id": (Recipe(body_id='xml:id="body"'), "body-not-signed"),
    "body-with-upper-case-id": (Recipe(body_id='ID="body"'), "body-not-signed"),
    "part-of-the-body-signed-besides": (
        Recipe(
            operation=REPLY.replace("<m:Reason>", '<m:Reason Id="reason">'),
            references=("#stamp", "#body", "#reason"),
        ),
        "reference-not-accepted",
    ),
    "reference-to-nothing": (Recipe(references=("#stamp", "#body", "#ghost")), "reference-not-accepted"),
    "uri-empty": (Recipe(references=("",)), "reference-not-accepted"),
    "uri-file": (Recipe(references=("#stamp", "#body", "file:///etc/hostname")), "reference-not-accepted"),
    "uri-http": (Recipe(references=("#stamp", "#body", "http://127.0.0.1/a")), "reference-not-accepted"),
    "uri-relative": (Recipe(references=("#stamp", "#body", "etc/hostname")), "reference-not-accepted"),
    "uri-xpointer": (Recipe(references=("#stamp", "#xpointer(id('body'))")), "reference-not-accepted"),
    "uri-xpointer-root": (Recipe(references=("#stamp", "#xpointer(/)")), "reference-not-accepted"),
    "uri-quote": (Recipe(references=("#stamp", "#' or '1'='1")), "reference-not-accepted"),
    "uri-double-quote": (Recipe(references=("#stamp", '#body" or "1')), "reference-not-accepted"),
    "uri-two-ids": (Recipe(references=("#stamp", "#body stamp")), "reference-not-accepted"),
    "uri-line-break": (Recipe(references=("#stamp", "#body\n")), "reference-not-accepted"),
    "uri-too-long": (Recipe(references=("#stamp", "#body", "#" + "a" * 300)), "reference-not-accepted"),
    "transforms-none": (Recipe(transforms=""), "transform-not-accepted"),
    "transforms-two": (Recipe(transforms=EXCLUSIVE * 2), "transform-not-accepted"),
    "transform-enveloped": (Recipe(transforms=ENVELOPED), "transform-not-accepted"),
    "transform-enveloped-first": (Recipe(transforms=ENVELOPED + EXCLUSIVE), "transform-not-accepted"),
    "transform-xpath": (Recipe(transforms=XPATH + EXCLUSIVE), "transform-not-accepted"),
    "transform-xpath-only": (Recipe(transforms=XPATH), "transform-not-accepted"),
    "transform-xslt": (Recipe(transforms=XSLT), "transform-not-accepted"),
    "transform-base64": (
        Recipe(transforms=f'<d:Transform Algorithm="{DS}base64"/>'),
        "transform-not-accepted",
    ),
    "transform-inclusive": (
        Recipe(transforms=f'<d:Transform Algorithm="{INCLUSIVE_C14N}"/>'),
        "transform-not-accepted",
    ),
    "transform-with-comments": (
        Recipe(transforms=f'<d:Transform Algorithm="{EXCLUSIVE_C14N}WithComments"/>'),
        "transform-not-accepted",
    ),
    "transform-unknown-parameter": (
        Recipe(transforms=f'<d:Transform Algorithm="{EXCLUSIVE_C14N}"><d:XPath/></d:Transform>'),
        "transform-not-accepted",
    ),
    "transform-unreadable-prefixes": (
        Recipe(transforms=f'<d:Transform Algorithm="{EXCLUSIVE_C14N}">{OTHER_PREFIXES}</d:Transform>'),
        "transform-not-accepted",
    ),
    "transform-many-prefixes": (
        Recipe(transforms=f'<d:Transform Algorithm="{EXCLUSIVE_C14N}">{MANY_PREFIXES}</d:Transform>'),
        "transform-not-accepted",
    ),
    "canonicalization-inclusive": (
        Recipe(canonicalization=CANONICAL.format(INCLUSIVE_C14N)),
        "transform-not-accepted",
    ),
    "canonicalization-with-comments": (
        Recipe(canonicalization=CANONICAL.format(f"{EXCLUSIVE_C14N}WithComments")),
        "transform-not-accepted",
    ),
    "canonicalization-missing": (Recipe(canonicalization=""), "signature-structure"),
    "method-hmac-sha1": (Recipe(method=f"{DS}hmac-sha1"), "algorithm-not-accepted"),
    "method-hmac-with-public-key": (
        Recipe(method="http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"),
        "algorithm-not-accepted",
    ),
    "method-dsa": (Recipe(method=f"{DS}dsa-sha1"), "algorithm-not-accepted"),
    "method-rsa-md5": (
        Recipe(method="http://www.w3.org/2001/04/xmldsig-more#rsa-md5"),
        "algorithm-not-accepted",
    ),
    "method-none": (Recipe(method="none"), "algorithm-not-accepted"),
    "method-empty": (Recipe(method=""), "algorithm-not-accepted"),
    "digest-md5": (
        Recipe(digest="http://www.w3.org/2001/04/xmldsig-more#md5"),
        "algorithm-not-accepted",
    ),
    "digest-none": (Recipe(digest=""), "algorithm-not-accepted"),
    "signed-by-a-stranger": (Recipe(signer=stranger()), "unknown-certificate"),
    "stranger-embedded": (Recipe(signer=stranger(), key_info=embedded), "unknown-certificate"),
    "stranger-by-key-identifier": (
        Recipe(signer=stranger(), key_info=key_identifier(f"{X509_PROFILE}#X509SubjectKeyIdentifier")),
        "unknown-certificate",
    ),
    "stranger-by-serial": (
        Recipe(signer=stranger(), key_info=issuer_serial("CN=Throw-away CA,O=Testing\\, Ltd,C=MD")),
        "unknown-certificate",
    ),
    "serial-of-another-issuer": (
        Recipe(key_info=issuer_serial("CN=Other CA,O=Testing\\, Ltd,C=MD")),
        "unknown-certificate",
    ),
    "stranger-in-the-service's-name": (
        Recipe(signer=stranger(), key_info=lambda _: token_reference(embedded(service()))),
        "bad-signature",
    ),
    "key-info-empty": (Recipe(key_info=lambda _: ""), "key-info-not-accepted"),
    "key-name-only": (Recipe(key_info=lambda _: "<d:KeyName>us</d:KeyName>"), "key-info-not-accepted"),
    "key-retrieved-from-a-file": (
        Recipe(key_info=lambda _: '<d:RetrievalMethod URI="file:///etc/hostname"/>'),
        "key-info-not-accepted",
    ),
    "two-forms": (Recipe(key_info=lambda p: token_reference(embedded(p) * 2)), "key-info-not-accepted"),
    "token-reference-to-nothing": (
        Recipe(key_info=lambda _: token_reference('<o:Reference URI="#body"/>')),
        "key-info-not-accepted",
    ),
    "thumbprint": (
        Recipe(key_info=key_identifier("urn:thumbprint")),
        "key-info-not-accepted",
    ),
    "certificate-not-base64": (
        Recipe(key_info=lambda _: "<d:X509Data><d:X509Certificate>%</d:X509Certificate></d:X509Data>"),
        "key-info-not-accepted",
    ),
    "serial-empty-and-no-certificate": (
        Recipe(key_info=lambda _: "<d:X509Data><d:X509IssuerSerial/></d:X509Data>"),
        "key-info-not-accepted",
    ),
    "expired": (Recipe(created="2027-03-14T09:20:00Z", expires="2027-03-14T09:25:00Z"), "expired"),
    "older-than-believed": (
        Recipe(created="2027-03-14T09:15:00Z", expires="2027-03-14T10:15:00Z"),
        "expired",
    ),
    "from-the-future": (
        Recipe(created="2027-03-14T09:30:00Z", expires="2027-03-14T09:35:00Z"),
        "from-the-future",
    ),
    "lives-ten-years": (Recipe(expires="2037-03-14T09:31:53Z"), "lifetime-too-long"),
    "lives-two-hours": (Recipe(expires="2027-03-14T11:26:54Z"), "lifetime-too-long"),
    "no-created": (Recipe(created=None), "timestamp-unreadable"),
    "no-expires": (Recipe(expires=None), "timestamp-unreadable"),
    "expires-before-created": (Recipe(expires="2027-03-14T09:26:53Z"), "timestamp-unreadable"),
    "created-without-zone": (Recipe(created="2027-03-14T09:26:53"), "timestamp-unreadable"),
    "created-eight-digits": (Recipe(created="2027-03-14T09:26:53.12345678Z"), "timestamp-unreadable"),
    "created-no-such-day": (Recipe(created="2027-02-30T09:26:53Z"), "timestamp-unreadable"),
    "created-first-year": (Recipe(created="0001-01-01T00:00:00+14:00"), "timestamp-unreadable"),
    "created-other-digits": (Recipe(created="٢٠٢٧-03-14T09:26:53Z"), "timestamp-unreadable"),
    "created-empty": (Recipe(created=""), "timestamp-unreadable"),
    "request-as-reply": (Recipe(operation=REQUEST), "wrong-kind"),
    "two-operations": (Recipe(operation=REPLY * 2), "body-content"),
    "no-operation": (Recipe(operation=""), "body-content"),
    "text-beside-operation": (Recipe(operation=REPLY + "and so on"), "body-content"),
    "foreign-element-named-fault": (Recipe(operation='<Fault xmlns="urn:x"/>'), "wrong-kind"),
}


@pytest.mark.parametrize(("recipe", "code"), RECIPES.values(), ids=RECIPES)
def test_a_signed_message_that_breaks_a_rule_is_refused(recipe, code):
    assert refusal(recipe.build()) == code


@pytest.mark.parametrize("name", [n for n, (_, code) in RECIPES.items() if code != "wrong-kind"])
def test_ignoring_white_space_lets_nothing_of_it_through(name):
    recipe, code = RECIPES[name]
    assert refusal(recipe.build(), ignore_whitespace=True) == code
