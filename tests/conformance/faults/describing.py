"""The fault of each WSD check: a piece of the description replaced."""

import re
from collections.abc import Callable

from lxml import etree

from mpay_gateway.conformance.checks.description import CHECKS
from tests.conformance.faults.registry import add, breaks
from tests.conformance.service import Reply, Service

XS = "{http://www.w3.org/2001/XMLSchema}"


def replaced(pattern: bytes, by: bytes) -> Callable[[Service], None]:
    def bend(service: Service) -> None:
        def change(wsdl: bytes) -> bytes:
            changed, count = re.subn(pattern, by, wsdl)
            assert count, pattern
            return changed

        service.wsdl = change

    return bend


@breaks("WSD-01")
def no_description(service: Service) -> None:
    service.intercept = lambda call: Reply(404, b"not here", {}) if call.query == "wsdl" else None


breaks("WSD-02")(
    replaced(
        rb"(<xs:schema [^>]*>)",
        rb'\1<xs:import namespace="urn:x" schemaLocation="http://gone.example/x.xsd"/>',
    )
)
breaks("WSD-03")(
    replaced(
        rb'<xs:schema targetNamespace="https://mpay.gov.md"',
        rb'<xs:schema targetNamespace="https://mpay.gov.md/"',
    )
)
ONE_OPERATION = (
    rb'<wsdl:portType name="IServiceProvider"><wsdl:operation name="GetOrderDetails"/></wsdl:portType>'
)
breaks("WSD-04")(replaced(rb"(?s)<wsdl:portType.*</wsdl:portType>", ONE_OPERATION))
breaks("WSD-05")(replaced(rb'use="literal"', rb'use="encoded"'))
breaks("WSD-06")(
    replaced(rb'soapAction="[^"]*GetOrderDetails"', rb'soapAction="http://tempuri.org/GetOrderDetails"')
)
breaks("WSD-07")(replaced(rb'<wsdl:service name="ServiceProvider"', rb'<wsdl:service name="Payments"'))
breaks("WSD-08")(
    replaced(rb'location="http[^"]*"', rb'location="http://web-03.internal/ServiceProvider.svc"')
)
breaks("WSD-09")(replaced(rb'elementFormDefault="qualified"', rb'elementFormDefault="unqualified"'))
breaks("WSD-10")(replaced(rb'value="Cancelled"', rb'value="Canceled"'))
breaks("WSD-11")(replaced(rb'<xs:element name="Language"[^>]*/>', b""))


def with_last_member_first(type_name: str) -> Callable[[Service], None]:
    """The members of one type in another order."""

    def bend(service: Service) -> None:
        def change(wsdl: bytes) -> bytes:
            root = etree.fromstring(wsdl)
            (sequence,) = root.findall(f".//{XS}complexType[@name='{type_name}']/{XS}sequence")
            sequence.insert(0, sequence[-1])
            return etree.tostring(root)

        service.wsdl = change

    return bend


for _check in CHECKS.found:
    if _check.title.endswith("in the contract's order"):
        add(_check.id, with_last_member_first(_check.title.split()[0]))
