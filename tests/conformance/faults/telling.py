"""The fault of each check of what stands in an order."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from tests.conformance import books
from tests.conformance.faults.registry import breaks
from tests.conformance.faults.shaping import C, each, set_text
from tests.conformance.service import Element, Service

READ_ONLY = books.READ


def in_read(change: Callable[[Element], None]) -> Callable[[Service], None]:
    """Change only the order that is never paid: what is wrong in it spoils no payment."""

    def of_order(order: Element) -> None:
        if order.findtext(C("OrderKey")) == READ_ONLY:
            change(order)

    return each("OrderDetails", of_order)


def set_member(name: str, text: str) -> Callable[[Service], None]:
    def change(order: Element) -> None:
        for element in order.iter(C(name)):
            element.text = text

    return in_read(change)


def without(*names: str) -> Callable[[Service], None]:
    def change(order: Element) -> None:
        for element in list(order.iter(*(C(name) for name in names))):
            parent = element.getparent()
            assert parent is not None
            parent.remove(element)

    return in_read(change)


breaks("LOK-20")(set_member("TotalAmountDue", "201.00"))
breaks("LOK-21")(without("TotalAmountDue", "AmountDue"))


def reformatted(form: Callable[[str], str]) -> Callable[[Service], None]:
    """Write every amount of the order in another form."""

    def change(order: Element) -> None:
        for element in order.iter(C("AmountDue"), C("TotalAmountDue")):
            element.text = form(element.text or "")

    return in_read(change)


breaks("LOK-22")(reformatted(lambda text: text.replace(".", ",")))
breaks("LOK-23")(reformatted(lambda text: {"120.50": "120.505", "79.50": "79.495"}.get(text, text)))
breaks("LOK-24")(reformatted(lambda text: {"120.50": "279.50", "79.50": "-79.50"}.get(text, text)))
breaks("LOK-25")(set_member("Currency", "LEI"))
breaks("LOK-26")(set_member("Status", "Open"))
breaks("LOK-27")(set_member("CustomerType", "Company"))
breaks("LOK-36")(set_member("CustomerType", "Organisation"))


@breaks("LOK-37")
def no_amount_in_a_line(service: Service) -> None:
    def change(order: Element) -> None:
        line = next(order.iter(C("OrderLine")))
        line.remove(line.findall(C("AmountDue"))[0])

    in_read(change)(service)


breaks("LOK-28")(set_member("DueDate", "31.12.2026"))


@breaks("LOK-29")
def issued_tomorrow(service: Service) -> None:
    text = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%S")
    set_member("IssuedAt", text)(service)


breaks("LOK-30")(set_member("CustomerName", "Întreprinderea Municipală " * 3))
breaks("LOK-31")(set_member("BankAccount", "MD87TRPBAA142310A1500002"))
breaks("LOK-32")(without("DestinationAccount"))
breaks("LOK-33")(set_member("BankFiscalCode", "1006601000256"))
breaks("LOK-34")(without("BankCode"))
breaks("LOK-35")(set_member("CustomerID", "2002004005677"))
breaks("ENC-02")(
    each("Reason", lambda reason: set_text((reason.text or "").encode().decode("cp1252", "replace"))(reason))
)
breaks("ENC-03")(set_member("CustomerName", "Ştefan Ţurcanu"))


@breaks("ENC-01")
def another_encoding(service: Service) -> None:
    """The answer's characters are as they were; the bytes are UTF-16, and said to be."""
    seal = service.seal

    def in_utf16(payload: Element) -> bytes:
        text = seal(payload).decode()
        return text.replace("utf-8", "utf-16", 1).replace("UTF-8", "utf-16", 1).encode("utf-16")

    service.seal = in_utf16
