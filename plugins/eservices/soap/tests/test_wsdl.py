"""The packaged description against the facts of the one that services were built from in 2016."""

from importlib.resources import files

import pytest
from lxml import etree

XS = "{http://www.w3.org/2001/XMLSchema}"
WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
SOAP = "{http://schemas.xmlsoap.org/wsdl/soap/}"
ACTION = "{http://www.w3.org/2006/05/addressing/wsdl}Action"
PACKAGE = files("mpay_eservice_soap") / "wsdl"

# Members in order: name, type, ? for minOccurs=0, * for unbounded, ~ for nillable.
FACTS_2016 = {
    "OrderDetailsQuery": "OrderKey string ~, ServiceID string ~",
    "ArrayOfOrderDetails": "OrderDetails OrderDetails ?*~",
    "OrderDetails": (
        "AllowAdvancePayments boolean ?, AllowPartialPayments boolean ?, Currency CurrencyCode, "
        "CustomerID string ?~, CustomerName string ?~, CustomerType CustomerType ?, DueDate dateTime ?~, "
        "IssuedAt dateTime ?~, Lines ArrayOfOrderLine ~, OrderKey string ~, "
        "Properties ArrayOfOrderProperty ?~, Reason string ~, ServiceID string ~, Status OrderStatus, "
        "TotalAmountDue decimal ?~"
    ),
    "ArrayOfOrderLine": "OrderLine OrderLine ?*~",
    "OrderLine": (
        "AllowAdvancePayments boolean ?~, AllowPartialPayments boolean ?~, AmountDue decimal ?~, "
        "DestinationAccount string ?~, LineID string ~, Properties ArrayOfOrderProperty ?~, Reason string ~"
    ),
    "ArrayOfOrderProperty": "OrderProperty OrderProperty ?*~",
    "OrderProperty": (
        "DisplayName string ?~, Modifiable boolean ?, Name string ~, Required boolean ?, Value string ?~"
    ),
    "PaymentConfirmation": (
        "Currency CurrencyCode, InvoiceID string ?~, Lines ArrayOfPaymentConfirmationLine ~, "
        "OrderKey string ~, PaidAt dateTime, PaymentID string ~, Properties ArrayOfPaymentProperty ?~, "
        "ServiceID string ~, TotalAmount decimal"
    ),
    "ArrayOfPaymentConfirmationLine": "PaymentConfirmationLine PaymentConfirmationLine ?*~",
    "PaymentConfirmationLine": (
        "Amount decimal, DestinationAccount PaymentAccount ?~, LineID string ~, "
        "Properties ArrayOfPaymentProperty ?~"
    ),
    "PaymentAccount": (
        "BankAccount string ~, BankCode string ~, BankName string ?~, BeneficiaryName string ?~, "
        "TreasuryAccount string ?~"
    ),
    "ArrayOfPaymentProperty": "PaymentProperty PaymentProperty ?*~",
    "PaymentProperty": "Name string ~, Value string ?~",
}
NEWER = {
    ("OrderDetailsQuery", "Language"),
    ("OrderProperty", "Id"),
    ("OrderProperty", "IsVisible"),
    ("OrderProperty", "Type"),
    ("PaymentAccount", "BankFiscalCode"),
    ("PaymentAccount", "ConfigurationCode"),
}
CHANGED = {
    ("OrderLine", "DestinationAccount"): "PaymentAccount ?~",
    ("PaymentAccount", "BankAccount"): "string ?~",
    ("PaymentAccount", "BankCode"): "string ?~",
}


def described(element) -> str:
    marks = ("?" if element.get("minOccurs") == "0" else "") + ("*" if element.get("maxOccurs") else "")
    marks += "~" if element.get("nillable") == "true" else ""
    return f"{element.get('type').rpartition(':')[2]} {marks}".strip()


@pytest.fixture(scope="module")
def schema():
    return etree.fromstring((PACKAGE / "iserviceprovider.xsd").read_bytes())


@pytest.fixture(scope="module")
def wsdl():
    return etree.fromstring((PACKAGE / "iserviceprovider.wsdl").read_bytes())


def members(schema, name: str) -> dict[str, str]:
    found = schema.find(f"{XS}complexType[@name='{name}']/{XS}sequence")
    return {each.get("name"): described(each) for each in found}


def facts(name: str) -> dict[str, str]:
    listed = (each.partition(" ") for each in FACTS_2016[name].split(", "))
    return {member: rest for member, _, rest in listed}


def test_every_type_of_2016_is_there_and_no_other(schema):
    assert {each.get("name") for each in schema.iter(f"{XS}complexType") if each.get("name")} == set(
        FACTS_2016
    )


@pytest.mark.parametrize("name", FACTS_2016)
def test_members_are_those_of_2016_with_the_known_drift(schema, name):
    ours = members(schema, name)
    expected = {member: CHANGED.get((name, member), rest) for member, rest in facts(name).items()}
    newer = {member for kind, member in NEWER if kind == name}
    assert {member: ours[member] for member in ours if member not in newer} == expected
    assert newer <= set(ours)
    assert all("?" in ours[member] for member in newer)


@pytest.mark.parametrize("name", FACTS_2016)
def test_members_stand_in_alphabetical_order(schema, name):
    ours = list(members(schema, name))
    assert ours == sorted(ours, key=str.lower)


def test_the_schema_is_qualified_and_of_the_contracts_namespace(schema):
    assert schema.get("targetNamespace") == "https://mpay.gov.md"
    assert schema.get("elementFormDefault") == "qualified"


def test_the_wrappers_of_the_operations(schema):
    wrappers = {
        each.get("name"): [
            (child.get("name"), described(child)) for child in each.find(f"{XS}complexType/{XS}sequence")
        ]
        for each in schema.findall(f"{XS}element")
    }
    assert wrappers == {
        "GetOrderDetails": [("query", "OrderDetailsQuery ?~")],
        "GetOrderDetailsResponse": [("GetOrderDetailsResult", "ArrayOfOrderDetails ?~")],
        "ConfirmOrderPayment": [("confirmation", "PaymentConfirmation ?~")],
        "ConfirmOrderPaymentResponse": [],
    }


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("CustomerType", "Unspecified Person Organization"),
        ("OrderStatus", "Active PartiallyPaid Paid Completed Expired Cancelled Refunding Refunded"),
    ],
)
def test_enumerations(schema, name, values):
    found = schema.iterfind(f"{XS}simpleType[@name='{name}']/{XS}restriction/{XS}enumeration")
    assert [each.get("value") for each in found] == values.split()


def test_actions_and_binding(wsdl):
    base = "https://mpay.gov.md/IServiceProvider/"
    operations = ["GetOrderDetails", "ConfirmOrderPayment"]
    assert [each.get("soapAction") for each in wsdl.iter(f"{SOAP}operation")] == [
        base + name for name in operations
    ]
    port_type = wsdl.find(f"{WSDL}portType[@name='IServiceProvider']")
    assert [each.get(ACTION) for each in port_type.iter(f"{WSDL}input")] == [
        base + name for name in operations
    ]
    assert [each.get(ACTION) for each in port_type.iter(f"{WSDL}output")] == [
        f"{base}{name}Response" for name in operations
    ]
    assert wsdl.find(f"{WSDL}service").get("name") == "ServiceProvider"
    assert wsdl.find(f"{WSDL}service/{WSDL}port").get("name") == "BasicHttpBinding_IServiceProvider"
    assert {each.get("use") for each in wsdl.iter(f"{SOAP}body")} == {"literal"}
    assert wsdl.find(f"{WSDL}binding/{SOAP}binding").get("style") == "document"


def test_attack_59_no_description_is_loaded_from_anywhere_else():
    from mpay_eservice_soap.messages import PackagedFiles

    with pytest.raises(FileNotFoundError):
        PackagedFiles().load("http://169.254.169.254/latest/meta-data/evil.xsd")
    assert PackagedFiles().load("http://elsewhere.example/iserviceprovider.xsd").startswith(b"<?xml")
    assert not hasattr(PackagedFiles, "post")
    assert not hasattr(PackagedFiles, "session")
