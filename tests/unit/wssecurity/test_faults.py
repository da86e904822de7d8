"""Faults: read by local name, signed or not, and never mistaken for a success."""

import pytest
from lxml import etree

from mpay_gateway.wssecurity import Fault, fault_of, is_fault, read_unsigned_fault
from tests.unit.wssecurity.forge import FAULT, NAMESPACES, REPLY, Recipe, check

SOAP = NAMESPACES["s"]


def unsigned(operation: str) -> bytes:
    return f'<s:Envelope xmlns:s="{SOAP}"><s:Body>{operation}</s:Body></s:Envelope>'.encode()


@pytest.mark.parametrize(
    ("code", "local"),
    [
        ("s:UnknownOrder", "UnknownOrder"),
        ("UknownPayment", "UknownPayment"),
        ("nowhere:InternalError", "InternalError"),
        (" s:InvalidParameter\n", "InvalidParameter"),
        ("", ""),
    ],
)
def test_the_code_is_the_local_part_whatever_the_prefix(code, local):
    found = read_unsigned_fault(unsigned(f"<s:Fault><faultcode>{code}</faultcode></s:Fault>"))
    assert found == Fault(local, "")


def test_members_are_found_in_any_namespace_and_order():
    text = (
        '<s:Fault xmlns:x="urn:x"><x:faultstring>No <b>such</b> order</x:faultstring><faultcode>A</faultcode>'
    )
    assert read_unsigned_fault(unsigned(text + "</s:Fault>")) == Fault("A", "No such order")


def test_a_verified_fault_says_so():
    found = check(Recipe(FAULT).build())
    assert found.is_fault
    assert fault_of(found.body_element) == Fault("UnknownOrder", "No such order")


def test_a_reply_is_no_fault():
    found = check(Recipe().build())
    assert not found.is_fault
    with pytest.raises(ValueError, match="not a SOAP fault"):
        fault_of(found.body_element)


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"<html/>",
        unsigned(REPLY),
        unsigned('<Fault xmlns="urn:x"/>'),
        unsigned(FAULT * 2),
        unsigned(FAULT.replace("such", "<!-- -->")),
        b"<!DOCTYPE a>" + unsigned(FAULT),
    ],
    ids=["empty", "html", "reply", "other-fault", "two-faults", "comment", "doctype"],
)
def test_what_holds_no_readable_fault_reads_as_none(message):
    assert read_unsigned_fault(message) is None


def test_only_the_fault_of_soap_itself_is_a_fault():
    assert is_fault(etree.Element(f"{{{SOAP}}}Fault"))
    assert not is_fault(etree.Element("Fault"))
