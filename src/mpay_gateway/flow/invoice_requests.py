"""Step 6 without a payer: an integrator asks for the numbers of an order's invoices, or for its paper.

Whoever asks was let in by the web layer, and may see the service's orders: no second factor is asked of him.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from mpay_gateway.domain.documents import Document, Medium
from mpay_gateway.domain.errors import (
    InvalidChoice,
    InvoiceAlreadyPaid,
    InvoiceExpired,
    NotPayable,
    OrderNotNamed,
    RemoteRefused,
    UnknownOrder,
)
from mpay_gateway.domain.identifiers import InvoiceId, OrderKey
from mpay_gateway.domain.invoice import Invoice
from mpay_gateway.domain.language import Language
from mpay_gateway.domain.order import Order
from mpay_gateway.domain.service import Service
from mpay_gateway.domain.service_faults import Actor, ServiceOperation, rule_of
from mpay_gateway.flow.claiming import Standing, payable_now
from mpay_gateway.flow.invoicing import invoice_of, invoice_showing
from mpay_gateway.flow.order_lookup import (
    Answer,
    SeveralOrders,
    look_up_to_choose,
    look_up_to_show,
    possible_key,
)
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.receipt import as_filled_in
from mpay_gateway.storage import Work

MOST_ORDERS = 10
"""Orders under one key that are read again, each by its own key, for one request."""


@dataclass(frozen=True, slots=True)
class InvoiceQuery:
    """Which order is meant, as it came, and the language of what is printed."""

    service_id: str
    order_key: str
    language: Language = Language.RO


def invoice_numbers(parts: Parts, query: InvoiceQuery) -> tuple[InvoiceId, ...]:
    """The numbers of the invoices of all orders under the key: what can be paid now first, then what was paid.

    The service is asked first; an order that can be paid gets a number if it has none. Nothing for a key that
    the service does not know, as the contract has an empty array there.
    Raises: UnknownService, InvalidChoice for more than `MOST_ORDERS` orders, RemoteError.
    """
    service = parts.services.get(query.service_id)
    try:
        key = possible_key(service, query.order_key)
    except UnknownOrder:
        return ()
    try:
        found = _found(parts, service, key, query.language)
    except UnknownOrder:
        return parts.units.read(lambda work: _paid_before(work, service, key))
    if isinstance(found, Answer):
        return _numbers(parts, service, found)
    if len(found.orders) > MOST_ORDERS:
        raise InvalidChoice("orderKey", f"more than {MOST_ORDERS} orders stand under it")
    return tuple(
        number for each in found.orders for number in _numbers_of(parts, service, each, query.language)
    )


def invoice_paper(parts: Parts, query: InvoiceQuery, medium: Medium) -> tuple[InvoiceId, Document]:
    """The invoice of an order that can be paid, on paper, and its number. The payer is masked as on every paper.

    Raises: UnknownService; UnknownOrder; InvalidChoice when several orders stand under the key; NotPayable;
    RemoteError; DocumentFailed.
    """
    service = parts.services.get(query.service_id)
    found = _found(parts, service, possible_key(service, query.order_key), query.language)
    if isinstance(found, SeveralOrders):
        raise InvalidChoice("orderKey", "several orders stand under it: ask with the key of one of them")
    invoice, standing = parts.units.run("issue-invoice", lambda work: _issued(parts, work, service, found))
    if invoice is None or standing is not Standing.PAYABLE:
        raise _why_no_paper(standing)
    return invoice.id, parts.calls.render_invoice(as_filled_in(invoice, {}), medium, query.language)


def _found(parts: Parts, service: Service, key: OrderKey, language: Language) -> Answer | SeveralOrders:
    """What the service has under the key. Raises: UnknownOrder, RemoteError."""
    with _told_to_a_program():
        return look_up_to_choose(parts, service, key, language)


@contextmanager
def _told_to_a_program() -> Iterator[None]:
    """Take no word for "no such order" by which the service blames itself.

    Services in the field send `InternalError` for both. A payer reads the page and looks again; a program would print
    nothing, and ask no more.
    """
    try:
        yield
    except OrderNotNamed as doubt:
        if rule_of(ServiceOperation.LOOKUP, doubt.fault).acts is not Actor.SERVICE:
            raise
        raise RemoteRefused(doubt.fault) from doubt


def _numbers_of(parts: Parts, service: Service, order: Order, language: Language) -> tuple[InvoiceId, ...]:
    """The numbers of one of several orders: it is read again by its own key, as it will be paid.

    One that is gone meanwhile takes nothing from the others.
    """
    try:
        with _told_to_a_program():
            answer = look_up_to_show(parts, service, order.order_key, language)
    except UnknownOrder:
        return parts.units.read(lambda work: _paid_before(work, service, order.order_key))
    return _numbers(parts, service, answer)


def _numbers(parts: Parts, service: Service, answer: Answer) -> tuple[InvoiceId, ...]:
    """What can be paid now first, then what was paid."""

    def numbers(work: Work) -> tuple[InvoiceId, ...]:
        invoice, _ = _issued(parts, work, service, answer)
        own = () if invoice is None else (invoice.id,)
        paid = _paid_before(work, service, answer.order.order_key)
        return tuple(dict.fromkeys((*own, *paid)))

    return parts.units.run("issue-invoice", numbers)


def _issued(parts: Parts, work: Work, service: Service, answer: Answer) -> tuple[Invoice | None, Standing]:
    """Store what the service said, and move the order's open invoice along; a new one only if there is what to pay."""
    order = answer.order
    work.snapshots.lock_order(order.service_id, order.order_key, at=parts.clock.now())
    answer.store(work)
    payable = payable_now(work, answer.snapshot)
    if payable.standing is Standing.PAYABLE:
        row = invoice_showing(parts, work, answer.snapshot)
    else:
        shown = work.invoices.show_snapshot(
            order.service_id, order.order_key, answer.snapshot.id, at=parts.clock.now()
        )
        if shown is None:
            return None, payable.standing
        row = shown
    return invoice_of(parts, service, row, answer.snapshot, payable), payable.standing


def _paid_before(work: Work, service: Service, key: OrderKey) -> tuple[InvoiceId, ...]:
    """The invoices under which the order was paid, or was begun to be, newest first."""
    payments = work.payments.of_order(service.id, key)
    return tuple(dict.fromkeys(payment.invoice_id for payment in payments))


def _why_no_paper(standing: Standing) -> NotPayable:
    match standing:
        case Standing.PAID:
            return InvoiceAlreadyPaid(standing.value)
        case Standing.EXPIRED | Standing.CANCELLED:
            return InvoiceExpired(standing.value)
        case _:
            return NotPayable(standing.value)
