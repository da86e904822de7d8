"""The business side of the shop's IServiceProvider: find orders, take note of payments."""

from collections.abc import Sequence
from sqlite3 import Connection

from demo_service.database import Database
from demo_service.journal import note_confirmation
from demo_service.kinds import Kind
from demo_service.language import DEFAULT_LANGUAGE, language_of, texts_in
from demo_service.offers import SERVICE_IDS
from demo_service.order_book import OrderBook, add_payment, find_order
from demo_service.order_details import describe_order
from demo_service.orders import Order
from eservice_kit import (
    Delivery,
    Fault,
    FaultCode,
    OrderDetails,
    OrderQuery,
    PaymentConfirmation,
    check_payment,
    register_payment,
)


class Shop:
    """Implements ``eservice_kit.EService``."""

    def __init__(self, database: Database, book: OrderBook) -> None:
        self._database = database
        self._book = book

    def get_order_details(self, query: OrderQuery) -> Sequence[OrderDetails]:
        """The order of the key; none when it is unknown or belongs to the other service."""
        _check_service(query.service_id)
        try:
            order = self._book.note_lookup(query.order_key)
        except LookupError:
            return ()
        if order.service_id != query.service_id:
            return ()
        if order.kind is Kind.SEVERAL_ORDERS:
            found: tuple[Order, ...] = self._book.parts_of(order.order_key)
        else:
            found = () if order.kind is Kind.NOT_FOUND_EMPTY else (order,)
        texts = texts_in(language_of(query.language))
        return tuple(describe_order(each, texts) for each in found)

    def confirm_order_payment(self, confirmation: PaymentConfirmation) -> None:
        """Record the payment, its effect and its line in the journal in one transaction.

        An order that has expired meanwhile is paid all the same: the money was taken.
        """
        _check_service(confirmation.service_id)
        with self._database.writing() as connection:
            outcome = "already-applied"
            if register_payment(connection, confirmation) is Delivery.FIRST:
                order = _order_of(connection, confirmation)
                check_payment(describe_order(order, texts_in(DEFAULT_LANGUAGE)), confirmation)
                add_payment(connection, confirmation)
                outcome = "applied"
            note_confirmation(connection, confirmation, outcome)


def _check_service(service_id: str) -> None:
    if service_id not in SERVICE_IDS:
        raise Fault(FaultCode.UNKNOWN_SERVICE, f"ServiceID {service_id!r} is not served here")


def _order_of(connection: Connection, confirmation: PaymentConfirmation) -> Order:
    try:
        order = find_order(connection, confirmation.order_key)
    except LookupError:
        order = None
    if order is None or order.service_id != confirmation.service_id:
        raise Fault(FaultCode.UNKNOWN_ORDER, f"OrderKey {confirmation.order_key!r} is unknown")
    return order
