"""Payments whose provider never said what became of them: two operators end one, so that its order is free again.

Of money that was held, the provider may have been asked in vain for very long to take it, or to give it up. Its payment
can be ended, but what is not known stays so: the intent or the void stays due and is only asked for no more. No void is
begun beside an intent by that, and no money goes back under two keys. The order is not paid twice: its claim is
released under its lock, and money that turns up to be taken pays it no more, though it may be payable still. For the
payer has read that nothing was taken, and may have paid by other means. Such money is a capture all the same: that of
an intent goes back as one that nobody wants, that of a void under the void's own key.
"""

from mpay_gateway.domain.decision import Act, Decision, Proposal
from mpay_gateway.domain.errors import NotFound
from mpay_gateway.domain.payment import CaptureIntent, Payment, PaymentState, Reversal
from mpay_gateway.domain.transitions import IntentEvent, PaymentEvent
from mpay_gateway.flow.holds import hold_of
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.payment_ending import end_in, rest
from mpay_gateway.flow.pulled_accounts import can_be_asked
from mpay_gateway.flow.schedules import LEASE
from mpay_gateway.flow.silence import silent_for_long
from mpay_gateway.storage import Work
from mpay_gateway.storage.tasks import TaskKind

_ENDS = {PaymentState.STARTED: PaymentEvent.EXPIRE, PaymentState.AUTHORISED: PaymentEvent.VOID}
_OVER = {PaymentState.DECLINED, PaymentState.CANCELLED, PaymentState.EXPIRED}


def to_end(work: Work, payment: Payment) -> Proposal:
    """The proposal to end it: also of a payment that is over, and whose provider is still asked for its hold.

    Raises: NotFound while the schedule still asks about it, or its money is known; and while the provider has not been
    asked in vain for very long to take or to give up what it holds: it may do so at any time.
    """
    asked_for = hold_of(work, payment).unanswered
    asked_on = asked_for is not None and work.tasks.due_at(TaskKind.FINISH, payment.id) is not None
    can_end = payment.state in _ENDS or (payment.state in _OVER and asked_on)
    if not can_end or payment.next_check_at is not None:
        raise NotFound(
            f"payment {payment.id} is {payment.state.value}, and not one that nobody is asked about any more"
        )
    if asked_for is not None and not (asked_for.attempts and silent_for_long(work, payment.id, asked_for.id)):
        what = "take" if isinstance(asked_for, CaptureIntent) else "give up"
        raise NotFound(f"payment {payment.id}: its provider is still asked to {what} the money that it holds")
    return Proposal(Act.END, payment.id, payment.amount)


def end_unknown(parts: Parts, work: Work, decision: Decision) -> None:
    """End it as expired, or as given up. Payment and order are locked. Money that turns up later counts all the same.

    Raises: NotFound when the provider, asked just before, knows more by now.
    """
    payment = work.payments.get(decision.payment_id)
    to_end(work, payment)
    asked_for = hold_of(work, payment).unanswered
    if payment.state in _ENDS:
        payment = end_in(parts, work, payment, _ENDS[payment.state], actor=decision.decided_by)
    rest(parts, work, payment)
    if asked_for is not None:
        _ask_no_more(parts, work, payment, asked_for, actor=decision.decided_by)


def _ask_no_more(
    parts: Parts, work: Work, payment: Payment, asked_for: CaptureIntent | Reversal, *, actor: str
) -> None:
    """Take the second step from whoever is about to ask for the hold, and let what was taken be unwanted.

    The last try may have its effect yet: where the provider can be asked it is, as soon as no call of ours can be under
    way, and until it answers what it has of the payment.
    """
    now = parts.clock.now()
    work.tasks.schedule(TaskKind.FINISH, payment.id, None)
    if isinstance(asked_for, CaptureIntent) and asked_for.wanted:
        work.capture_intents.change(asked_for, IntentEvent.WISH, actor=actor, at=now, wanted=False)
    if can_be_asked(parts, payment.account_id):
        work.tasks.hurry(TaskKind.RECHECK, payment.id, now + LEASE)
