"""Turn a correct answer into one of those that real services send (contract, section 3)."""

from lxml import etree

_CONTRACT = "https://mpay.gov.md"
_XSI_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_SPELLINGS = {
    "AllowAdvancePayments": "AllowAdvancePayment",
    "AllowPartialPayments": "AllowPartialPayment",
}
_VALUES = {"Cancelled": "Canceled", "Person": "Organisation"}


def deviate(answer: etree._Element) -> None:
    """Old account form, singular flags, other spellings, undocumented members, another order of members."""
    for element in list(answer.iter()):
        name = etree.QName(element).localname
        if name in _SPELLINGS:
            element.tag = _named(_SPELLINGS[name])
        if name in ("Status", "CustomerType"):
            element.text = _VALUES.get(element.text or "", element.text)
        if name == "DestinationAccount":
            _flatten_account(element)
        if name == "OrderProperty":
            _add_undocumented(element)
    for order in answer.iter(_named("OrderDetails")):
        order.append(order[0])
        etree.SubElement(order, _named("InternalNumber")).text = "00017"


def nil_result(answer: etree._Element) -> None:
    """Replace the array of orders by ``xsi:nil``."""
    for result in answer:
        for order in list(result):
            result.remove(order)
        result.set(_XSI_NIL, "true")


def _flatten_account(element: etree._Element) -> None:
    account = element.findtext(_named("BankAccount"))
    for child in list(element):
        element.remove(child)
    element.text = account


def _add_undocumented(element: etree._Element) -> None:
    for name, text in (("IsVisible", "true"), ("Id", "41")):
        child = etree.Element(_named(name))
        child.text = text
        element.insert(1, child)


def _named(local_name: str) -> str:
    return f"{{{_CONTRACT}}}{local_name}"
