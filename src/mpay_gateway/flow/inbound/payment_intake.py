"""Payments that start elsewhere: the inbound port of an account, the only implementation of `api.Gateway`.

Terminals and payment networks come in here and nowhere else; the core has no code for any of them. A payment of this
shape is created when it is claimed or accepted, and captured when its money is accepted.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

from mpay_gateway.domain.errors import NotAuthorised, UnknownOrder, UnknownService
from mpay_gateway.domain.filling import complete
from mpay_gateway.domain.guards import guards
from mpay_gateway.domain.identifiers import AccountId
from mpay_gateway.domain.intake import (
    Accepted,
    AlreadyAccepted,
    Claimed,
    CollectedPayment,
    DueOrder,
    InboundQuery,
    Intake,
    IntakeState,
    IntakeStatus,
    OrderName,
    RefusalReason,
    Refused,
    check_inbound_key,
)
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.payment import DeliveryState, PaymentState
from mpay_gateway.domain.provider_answer import Confirms
from mpay_gateway.domain.service import Service
from mpay_gateway.flow.claiming import payable_now
from mpay_gateway.flow.entrance import Entrance
from mpay_gateway.flow.inbound.acceptance import accept, check_same, first_words
from mpay_gateway.flow.inbound.claims import Opening, let_go, lock_own, open_inbound
from mpay_gateway.flow.inbound.orders import (
    OrderNow,
    Place,
    kept,
    masked,
    order_of_just_now,
    tidy,
    why_closed,
    why_not,
)
from mpay_gateway.flow.inbound.plugin_records import InstanceRecords
from mpay_gateway.flow.invoicing import invoice_of, store_answer
from mpay_gateway.flow.order_lookup import (
    Answer,
    look_up_to_show,
    possible_key,
    says_unknown,
    second_factor_matches,
)
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.suspension import refuse_while_restoring
from mpay_gateway.storage import Work
from mpay_gateway.storage.tasks import TaskKind

LONGEST_CLAIM = timedelta(hours=1)
MOST_DEVICE = 64


@dataclass(frozen=True, slots=True)
class Port:
    """The port of a registered instance (`provider:osmp-main`), at one device of its account or at none."""

    entrance: Entrance
    instance: str
    device: str = ""

    @property
    def records(self) -> InstanceRecords:
        return InstanceRecords(lambda: self._parts.units, self.instance)

    def service(self, service_id: str) -> Service:
        found = self._parts.services.get(service_id)
        if self.instance != f"eservice:{found.connector}":
            raise UnknownService(service_id)
        return found

    def at_device(self, device: str) -> Self:
        if len(device) > MOST_DEVICE:
            raise ValueError(f"a device's name has {MOST_DEVICE} characters at most")
        return replace(self, device=device)

    def look_up(self, query: InboundQuery) -> DueOrder:
        return look_up_due(self._parts, self._place(), query)

    def claim(self, order: OrderName, key: str, amount: Money, until: datetime) -> Claimed | Refused:
        now = self._parts.clock.now()
        held = _Wish(tidy(order), check_inbound_key(key), amount, min(until, now + LONGEST_CLAIM))
        return claim(self._parts, self._place(), held)

    def release(self, key: str) -> None:
        release(self._parts, self._place(), key)

    def accept(self, payment: CollectedPayment) -> Accepted | AlreadyAccepted | Refused:
        return accept(self._parts, self._place(), payment)

    def status(self, key: str) -> IntakeStatus:
        place = self._place()
        return self._parts.units.read(lambda work: _status(work, place, key))

    @property
    def _parts(self) -> Parts:
        return self.entrance.parts

    def _place(self) -> Place:
        """Raises: NotAuthorised."""
        registry = self._parts.registry
        kind, _, account_id = self.instance.partition(":")
        account = registry.accounts.get(AccountId(account_id)) if kind == "provider" else None
        if account is None or account.confirms is not Confirms.PUSH:
            raise NotAuthorised(f"{self.instance} is no provider account that confirms by push")
        serving = (each for each in registry.instruments.values() if account.id in each.providers)
        return Place(account, next(serving, None), self.device)


@dataclass(frozen=True, slots=True)
class _Wish:
    order: OrderName
    key: str
    amount: Money
    until: datetime


def look_up_due(parts: Parts, place: Place, query: InboundQuery) -> DueOrder:
    """What is due, as it may be shown here. Raises: UnknownService; UnknownOrder; PaymentsSuspended; RemoteError."""
    parts.units.read(refuse_while_restoring)
    service = parts.services.get(query.order.service_id)
    place.channel_for(service)
    key = possible_key(service, query.order.order_key)
    answer = look_up_to_show(parts, service, key, query.language)
    if not second_factor_matches(service, answer.order, query.second_factor):
        raise UnknownOrder(service.id)
    return parts.units.run("show-due", lambda work: _shown(parts, work, place, service, answer))


def _shown(parts: Parts, work: Work, place: Place, service: Service, answer: Answer) -> DueOrder:
    own = lock_own(work, place, service, answer.order.order_key)
    row = store_answer(parts, work, answer)
    payable = payable_now(work, answer.snapshot, besides=own[0].id if own else "")
    closed = RefusalReason.CLOSED if place.closed(parts, work) else None
    invoice = invoice_of(parts, service, row, answer.snapshot, payable)
    order = answer.order
    refusal = why_closed(payable) or closed or (None if complete(order, {}) else RefusalReason.FILL_IN)
    return DueOrder(replace(invoice, order=masked(service, order)), payable.least(order), refusal)


def claim(parts: Parts, place: Place, wish: _Wish) -> Claimed | Refused:
    """Hold the order for a key. Raises: Conflict; UnknownService, UnknownOrder; PaymentsSuspended; RemoteError."""
    held = parts.units.read(lambda work: _claimed(work, place, wish))
    if held is not None:
        return held
    parts.units.read(refuse_while_restoring)
    order = order_of_just_now(parts, place, wish.order)
    return parts.units.run("claim-order", lambda work: _hold(parts, work, place, wish, order))


def _claimed(work: Work, place: Place, wish: _Wish) -> Claimed | None:
    """The claim that the key has already. Raises: Conflict."""
    intake = work.intakes.find(place.account.id, wish.key)
    return None if intake is None else _held(work, intake, wish)


def _held(work: Work, intake: Intake, wish: _Wish) -> Claimed | None:
    check_same(work, intake, wish.order, wish.amount)
    if intake.payment_id is None:
        return None
    payment = work.payments.get(intake.payment_id)
    held = payment.state in {PaymentState.CREATED, PaymentState.CAPTURED} and intake.same(
        kept(wish.order), wish.amount
    )
    return Claimed(payment.id, payment.reference, payment.session_until) if held else None


@guards("claim.room")
def _hold(parts: Parts, work: Work, place: Place, wish: _Wish, order: OrderNow) -> Claimed | Refused:
    words = first_words(parts, place, wish.order, wish.key, wish.amount)
    intake = work.intakes.lock(place.account.id, words)
    if (held := _held(work, intake, wish)) is not None:
        return held
    if intake.state is IntakeState.REFUSED:
        assert intake.reason is not None
        return Refused(intake.reason)
    own = lock_own(work, place, order.service, order.order_key)
    snapshot = order.keep(parts, work)
    if snapshot is None:
        assert order.problem is not None
        if says_unknown(order.problem):
            return Refused(RefusalReason.UNKNOWN_ORDER)
        raise order.problem
    if place.closed(parts, work):
        return Refused(RefusalReason.CLOSED)
    payable = payable_now(work, snapshot, besides=own[0].id if own else "")
    if (reason := why_not(snapshot.order, payable, wish.amount)) is not None:
        return Refused(reason)
    for earlier in own:
        let_go(parts, work, earlier, actor=place.actor)
    opening = Opening(place, order.service, snapshot, payable, wish.key, wish.amount, wish.until)
    payment = open_inbound(parts, work, opening)
    work.tasks.schedule(TaskKind.EXPIRE, payment.id, wish.until)
    work.intakes.save(place.account.id, replace(words, state=IntakeState.CLAIMED, payment_id=payment.id))
    return Claimed(payment.id, payment.reference, wish.until)


def release(parts: Parts, place: Place, key: str) -> None:
    """Let the claim of a key go, if it has one and no money."""

    def let(work: Work) -> None:
        intake = work.intakes.find_locked(place.account.id, key)
        if intake is None or intake.state is not IntakeState.CLAIMED or intake.payment_id is None:
            return
        payment = work.lock_with_order(intake.payment_id)
        if payment.state is PaymentState.CREATED:
            let_go(parts, work, payment, actor=place.actor)
        work.intakes.save(place.account.id, replace(intake, state=IntakeState.RELEASED))

    parts.units.run("release-claim", let)


def _status(work: Work, place: Place, key: str) -> IntakeStatus:
    intake = work.intakes.find(place.account.id, key)
    if intake is None or intake.state is IntakeState.UNKNOWN:
        return IntakeStatus(IntakeState.UNKNOWN)
    payment = work.payments.get(intake.payment_id) if intake.payment_id else None
    state = intake.state
    if state is IntakeState.CLAIMED and payment is not None and payment.state is not PaymentState.CREATED:
        state = IntakeState.RELEASED
    delivery = work.deliveries.of_payment(payment.id) if payment else None
    return IntakeStatus(
        state=state,
        order=OrderName(intake.service_id, intake.order_key),
        amount=intake.amount,
        reference=payment.reference if payment else "",
        reason=intake.reason,
        told=delivery is not None and delivery.state is DeliveryState.CONFIRMED,
    )
