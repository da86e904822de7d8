"""What one operator may do to a confirmation: stop it, say who looks after it, let it be sent again."""

from mpay_gateway.domain.errors import InvalidTransition
from mpay_gateway.domain.payment import Delivery, DeliveryState
from mpay_gateway.domain.transitions import DeliveryEvent
from mpay_gateway.flow.delivery_release import REVERSED
from mpay_gateway.flow.parts import Parts
from mpay_gateway.storage import Work
from mpay_gateway.storage.tasks import TaskKind

WITHHELD = "withheld"
"""Parked: an operator stopped the sending."""


def park_delivery(parts: Parts, delivery_id: str, reason: str, *, owner: str, actor: str) -> Delivery:
    """Stop sending a confirmation until somebody retries or releases it, or give a parked one an owner.

    Raises: NotFound; InvalidTransition when it is being sent just now, or is confirmed.
    """

    def park(work: Work) -> Delivery:
        work.payments.lock(work.deliveries.get(delivery_id).payment_id)
        delivery = work.deliveries.lock(delivery_id)
        if delivery.state is DeliveryState.PARKED:
            return work.deliveries.note(delivery, owner=owner)
        parked = work.deliveries.change(
            delivery, DeliveryEvent.WITHHOLD, actor=actor, at=parts.clock.now(),
            parked_reason=reason or WITHHELD, owner=owner,
        )  # fmt: skip
        work.tasks.schedule(TaskKind.DELIVER, delivery.id, None)
        return parked

    return parts.units.run("park-delivery", park)


def hurry_delivery(parts: Parts, delivery_id: str, *, actor: str) -> Delivery:
    """An operator sends a waiting or parked delivery again, now. Raises: NotFound; InvalidTransition."""

    def hurry(work: Work) -> Delivery:
        work.payments.lock(work.deliveries.get(delivery_id).payment_id)
        delivery = work.deliveries.lock(delivery_id)
        if delivery.parked_reason == REVERSED:
            raise InvalidTransition(f"delivery {delivery_id}: the money went back to the payer")
        now = parts.clock.now()
        changed = work.deliveries.change(
            delivery, DeliveryEvent.RETRY, actor=actor, at=now, parked_reason="", owner=""
        )
        work.tasks.schedule(TaskKind.DELIVER, delivery.id, now)
        return changed

    return parts.units.run("hurry-delivery", hurry)
