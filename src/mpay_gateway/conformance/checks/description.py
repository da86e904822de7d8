"""WSD: the description that the service publishes. The gateway has its own; clients of the service's developers have not."""

from collections.abc import Iterator
from functools import partial

from mpay_gateway.conformance import names, schema
from mpay_gateway.conformance.answer import local
from mpay_gateway.conformance.bench import Bench
from mpay_gateway.conformance.caller import NotRun
from mpay_gateway.conformance.checks.judging import judged
from mpay_gateway.conformance.description import WSDL_SOAP, XSD, Description
from mpay_gateway.conformance.verdict import Checks, Severity

CHECKS = Checks("wsdl")
_HTTP = "http://schemas.xmlsoap.org/soap/http"
_NAMES = (
    ("portType", "IServiceProvider"), ("service", "ServiceProvider"), ("port", "BasicHttpBinding_IServiceProvider"),
)  # fmt: skip
_OPERATIONS = (names.LOOKUP, names.CONFIRM)
_TYPES = {
    "OrderDetailsQuery": ("Language", "OrderKey", "ServiceID"),
    "OrderDetails": schema.ORDER,
    "OrderLine": schema.LINE,
    "OrderProperty": schema.PROPERTY,
    "PaymentAccount": schema.ACCOUNT,
    "PaymentConfirmation": (
        "Currency", "InvoiceID", "Lines", "OrderKey", "PaidAt", "PaymentID", "Properties", "ServiceID", "TotalAmount",
    ),
    "PaymentConfirmationLine": ("Amount", "DestinationAccount", "LineID", "Properties"),
    "PaymentProperty": ("Name", "Value"),
}  # fmt: skip


@CHECKS.add(
    "WSD-01", "The description is served at ?wsdl", Severity.ADVICE,
    contract="WCF services publish their WSDL at the address with ?wsdl (section 1); the gateway uses its own copy.",
    mend="Serve the WSDL there; `eservice-kit wsdl` prints one.",
)  # fmt: skip
def is_served(bench: Bench) -> Iterator[str]:
    answer = bench.fetched_description()
    if answer.root is None or local(answer.root) != "definitions" or answer.received.status != 200:
        yield f"no WSDL came: {answer.summary}"


@CHECKS.add(
    "WSD-02", "Everything that the description imports can be had from the service itself", Severity.INTEROPERABILITY,
    contract="The schemas of 2016 name a host that no longer answers: they must be local (section 1).",
    mend="Serve the imported schemas yourself, or put them into the WSDL (?singleWsdl).",
)  # fmt: skip
def is_whole(bench: Bench) -> Iterator[str]:
    for url in bench.description().unread:
        yield f"{url} cannot be read from this host"


@CHECKS.add(
    "WSD-03", "The namespace is the contract's", Severity.INTEROPERABILITY,
    contract=f"targetNamespace is {names.CONTRACT}, without a slash at the end (section 1).",
    mend=f'Set Namespace = "{names.CONTRACT}" on the service contract and on every data contract.',
)  # fmt: skip
def namespace(bench: Bench) -> Iterator[str]:
    described = bench.description()
    of_port_types = {
        each.getroottree().getroot().get("targetNamespace") for each in described.all("portType")
    }
    of_types = {
        holder.get("targetNamespace")
        for each in described.all("complexType", XSD)
        if each.get("name") in _TYPES
        for holder in each.iterancestors(f"{{{XSD}}}schema")
    }
    if not of_port_types and not of_types:
        described.need_whole()
        raise NotRun("the description has neither a portType nor a type of the contract")
    for found in sorted((of_port_types | of_types) - {names.CONTRACT}, key=str):
        yield f"targetNamespace is {found!r}"


@CHECKS.add(
    "WSD-04", "Both operations are described", Severity.INTEROPERABILITY,
    contract="The portType has GetOrderDetails and ConfirmOrderPayment (section 1).",
    mend="Implement both operations under these names.",
)  # fmt: skip
def operations(bench: Bench) -> Iterator[str]:
    described = bench.description()
    found = {operation.get("name") for port_type in described.all("portType") for operation in port_type}
    missing = [name for name in _OPERATIONS if name not in found]
    if missing:
        described.need_whole()
    yield from (f"no portType has {name}" for name in missing)


@CHECKS.add(
    "WSD-05", "The binding is SOAP 1.1, document/literal, over HTTP", Severity.INTEROPERABILITY,
    contract="SOAP 1.1, document/literal wrapped, WS-I Basic Profile 1.1 (section 1).",
    mend="In WCF use basicHttpBinding or a custom binding with textMessageEncoding Soap11.",
)  # fmt: skip
def binding(bench: Bench) -> Iterator[str]:
    described = bench.description()
    transports = [each.get("transport") for each in described.all("binding", WSDL_SOAP)]
    if _HTTP not in transports:
        described.need_whole()
        yield f"no SOAP 1.1 binding over HTTP: {transports or 'none'}"
    for body in described.all("body", WSDL_SOAP):
        if body.get("use", "literal") != "literal":
            yield f"soap:body use={body.get('use')!r}"
    styles = [*described.all("binding", WSDL_SOAP), *described.all("operation", WSDL_SOAP)]
    if any(each.get("style") == "rpc" for each in styles):
        yield "the style is rpc"


@CHECKS.add(
    "WSD-06", "SOAPAction values are the contract's", Severity.INTEROPERABILITY,
    contract=f"SOAPAction is {names.action_of('…')} with the operation's name (section 1).",
    mend="Leave the Action of the operation contracts at its default, or set these values.",
)  # fmt: skip
def actions(bench: Bench) -> Iterator[str]:
    described = bench.description()
    found = {each.get("soapAction") for each in described.all("operation", WSDL_SOAP)}
    missing = [names.action_of(name) for name in _OPERATIONS if names.action_of(name) not in found]
    if missing:
        described.need_whole()
    yield from (f"no soapAction {action}" for action in missing)


@CHECKS.add(
    "WSD-07", "Service, port and portType have the contract's names", Severity.ADVICE,
    contract="portType IServiceProvider, service ServiceProvider, port BasicHttpBinding_IServiceProvider (section 1).",
    mend="Name the service class ServiceProvider; clients that are generated carry these names.",
)  # fmt: skip
def service_names(bench: Bench) -> Iterator[str]:
    described = bench.description()
    for tag, name in _NAMES:
        found = sorted({each.get("name", "") for each in described.all(tag)})
        if name not in found:
            described.need_whole()
            yield f"the {tag} is {', '.join(found) or 'missing'}"


@CHECKS.add(
    "WSD-08", "The address in the description is the one that was asked", Severity.ADVICE,
    contract="Clients call the address of the description; an inner name of the host leads them nowhere (section 1).",
    mend="Let the service know its public address (in WCF useRequestHeadersForMetadataAddress).",
)  # fmt: skip
def address(bench: Bench) -> Iterator[str]:
    described = bench.description()
    places = [each.get("location", "") for each in described.all("address", WSDL_SOAP)]
    if not places:
        described.need_whole()
    asked = bench.target.url.rstrip("/")
    if asked not in [place.rstrip("/") for place in places]:
        yield f"the description says {', '.join(places) or 'no address'}"


@CHECKS.add(
    "WSD-09", "Elements are qualified", Severity.INTEROPERABILITY,
    contract="elementFormDefault is qualified (section 1): every member is in the contract's namespace.",
    mend='Set elementFormDefault="qualified" on the schema.',
)  # fmt: skip
def qualified(bench: Bench) -> Iterator[str]:
    schemas = [
        each for each in bench.description().all("schema", XSD)
        if each.get("targetNamespace") == names.CONTRACT and each.find(f"{{{XSD}}}complexType") is not None
    ]  # fmt: skip
    yield from judged(
        (each.get("elementFormDefault") for each in schemas),
        lambda form: "" if form == "qualified" else f"elementFormDefault is {form!r}",
        none=f"the description has no types in {names.CONTRACT}",
    )


@CHECKS.add(
    "WSD-10", "OrderStatus has its eight values", Severity.INTEROPERABILITY,
    contract=f"OrderStatus is one of {', '.join(schema.STATUSES)} (section 2).",
    mend="Take the enumeration from the contract; Cancelled has two l.",
)  # fmt: skip
def statuses(bench: Bench) -> Iterator[str]:
    found = bench.description().enumeration("OrderStatus")
    if not found:
        raise NotRun("the description has no type OrderStatus")
    for name in sorted(set(schema.STATUSES) ^ set(found)):
        yield f"{name} is {'missing' if name in schema.STATUSES else 'not of the contract'}"


@CHECKS.add(
    "WSD-11", "The query takes a Language", Severity.ADVICE,
    contract="OrderDetailsQuery begins with Language since guide 1.3; the schema of 2016 has none (section 3).",
    mend='Add Language, optional, before OrderKey, or have the service registered with contract = "2016".',
    newer="the query has no Language",
)  # fmt: skip
def language(bench: Bench) -> Iterator[str]:
    found = _sequence(bench.description(), "OrderDetailsQuery")
    if "Language" not in found:
        yield f"OrderDetailsQuery has {', '.join(found)}"


def _in_order(type_name: str, bench: Bench) -> Iterator[str]:
    found = _sequence(bench.description(), type_name)
    known = [name for name in found if name in _TYPES[type_name]]
    if known != sorted(known):
        yield f"{type_name} is described as {', '.join(found)}"


for _number, _type in enumerate(_TYPES, start=12):
    CHECKS.add(
        f"WSD-{_number}", f"{_type} has its members in the contract's order", Severity.INTEROPERABILITY,
        contract=f"Members stand in alphabetical order: {', '.join(_TYPES[_type])} (sections 1, 2 and 3).",
        mend="Order the members alphabetically, as WCF's data contracts do by default.",
    )(partial(_in_order, _type))  # fmt: skip


def _sequence(described: Description, type_name: str) -> tuple[str, ...]:
    found = described.sequence(type_name)
    if found is None:
        raise NotRun(f"the description has no type {type_name} with an order of its members")
    return found
