"""LOK-20 onwards: what stands in an order: amounts, dates, accounts, closed lists, lengths."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal

from lxml import etree

from mpay_gateway.conformance import schema
from mpay_gateway.conformance.answer import children, local, members, text
from mpay_gateway.conformance.bench import Bench
from mpay_gateway.conformance.caller import NotRun
from mpay_gateway.conformance.checks.shape import accounts_of, lines_of, properties_of
from mpay_gateway.conformance.formats import date_of, decimals, is_currency, is_decimal, is_iban, is_idn
from mpay_gateway.conformance.purse import ADVANCE, PARTIAL, amount_of
from mpay_gateway.conformance.verdict import Checks, Severity

CHECKS = Checks("lookup")


@CHECKS.add(
    "LOK-20", "The lines add up to the total", Severity.PAYMENTS,
    contract="The sum of the lines' AmountDue equals TotalAmountDue (section 8).",
    mend="Compute the total from the lines that you send.",
)  # fmt: skip
def adds_up(bench: Bench) -> Iterator[str]:
    for order in bench.orders():
        total = amount_of(text(order, "TotalAmountDue"))
        amounts = [amount_of(text(line, "AmountDue")) for line in lines_of(order)]
        if total is None or not amounts or None in amounts:
            continue
        summed = sum((each for each in amounts if each is not None), Decimal(0))
        if summed != total:
            yield f"{text(order, 'OrderKey')}: the lines make {summed}, TotalAmountDue is {total}"


@CHECKS.add(
    "LOK-21", "An order without an amount lets the payer name one", Severity.PAYMENTS,
    contract="No TotalAmountDue: the amount is not known yet; then AllowPartial or AllowAdvance must be true (section 3).",
    mend="Send the amount, or set one of the flags.",
)  # fmt: skip
def amount_or_flag(bench: Bench) -> Iterator[str]:
    for order in bench.orders():
        if text(order, "TotalAmountDue") is None and not any(
            _is_true(order, line) for line in (None, *lines_of(order))
        ):
            yield f"{text(order, 'OrderKey')} has neither an amount nor a flag"


@CHECKS.add(
    "LOK-22", "Amounts are decimals", Severity.PAYMENTS,
    contract="Amounts are xs:decimal (section 2): a point before the fraction, no exponent, no thousands separator.",
    mend="Format amounts without regard to the server's culture.",
)  # fmt: skip
def decimal_form(bench: Bench) -> Iterator[str]:
    for name, said in _amounts(bench):
        if not is_decimal(said):
            yield f"{name} is {said!r}"


@CHECKS.add(
    "LOK-23", "Amounts have at most two decimals", Severity.PAYMENTS,
    contract="Amounts are in units of the currency; bani are the smallest (section 8).",
    mend="Round where the amount arises, so that lines and total agree.",
)  # fmt: skip
def two_decimals(bench: Bench) -> Iterator[str]:
    for name, said in _amounts(bench):
        if is_decimal(said) and decimals(said) > 2:
            yield f"{name} is {said}"


@CHECKS.add(
    "LOK-24", "No amount is below zero", Severity.MONEY,
    contract="Amounts that are due are positive; nothing due is zero (section 2).",
    mend="Send no credit as a line: what has been paid is left out.",
)  # fmt: skip
def not_negative(bench: Bench) -> Iterator[str]:
    for name, said in _amounts(bench):
        if is_decimal(said) and Decimal(said) < 0:
            yield f"{name} is {said}"


@CHECKS.add(
    "LOK-25", "Currency is a code of ISO 4217", Severity.PAYMENTS,
    contract="Currency is an alphabetic code of ISO 4217, MDL in practice (section 3).",
    mend="Send MDL, not lei and not 498.",
)  # fmt: skip
def currency(bench: Bench) -> Iterator[str]:
    for order in bench.orders():
        said = text(order, "Currency")
        if said is not None and not is_currency(said):
            yield f"Currency is {said!r}"


@CHECKS.add(
    "LOK-26", "Status is one of the contract's", Severity.PAYMENTS,
    contract=f"Status is {', '.join(schema.STATUSES)} (section 2); any other value cannot be read.",
    mend="Use these spellings; Cancelled has two l.",
)  # fmt: skip
def status(bench: Bench) -> Iterator[str]:
    for order in bench.orders():
        said = text(order, "Status")
        if said and said not in schema.STATUSES:
            yield f"Status is {said!r}"


@CHECKS.add(
    "LOK-27", "CustomerType is one of the contract's", Severity.INTEROPERABILITY,
    contract=f"CustomerType is {', '.join(schema.CUSTOMER_TYPES)} (section 2).",
    mend="Use these spellings; Organization has a z.",
)  # fmt: skip
def customer_type(bench: Bench) -> Iterator[str]:
    for order in bench.orders():
        said = text(order, "CustomerType")
        if said is not None and said not in schema.CUSTOMER_TYPES:
            yield f"CustomerType is {said!r}"


@CHECKS.add(
    "LOK-28", "Dates are xs:dateTime", Severity.PAYMENTS,
    contract="DueDate and IssuedAt are xs:dateTime: 2025-07-10T09:26:29.463 (sections 2 and 3).",
    mend="Send date and time with T between them.",
)  # fmt: skip
def dates(bench: Bench) -> Iterator[str]:
    for order in bench.orders():
        for name in ("DueDate", "IssuedAt"):
            said = text(order, name)
            if said is not None and date_of(said) is None:
                yield f"{name} is {said!r}"


@CHECKS.add(
    "LOK-29", "No order was issued in the future", Severity.ADVICE,
    contract="Times without a zone are Chisinau's local time (section 3): UTC or another zone must be written.",
    mend="Send local time without a zone, or a time with its zone.",
)  # fmt: skip
def plausible_dates(bench: Bench) -> Iterator[str]:
    for order in bench.orders():
        issued = date_of(text(order, "IssuedAt") or "")
        if issued is not None and issued > bench.clock.now() + timedelta(minutes=10):
            yield f"IssuedAt {text(order, 'IssuedAt')} is to come"


@CHECKS.add(
    "LOK-30", "Texts have the contract's lengths", Severity.INTEROPERABILITY,
    contract="ServiceID 36, OrderKey 36, Reason 50, CustomerID 13, CustomerName 60, LineID 36, names 36, values 255, and the lengths of accounts (section 3).",
    mend="Cut texts yourself, where you know what matters in them.",
)  # fmt: skip
def lengths(bench: Bench) -> Iterator[str]:
    for order in bench.orders():
        yield from _too_long(order, schema.ORDER_LENGTHS)
        for line in lines_of(order):
            yield from _too_long(line, schema.LINE_LENGTHS)
        for each in properties_of(order):
            yield from _too_long(each, schema.PROPERTY_LENGTHS)
        for each in accounts_of(order):
            yield from _too_long(each, schema.ACCOUNT_LENGTHS)


@CHECKS.add(
    "LOK-31", "Account numbers are IBANs whose check digits hold", Severity.MONEY,
    contract="BankAccount is an IBAN of 24 characters (section 3): money sent to a mistyped one is lost for days.",
    mend="Check accounts when they are entered.",
)  # fmt: skip
def ibans(bench: Bench) -> Iterator[str]:
    found = False
    for order in bench.orders():
        for said in _account_numbers(order):
            found = True
            if not is_iban(said):
                yield f"{said!r} is no IBAN"
    if not found:
        raise NotRun("no order shown names an account number")


@CHECKS.add(
    "LOK-32", "Each line names its account", Severity.ADVICE,
    contract="DestinationAccount is required; missing values fall back to the registration's account, without any the money is not settled (section 3).",
    mend="Send the account with each line, or see that the registration has one.",
)  # fmt: skip
def names_account(bench: Bench) -> Iterator[str]:
    for order in bench.orders():
        for line in lines_of(order):
            if not any(
                (each.text or "").strip() or children(each) for each in members(line, "DestinationAccount")
            ):
                yield f"the line {text(line, 'LineID')} of {text(order, 'OrderKey')} has no account"


@CHECKS.add(
    "LOK-33", "BankFiscalCode is an IDNO", Severity.INTEROPERABILITY,
    contract="BankFiscalCode is the beneficiary's IDNO (section 3): 13 digits with a check digit.",
    mend="Send the fiscal code of the beneficiary, not of the bank.",
)  # fmt: skip
def fiscal_codes(bench: Bench) -> Iterator[str]:
    said = [text(each, "BankFiscalCode") for order in bench.orders() for each in accounts_of(order)]
    if not any(said):
        raise NotRun("no account shown has a BankFiscalCode")
    for code in said:
        if code and not is_idn(code):
            yield f"BankFiscalCode is {code!r}"


@CHECKS.add(
    "LOK-34", "Accounts have bank account and bank code", Severity.MONEY,
    contract="BankAccount and BankCode are required members of PaymentAccount (section 2).",
    mend="Send both members with every account.",
)  # fmt: skip
def whole_accounts(bench: Bench) -> Iterator[str]:
    accounts = [each for order in bench.orders() for each in accounts_of(order)]
    if not accounts:
        raise NotRun("no order shown has an account with members")
    for each in accounts:
        for name in ("BankAccount", "BankCode"):
            if not text(each, name):
                yield f"an account has no {name}"


@CHECKS.add(
    "LOK-35", "CustomerID is a personal or fiscal code", Severity.ADVICE,
    contract="CustomerID is an IDNP or IDNO of 13 digits; empty where the payer is a foreigner and asked (section 3).",
    mend="Send the code, or leave the member out.",
)  # fmt: skip
def customer_id(bench: Bench) -> Iterator[str]:
    for order in bench.orders():
        said = text(order, "CustomerID")
        if said and said.isdigit() and not is_idn(said):
            yield f"CustomerID of {text(order, 'OrderKey')} has {len(said)} digits or a wrong check digit"


def _amounts(bench: Bench) -> Iterator[tuple[str, str]]:
    for order in bench.orders():
        for owner, name in ((order, "TotalAmountDue"), *((line, "AmountDue") for line in lines_of(order))):
            said = text(owner, name)
            if said is not None:
                yield name, said


def _is_true(order: etree._Element, line: etree._Element | None) -> bool:
    owner = order if line is None else line
    return any(text(owner, *spellings) in ("true", "1") for spellings in (PARTIAL, ADVANCE))


def _too_long(element: etree._Element, limits: Mapping[str, int]) -> Iterator[str]:
    for name, longest in limits.items():
        said = text(element, name) or ""
        if len(said) > longest:
            yield f"{local(element)}/{name} has {len(said)} characters, {longest} are allowed"


def _account_numbers(order: etree._Element) -> Iterator[str]:
    """The account numbers of an order's lines, whether they stand in a structure or are a text."""
    for line in lines_of(order):
        for account in members(line, "DestinationAccount"):
            said = text(account, "BankAccount") if children(account) else (account.text or "").strip()
            if said:
                yield said
