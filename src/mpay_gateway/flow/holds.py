"""Money that a provider only holds: the stored decisions to take it or to give it up.

Of one payment there is one intent to capture and one void at most, each under a key that never changes. No void is
begun while an intent is due, no capture once a void is begun.
"""

from dataclasses import dataclass
from datetime import datetime

from mpay_gateway.domain.guards import guards
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.payment import (
    Capture,
    CaptureIntent,
    IntentState,
    Payment,
    PaymentState,
    Reversal,
    ReversalGround,
    ReversalState,
)
from mpay_gateway.domain.transitions import IntentEvent, ReversalEvent
from mpay_gateway.flow.parts import Parts
from mpay_gateway.storage import Work
from mpay_gateway.storage.tasks import TaskKind


@dataclass(frozen=True, slots=True)
class Hold:
    """What was decided of a payment's held money. `void` is None also once it gives a capture back."""

    intent: CaptureIntent | None = None
    void: Reversal | None = None

    @property
    def may_have_left(self) -> bool:
        """Whether the void may have reached the provider, or may do so yet, and nobody knows what it gave back."""
        void = self.void
        if void is None:
            return False
        return void.state is ReversalState.DUE or (void.state is ReversalState.REFUSED and void.attempts > 0)

    @property
    def unanswered(self) -> CaptureIntent | Reversal | None:
        """What the provider has not given a definite answer to, asked for or not; never both."""
        if self.intent is not None and self.intent.state is IntentState.DUE:
            return self.intent
        return self.void if self.void is not None and self.void.state is ReversalState.DUE else None

    @property
    def unwanted(self) -> bool:
        """Whether money that is found taken goes back: the order was found gone before."""
        return self.void is not None or (self.intent is not None and not self.intent.wanted)

    @guards("hold.void-key")
    def gives_back(self, amount: Money) -> Reversal | None:
        """The void whose key must give back a capture of this amount, the first or another one, if any.

        It may have reached the provider before or after the money was taken: only its key tells.
        """
        if self.void is None or self.void.state is not ReversalState.DUE or self.void.amount != amount:
            return None
        return self.void


def hold_of(work: Work, payment: Payment) -> Hold:
    """What is decided so far; nothing of a payment whose money was never held."""
    if payment.state in {PaymentState.CREATED, PaymentState.STARTED}:
        return Hold()
    voids = (each for each in work.reversals.of_payment(payment.id) if each.capture_id is None)
    return Hold(work.capture_intents.of_payment(payment.id), next(voids, None))


def void_key(payment_id: str) -> str:
    """What the provider knows the void of a payment by, and keeps knowing it by when it gives money back."""
    return f"void-{payment_id}"


def was_given_up(work: Work, payment_id: str) -> bool:
    """Whether a void was begun, whatever became of it: no money of the payment pays an order any more."""
    return any(each.key == void_key(payment_id) for each in work.reversals.of_payment(payment_id))


def begin_capture(parts: Parts, work: Work, payment: Payment) -> CaptureIntent:
    """Decide to take the held money. It is asked for after the commit, and may be taken from then on."""
    intent = CaptureIntent(
        id=parts.ids.token(), payment_id=payment.id, key=f"cap-{payment.id}", amount=payment.amount,
        state=IntentState.DUE, created_at=parts.clock.now(),
    )  # fmt: skip
    work.capture_intents.add(intent, actor="machine")
    return intent


def begin_void(parts: Parts, work: Work, payment: Payment) -> Reversal:
    """Decide to give the hold up. From now on no money of this payment pays its order."""
    void = Reversal(
        id=parts.ids.token(), payment_id=payment.id, capture_id=None, key=void_key(payment.id),
        amount=payment.amount, returned=Money.zero(payment.amount.currency), ground=ReversalGround.ORDER_GONE,
        state=ReversalState.DUE, created_at=parts.clock.now(),
    )  # fmt: skip
    work.reversals.add(void, actor="machine")
    return void


def turn_void(work: Work, void: Reversal, capture: Capture, *, at: datetime) -> None:
    """Let the void that is due give the captured money back instead, under the key that the provider may know."""
    work.reversals.change(
        void, ReversalEvent.UNANSWERED, actor="machine", at=at, capture_id=capture.id,
        last_error="the provider took the money: it is given back as a capture",
    )  # fmt: skip
    work.tasks.schedule(TaskKind.REVERSE, void.id, at)


def leave_to_people(work: Work, void: Reversal, capture: Capture, *, actor: str, at: datetime) -> None:
    """Let people settle with the provider what of a capture goes back, now that the void's money was taken.

    The provider may have given back a part under the void's key: nothing more is sent, lest more goes back than
    was taken.
    """
    if void.state is ReversalState.REFUSED:
        void = work.reversals.change(void, ReversalEvent.RETRY, actor=actor, at=at)
    work.reversals.change(
        void, ReversalEvent.REFUSE, actor=actor, at=at, capture_id=capture.id,
        last_error=f"of {capture.amount} taken, the provider may have given back {void.amount} already",
    )  # fmt: skip


def note_taken(work: Work, hold: Hold, *, actor: str, at: datetime) -> None:
    """The provider took the money, whoever heard of it: the intent has its answer."""
    if hold.intent is not None and hold.intent.state is not IntentState.DONE:
        work.capture_intents.change(hold.intent, IntentEvent.DONE, actor=actor, at=at, last_error="")
