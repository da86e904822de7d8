"""LOK-22 onwards: values that have a form of their own, one member after another."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from lxml import etree

from mpay_gateway.conformance import schema
from mpay_gateway.conformance.answer import text
from mpay_gateway.conformance.bench import Bench
from mpay_gateway.conformance.checks.judging import judged
from mpay_gateway.conformance.checks.shape import accounts_of, lines_of
from mpay_gateway.conformance.formats import date_of, decimals, is_currency, is_decimal, is_idn
from mpay_gateway.conformance.verdict import Checks, Severity

CHECKS = Checks("lookup")
_CLOCKS_DIFFER = timedelta(minutes=10)
_UNSET_YEARS = (1, 9999)
"""Years of a platform's smallest and largest date, sent where nothing was ever set."""
Owners = Callable[[Any], list[Any]]
"""From an order to the elements that hold the member."""


def _order(order: etree._Element) -> list[etree._Element]:
    return [order]


def _order_and_lines(order: etree._Element) -> list[etree._Element]:
    return [order, *lines_of(order)]


def _has_two_decimals(said: str) -> bool:
    return not is_decimal(said) or decimals(said) <= 2


def _is_not_negative(said: str) -> bool:
    return not is_decimal(said) or Decimal(said) >= 0


def _is_date(said: str) -> bool:
    return date_of(said) is not None


def _is_over(now: datetime, said: str) -> bool:
    at = date_of(said)
    return at is None or at.year in _UNSET_YEARS or at <= now + _CLOCKS_DIFFER


def _is_idno(said: str) -> bool:
    return not said or is_idn(said)


def _is_customer(said: str) -> bool:
    """Other than 13 digits is a passport of somebody without a code."""
    return not (said.isdigit() and len(said) == 13) or is_idn(said)


_AMOUNTS = ("TotalAmountDue", "AmountDue")
_FORMS: tuple[tuple[str, str, Severity, str, str, Owners, tuple[str, ...], Callable[[str], bool]], ...] = (
    (
        "LOK-22", "Amounts are decimals", Severity.PAYMENTS,
        "Amounts are xs:decimal (section 2): a point before the fraction, no exponent, no thousands separator.",
        "Format amounts without regard to the server's culture.", _order_and_lines, _AMOUNTS, is_decimal,
    ),
    (
        "LOK-23", "Amounts have at most two decimals", Severity.PAYMENTS,
        "Amounts are xs:decimal in units of the currency (section 2); nobody can pay less than one of its smallest coins.",
        "Round where the amount arises, so that lines and total agree.", _order_and_lines, _AMOUNTS, _has_two_decimals,
    ),
    (
        "LOK-24", "No amount is below zero", Severity.MONEY,
        "AmountDue and TotalAmountDue are what is due (section 2): nothing due is zero.",
        "Send no credit as a line: what has been paid is left out.", _order_and_lines, _AMOUNTS, _is_not_negative,
    ),
    (
        "LOK-25", "Currency is a code of ISO 4217", Severity.PAYMENTS,
        "Currency is an alphabetic code of ISO 4217, MDL in practice (section 3).",
        "Send MDL, not lei and not 498.", _order, ("Currency",), is_currency,
    ),
    (
        "LOK-26", "Status can be read", Severity.PAYMENTS,
        f"Status is {', '.join(schema.STATUSES)} (section 2); Canceled is read too, any other value is not.",
        "Use these values in these letters.", _order, ("Status",), lambda said: said in (*schema.STATUSES, "Canceled"),
    ),
    (
        "LOK-27", "CustomerType can be read", Severity.PAYMENTS,
        f"CustomerType is {', '.join(schema.CUSTOMER_TYPES)} (section 2); Organisation is read too, any other value is not.",
        "Use these values in these letters.", _order, ("CustomerType",),
        lambda said: said in (*schema.CUSTOMER_TYPES, "Organisation"),
    ),
    (
        "LOK-28", "Dates are xs:dateTime", Severity.PAYMENTS,
        "DueDate and IssuedAt are xs:dateTime: 2025-07-10T09:26:29.463 (sections 2 and 3).",
        "Send date and time with T between them.", _order, ("DueDate", "IssuedAt"), _is_date,
    ),
    (
        "LOK-33", "BankFiscalCode is an IDNO", Severity.INTEROPERABILITY,
        "BankFiscalCode is the beneficiary's IDNO (section 3): 13 digits with a check digit.",
        "Send the fiscal code of the beneficiary, not of the bank.", accounts_of, ("BankFiscalCode",), _is_idno,
    ),
    (
        "LOK-35", "CustomerID is a personal or fiscal code", Severity.ADVICE,
        "CustomerID is an IDNP or IDNO of 13 digits; empty where the payer is a foreigner and asked (section 3).",
        "Send the code, or leave the member out.", _order, ("CustomerID",), _is_customer,
    ),
    (
        "LOK-36", "Cancelled has two l, Organization a z", Severity.INTEROPERABILITY,
        "Status and CustomerType are closed lists (section 2); Canceled and Organisation occur, and others do not read them (section 3).",
        "Take the values from the contract.", _order, ("Status", "CustomerType"),
        lambda said: said not in ("Canceled", "Organisation"),
    ),
)  # fmt: skip


def _has_form(
    owners: Owners, names: tuple[str, ...], is_right: Callable[[str], bool], bench: Bench
) -> Iterator[str]:
    said = (
        (name, value)
        for order in bench.orders()
        for owner in owners(order)
        for name in names
        if (value := text(owner, name)) is not None
    )
    yield from judged(
        said,
        lambda found: "" if is_right(found[1]) else f"{found[0]} is {found[1]!r}",
        none=f"no order shown has a value in {' or '.join(names)}",
    )


for _id, _title, _severity, _contract, _mend, _owners, _names, _is_right in _FORMS:
    CHECKS.add(_id, _title, _severity, contract=_contract, mend=_mend)(
        partial(_has_form, _owners, _names, _is_right)
    )


@CHECKS.add(
    "LOK-29", "No order was issued in the future", Severity.ADVICE,
    contract="Times without a zone are Chisinau's local time (section 3): UTC or another zone must be written.",
    mend="Send local time without a zone, or a time with its zone.",
)  # fmt: skip
def not_to_come(bench: Bench) -> Iterator[str]:
    yield from _has_form(_order, ("IssuedAt",), partial(_is_over, bench.clock.now()), bench)
