"""What one operator may do to a confirmation: stop it, say who looks after it, let it be sent again."""

from mpay_gateway.domain.errors import InvalidTransition
from mpay_gateway.domain.payment import Delivery, DeliveryState
from mpay_gateway.domain.service import Service, SupportContact
from mpay_gateway.domain.transitions import DeliveryEvent
from mpay_gateway.flow.breakers import deliveries_to, probe_now
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
        said, now = {"note": reason} if reason else {}, parts.clock.now()
        if delivery.state is DeliveryState.PARKED:
            return work.deliveries.change(
                delivery,
                DeliveryEvent.TAKE,
                actor=actor,
                at=now,
                detail=_for(owner, reason),
                owner=owner,
                **said,
            )
        parked = work.deliveries.change(
            delivery, DeliveryEvent.WITHHOLD, actor=actor, at=now, detail=_for(owner, reason),
            parked_reason=WITHHELD, owner=owner, **said,
        )  # fmt: skip
        work.tasks.schedule(TaskKind.DELIVER, delivery.id, None)
        return parked

    return parts.units.run("park-delivery", park)


def hurry_delivery(parts: Parts, delivery_id: str, *, actor: str) -> Delivery:
    """An operator sends a waiting or parked delivery again, now; if its service is left alone, as soon as it answers.

    The next probe leaves at once. Raises: NotFound; InvalidTransition.
    """

    def hurry(work: Work) -> Delivery:
        work.payments.lock(work.deliveries.get(delivery_id).payment_id)
        delivery = work.deliveries.lock(delivery_id)
        if delivery.state is DeliveryState.GIVEN_UP:
            raise InvalidTransition(f"delivery {delivery_id}: the money went back to the payer")
        now = parts.clock.now()
        changed = work.deliveries.change(
            delivery, DeliveryEvent.RETRY, actor=actor, at=now, parked_reason="", owner=""
        )
        work.tasks.schedule(TaskKind.DELIVER, delivery.id, now)
        probe_now(parts, work, deliveries_to(delivery.service_id))
        return changed

    return parts.units.run("hurry-delivery", hurry)


def take_parked(parts: Parts, delivery_id: str, *, owner: str, actor: str) -> Delivery:
    """An operator says that he looks after a parked delivery.

    Raises: NotFound; InvalidTransition when it is not parked, or the money went back.
    """

    def take(work: Work) -> Delivery:
        work.payments.lock(work.deliveries.get(delivery_id).payment_id)
        delivery = work.deliveries.lock(delivery_id)
        if delivery.state is not DeliveryState.PARKED:
            raise InvalidTransition(
                f"delivery {delivery_id} is {delivery.state.value}: nobody need look after it"
            )
        return work.deliveries.change(
            delivery, DeliveryEvent.TAKE, actor=actor, at=parts.clock.now(), detail=_for(owner), owner=owner
        )

    return parts.units.run("take-parked", take)


def _for(owner: str, reason: str = "") -> str:
    """What the audit keeps of it."""
    return f"{owner} looks after it: {reason}" if reason else f"{owner} looks after it"


def who_acts(delivery: Delivery, service: Service | None) -> str:
    """Who is to act on a parked delivery: who took it, else the people whom its service names."""
    if delivery.state is not DeliveryState.PARKED:
        return ""
    if delivery.owner:
        return delivery.owner
    support = service.support if service else SupportContact()
    contact = ", ".join(each for each in (support.phone, support.email, support.url) if each)
    return f"{delivery.service_id}: {contact}" if contact else "nobody yet"
