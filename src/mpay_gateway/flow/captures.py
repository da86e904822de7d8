"""Money that a provider took: recorded once per transaction, claimed or given back, booked, and told.

Everything here happens in one commit: state, claim, ledger, delivery with its lease.
"""

from dataclasses import replace

import structlog

from mpay_gateway.domain.guards import guards
from mpay_gateway.domain.invoice import LineAllocation, shared
from mpay_gateway.domain.money import Money, sum_money
from mpay_gateway.domain.payment import (
    Capture,
    CaptureState,
    ClaimState,
    Payment,
    PaymentState,
    ReversalGround,
)
from mpay_gateway.domain.provider_answer import ProviderCapture, ProviderConfirmation
from mpay_gateway.domain.transitions import ClaimEvent, PaymentEvent
from mpay_gateway.flow.claiming import fits, payable_now, shares
from mpay_gateway.flow.confirmation_opening import open_delivery
from mpay_gateway.flow.holds import hold_of, note_taken, turn_void
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.payment_ending import announce
from mpay_gateway.flow.refunds.provider_refunds import given_back
from mpay_gateway.flow.reversal import open_reversal, record_providers_reversal
from mpay_gateway.storage import Work
from mpay_gateway.storage.ledger import SUSPENSE, Entry, payable, receivable
from mpay_gateway.storage.snapshots import Snapshot

_CLAIMS_NOTHING = {ReversalGround.BY_PROVIDER, ReversalGround.ORDER_GONE}
"""Grounds on which a payment's first money goes back: what it held of the order is free again."""
_log = structlog.get_logger("captures")


@guards("capture.once")
def record_captures(
    parts: Parts, work: Work, payment: Payment, answer: ProviderConfirmation, *, actor: str
) -> Payment:
    """Record every transaction of the answer that is not known yet. The payment is locked.

    The order is locked before the first decision, so that of two payments of one order only one can claim it.
    """
    known = {capture.transaction_id for capture in work.payments.captures_of(payment.id)}
    fresh = tuple(each for each in answer.captures if each.transaction_id not in known)
    if not fresh:
        return payment
    work.snapshots.lock_order(payment.service_id, payment.order_key, at=parts.clock.now())
    recording = _Recording(parts, work, payment, actor, _taken_back(work, payment, answer, fresh))
    for taken in fresh:
        payment = recording.record(taken, answer.method)
    return payment


@guards("capture.taken-back")
def _taken_back(
    work: Work, payment: Payment, answer: ProviderConfirmation, fresh: tuple[ProviderCapture, ...]
) -> CaptureState | None:
    """What the provider's own reversals make of the fresh captures: surplus if all went back, review if some.

    What we had it give back ourselves does not count, nor what it may have given back on our word without
    our hearing of it.
    """
    if answer.reversed is None:
        return None
    currency = answer.reversed.currency
    back = answer.reversed - given_back(work, payment.id, currency)
    if back <= Money.zero(currency):
        return None
    if any(each.amount.currency != currency for each in fresh):
        return CaptureState.REVIEW
    whole = sum_money((each.amount for each in fresh), currency) <= back
    return CaptureState.SURPLUS if whole else CaptureState.REVIEW


class _Recording:
    """Provider transactions of one answer on their way into the books."""

    def __init__(
        self, parts: Parts, work: Work, payment: Payment, actor: str, taken_back: CaptureState | None
    ) -> None:
        self._parts = parts
        self._work = work
        self._payment = payment
        self._actor = actor
        self._taken_back = taken_back
        self._now = parts.clock.now()
        self._hold = hold_of(work, payment)
        self._claim = work.claims.of_payment(payment.id)
        self._snapshot: Snapshot = work.snapshots.get(payment.snapshot_id)

    @guards("capture.told")
    def record(self, taken: ProviderCapture, method: str) -> Payment:
        """Store the capture, decide what it is, book it, and act on it.

        A time to come counts as now: a day that never comes would never pay the money out.
        """
        taken = replace(taken, at=min(taken.at, self._now))
        state, ground = self._decide(taken)
        capture = Capture(
            id=self._parts.ids.token(), payment_id=self._payment.id, account_id=self._payment.account_id,
            transaction_id=taken.transaction_id, amount=taken.amount, state=state, captured_at=taken.at,
        )  # fmt: skip
        if not self._work.payments.add_capture(capture, at=self._now, actor=self._actor):
            _log.error("transaction_of_another_payment", payment=self._payment.id,
                       account=capture.account_id, transaction=capture.transaction_id)  # fmt: skip
            return self._payment
        self._captured(taken, method)
        if state is CaptureState.CLAIMED:
            allocations = self._claim_order()
            self._book(capture, self._owed(allocations))
            open_delivery(self._parts, self._work, self._payment, self._snapshot.order, allocations)
            return self._payment
        self._book(capture, (Entry.credit(SUSPENSE, capture.amount),))
        if ground is None:
            _log.error("capture_in_review", payment=self._payment.id, capture=capture.id)
        else:
            self._give_back(capture, ground)
        return self._payment

    @guards("capture.second", "capture.amount", "capture.unwanted", "claim.held")
    def _decide(self, taken: ProviderCapture) -> tuple[CaptureState, ReversalGround | None]:
        """A capture in review has no ground: nothing is confirmed or reversed without two people."""
        first = not self._work.payments.captures_of(self._payment.id)
        if self._hold.gives_back(taken.amount):
            return CaptureState.SURPLUS, ReversalGround.ORDER_GONE
        if self._taken_back is CaptureState.SURPLUS:
            return CaptureState.SURPLUS, ReversalGround.BY_PROVIDER
        if self._taken_back is CaptureState.REVIEW or (not first and self._hold.may_have_left):
            return CaptureState.REVIEW, None  # sent under a key of its own it might go back twice
        if not first:
            return CaptureState.SURPLUS, ReversalGround.SECOND_CAPTURE
        if taken.amount != self._payment.amount:
            return CaptureState.REVIEW, None
        if self._hold.unwanted:
            return CaptureState.SURPLUS, ReversalGround.ORDER_GONE
        if self._claim.state is ClaimState.HELD or self._retake():
            return CaptureState.CLAIMED, None
        return CaptureState.SURPLUS, ReversalGround.CLAIM_LOST

    @guards("claim.room")
    def _retake(self) -> bool:
        """Late money: whether the order that was to be paid still has room for it, and which lines."""
        now_payable = payable_now(self._work, self._snapshot, besides=self._payment.id)
        if not fits(self._snapshot.order, now_payable, self._payment.amount):
            return False
        parts = shares(self._snapshot.order, now_payable, self._payment.amount)
        self._claim = self._work.claims.share(self._claim, parts, actor=self._actor, at=self._now)
        return True

    def _captured(self, taken: ProviderCapture, method: str) -> None:
        before = self._payment
        self._payment = self._work.payments.change(
            before, PaymentEvent.CAPTURE, actor=self._actor, at=self._now, next_check_at=None,
            captured_at=before.captured_at or taken.at, method=method or before.method, decline_reason=None,
        )  # fmt: skip
        if before.state is not PaymentState.CAPTURED:
            note_taken(self._work, self._hold, actor=self._actor, at=self._now)
        announce(self._parts, self._work, before, self._payment)

    def _claim_order(self) -> tuple[LineAllocation, ...]:
        event = ClaimEvent.CAPTURE if self._claim.state is ClaimState.HELD else ClaimEvent.RETAKE
        claim = self._work.claims.change(self._claim, event, actor=self._actor, at=self._now)
        return shared(self._snapshot.order, claim.shares)

    def _owed(self, allocations: tuple[LineAllocation, ...]) -> tuple[Entry, ...]:
        service_id = self._payment.service_id
        return tuple(
            Entry.credit(payable(service_id, part.line.account), part.amount) for part in allocations
        )

    def _book(self, capture: Capture, owed: tuple[Entry, ...]) -> None:
        debit = Entry.debit(receivable(capture.account_id), capture.amount)
        self._work.ledger.post(
            "capture", capture.id, (debit, *owed), payment_id=self._payment.id, at=self._now
        )

    @guards("claim.release")
    def _give_back(self, capture: Capture, ground: ReversalGround) -> None:
        void = self._hold.gives_back(capture.amount) if ground is ReversalGround.ORDER_GONE else None
        if ground is ReversalGround.BY_PROVIDER:
            record_providers_reversal(self._parts, self._work, capture)
        elif void is not None:
            turn_void(self._work, void, capture, at=self._now)
            self._hold = replace(self._hold, void=None)
        else:
            open_reversal(self._parts, self._work, capture, ground, actor="machine")
        claim = self._work.claims.of_payment(self._payment.id)
        if claim.state is ClaimState.HELD and ground in _CLAIMS_NOTHING:
            self._work.claims.change(claim, ClaimEvent.RELEASE, actor=self._actor, at=self._now)
