"""SHP: the form of answers, member by member. The gateway reads more than the contract allows; others do not."""

from collections.abc import Callable, Iterator

from lxml import etree

from mpay_gateway.conformance import names, schema
from mpay_gateway.conformance.answer import below, children, is_nil, local, members, text
from mpay_gateway.conformance.bench import Bench
from mpay_gateway.conformance.caller import NotRun
from mpay_gateway.conformance.checks.judging import judged
from mpay_gateway.conformance.verdict import Checks, Severity

CHECKS = Checks("shape")
_FLAGS = ("AllowAdvancePayments", "AllowPartialPayments", *schema.SPELLINGS)
_PROPERTY_FLAGS = ("Modifiable", "Required", "IsVisible")
_BOOLEANS = ("true", "false", "1", "0")


def lines_of(order: etree._Element) -> tuple[etree._Element, ...]:
    return below(order, "Lines", "OrderLine")


def properties_of(order: etree._Element) -> list[etree._Element]:
    """The properties of an order and of its lines."""
    return [
        each for owner in (order, *lines_of(order)) for each in below(owner, "Properties", "OrderProperty")
    ]


def accounts_of(order: etree._Element) -> list[etree._Element]:
    """The accounts of an order's lines that have members, with something in them."""
    return [
        each
        for line in lines_of(order)
        for each in members(line, "DestinationAccount")
        if any((child.text or "").strip() for child in children(each))
    ]


@CHECKS.add(
    "SHP-01", "The Body holds GetOrderDetailsResponse and nothing else", Severity.PAYMENTS,
    contract="The answer is GetOrderDetailsResponse with one GetOrderDetailsResult, an array of OrderDetails (section 1).",
    mend="Use document/literal wrapped; name the elements as the contract does.",
)  # fmt: skip
def one_response(bench: Bench) -> Iterator[str]:
    payload = bench.found().payload
    assert payload is not None
    parent = payload.getparent()
    assert parent is not None
    if len(children(parent)) != 1:
        yield f"the Body holds {', '.join(map(local, children(parent)))}"
    held = [local(child) for child in children(payload)]
    if held != [f"{names.LOOKUP}Result"]:
        yield f"{local(payload)} holds {', '.join(held)}"


@CHECKS.add(
    "SHP-02", "Every member is in the contract's namespace", Severity.PAYMENTS,
    contract=f"elementFormDefault is qualified, the namespace {names.CONTRACT} (section 1).",
    mend="Declare the namespace on every data contract; an element without it is another element.",
)  # fmt: skip
def in_namespace(bench: Bench) -> Iterator[str]:
    payload = bench.found().payload
    assert payload is not None
    for element in (payload, *children(payload)):
        if _namespace(element) != names.CONTRACT:
            yield f"{element.tag} is not in {names.CONTRACT}"
    for order in bench.orders():
        foreign = {
            str(each.tag)
            for each in order.iter()
            if local(each) in schema.MEMBERS and _namespace(each) != names.CONTRACT
        }
        for tag in sorted(foreign):
            yield f"{tag} is not in {names.CONTRACT}"


def _order_check(
    what: str, known: tuple[str, ...], found: Callable[[etree._Element], object]
) -> Callable[[Bench], Iterator[str]]:
    def in_order(bench: Bench) -> Iterator[str]:
        elements = [each for order in bench.orders() for each in found(order)]  # type: ignore[attr-defined]
        if not elements:
            raise NotRun(f"no order shown has {what}")
        for element in elements:
            said = [schema.SPELLINGS.get(name, name) for name in dict.fromkeys(map(local, children(element)))]
            said = [name for name in said if name in known]
            if said != sorted(said):
                yield f"{local(element)} has {', '.join(said)}"

    return in_order


for _id, _what, _known, _found in (
    ("SHP-03", "an order", schema.ORDER, lambda order: [order]),
    ("SHP-04", "a line", schema.LINE, lines_of),
    ("SHP-05", "a property", schema.PROPERTY, properties_of),
    ("SHP-06", "an account", schema.ACCOUNT, accounts_of),
):
    CHECKS.add(
        _id, f"The members of {_what} stand in the contract's order", Severity.INTEROPERABILITY,
        contract=f"WCF's data contracts are alphabetical, and receivers that validate insist: {', '.join(_known)} (section 1).",
        mend="Write the members in alphabetical order.",
    )(_order_check(_what, _known, _found))  # fmt: skip


@CHECKS.add(
    "SHP-07", "No member is unknown", Severity.INTEROPERABILITY,
    contract="Members are those of sections 2 and 3; what is not among them is passed over and recorded as a deviation.",
    mend="Send what the contract does not know as a property of the order.",
)  # fmt: skip
def no_unknown(bench: Bench) -> Iterator[str]:
    for order in bench.orders():
        for element, known in _elements(order):
            for name in dict.fromkeys(map(local, children(element))):
                if schema.SPELLINGS.get(name, name) not in known:
                    yield f"{local(element)} has a member {name}"


@CHECKS.add(
    "SHP-08", "No member is given twice", Severity.PAYMENTS,
    contract="Each member occurs at most once (section 2); of two amounts nobody can tell which one is due.",
    mend="Write each member once.",
)  # fmt: skip
def no_doubled(bench: Bench) -> Iterator[str]:
    for order in bench.orders():
        for element, _ in _elements(order):
            said = [schema.SPELLINGS.get(local(child), local(child)) for child in children(element)]
            for name in sorted({each for each in said if said.count(each) > 1}):
                yield f"{local(element)} has {said.count(name)} x {name}"


@CHECKS.add(
    "SHP-09", "Required members are there and have a value", Severity.PAYMENTS,
    contract=f"{', '.join(schema.REQUIRED)} of an order and LineID of a line are required (section 2).",
    mend="Fill these members always.",
)  # fmt: skip
def required(bench: Bench) -> Iterator[str]:
    for order in bench.orders():
        for name in schema.REQUIRED:
            if not members(order, name) or (name != "Lines" and not text(order, name)):
                yield f"OrderDetails has no {name}"
        for line in lines_of(order):
            if not text(line, "LineID"):
                yield "OrderLine has no LineID"


@CHECKS.add(
    "SHP-10", "Flags are spelled in the plural", Severity.INTEROPERABILITY,
    contract="AllowPartialPayments and AllowAdvancePayments: plural in the schema and in the guide's samples (section 3).",
    mend="Name the members AllowPartialPayments and AllowAdvancePayments, on the order and on its lines.",
)  # fmt: skip
def plural_flags(bench: Bench) -> Iterator[str]:
    flags = [(owner, found) for owner in _owners(bench) for found in members(owner, *_FLAGS)]
    yield from judged(
        flags,
        lambda pair: f"{local(pair[0])} has {local(pair[1])}" if local(pair[1]) in schema.SPELLINGS else "",
        none="no order shown has a flag",
    )


@CHECKS.add(
    "SHP-11", "Flags are true or false", Severity.PAYMENTS,
    contract="Flags are xs:boolean: true, false, 1 or 0 (section 2).",
    mend='Write "true" or "false" in lower case.',
)  # fmt: skip
def booleans(bench: Bench) -> Iterator[str]:
    flags = [(owner, found) for owner in _owners(bench) for found in members(owner, *_FLAGS)]
    properties = [each for order in bench.orders() for each in properties_of(order)]
    flags += [(each, found) for each in properties for found in members(each, *_PROPERTY_FLAGS)]
    yield from judged(
        ((owner, found) for owner, found in flags if not is_nil(found)),
        lambda pair: "" if (pair[1].text or "").strip() in _BOOLEANS
        else f"{local(pair[0])}/{local(pair[1])} is {pair[1].text!r}",
        none="no order shown has a flag",
    )  # fmt: skip


@CHECKS.add(
    "SHP-12", "DestinationAccount is a structure", Severity.INTEROPERABILITY,
    contract="DestinationAccount is a PaymentAccount with members since guide 1.3; it was text in 2016 (section 3).",
    mend="Send BankAccount, BankCode, BankFiscalCode and BeneficiaryName as members.",
    newer="DestinationAccount of a line is a text",
)  # fmt: skip
def account_structure(bench: Bench) -> Iterator[str]:
    lines = [line for order in bench.orders() for line in lines_of(order)]
    yield from judged(
        (found for line in lines for found in members(line, "DestinationAccount")),
        lambda found: (
            "DestinationAccount is a text" if not children(found) and (found.text or "").strip() else ""
        ),
        none="no order shown has a DestinationAccount",
    )


@CHECKS.add(
    "SHP-13", "An order has at least one line", Severity.PAYMENTS,
    contract="At least one line (section 8).",
    mend="Put the whole amount into one line where there is nothing to part.",
)  # fmt: skip
def has_line(bench: Bench) -> Iterator[str]:
    for order in bench.orders():
        if members(order, "Lines") and not lines_of(order):
            yield f"the order {text(order, 'OrderKey')} has no line"


@CHECKS.add(
    "SHP-14", "Lines have different LineIDs", Severity.MONEY,
    contract="A confirmation names each line by its LineID (section 2): two alike cannot be told apart.",
    mend="Number the lines of an order.",
)  # fmt: skip
def distinct_lines(bench: Bench) -> Iterator[str]:
    def problem(order: etree._Element) -> str:
        said = [text(line, "LineID") for line in lines_of(order)]
        alike = sorted({each for each in said if each and said.count(each) > 1})
        return "; ".join(f"{said.count(name)} lines have the LineID {name!r}" for name in alike)

    several = (order for order in bench.orders() if len(lines_of(order)) > 1)
    yield from judged(several, problem, none="no order shown has more than one line")


@CHECKS.add(
    "SHP-15", "Answers hold no DOCTYPE, no comment and no processing instruction", Severity.PAYMENTS,
    contract="A DOCTYPE is refused (section 4), and so are comments inside the Envelope: they are not signed, so what they part cannot be trusted.",
    mend="Serialise without a DOCTYPE and without comments.",
)  # fmt: skip
def plain_xml(bench: Bench) -> Iterator[str]:
    root = bench.found().root
    assert root is not None
    if root.getroottree().docinfo.internalDTD is not None:
        yield "the answer has a DOCTYPE"
    beside = [each for before in (True, False) for each in root.itersiblings(etree.PI, preceding=before)]
    if beside or any(not isinstance(each.tag, str) for each in root.iter()):
        yield "the answer holds a comment or a processing instruction"


@CHECKS.add(
    "SHP-16", "No header has to be understood but Security", Severity.PAYMENTS,
    contract="Real messages carry no WS-Addressing headers (section 1); a header that must be understood and is not stops the reader (SOAP 1.1).",
    mend="Leave WS-Addressing off, or drop mustUnderstand from its headers.",
)  # fmt: skip
def headers(bench: Bench) -> Iterator[str]:
    root = bench.found().root
    assert root is not None
    for header in (each for each in children(root) if local(each) == "Header"):
        for child in children(header):
            if local(child) != "Security" and child.get(f"{{{names.SOAP}}}mustUnderstand") in ("1", "true"):
                yield f"the header {local(child)} must be understood"


@CHECKS.add(
    "SHP-17", "The envelope is SOAP 1.1's", Severity.PAYMENTS,
    contract=f"SOAP 1.1: Envelope and Body are in {names.SOAP} (section 1).",
    mend="Answer in the version in which you were asked.",
)  # fmt: skip
def soap_version(bench: Bench) -> Iterator[str]:
    root = bench.found().root
    assert root is not None
    for element in (root, *children(root)):
        if _namespace(element) != names.SOAP:
            yield f"{element.tag}"


@CHECKS.add(
    "SHP-18", "Orders and lines say what they are for", Severity.INTEROPERABILITY,
    contract="Reason of an order and of a line is required (section 2); payers read it before they pay.",
    mend="Fill Reason always.",
)  # fmt: skip
def has_reason(bench: Bench) -> Iterator[str]:
    for owner in _owners(bench):
        if not text(owner, "Reason"):
            yield f"{local(owner)} has no Reason"


def _elements(order: etree._Element) -> Iterator[tuple[etree._Element, tuple[str, ...]]]:
    yield order, schema.ORDER
    yield from ((line, schema.LINE) for line in lines_of(order))
    yield from ((each, schema.PROPERTY) for each in properties_of(order))
    yield from ((each, schema.ACCOUNT) for each in accounts_of(order))


def _owners(bench: Bench) -> list[etree._Element]:
    """Orders and their lines: what flags are of."""
    return [owner for order in bench.orders() for owner in (order, *lines_of(order))]


def _namespace(element: etree._Element) -> str | None:
    return etree.QName(element).namespace
