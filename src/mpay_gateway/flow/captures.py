"""Money that a provider took: recorded once per transaction, claimed or given back, booked, and told.

Everything here happens in one commit: state, claim, ledger, delivery with its lease.
"""

from mpay_gateway.domain.confirmation import Confirmation, build_lines, build_properties
from mpay_gateway.domain.invoice import allocate
from mpay_gateway.domain.payment import (
    Capture,
    CaptureState,
    ClaimState,
    Delivery,
    DeliveryState,
    Payment,
    ReversalGround,
)
from mpay_gateway.domain.provider_answer import ProviderCapture, ProviderConfirmation
from mpay_gateway.domain.transitions import ClaimEvent, DeliveryEvent, PaymentEvent
from mpay_gateway.flow.claiming import payable_now
from mpay_gateway.flow.confirmation_delivery import deliver_soon
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.payment_ending import announce
from mpay_gateway.flow.reversal import open_reversal
from mpay_gateway.flow.schedules import LEASE
from mpay_gateway.storage import Work
from mpay_gateway.storage.ledger import SUSPENSE, Entry, payable, receivable
from mpay_gateway.storage.snapshots import Snapshot
from mpay_gateway.storage.tasks import Lease, TaskKind


def record_captures(
    parts: Parts, work: Work, payment: Payment, answer: ProviderConfirmation, *, actor: str
) -> Payment:
    """Record every transaction of the answer that is not known yet. The payment is locked.

    The order is locked before the first decision, so that of two payments of one order only one can claim it.
    """
    known = {capture.transaction_id for capture in work.payments.captures_of(payment.id)}
    fresh = [each for each in answer.captures if each.transaction_id not in known]
    if not fresh:
        return payment
    work.snapshots.lock_order(payment.service_id, payment.order_key, at=parts.clock.now())
    for taken in fresh:
        payment = _Recording(parts, work, payment, actor).record(taken, answer.method)
    return payment


class _Recording:
    """One provider transaction on its way into the books."""

    def __init__(self, parts: Parts, work: Work, payment: Payment, actor: str) -> None:
        self._parts = parts
        self._work = work
        self._payment = payment
        self._actor = actor
        self._now = parts.clock.now()
        self._snapshot: Snapshot = work.snapshots.get(payment.snapshot_id)

    def record(self, taken: ProviderCapture, method: str) -> Payment:
        """Store the capture, decide what it is, book it, and act on it."""
        state, ground = self._decide(taken)
        capture = Capture(
            id=self._parts.ids.token(), payment_id=self._payment.id, account_id=self._payment.account_id,
            transaction_id=taken.transaction_id, amount=taken.amount, state=state, captured_at=taken.at,
        )  # fmt: skip
        if not self._work.payments.add_capture(capture, at=self._now, actor=self._actor):
            return self._payment
        payment = self._captured(taken, method)
        self._book(capture)
        match state:
            case CaptureState.CLAIMED:
                self._claim_order()
                self._tell_service(payment)
            case CaptureState.SURPLUS:
                assert ground is not None
                open_reversal(self._parts, self._work, capture, ground, actor="machine")
            case CaptureState.REVIEW:
                pass  # two people decide; nothing is confirmed or reversed without them
        return payment

    def _decide(self, taken: ProviderCapture) -> tuple[CaptureState, ReversalGround | None]:
        earlier = self._work.payments.captures_of(self._payment.id)
        if earlier:
            return CaptureState.SURPLUS, ReversalGround.SECOND_CAPTURE
        if taken.amount != self._payment.amount:
            return CaptureState.REVIEW, None
        claim = self._work.claims.of_payment(self._payment.id)
        if claim.state is ClaimState.HELD or self._still_payable():
            return CaptureState.CLAIMED, None
        return CaptureState.SURPLUS, ReversalGround.CLAIM_LOST

    def _still_payable(self) -> bool:
        """Late money: whether the order that was to be paid still has room for it."""
        now_payable = payable_now(self._work, self._snapshot, besides=self._payment.id)
        return self._payment.amount <= now_payable.most

    def _captured(self, taken: ProviderCapture, method: str) -> Payment:
        before = self._payment
        after = self._work.payments.change(
            before, PaymentEvent.CAPTURE, actor=self._actor, at=self._now, next_check_at=None,
            captured_at=before.captured_at or taken.at, method=method or before.method, decline_reason=None,
        )  # fmt: skip
        self._work.tasks.schedule(TaskKind.RECHECK, before.id, None)
        self._work.inbox.done(before.id)
        announce(self._parts, self._work, before, after)
        self._payment = after
        return after

    def _book(self, capture: Capture) -> None:
        debit = Entry.debit(receivable(capture.account_id), capture.amount)
        owed = self._line_credits() if capture.state is CaptureState.CLAIMED else (
            Entry.credit(SUSPENSE, capture.amount),
        )  # fmt: skip
        self._work.ledger.post(
            "capture", capture.id, (debit, *owed), payment_id=self._payment.id, at=self._now
        )

    def _line_credits(self) -> tuple[Entry, ...]:
        parts = allocate(self._snapshot.order, self._payment.amount)
        return tuple(
            Entry.credit(payable(self._payment.service_id, part.line.account.iban), part.amount)
            for part in parts
        )

    def _claim_order(self) -> None:
        claim = self._work.claims.of_payment(self._payment.id)
        event = ClaimEvent.CAPTURE if claim.state is ClaimState.HELD else ClaimEvent.RETAKE
        self._work.claims.change(claim, event, actor=self._actor, at=self._now)

    def _tell_service(self, payment: Payment) -> None:
        """The delivery, leased to this process, which sends it right after the commit."""
        confirmation = self._confirmation(payment)
        text = confirmation.to_json()
        delivery = Delivery(
            id=self._parts.ids.token(), payment_id=payment.id, service_id=payment.service_id,
            state=DeliveryState.DUE, attempts=0, content=text, content_digest=confirmation.digest,
            created_at=self._now,
        )  # fmt: skip
        self._work.deliveries.add(delivery, actor="machine")
        lease = self._lease(delivery)
        self._work.deliveries.change(
            delivery, DeliveryEvent.LEASE, actor=f"process:{self._parts.process}", at=self._now, attempts=1
        )
        self._work.after_commit(lambda: deliver_soon(self._parts, payment.id, lease))

    def _lease(self, delivery: Delivery) -> Lease:
        lease = self._work.tasks.lease(
            TaskKind.DELIVER, delivery.id, worker=self._parts.process, now=self._now, until=self._now + LEASE
        )
        assert lease is not None, "a new delivery is nobody's"
        return lease

    def _confirmation(self, payment: Payment) -> Confirmation:
        order = self._snapshot.order
        return Confirmation(
            payment_id=payment.id,
            invoice_id=payment.invoice_id,
            service_id=payment.service_id,
            order_key=payment.order_key,
            paid_at=(payment.captured_at or self._now).replace(microsecond=0),
            total=payment.amount,
            lines=build_lines(allocate(order, payment.amount)),
            properties=build_properties(order, payment.method),
        )
