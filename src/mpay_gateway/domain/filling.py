"""What the payer fills in before he pays: properties that the service lets him change, and who he is.

Kinds of values are those of guide 1.3: `string`, `idn` (IDNP or IDNO), `tc` (tax code); `number` is from its samples,
and every other kind is a string (contract, section 3).
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace

from mpay_gateway.domain.normal_form import normal_form
from mpay_gateway.domain.order import Order, OrderLine, OrderProperty

VALUE_LENGTH = 255
CUSTOMER_LENGTH = 13
SHORTEST_CODE = 5
CUSTOMER = "CustomerID"
"""The name under which the payer's own code comes back: the contract has no other place for it."""

Filled = Mapping[str, str]
"""What was filled in, by the id of the field."""

_IDN = re.compile(r"[0-9]{13}\Z", re.ASCII)
_IDN_WEIGHTS = (7, 3, 1)
_NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,10})?\Z", re.ASCII)
_DROPPED = {"Cf", "Cs", "Co", "Cn"}
_PAYERS_CODE = OrderProperty(CUSTOMER, modifiable=True, required=True)


@dataclass(frozen=True, slots=True)
class Field:
    """One thing to fill in. `line_id`: empty for what belongs to the whole order.

    `id` names its input on the page: made of the names alone, so that it holds nothing of the payer's.
    `payers_code`: it is who the payer is, which the service does not know; no property of the service's own.
    """

    id: str
    wanted: OrderProperty
    line_id: str = ""
    payers_code: bool = False

    @property
    def longest(self) -> int:
        """Characters."""
        return CUSTOMER_LENGTH if self.payers_code else VALUE_LENGTH


def fields_of(order: Order) -> tuple[Field, ...]:
    """What the payer of this order can fill in: who he is, the order's properties, then those of its lines."""
    places = [("", each) for each in _properties(order)]
    places += [(line.line_id, each) for line in order.lines for each in line.properties]
    seen: dict[tuple[str, str], int] = {}
    fields: list[Field] = []
    for line_id, each in places:
        number = seen[line_id, each.name] = seen.get((line_id, each.name), 0) + 1
        if _given(each):
            fields.append(Field(_field_id(line_id, each.name, number), each, line_id, each is _PAYERS_CODE))
    return tuple(fields)


def tidied(field: Field, typed: str) -> str:
    """What was typed as it is kept: NFC, one line, without what cannot be seen; numbers as the wire writes them."""
    text = "".join(
        " " if unicodedata.category(each) in {"Cc", "Zl", "Zp", "Zs"} else each
        for each in normal_form(typed)
        if unicodedata.category(each) not in _DROPPED
    ).strip()
    together = text.replace(" ", "")
    match field.wanted.type:
        case "number":
            return together.replace(",", ".")
        case "idn":
            return together
        case "tc" if together.isdigit():
            return together
        case _ if field.payers_code:
            return together.upper()
        case _:
            return text


def problem_with(field: Field, value: str) -> str:
    """Key of the text that says what is wrong with a tidy value; empty when it can be sent."""
    wanted = field.wanted
    if not value:
        return "fill.missing" if wanted.required else ""
    if len(value) > field.longest:
        return "fill.too-long"
    match wanted.type:
        case "idn" if not is_idn(value):
            return "fill.idn"
        case "tc" if not is_tax_code(value):
            return "fill.tc"
        case "number" if not _NUMBER.match(value):
            return "fill.number"
        case _ if field.payers_code and not _may_be_customer(value):
            return "fill.customer"
        case _:
            return ""


def complete(order: Order, filled: Filled) -> bool:
    """Whether nothing that the service demands is missing or wrong, what the payer filled in taken together."""
    return not any(problem_with(each, filled.get(each.id, each.wanted.value)) for each in fields_of(order))


def filled_in(order: Order, filled: Filled) -> Order:
    """The order with what the payer filled in; his own code is one of its properties."""
    by_place: dict[tuple[str, str], list[OrderProperty]] = {}
    for field in fields_of(order):
        value = filled.get(field.id, field.wanted.value)
        by_place.setdefault((field.line_id, field.wanted.name), []).append(replace(field.wanted, value=value))

    def in_place(line_id: str, each: OrderProperty) -> OrderProperty:
        return by_place[line_id, each.name].pop(0) if _given(each) else each

    def in_line(line: OrderLine) -> OrderLine:
        return replace(line, properties=tuple(in_place(line.line_id, each) for each in line.properties))

    return replace(
        order,
        properties=tuple(in_place("", each) for each in _properties(order)),
        lines=tuple(map(in_line, order.lines)),
    )


def is_idn(text: str) -> bool:
    """Whether this is an IDNP or IDNO: thirteen digits, the last of which checks the others by weights 7, 3, 1."""
    if not _IDN.match(text):
        return False
    total = sum(int(digit) * _IDN_WEIGHTS[place % 3] for place, digit in enumerate(text[:-1]))
    return total % 10 == int(text[-1])


def is_tax_code(text: str) -> bool:
    """An IDN, or any text with something else than digits, at least five characters (guide 1.3, type `tc`)."""
    return is_idn(text) or (len(text) >= SHORTEST_CODE and not text.isdigit())


def _may_be_customer(text: str) -> bool:
    """An IDN, or series and number of a foreigner's passport, which may be digits alone."""
    if len(text) == CUSTOMER_LENGTH and text.isdigit():
        return is_idn(text)
    return len(text) >= SHORTEST_CODE and text.isalnum()


def _properties(order: Order) -> tuple[OrderProperty, ...]:
    """The order's own, after the payer's code where the service asks for it."""
    if not order.customer_id_asked:
        return order.properties
    return (_PAYERS_CODE, *order.properties)


def _given(wanted: OrderProperty) -> bool:
    """Whether the payer fills it in: what is hidden from him he cannot change."""
    return wanted.modifiable and wanted.visible


def _field_id(line_id: str, name: str, number: int) -> str:
    """The same on every page of the order, however its properties are ordered."""
    return "f-" + hashlib.sha256(json.dumps([line_id, name, number]).encode()).hexdigest()[:12]
