"""A rightly signed message after somebody on the wire has changed its tree."""

import pytest
from lxml import etree

from mpay_gateway.wssecurity.names import DS
from tests.unit.wssecurity.forge import (
    RSA_SHA1,
    SHA1,
    Recipe,
    edited,
    part,
    refusal,
)


def drop(path: str):
    def edit(root: etree._Element) -> None:
        found = part(root, path)
        found.getparent().remove(found)

    return edit


def again(path: str, into: str = ""):
    """Repeat an element, without its Ids, behind itself or at the end of another."""

    def edit(root: etree._Element) -> None:
        found = part(root, path)
        twin = etree.fromstring(etree.tostring(found))
        for element in twin.iter():
            for name in [n for n in element.attrib if n.endswith("Id")]:
                del element.attrib[name]
        (part(root, into) if into else found.getparent()).append(twin)

    return edit


def give(path: str, name: str, value: str):
    return lambda root: part(root, path).set(name, value)


def put(path: str, node: etree._Element):
    return lambda root: part(root, path).append(node)


def in_value(node: etree._Element):
    def edit(root: etree._Element) -> None:
        amount = part(root, ".//m:TotalAmountDue")
        amount.text = "100"
        node.tail = ".00"
        amount.append(node)

    return edit


EDITS = {
    "no-signature": (drop(".//d:Signature"), "unsigned"),
    "no-security": (drop(".//o:Security"), "unsigned"),
    "no-header": (drop("s:Header"), "unsigned"),
    "no-timestamp": (drop(".//u:Timestamp"), "timestamp-missing"),
    "no-signature-value": (drop(".//d:SignatureValue"), "signature-structure"),
    "no-key-info": (drop(".//d:KeyInfo"), "signature-structure"),
    "no-signed-info": (drop(".//d:SignedInfo"), "signature-structure"),
    "no-digest-method": (drop(".//d:DigestMethod"), "transform-not-accepted"),
    "no-body": (drop("s:Body"), "envelope-structure"),
    "two-bodies": (again("s:Body"), "two-bodies"),
    "two-headers": (again("s:Header"), "two-headers"),
    "two-securities": (again(".//o:Security", "s:Header"), "two-securities"),
    "two-signatures": (again(".//d:Signature"), "two-signatures"),
    "two-timestamps": (again(".//u:Timestamp"), "two-timestamps"),
    "body-inside-the-operation": (again("s:Body", ".//m:OrderDetails"), "two-bodies"),
    "security-inside-the-operation": (again(".//o:Security", ".//m:OrderDetails"), "two-securities"),
    "third-part-of-envelope": (put(".", etree.Element("{urn:x}Extra")), "envelope-structure"),
    "text-in-envelope": (lambda root: setattr(root, "text", "hello"), "envelope-structure"),
    "object-in-signature": (put(".//d:Signature", etree.Element(f"{{{DS}}}Object")), "signature-structure"),
    "manifest-in-signed-info": (
        put(".//d:SignedInfo", etree.Element(f"{{{DS}}}Manifest")),
        "signature-structure",
    ),
    "typed-reference": (give(".//d:Reference", "Type", f"{DS}Manifest"), "reference-not-accepted"),
    "reference-without-uri": (
        lambda root: part(root, ".//d:Reference").attrib.pop("URI"),
        "reference-not-accepted",
    ),
    "hmac-output-length": (
        put(".//d:SignatureMethod", etree.Element(f"{{{DS}}}HMACOutputLength")),
        "algorithm-not-accepted",
    ),
    "same-id-in-header": (put("s:Header", etree.Element("{urn:x}A", Id="body")), "duplicate-id"),
    "same-id-in-value": (give(".//m:Reason", "Id", "body"), "duplicate-id"),
    "same-id-lower-case": (give(".//m:Reason", "id", "body"), "duplicate-id"),
    "same-id-upper-case": (give(".//m:Reason", "ID", "stamp"), "duplicate-id"),
    "same-xml-id": (
        give(".//m:Reason", "{http://www.w3.org/XML/1998/namespace}id", "body"),
        "duplicate-id",
    ),
    "same-id-of-a-foreign-namespace": (give(".//m:Reason", "{urn:x}Id", "body"), "duplicate-id"),
    "comment-in-value": (in_value(etree.Comment("")), "comment"),
    "comment-between-elements": (put(".//m:OrderDetails", etree.Comment("hi")), "comment"),
    "comment-in-header": (put("s:Header", etree.Comment("hi")), "comment"),
    "instruction-in-value": (
        in_value(etree.ProcessingInstruction("php", "die")),
        "processing-instruction",
    ),
    "instruction-in-header": (
        put("s:Header", etree.ProcessingInstruction("x")),
        "processing-instruction",
    ),
    "amount-changed": (
        lambda root: setattr(part(root, ".//m:TotalAmountDue"), "text", "1.00"),
        "bad-signature",
    ),
    "element-added": (
        put(".//m:OrderDetails", etree.Element("{https://mpay.gov.md}Status")),
        "bad-signature",
    ),
    "attribute-added": (give(".//m:TotalAmountDue", "{urn:x}nil", "true"), "bad-signature"),
    "expiry-changed": (
        lambda root: setattr(part(root, ".//u:Expires"), "text", "2027-03-14T09:36:53Z"),
        "bad-signature",
    ),
    "signature-value-empty": (
        lambda root: setattr(part(root, ".//d:SignatureValue"), "text", None),
        "bad-signature",
    ),
    "signature-value-no-base64": (
        lambda root: setattr(part(root, ".//d:SignatureValue"), "text", "!!!!"),
        "bad-signature",
    ),
    "digest-value-empty": (
        lambda root: setattr(part(root, ".//d:DigestValue"), "text", None),
        "bad-signature",
    ),
    "weaker-digest-method": (give(".//d:DigestMethod", "Algorithm", SHA1), "bad-signature"),
    "weaker-signature-method": (give(".//d:SignatureMethod", "Algorithm", RSA_SHA1), "bad-signature"),
}


@pytest.mark.parametrize(("edit", "code"), EDITS.values(), ids=EDITS)
def test_a_message_changed_on_the_way_is_refused(edit, code):
    assert refusal(edited(Recipe().build(), edit)) == code
