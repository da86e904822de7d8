"""Money that was taken elsewhere: booked and told in one commit, or refused and never booked.

The key's row is locked first, so that of two calls with one key the second finds what the first one did.
"""

from dataclasses import dataclass, replace

import structlog

from mpay_gateway.domain.errors import Conflict, UnknownOrder, UnknownService
from mpay_gateway.domain.evidence import Direction
from mpay_gateway.domain.guards import guards
from mpay_gateway.domain.identifiers import OrderKey, ServiceId
from mpay_gateway.domain.intake import (
    Accepted,
    AlreadyAccepted,
    CollectedPayment,
    Intake,
    IntakeState,
    OrderName,
    RefusalReason,
    Refused,
)
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.payment import CaptureState, ClaimState, Payment, PaymentState
from mpay_gateway.domain.provider_answer import ProviderCapture, ProviderConfirmation, ProviderStatus
from mpay_gateway.flow.captures import record_captures
from mpay_gateway.flow.claiming import fits, payable_now
from mpay_gateway.flow.inbound.claims import Opening, let_go, lock_own, open_inbound
from mpay_gateway.flow.inbound.orders import OrderNow, Place, kept, order_now, tidy, why_not
from mpay_gateway.flow.order_lookup import says_unknown
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.suspension import refuse_while_restoring
from mpay_gateway.storage import Work
from mpay_gateway.storage.evidence import Message
from mpay_gateway.storage.snapshots import Snapshot
from mpay_gateway.storage.tasks import TaskKind

Acceptance = Accepted | AlreadyAccepted | Refused
_log = structlog.get_logger("intake")


def accept(parts: Parts, place: Place, payment: CollectedPayment) -> Acceptance:
    """Book the money and let the service be told, or refuse it. Raises: Conflict; PaymentsSuspended; RemoteError."""
    told = replace(payment, order=tidy(payment.order))
    known = parts.units.read(lambda work: work.intakes.find(place.account.id, told.key))
    if (
        known is not None
        and (answer := parts.units.read(lambda work: decided(work, known, told))) is not None
    ):
        return answer
    parts.units.read(refuse_while_restoring)
    try:
        order = order_now(parts, place, told.order)
    except UnknownService:
        return _refuse(parts, place, told, _service_reason(place))
    except UnknownOrder:
        return _refuse(parts, place, told, RefusalReason.UNKNOWN_ORDER)
    return parts.units.run(
        "accept-payment", lambda work: _Acceptance(parts, work, place, told, order).answer()
    )


def first_words(parts: Parts, place: Place, order: OrderName, key: str, amount: Money) -> Intake:
    """What is stored under a key that is new."""
    name = kept(order)
    return Intake(
        key=key, service_id=ServiceId(name.service_id), order_key=OrderKey(name.order_key), amount=amount,
        state=IntakeState.UNKNOWN, at=parts.clock.now(), device=place.device,
    )  # fmt: skip


@guards("intake.key")
def decided(work: Work, intake: Intake, payment: CollectedPayment) -> AlreadyAccepted | Refused | None:
    """What this key was told before, None when nothing is decided. Raises: Conflict for other content."""
    check_same(work, intake, payment.order, payment.amount)
    match intake.state:
        case IntakeState.ACCEPTED:
            assert intake.payment_id is not None
            booked = work.payments.get(intake.payment_id)
            return AlreadyAccepted(booked.id, booked.reference)
        case IntakeState.REFUSED:
            assert intake.reason is not None
            return Refused(intake.reason)
        case _:
            return None


def check_same(work: Work, intake: Intake, order: OrderName, amount: Money) -> None:
    """Raises: Conflict when the key stands for other content. A key without claim and money stands for nothing."""
    if intake.same(kept(order), amount) or not _binds(work, intake):
        return
    _log.warning("inbound_key_used_again", key=intake.key, state=intake.state.value)
    raise Conflict(f"key {intake.key}: another order or amount was said first")


def _binds(work: Work, intake: Intake) -> bool:
    if intake.state is not IntakeState.CLAIMED:
        return intake.state in {IntakeState.ACCEPTED, IntakeState.REFUSED}
    assert intake.payment_id is not None
    return work.payments.get(intake.payment_id).state is PaymentState.CREATED


def _service_reason(place: Place) -> RefusalReason:
    return RefusalReason.UNKNOWN_SERVICE if place.instrument is not None else RefusalReason.CLOSED


def _refuse(parts: Parts, place: Place, told: CollectedPayment, reason: RefusalReason) -> Acceptance:
    """Refuse money for what the service, or we, definitely do not know; a claim of the key is let go."""

    def refuse(work: Work) -> Acceptance:
        intake = work.intakes.lock(
            place.account.id, first_words(parts, place, told.order, told.key, told.amount)
        )
        if (answer := decided(work, intake, told)) is not None:
            return answer
        if intake.payment_id is not None:
            held = work.lock_with_order(intake.payment_id)
            let_go(parts, work, held, actor=place.actor)
        return store_refusal(parts, work, place, told, reason)

    return parts.units.run("refuse-payment", refuse)


def store_refusal(
    parts: Parts, work: Work, place: Place, told: CollectedPayment, reason: RefusalReason
) -> Refused:
    """Write down that the money stays the provider's debt to the payer."""
    words = first_words(parts, place, told.order, told.key, told.amount)
    refused = replace(words, state=IntakeState.REFUSED, reason=reason, message=told.message)
    work.intakes.save(place.account.id, refused)
    _log.info("inbound_refused", account=place.account.id, key=told.key, reason=reason.value)
    return Refused(reason)


@dataclass(frozen=True, slots=True)
class _Acceptance:
    """One decision, in one unit of work."""

    parts: Parts
    work: Work
    place: Place
    told: CollectedPayment
    order: OrderNow

    def answer(self) -> Acceptance:
        words = first_words(self.parts, self.place, self.told.order, self.told.key, self.told.amount)
        intake = self.work.intakes.lock(self.place.account.id, words)
        if (known := decided(self.work, intake, self.told)) is not None:
            return known
        own = self.work.payments.lock(intake.payment_id) if intake.payment_id else None
        others = lock_own(self.work, self.place, self.order.service, self.order.order_key)
        snapshot = self.order.keep(self.parts, self.work)
        if own is not None and self._still_good(own, snapshot):
            return self._book(own)
        if snapshot is None:
            return self._without_answer()
        for held in (own, *others):
            if held is not None and held.state is PaymentState.CREATED:
                let_go(self.parts, self.work, self.work.payments.get(held.id), actor=self.place.actor)
        return self._on_new_claim(snapshot)

    @guards("intake.claim")
    def _still_good(self, own: Payment, snapshot: Snapshot | None) -> bool:
        """Whether the key's own claim takes the money: held, or with room again, and the order is still the same."""
        claimed = self.work.snapshots.get(own.snapshot_id)
        if (own.service_id, own.order_key, own.amount) != (
            self.order.service.id, self.order.order_key, self.told.amount,
        ):  # fmt: skip
            return False
        if self.work.claims.of_payment(own.id).state is ClaimState.HELD:
            return self.order.answer is None or self.order.answer.order.version == claimed.order.version
        if snapshot is None or snapshot.order.version != claimed.order.version:
            return False
        room = payable_now(self.work, claimed, besides=own.id)
        return fits(claimed.order, room, own.amount)

    def _without_answer(self) -> Acceptance:
        """Nothing is claimed and nothing recent is known. Raises: what the service's silence was."""
        problem = self.order.problem
        assert problem is not None, "a service that answered leaves a snapshot"
        if not says_unknown(problem):
            raise problem
        return store_refusal(self.parts, self.work, self.place, self.told, RefusalReason.UNKNOWN_ORDER)

    @guards("claim.room")
    def _on_new_claim(self, snapshot: Snapshot) -> Acceptance:
        payable = payable_now(self.work, snapshot)
        reason = why_not(snapshot.order, payable, self.told.amount)
        if reason is None and self.place.closed(self.parts, self.work):
            reason = RefusalReason.CLOSED
        if reason is not None:
            return store_refusal(self.parts, self.work, self.place, self.told, reason)
        opening = Opening(
            self.place, self.order.service, snapshot, payable, self.told.key, self.told.amount,
            self.parts.clock.now(),
        )  # fmt: skip
        return self._book(open_inbound(self.parts, self.work, opening))

    def _book(self, payment: Payment) -> Accepted:
        """Capture, claim, ledger, delivery with its lease, evidence: all in this commit."""
        now = self.parts.clock.now()
        if self.told.message:
            message = Message(Direction.RECEIVED, self.told.message, self.told.meta, now)
            self.work.evidence.keep(payment.id, [message])
        taken = ProviderCapture(self.told.key, self.told.amount, min(self.told.taken_at, now))
        record_captures(
            self.parts, self.work, payment,
            ProviderConfirmation(ProviderStatus.CONFIRMED, (taken,), method=self.told.method),
            actor=self.place.actor,
        )  # fmt: skip
        (capture,) = self.work.payments.captures_of(payment.id)
        assert capture.state is CaptureState.CLAIMED, "there was room, under the order's lock"
        self.work.tasks.schedule(TaskKind.EXPIRE, payment.id, None)
        words = first_words(self.parts, self.place, self.told.order, self.told.key, self.told.amount)
        booked = replace(words, state=IntakeState.ACCEPTED, payment_id=payment.id)
        self.work.intakes.save(self.place.account.id, booked)
        return Accepted(payment.id, payment.reference)
