"""Payments of the inbound shape before there is money: opened with a claim, let go, run out of time."""

import json
from dataclasses import dataclass
from datetime import datetime

from mpay_gateway.domain.identifiers import InvoiceId, OrderKey, new_payment_id, new_payment_reference
from mpay_gateway.domain.language import Language
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.payment import Payment, PaymentState
from mpay_gateway.domain.service import Service
from mpay_gateway.domain.transitions import PaymentEvent
from mpay_gateway.flow.claiming import Payable, claim_for
from mpay_gateway.flow.inbound.orders import Place
from mpay_gateway.flow.invoicing import invoice_showing
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.payment_ending import end_in
from mpay_gateway.flow.suspension import refuse_while_restoring
from mpay_gateway.storage import Work
from mpay_gateway.storage.snapshots import Snapshot
from mpay_gateway.storage.tasks import Lease, TaskKind


@dataclass(frozen=True, slots=True)
class Opening:
    """What a new payment is made of. `amount` fits `payable`. `until`: when its claim runs out (UTC)."""

    place: Place
    service: Service
    snapshot: Snapshot
    payable: Payable
    key: str
    amount: Money
    until: datetime


def open_inbound(parts: Parts, work: Work, opening: Opening) -> Payment:
    """Store a payment with its claim, as created: no call ever leaves for it. The order is locked."""
    refuse_while_restoring(work)
    place, now, epoch = opening.place, parts.clock.now(), work.restorations.epoch()
    form = place.account.reference_form
    invoice = invoice_showing(parts, work, opening.snapshot)
    payment = _payment(parts, opening, invoice.id, new_payment_reference(form, epoch, parts.ids.below))
    work.payments.use_account(place.account.id, place.account.plugin, at=now)
    payment = work.payments.add(
        payment, redraw=lambda: new_payment_reference(form, epoch, parts.ids.below), actor=place.actor
    )
    work.claims.take(
        claim_for(payment, parts.ids.token(), opening.snapshot.order, opening.payable),
        payable=opening.payable.limit, advance=opening.snapshot.order.advance_allowed, actor=place.actor, at=now,
    )  # fmt: skip
    return payment


def lock_own(work: Work, place: Place, service: Service, order_key: OrderKey) -> tuple[Payment, ...]:
    """The payments without money by which this device holds the order, locked. To be called before it is locked.

    A caller that does not name its devices owns none of them: two payers at two of its kiosks look alike.
    """
    if not place.device:
        return ()
    held = (
        payment.id
        for payment in work.payments.of_order(service.id, order_key)
        if payment.state is PaymentState.CREATED
        and (payment.account_id, payment.device) == (place.account.id, place.device)
    )
    locked = (work.payments.lock(each) for each in sorted(held))
    return tuple(payment for payment in locked if payment.state is PaymentState.CREATED)


def let_go(parts: Parts, work: Work, payment: Payment, *, actor: str) -> Payment:
    """End a payment without money, and its claim. The payment is locked."""
    work.tasks.schedule(TaskKind.EXPIRE, payment.id, None)
    return end_in(parts, work, payment, PaymentEvent.EXPIRE, actor=actor)


def expire(parts: Parts, lease: Lease) -> None:
    """A worker's task: the time of a claim is over. Nobody need be asked: money is only ever told, and late money is
    taken all the same if the order still has room for it."""

    def end(work: Work) -> None:
        payment = work.lock_with_order(lease.subject)
        work.tasks.check(lease)
        if payment.state is PaymentState.CREATED:
            end_in(parts, work, payment, PaymentEvent.EXPIRE, actor="machine")
        work.tasks.finish(lease, due=None)

    parts.units.run("expire-claim", end)


def _payment(parts: Parts, opening: Opening, invoice_id: InvoiceId, reference: str) -> Payment:
    place, now = opening.place, parts.clock.now()
    assert place.instrument is not None, "a closed place opens nothing"
    return Payment(
        id=new_payment_id(parts.ids.below),
        invoice_id=invoice_id,
        snapshot_id=opening.snapshot.id,
        service_id=opening.service.id,
        order_key=opening.snapshot.order.order_key,
        instrument_id=place.instrument.id,
        account_id=place.account.id,
        channel=place.channel_for(opening.service),
        amount=opening.amount,
        state=PaymentState.CREATED,
        reference=reference,
        remote_reference=opening.key,
        created_at=now,
        session_until=opening.until,
        description=f"{opening.service.name.in_language(Language.RO)} {invoice_id}"[-120:],
        details=json.dumps(()),
        device=place.device,
        receipt_token=parts.ids.token(),
    )
