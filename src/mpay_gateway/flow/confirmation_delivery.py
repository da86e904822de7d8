"""Step 13: tell the service that its order is paid, as often as it takes, always with the same content."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from mpay_gateway.domain.confirmation import Confirmation, ConfirmationToDeliver, DeliveryReceipt
from mpay_gateway.domain.errors import (
    Conflict,
    InvalidAnswer,
    MpayError,
    NoPluginAnswered,
    PluginBusy,
    RemoteRefused,
    RemoteUnavailable,
    UnknownService,
)
from mpay_gateway.domain.guards import guards
from mpay_gateway.domain.identifiers import ServiceId
from mpay_gateway.domain.money import sum_money
from mpay_gateway.domain.payment import (
    ClaimState,
    Delivery,
    DeliveryState,
    Payment,
    ReversalGround,
)
from mpay_gateway.domain.proof import Proof
from mpay_gateway.domain.remarks import remark
from mpay_gateway.domain.service import OnRefusal, Service
from mpay_gateway.domain.service_faults import REFUSED
from mpay_gateway.domain.transitions import ClaimEvent, DeliveryEvent
from mpay_gateway.flow.answer_noting import note_delivery_answer
from mpay_gateway.flow.background import Lane
from mpay_gateway.flow.breakers import deliveries_to, look, note_answer, note_failure
from mpay_gateway.flow.delivery_release import give_back
from mpay_gateway.flow.evidence_sinks import DurableSink
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.places import AGAIN
from mpay_gateway.flow.schedules import next_delivery
from mpay_gateway.storage import Work
from mpay_gateway.storage.tasks import Lease

FULL = "not sent yet: the service has all the calls in flight that it takes"
ENDED = "not sent yet: the process that was to send it ended"
SILENT = "not sent yet: the service gives no answers, and is told when it does again"
COPY = "a copy of the answer that another confirmation got"
_NOTHING_SENT = (RemoteUnavailable, UnknownService, NoPluginAnswered)
_log = structlog.get_logger("delivery")


def delivery_key(payment_id: str) -> str:
    """The name of a payment's delivery among the jobs in the background."""
    return f"deliver:{payment_id}"


def deliver_soon(parts: Parts, payment_id: str, lease: Lease) -> None:
    """Send a delivery that this process has just leased, beside its requests."""
    parts.background.start(
        delivery_key(payment_id),
        lambda: send_first(parts, lease),
        Lane.DELIVERIES,
        undone=lambda: _hand_over(parts, lease),
    )


def send_first(parts: Parts, lease: Lease) -> None:
    """Send it if its service answers and takes a further call now; else a worker does, when the time comes."""
    delivery = parts.units.read(lambda work: work.deliveries.get(lease.subject))
    tried = _new_try(parts, lease, delivery, taken=True)
    if look(parts, deliveries_to(delivery.service_id)).is_open:
        parts.units.run("delivery-postponed", lambda work: _postponed(parts, work, tried, SILENT))
        return
    with parts.places.at(delivery.service_id) as free:
        if free:
            _send(parts, tried, delivery)
        else:
            parts.units.run("delivery-postponed", lambda work: _postponed(parts, work, tried, FULL))


def _hand_over(parts: Parts, lease: Lease) -> None:
    """This process ends before it sent anything: whoever looks next may, without waiting for the lease's end."""
    delivery = parts.units.read(lambda work: work.deliveries.get(lease.subject))
    tried = _new_try(parts, lease, delivery, taken=True)
    parts.units.run(
        "delivery-postponed", lambda work: _postponed(parts, work, tried, ENDED, again=timedelta(0))
    )


def deliver(parts: Parts, lease: Lease) -> None:
    """A worker's try. It is counted in the commit in which its message is kept, before it leaves."""
    delivery = parts.units.read(lambda work: work.deliveries.get(lease.subject))
    if delivery.state in {DeliveryState.DUE, DeliveryState.LEASED}:
        _send(parts, _new_try(parts, lease, delivery, taken=False), delivery)
    else:
        parts.units.run("delivery-idle", lambda work: work.tasks.finish(lease, due=None))


@dataclass(frozen=True, slots=True)
class _Try:
    """One try under its lease. `evidence`: whether anything left, from which moment on the service may know.

    `number`: counts from 1. `taken`: whether the try was counted when it was leased. `troubled`: the service did not
    answer the last time, so that an answer is worth writing down.
    """

    lease: Lease
    payment_id: str
    evidence: DurableSink
    number: int
    taken: bool
    troubled: bool

    def others_unanswered(self, delivery: Delivery) -> int:
        """The other tries of which the service may know."""
        return delivery.unanswered - (1 if self.evidence.used else 0)


def _new_try(parts: Parts, lease: Lease, delivery: Delivery, *, taken: bool) -> _Try:
    """What is told is noted with each message that leaves."""

    def begin(work: Work) -> None:
        if taken:
            work.deliveries.note_sent(delivery.id)
        else:
            _take(parts, work, delivery, unanswered=delivery.unanswered + 1)

    evidence = DurableSink(
        parts.units, parts.clock, delivery.payment_id, lease, first_sent=begin,
        content=Confirmation.from_json(delivery.content).digest,
    )  # fmt: skip
    troubled = look(parts, deliveries_to(delivery.service_id)).troubled
    return _Try(lease, delivery.payment_id, evidence, delivery.attempts + (not taken), taken, troubled)


def _take(parts: Parts, work: Work, delivery: Delivery, *, unanswered: int) -> Delivery:
    """Count a try of a delivery whose task is leased to this process. Raises: Conflict when it changed meanwhile."""
    return work.deliveries.change(
        delivery, DeliveryEvent.LEASE, actor=f"process:{parts.process}", at=parts.clock.now(),
        attempts=delivery.attempts + 1, unanswered=unanswered,
    )  # fmt: skip


def _send(parts: Parts, tried: _Try, delivery: Delivery) -> None:
    """Call the service and write down what came of it, under the lease's fence."""
    confirmation = ConfirmationToDeliver(
        Confirmation.from_json(delivery.content), attempt=tried.number, evidence=tried.evidence
    )
    try:
        service = parts.services.get_any(delivery.service_id)
        receipt = parts.calls.deliver_confirmation(service, confirmation)
    except Conflict:
        _log.info("delivery_taken_over", delivery=delivery.id)
        return
    except PluginBusy:
        parts.units.run("delivery-postponed", lambda work: _postponed(parts, work, tried, FULL))
        return
    except MpayError as error:
        _not_confirmed(parts, tried, delivery.service_id, error)
        return
    parts.units.run("delivery-confirmed", lambda work: _confirmed(parts, work, tried, receipt))


@guards("delivery.definite")
def _not_confirmed(parts: Parts, tried: _Try, service_id: ServiceId, error: MpayError) -> None:
    if isinstance(error, RemoteRefused) and error.permanent:
        service = parts.services.get_any(service_id)
        parts.units.run("delivery-refused", lambda work: _refused(parts, work, tried, service, error))
    else:
        parts.units.run("delivery-unanswered", lambda work: _not_answered(parts, work, tried, error))


def _confirmed(parts: Parts, work: Work, tried: _Try, receipt: DeliveryReceipt) -> None:
    """The service knows: the claim is acknowledged, and a paid order's invoice is closed."""
    payment, delivery = _leased(parts, work, tried)
    now, actor = parts.clock.now(), f"service:{delivery.service_id}"
    if _meant_for_another(work, delivery, receipt.proof, at=now):
        _not_answered(parts, work, tried, InvalidAnswer(COPY))
        return
    work.deliveries.change(
        delivery, DeliveryEvent.CONFIRM, actor=actor, at=now, confirmed_at=now, last_error="",
        unanswered=tried.others_unanswered(delivery),
    )  # fmt: skip
    claim = work.claims.of_payment(delivery.payment_id)
    number = work.snapshots.acknowledge(delivery.service_id, payment.order_key)
    work.claims.change(
        claim, ClaimEvent.ACKNOWLEDGE, actor=actor, at=now, acknowledged_at=now, acknowledgement=number
    )
    _close_if_paid(work, payment, at=now)
    work.tasks.finish(tried.lease, due=None)
    note_delivery_answer(work, delivery, receipt, sink=tried.evidence, at=now)
    _heard(parts, work, tried, delivery)


@guards("delivery.others")
def _refused(parts: Parts, work: Work, tried: _Try, service: Service, error: RemoteRefused) -> None:
    """A definite, signed no. The service's policy decides, unless another try may have been taken, or one in a time
    that a restored backup lost.
    """
    payment, delivery = _leased(parts, work, tried)
    actor, now = f"service:{delivery.service_id}", parts.clock.now()
    if _meant_for_another(work, delivery, error.proof, at=now):
        _not_answered(parts, work, tried, InvalidAnswer(COPY))
        return
    others = tried.others_unanswered(delivery)
    may_know = others or work.restorations.may_have_lost(payment.created_at)
    reverse = service.on_refusal is OnRefusal.REVERSE and not may_know
    work.deliveries.change(
        delivery, DeliveryEvent.GIVE_UP if reverse else DeliveryEvent.PARK, actor=actor, at=now, unanswered=others,
        last_error=remark(error, named=False), parked_reason=REFUSED,
    )  # fmt: skip
    work.tasks.finish(tried.lease, due=None)
    if reverse:
        give_back(parts, work, delivery, ReversalGround.SERVICE_REFUSED, actor=actor)
    note_delivery_answer(work, delivery, error, sink=tried.evidence, at=now)
    _heard(parts, work, tried, delivery)


def _heard(parts: Parts, work: Work, tried: _Try, delivery: Delivery) -> None:
    """The service answers. Its breaker is the last row that the unit locks."""
    if tried.troubled:
        note_answer(parts, work, deliveries_to(delivery.service_id))


def _meant_for_another(work: Work, delivery: Delivery, proof: Proof | None, *, at: datetime) -> bool:
    """Whether the answer's signature was heard for another payment: the answer itself may name none."""
    if proof is None:
        return False
    return not work.signatures.once(delivery.service_id, proof, subject=delivery.payment_id, at=at)


@guards("delivery.unanswered")
def _not_answered(parts: Parts, work: Work, tried: _Try, error: MpayError) -> None:
    """No usable answer. Unless nothing was sent, the service may know: the try stays counted as unanswered."""
    _, delivery = _leased(parts, work, tried)
    now = parts.clock.now()
    may_know = 0 if isinstance(error, _NOTHING_SENT) else 1
    work.deliveries.change(
        delivery, DeliveryEvent.UNANSWERED, actor="machine", at=now,
        unanswered=tried.others_unanswered(delivery) + may_know, last_error=remark(error),
    )  # fmt: skip
    due = now + next_delivery(delivery.attempts)
    work.tasks.finish(tried.lease, due=due)
    note_delivery_answer(work, delivery, error, sink=tried.evidence, at=now)
    _log.warning("delivery_unanswered", delivery=delivery.id, attempts=delivery.attempts, due=due.isoformat(),
                 error=type(error).__name__)  # fmt: skip
    note_failure(parts, work, deliveries_to(delivery.service_id), error, about=delivery.id)


def _postponed(parts: Parts, work: Work, tried: _Try, why: str, *, again: timedelta = AGAIN) -> None:
    """Nothing was sent: the try does not count."""
    _, delivery = _leased(parts, work, tried)
    now = parts.clock.now()
    work.deliveries.change(
        delivery, DeliveryEvent.UNANSWERED, actor="machine", at=now, attempts=delivery.attempts - 1,
        unanswered=tried.others_unanswered(delivery),
        last_error=why,
    )  # fmt: skip
    work.tasks.finish(tried.lease, due=now + again)


@guards("lease.fence")
def _leased(parts: Parts, work: Work, tried: _Try) -> tuple[Payment, Delivery]:
    """The delivery in the hands of this try, locked after its payment and order, if the lease still holds.

    Raises: Conflict.
    """
    payment = work.lock_with_order(tried.payment_id)
    work.tasks.check(tried.lease)
    delivery = work.deliveries.lock(tried.lease.subject)
    if not (tried.taken or tried.evidence.used):
        delivery = _take(parts, work, delivery, unanswered=delivery.unanswered)
    return payment, delivery


def _close_if_paid(work: Work, payment: Payment, *, at: datetime) -> None:
    """Close the invoice when all that its newest answer says is due has been paid and acknowledged since."""
    invoice = work.invoices.get(payment.invoice_id)
    snapshot = work.snapshots.get(invoice.snapshot_id)
    due = snapshot.order.total_due
    paid = work.claims.outstanding(snapshot)
    if due is None or any(claim.state is not ClaimState.ACKNOWLEDGED for claim in paid):
        return
    if any(claim.amount.currency != due.currency for claim in paid):
        return  # the order is in another currency since: what is still due nobody can say
    if due <= sum_money((claim.amount for claim in paid), due.currency):
        work.invoices.close(invoice.id, at=at)
