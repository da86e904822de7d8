"""LOK-20 onwards: what stands in an order: amounts, dates, accounts, closed lists, lengths."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from lxml import etree

from mpay_gateway.conformance import schema
from mpay_gateway.conformance.answer import children, local, members, text
from mpay_gateway.conformance.bench import Bench
from mpay_gateway.conformance.checks.judging import judged
from mpay_gateway.conformance.checks.shape import accounts_of, lines_of, properties_of
from mpay_gateway.conformance.formats import is_iban
from mpay_gateway.conformance.purse import ADVANCE, PARTIAL, amount_of
from mpay_gateway.conformance.verdict import Checks, Severity

CHECKS = Checks("lookup")


@CHECKS.add(
    "LOK-20", "The lines add up to the total", Severity.PAYMENTS,
    contract="The sum of the lines' AmountDue equals TotalAmountDue (section 8).",
    mend="Compute the total from the lines that you send.",
)  # fmt: skip
def adds_up(bench: Bench) -> Iterator[str]:
    def problem(order: etree._Element) -> str:
        total, amounts = amount_of(text(order, "TotalAmountDue")), _line_amounts(order)
        summed = sum((each for each in amounts if each is not None), Decimal(0))
        if summed == total:
            return ""
        return f"{text(order, 'OrderKey')}: the lines make {summed}, TotalAmountDue is {total}"

    complete = (each for each in _with_total(bench) if None not in _line_amounts(each))
    none = "no order that can be paid has a total and an amount in each line"
    yield from judged(complete, problem, none=none)


@CHECKS.add(
    "LOK-21", "An order without an amount lets the payer name one", Severity.PAYMENTS,
    contract="No TotalAmountDue: the amount is not known yet; then AllowPartial or AllowAdvance must be true (section 3).",
    mend="Send the amount, or set one of the flags.",
)  # fmt: skip
def amount_or_flag(bench: Bench) -> Iterator[str]:
    def problem(order: etree._Element) -> str:
        if any(_is_true(owner) for owner in (order, *lines_of(order))):
            return ""
        return f"{text(order, 'OrderKey')} has neither an amount nor a flag"

    unknown = (each for each in _payable(bench) if text(each, "TotalAmountDue") is None)
    yield from judged(unknown, problem, none="every order shown that can be paid has an amount")


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
    numbers = [said for order in bench.orders() for said in _account_numbers(order)]
    yield from judged(
        numbers,
        lambda said: "" if is_iban("".join(said.split())) else f"{said!r} is no IBAN",
        none="no order shown names an account number",
    )


@CHECKS.add(
    "LOK-32", "Each line names its account", Severity.ADVICE,
    contract="DestinationAccount is required; missing values fall back to the registration's account, without any the money is not settled (section 3).",
    mend="Send the account with each line, or see that the registration has one.",
)  # fmt: skip
def names_account(bench: Bench) -> Iterator[str]:
    def problem(line: etree._Element) -> str:
        accounts = members(line, "DestinationAccount")
        if any((each.text or "").strip() or children(each) for each in accounts):
            return ""
        return f"the line {text(line, 'LineID')} has no account"

    lines = [line for order in bench.orders() for line in lines_of(order)]
    yield from judged(lines, problem, none="no order shown has a line")


@CHECKS.add(
    "LOK-34", "Accounts have bank account and bank code", Severity.INTEROPERABILITY,
    contract="BankAccount and BankCode are required members of PaymentAccount (section 2); missing values are the registered account's (section 3).",
    mend="Send both members with every account.",
)  # fmt: skip
def whole_accounts(bench: Bench) -> Iterator[str]:
    def problem(account: etree._Element) -> str:
        missing = [name for name in ("BankAccount", "BankCode") if not text(account, name)]
        return f"an account has no {' and no '.join(missing)}" if missing else ""

    accounts = [each for order in bench.orders() for each in accounts_of(order)]
    yield from judged(accounts, problem, none="no order shown has an account with members")


@CHECKS.add(
    "LOK-37", "Under a known total each line has its amount", Severity.PAYMENTS,
    contract="The sum of the lines' AmountDue equals TotalAmountDue (section 8): a line without an amount leaves it open.",
    mend="Send AmountDue with every line, unless the whole amount is not known yet.",
)  # fmt: skip
def amount_of_each_line(bench: Bench) -> Iterator[str]:
    def problem(order: etree._Element) -> str:
        missing = [text(line, "LineID") for line in lines_of(order) if text(line, "AmountDue") is None]
        names = ", ".join(map(str, missing))
        return f"{text(order, 'OrderKey')} has a total, and no amount in {names}" if missing else ""

    yield from judged(_with_total(bench), problem, none="no order that can be paid has a total")


def _payable(bench: Bench) -> Iterator[etree._Element]:
    """The orders whose amounts matter: what cannot be paid may say what it was."""
    for order in bench.orders():
        if text(order, "Status") in schema.PAYABLE:
            yield order


def _with_total(bench: Bench) -> Iterator[etree._Element]:
    for order in _payable(bench):
        if amount_of(text(order, "TotalAmountDue")) is not None and lines_of(order):
            yield order


def _line_amounts(order: etree._Element) -> list[Decimal | None]:
    return [amount_of(text(line, "AmountDue")) for line in lines_of(order)]


def _is_true(owner: etree._Element) -> bool:
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
