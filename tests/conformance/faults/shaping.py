"""The fault of each SHP check: an answer bent before it is signed."""

from collections.abc import Callable

from lxml import etree

from eservice_kit import names
from tests.conformance.faults.registry import breaks
from tests.conformance.service import Element, Service, signed_message

Shape = Callable[[Element], None]
C = names.contract


def bent(shape: Shape) -> Callable[[Service], None]:
    def bend(service: Service) -> None:
        service.shapers.append(shape)

    return bend


def each(tag: str, change: Callable[[Element], None]) -> Callable[[Service], None]:
    """Change every element of this name."""

    def shape(payload: Element) -> None:
        for element in list(payload.iter(C(tag))):
            change(element)

    return bent(shape)


def set_text(text: str) -> Callable[[Element], None]:
    def change(element: Element) -> None:
        element.text = text

    return change


def last_first(element: Element) -> None:
    element.insert(0, element[-1])


def rename(name: str) -> Callable[[Element], None]:
    def change(element: Element) -> None:
        element.tag = name

    return change


def add_member(name: str, text: str) -> Callable[[Element], None]:
    def change(element: Element) -> None:
        etree.SubElement(element, C(name)).text = text

    return change


def twice(element: Element) -> None:
    parent = element.getparent()
    assert parent is not None
    etree.SubElement(parent, element.tag).text = element.text


@breaks("SHP-01")
def second_result(service: Service) -> None:
    def shape(payload: Element) -> None:
        if payload.tag == C("GetOrderDetailsResponse"):
            etree.SubElement(payload, C("Count")).text = "1"

    service.shapers.append(shape)


breaks("SHP-02")(each("Reason", rename("Reason")))
breaks("SHP-03")(each("OrderDetails", last_first))
breaks("SHP-04")(each("OrderLine", last_first))
breaks("SHP-05")(each("OrderProperty", last_first))
breaks("SHP-06")(each("DestinationAccount", last_first))
breaks("SHP-07")(each("OrderDetails", add_member("Zone", "4")))
breaks("SHP-08")(each("TotalAmountDue", twice))
breaks("SHP-18")(each("OrderLine", lambda line: line.remove(line[-1])))
breaks("SHP-10")(each("AllowPartialPayments", rename(C("AllowPartialPayment"))))
breaks("SHP-11")(each("AllowAdvancePayments", set_text("False")))


@breaks("SHP-09")
def no_service_in_the_order_that_is_read(service: Service) -> None:
    def change(order: Element) -> None:
        if order.findtext(C("OrderKey")) == "READ-100":
            for found in order.findall(C("ServiceID")):
                order.remove(found)

    each("OrderDetails", change)(service)


@breaks("SHP-12")
def account_as_text(service: Service) -> None:
    def change(element: Element) -> None:
        account = element.findtext(C("BankAccount"))
        for child in list(element):
            element.remove(child)
        element.text = account

    each("DestinationAccount", change)(service)


@breaks("SHP-13")
def no_line_in_the_order_that_is_read(service: Service) -> None:
    def change(order: Element) -> None:
        if order.findtext(C("OrderKey")) == "READ-100":
            for lines in order.findall(C("Lines")):
                for line in list(lines):
                    lines.remove(line)

    each("OrderDetails", change)(service)


@breaks("SHP-14")
def lines_alike(service: Service) -> None:
    def change(order: Element) -> None:
        if order.findtext(C("OrderKey")) == "READ-100":
            for line in order.iter(C("LineID")):
                line.text = "L"

    each("OrderDetails", change)(service)


@breaks("SHP-15")
def comment_in_an_answer(service: Service) -> None:
    each("OrderDetails", lambda order: order.append(etree.Comment("from cache")))(service)


def resigned(change: Callable[[Element], None]) -> Callable[[Service], None]:
    """Change the envelope outside what is signed."""

    def bend(service: Service) -> None:
        def seal(payload: Element) -> bytes:
            root = etree.fromstring(signed_message(payload, service.signer, at=service.now()))
            change(root)
            return etree.tostring(root)

        service.seal = seal

    return bend


def add_header(root: Element) -> None:
    header = root.find(names.soap("Header"))
    assert header is not None
    action = etree.SubElement(header, "{http://www.w3.org/2005/08/addressing}Action")
    action.set(names.soap("mustUnderstand"), "1")


breaks("SHP-16")(resigned(add_header))


@breaks("SHP-17")
def soap_12(service: Service) -> None:
    """The envelope is of SOAP 1.2; what is signed keeps its bytes, the Body does not."""
    from tests.conformance.faults.signing import sealed

    service.seal = lambda payload: sealed(service, payload, soap="http://www.w3.org/2003/05/soap-envelope")
