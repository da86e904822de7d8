"""What one operator may do to a confirmation: stop it, say who looks after it, let it be sent again."""

from mpay_gateway.domain.errors import InvalidTransition
from mpay_gateway.domain.guards import guards
from mpay_gateway.domain.payment import Delivery, DeliveryState
from mpay_gateway.domain.service import Service, SupportContact
from mpay_gateway.domain.transitions import DeliveryEvent
from mpay_gateway.flow.breakers import deliveries_to, probe_now
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


@guards("delivery.given-up")
def hurry_delivery(parts: Parts, delivery_id: str, *, actor: str) -> Delivery:
    """An operator sends a waiting or parked delivery again, now; if its service is left alone, as soon as it answers.

    The next probe leaves at once. Raises: NotFound; InvalidTransition.
    """

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
        probe_now(parts, work, deliveries_to(delivery.service_id))
        return changed

    return parts.units.run("hurry-delivery", hurry)


def take_parked(parts: Parts, delivery_id: str, *, owner: str) -> Delivery:
    """An operator says that he looks after a parked delivery.

    Raises: NotFound; InvalidTransition when it is not parked, or the money went back.
    """

    def take(work: Work) -> Delivery:
        work.payments.lock(work.deliveries.get(delivery_id).payment_id)
        delivery = work.deliveries.lock(delivery_id)
        if delivery.state is not DeliveryState.PARKED or delivery.parked_reason == REVERSED:
            raise InvalidTransition(
                f"delivery {delivery_id} is {delivery.state.value}: nobody need look after it"
            )
        return work.deliveries.note(delivery, owner=owner)

    return parts.units.run("take-parked", take)


def who_acts(delivery: Delivery, service: Service | None) -> str:
    """Who is to act on a parked delivery: who took it, else the people whom its service names."""
    if delivery.state is not DeliveryState.PARKED or delivery.parked_reason == REVERSED:
        return ""
    if delivery.owner:
        return delivery.owner
    support = service.support if service else SupportContact()
    contact = ", ".join(each for each in (support.phone, support.email, support.url) if each)
    return f"{delivery.service_id}: {contact}" if contact else "nobody yet"
