"""Between steps 12 and 13: the confirmation of a claimed capture, fixed for ever, and its first delivery.

In the commit of the capture the delivery is leased to this process, which sends it right after the commit.
"""

from mpay_gateway.domain.confirmation import Confirmation, build_lines, build_properties
from mpay_gateway.domain.filling import fields_of, filled_in
from mpay_gateway.domain.invoice import LineAllocation, shared
from mpay_gateway.domain.money import sum_money
from mpay_gateway.domain.order import Order
from mpay_gateway.domain.payment import Delivery, DeliveryState, Payment
from mpay_gateway.domain.transitions import DeliveryEvent
from mpay_gateway.flow.confirmation_delivery import deliver_soon
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.schedules import LEASE
from mpay_gateway.storage import Work
from mpay_gateway.storage.tasks import Lease, TaskKind


def open_delivery(
    parts: Parts, work: Work, payment: Payment, order: Order, allocations: tuple[LineAllocation, ...]
) -> None:
    """Store what the service will be told, what the payer filled in included, and send it after the commit."""
    now = parts.clock.now()
    if fields_of(order):
        order = filled_in(order, work.filled_fields.of_payment(payment.id))
        allocations = shared(order, tuple((each.line.line_id, each.amount) for each in allocations))
    confirmation = _confirmation(payment, order, allocations)
    delivery = Delivery(
        id=parts.ids.token(), payment_id=payment.id, service_id=payment.service_id, state=DeliveryState.DUE,
        attempts=0, content=confirmation.to_json(), content_digest=confirmation.digest, created_at=now,
    )  # fmt: skip
    work.deliveries.add(delivery, actor="machine")
    lease = _lease(parts, work, delivery)
    work.deliveries.change(
        delivery, DeliveryEvent.LEASE, actor=f"process:{parts.process}", at=now, attempts=1
    )
    work.after_commit(lambda: deliver_soon(parts, payment.id, lease))


def _lease(parts: Parts, work: Work, delivery: Delivery) -> Lease:
    now = parts.clock.now()
    lease = work.tasks.lease(TaskKind.DELIVER, delivery.id, worker=parts.process, now=now, until=now + LEASE)
    assert lease is not None, "a new delivery is nobody's"
    return lease


def _confirmation(payment: Payment, order: Order, allocations: tuple[LineAllocation, ...]) -> Confirmation:
    assert payment.captured_at is not None
    return Confirmation(
        payment_id=payment.id,
        invoice_id=payment.invoice_id,
        service_id=payment.service_id,
        order_key=payment.order_key,
        paid_at=payment.captured_at.replace(microsecond=0),
        total=sum_money((part.amount for part in allocations), payment.amount.currency),
        lines=build_lines(allocations),
        properties=build_properties(order, payment.method),
    )
