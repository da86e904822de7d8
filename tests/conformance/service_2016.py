"""A correct service as it was built in 2016: it knows its own schema, and takes nothing that does not fit it.

The schema is the kit's, with the members of guide 1.3 taken out and those of 2016 put in (contract, sections 2 and 3).
"""

from copy import deepcopy
from functools import cache

from lxml import etree

from eservice_kit import Fault, FaultCode, OrderQuery, PaymentConfirmation
from eservice_kit import names as kit
from eservice_kit.description import describe
from eservice_kit.wire_read import read_request
from tests.conformance.bench import Host
from tests.conformance.service import Element, Service

XSD = "http://www.w3.org/2001/XMLSchema"
SINCE_1_3 = {
    "OrderDetailsQuery": ("Language",),
    "OrderProperty": ("Type",),
    "PaymentAccount": ("BankFiscalCode", "ConfigurationCode"),
}
OF_2016 = {"PaymentAccount": ("BankName", "TreasuryAccount")}


def as_in_2016(wsdl: bytes) -> bytes:
    """A description with the types of 2016."""
    root = etree.fromstring(wsdl)
    for name, members in SINCE_1_3.items():
        for member in members:
            found = _member(root, name, member)
            parent = found.getparent()
            assert parent is not None
            parent.remove(found)
    for name, members in OF_2016.items():
        sequence = root.find(f".//{{{XSD}}}complexType[@name='{name}']/{{{XSD}}}sequence")
        assert sequence is not None
        for member in members:
            attributes = {"name": member, "type": "xs:string", "minOccurs": "0", "nillable": "true"}
            etree.SubElement(sequence, f"{{{XSD}}}element", attributes)
        sequence[:] = sorted(sequence, key=lambda each: each.get("name", ""))
    _member(root, "OrderLine", "DestinationAccount").set("type", "xs:string")
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def _member(root: Element, type_name: str, member: str) -> Element:
    found = root.find(f".//{{{XSD}}}complexType[@name='{type_name}']//{{{XSD}}}element[@name='{member}']")
    assert found is not None, (type_name, member)
    return found


@cache
def schema() -> etree.XMLSchema:
    """The types of 2016."""
    found = etree.fromstring(as_in_2016(describe("http://shop.example/"))).find(f".//{{{XSD}}}schema")
    assert found is not None
    return etree.XMLSchema(etree.fromstring(etree.tostring(found)))


def service_of_2016(host: Host, name: str) -> Service:
    """A service of the host's that reads and answers by the schema of 2016."""
    service = host.service(name)
    service.wsdl = as_in_2016
    service.read = _read
    service.shapers += [_shape, _must_be_valid]
    return service


def _read(body: Element) -> OrderQuery | PaymentConfirmation:
    """Raises: Fault(InvalidParameter) for what its schema does not have."""
    if len(body) == 1 and not schema().validate(deepcopy(body[0])):
        raise Fault(FaultCode.INVALID_PARAMETER, str(schema().error_log.last_error))
    return read_request(body)


def _shape(payload: Element) -> None:
    """Accounts as texts, properties without a type."""
    for account in payload.iter(kit.contract("DestinationAccount")):
        number = account.findtext(kit.contract("BankAccount"), "")
        for child in list(account):
            account.remove(child)
        account.text = number
    for told in list(payload.iter(kit.contract("Type"))):
        parent = told.getparent()
        assert parent is not None
        parent.remove(told)


def _must_be_valid(payload: Element) -> None:
    """What this service answers is right by its own schema: else nothing were shown by its being found right."""
    if payload.tag == kit.contract("GetOrderDetailsResponse"):
        schema().assertValid(deepcopy(payload))
