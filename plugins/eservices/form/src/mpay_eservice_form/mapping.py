"""From an order as it is kept to the order that the gateway shows and pays."""

from datetime import datetime

from mpay_eservice_form.stored_order import StoredOrder
from mpay_gateway.api import (
    Language,
    Order,
    OrderKey,
    OrderLine,
    OrderProperty,
    OrderStatus,
    ServiceId,
)


def order_now(stored: StoredOrder, language: Language, now: datetime) -> Order:
    """The order as it stands at `now` (UTC), its texts in a language."""
    return Order(
        service_id=ServiceId(stored.service_id),
        order_key=OrderKey(stored.key),
        reason=stored.reason.in_language(language),
        status=_status(stored, now),
        currency=stored.currency,
        total_due=stored.total,
        lines=tuple(
            OrderLine(line.id, line.reason.in_language(language), stored.amount(line), line.account)
            for line in stored.lines
        ),
        customer_id=stored.payer_code,
        customer_name=stored.payer_name,
        issued_at=stored.made_at,
        due_at=stored.due_at,
        properties=_properties(stored, language),
    )


def _status(stored: StoredOrder, now: datetime) -> OrderStatus:
    if stored.paid is not None:
        return OrderStatus.PAID if stored.released is None else OrderStatus.REFUNDED
    return OrderStatus.EXPIRED if now > stored.due_at else OrderStatus.ACTIVE


def _properties(stored: StoredOrder, language: Language) -> tuple[OrderProperty, ...]:
    return tuple(
        OrderProperty(
            name=each.name,
            value=each.shown.in_language(language),
            display_name=each.label.in_language(language),
            type=each.type,
            visible=each.visible,
        )
        for each in stored.values
    )
