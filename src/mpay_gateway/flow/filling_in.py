"""Step 6, on the invoice page: what the payer types beside the order, checked whole before anything is agreed to."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mpay_gateway.domain.errors import InvalidForm
from mpay_gateway.domain.filling import Field, Filled, fields_of, problem_with, tidied
from mpay_gateway.domain.money import Money, TooManyDigits, parse_typed_amount
from mpay_gateway.domain.order import Order
from mpay_gateway.flow.claiming import Payable, fits

AMOUNT = "amount"


@dataclass(frozen=True, slots=True)
class Agreement:
    """What the payer's form brings: the version of the order that he saw, and what he typed.

    `fields`: texts by the ids of fields; what the order has no field for is left alone.
    """

    version: str
    amount_text: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FilledForm:
    """A form without mistakes. `filled`: by the ids of fields, only what the payer gave himself."""

    amount: Money
    filled: Filled


def check_form(order: Order, payable: Payable, agreement: Agreement, *, masked: bool) -> FilledForm:
    """What the payer typed, if all of it can be accepted. Raises: InvalidForm with everything that is wrong."""
    filled = given(order, agreement.fields, masked=masked)
    problems = [
        (each.id, problem)
        for each in fields_of(order)
        if (problem := problem_with(each, filled.get(each.id, each.wanted.value)))
    ]
    amount = _amount(order, payable, agreement.amount_text)
    if isinstance(amount, str):
        raise InvalidForm((*problems, (AMOUNT, amount)))
    if problems:
        raise InvalidForm(tuple(problems))
    return FilledForm(amount, filled)


def given(order: Order, typed: Mapping[str, str], *, masked: bool) -> dict[str, str]:
    """What the payer gave of what the order has fields for.

    `masked`: he was not shown what the service knows, so that a field left empty keeps it.
    """
    found = {each: tidied(each, typed[each.id]) for each in fields_of(order) if each.id in typed}
    return {each.id: value for each, value in found.items() if value or not (masked and each.wanted.value)}


def remembered(order: Order, typed: Mapping[str, str], *, masked: bool) -> dict[str, str]:
    """What of it is kept before it is checked, so that he need not type it again: no more than a field takes."""
    longest = {each.id: each.longest for each in fields_of(order)}
    found = given(order, typed, masked=masked)
    return {place: value for place, value in found.items() if len(value) <= longest[place]}


def shown_value(field: Field, filled: Filled, *, masked: bool) -> str:
    """What stands in a field before the payer types: what he gave before, or the service's where he may see it."""
    return filled.get(field.id, "" if masked else field.wanted.value)


def amount_asked(order: Order, payable: Payable) -> bool:
    """Whether the payer says how much he pays: a part, an advance, or of an amount that nobody knows yet."""
    return payable.beyond or order.partial_allowed


def _amount(order: Order, payable: Payable, text: str) -> Money | str:
    """What is to be paid, or the key of the text that says why it cannot be."""
    typed = text.strip() if amount_asked(order, payable) else ""
    if not typed:
        return payable.most or "amount.missing"
    try:
        amount = parse_typed_amount(typed, order.currency)
    except TooManyDigits:
        return "amount.too-fine"
    except ValueError:
        return "amount.not-a-number"
    return amount if fits(order, payable, amount) else "amount.out-of-range"
