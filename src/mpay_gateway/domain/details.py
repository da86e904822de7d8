"""What is known of an order beside its amounts: the service's properties, and what the payer filled in.

One rule for pages and papers: what the payer gave himself he may see; what the service says, only where names and
codes are not masked; what the service hides, never.
"""

from dataclasses import dataclass, replace

from mpay_gateway.domain.filling import Filled, fields_of, filled_in
from mpay_gateway.domain.order import Order, OrderLine, OrderProperty


@dataclass(frozen=True, slots=True)
class Detail:
    """A named value. `line`: what the line is for to which it belongs; empty for what belongs to the whole order.

    `asked`: whether it is one of those that the payer fills in.
    """

    name: str
    value: str
    line: str = ""
    asked: bool = False

    @property
    def label(self) -> str:
        """What it is called where the lines do not stand beside it."""
        return f"{self.line}: {self.name}" if self.line else self.name


def details_of(order: Order, filled: Filled, *, masked: bool) -> tuple[Detail, ...]:
    """What may be shown to the payer who filled in `filled`, in the order of the service; who he is left out.

    `masked`: the service wants nothing of what it knows shown to those who have only the key.
    """
    known = filled_in(_without_values(order) if masked else order, filled)
    own = known.properties[1:] if order.customer_id_asked else known.properties
    several = len(order.lines) > 1
    places = [("", each) for each in own]
    places += [(line.reason if several else "", each) for line in known.lines for each in line.properties]
    return tuple(
        Detail(each.display_name or each.name, each.value, line, each.modifiable)
        for line, each in places
        if each.visible and each.value
    )


def payer_named(order: Order, filled: Filled) -> Order:
    """The order with the payer's own code, where the service asks who he is and he has said it."""
    if not order.customer_id_asked:
        return order
    code = next((filled.get(each.id, "") for each in fields_of(order) if each.payers_code), "")
    return replace(order, customer_id=code)


def _without_values(order: Order) -> Order:
    return replace(
        order, properties=_emptied(order.properties), lines=tuple(map(_line_without_values, order.lines))
    )


def _line_without_values(line: OrderLine) -> OrderLine:
    return replace(line, properties=_emptied(line.properties))


def _emptied(properties: tuple[OrderProperty, ...]) -> tuple[OrderProperty, ...]:
    return tuple(replace(each, value="") for each in properties)
