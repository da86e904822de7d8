"""Signature wrapping: the signed element moved aside, a forged one in its place."""

import copy
import itertools

import pytest
from lxml import etree

from mpay_gateway.wssecurity import envelope
from tests.unit.wssecurity.forge import DS, NAMESPACES, Recipe, edited, part, refusal

PLACES = ["header", "security", "before-header", "after-body", "inside-forged", "object"]
IDS = ["no-id", "new-id", "same-id"]
VARIANTS = list(itertools.product(["body", "timestamp"], PLACES, IDS))
WSU_ID = f"{{{NAMESPACES['u']}}}Id"
PATHS = {"body": "s:Body", "timestamp": ".//u:Timestamp"}
FIRST_LAYER = {"body": "two-bodies", "timestamp": "two-timestamps"}


def forged_copy(genuine: etree._Element, ids: str) -> etree._Element:
    """What the attacker wants to be read: another amount, or a fresh time."""
    forged = copy.deepcopy(genuine)
    for element in forged.iter("{*}TotalAmountDue", "{*}Expires"):
        element.text = "1.00" if element.tag.endswith("Due") else "2027-03-14T09:36:53Z"
    match ids:
        case "no-id":
            del forged.attrib[WSU_ID]
        case "new-id":
            forged.set(WSU_ID, "forged")
    return forged


def put_aside(root: etree._Element, genuine: etree._Element, place: str, forged: etree._Element) -> None:
    """Move the signed element to where no reader of data looks."""
    match place:
        case "header":
            part(root, "s:Header").append(genuine)
        case "security":
            part(root, ".//o:Security").append(genuine)
        case "before-header":
            root.insert(0, genuine)
        case "after-body":
            root.append(genuine)
        case "inside-forged":
            forged.append(genuine)
        case "object":
            etree.SubElement(part(root, ".//d:Signature"), f"{{{DS}}}Object").append(genuine)


def wrapped(target: str, place: str, ids: str) -> bytes:
    def wrap(root: etree._Element) -> None:
        genuine = part(root, PATHS[target])
        forged = forged_copy(genuine, ids)
        genuine.getparent().replace(genuine, forged)
        put_aside(root, genuine, place, forged)

    return edited(Recipe().build(), wrap)


def name_of(variant: tuple[str, ...]) -> str:
    return "-".join(variant)


def test_the_message_that_gets_wrapped_is_valid():
    assert refusal(Recipe().build()) == "valid"


@pytest.mark.parametrize("variant", VARIANTS, ids=name_of)
def test_a_wrapped_element_is_refused(variant):
    assert refusal(wrapped(*variant)) == FIRST_LAYER[variant[0]]


@pytest.mark.parametrize("variant", VARIANTS, ids=name_of)
def test_it_is_refused_without_counting_elements_too(variant, monkeypatch):
    """Second layer: Ids are unique, and parts are taken from their place."""
    monkeypatch.setattr(envelope, "_ONCE", ())
    code = refusal(wrapped(*variant))
    expected = {"duplicate-id"} if variant[2] == "same-id" else {f"{variant[0]}-not-signed"}
    structure = {"envelope-structure", "body-content", "signature-structure"}
    assert code in expected | structure


@pytest.mark.parametrize("variant", VARIANTS, ids=name_of)
def test_it_is_refused_without_counting_ids_too(variant, monkeypatch):
    """Third layer: only the Ids of parts that may be signed can be resolved."""
    monkeypatch.setattr(envelope, "_ONCE", ())
    monkeypatch.setattr(envelope, "_check_ids", lambda root: None)
    code = refusal(wrapped(*variant))
    assert code in {
        "duplicate-id",
        "bad-signature",
        "body-not-signed",
        "timestamp-not-signed",
        "envelope-structure",
        "body-content",
        "signature-structure",
    }


def test_a_whole_signed_envelope_inside_another_is_refused():
    def swallow(root: etree._Element) -> None:
        inner = copy.deepcopy(root)
        part(root, "s:Header").append(inner)
        part(root, ".//m:TotalAmountDue").text = "1.00"

    assert refusal(edited(Recipe().build(), swallow)) == "envelope-structure"


def test_a_signature_moved_out_of_the_security_header_does_not_count():
    def move(root: etree._Element) -> None:
        part(root, "s:Header").append(part(root, ".//d:Signature"))

    assert refusal(edited(Recipe().build(), move)) == "unsigned"


def test_a_security_header_outside_of_the_header_does_not_count():
    def move(root: etree._Element) -> None:
        part(root, ".//m:OrderDetails").append(part(root, ".//o:Security"))

    assert refusal(edited(Recipe().build(), move)) == "unsigned"
