"""Confirmed money that a provider took back by itself: chargebacks, voids elsewhere (fault C38).

It is written down as a refund that is done, and booked; the order stays paid, and people look into it. How much it is
we hear from two sides, the pulled status and the statement, each in sums of its own: what counts is the greater sum,
so that the same money is never written down twice.
"""

from datetime import timedelta

import structlog

from mpay_gateway.domain.guards import guards
from mpay_gateway.domain.money import Money, sum_money
from mpay_gateway.domain.payment import Capture, Delivery, DeliveryState, Payment
from mpay_gateway.domain.provider_answer import ProviderConfirmation
from mpay_gateway.domain.refund import Refund, RefundGround, RefundState, left_to_refund
from mpay_gateway.domain.transitions import RefundEvent
from mpay_gateway.flow.foreign_returns import is_foreign
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.refunds.opening import confirmed_capture
from mpay_gateway.flow.refunds.postings import book_refund
from mpay_gateway.flow.reversal import going_back
from mpay_gateway.storage import Work
from mpay_gateway.storage.tasks import TaskKind

ASK_AGAIN = timedelta(hours=1)
"""When the provider is asked again about money that it took back before its service knew of it."""
_GONE = "the provider took the money back by itself"
_MAY_BE_GONE = "what the provider took back may be this very refund, sent before a backup was restored"
_log = structlog.get_logger("provider_refunds")


def given_back(work: Work, payment_id: str, currency: str) -> Money:
    """What our books have of money of the payment that went back, or that may have gone back on our word."""
    reversed_ = (each.held for each in work.reversals.of_payment(payment_id) if each.capture_id)
    refunded = (each.held for each in work.refunds.of_payment(payment_id) if not each.waits)
    return sum_money((each for each in (*reversed_, *refunded) if each.currency == currency), currency)


def _surely_back(work: Work, payment_id: str, currency: str) -> Money:
    """What our books have of money of the payment that is known to be back."""
    reversed_ = (each.gone for each in work.reversals.of_payment(payment_id) if each.capture_id)
    refunded = (each.returned for each in work.refunds.of_payment(payment_id))
    return sum_money((each for each in (*reversed_, *refunded) if each.currency == currency), currency)


@guards("refund.by-provider")
def hear_taken_back(parts: Parts, work: Work, payment: Payment, answer: ProviderConfirmation) -> None:
    """Write down what the pulled status says went back beyond what our books have. The payment is locked.

    While the service is still being told, nothing is, nor while other money of the payment is on its way back: it may
    be of that, and what we asked for and have no answer to may hide it. The provider is asked again in an hour at the
    latest, of a payment whose other checks the caller has settled.
    """
    if answer.reversed is None:
        return
    if is_foreign(work, payment, answer.reversed):
        _log.error("taken_back_in_another_currency", payment=payment.id, account=payment.account_id)
        return
    capture, currency = confirmed_capture(work, payment), answer.reversed.currency
    beyond = answer.reversed - given_back(work, payment.id, currency)
    if capture is not None and beyond > Money.zero(currency) and not going_back(work, payment.id):
        record(parts, work, payment, beyond)
        return
    known = capture is not None or _is_being_told(work.deliveries.of_payment(payment.id))
    if known and _surely_back(work, payment.id, currency) < answer.reversed:
        work.tasks.hurry(TaskKind.RECHECK, payment.id, parts.clock.now() + ASK_AGAIN)


def record(parts: Parts, work: Work, payment: Payment, taken: Money) -> Refund | None:
    """Write down confirmed money that the provider took back. The payment is locked.

    Of what it says beyond the money that is there nothing is written down. None when nothing is there.
    """
    capture = confirmed_capture(work, payment)
    if capture is None:
        return None
    amount = min(taken, _room_of(work, capture))
    if amount < taken:
        _log.error("more_taken_back_than_is_there", payment=payment.id, account=payment.account_id)
    if amount <= Money.zero(amount.currency):
        return None
    refund_id, now = parts.ids.token(), parts.clock.now()
    refund = Refund(
        id=refund_id, payment_id=payment.id, capture_id=capture.id, key=f"ref-{refund_id}", amount=amount,
        returned=amount, ground=RefundGround.BY_PROVIDER, state=RefundState.DONE, created_at=now, done_at=now,
    )  # fmt: skip
    work.refunds.add(refund, actor=f"provider:{payment.account_id}")
    book_refund(work, refund, payment, at=now)
    _withdraw_what_is_gone(parts, work, capture)
    _log.warning("taken_back_by_provider", payment=payment.id, account=payment.account_id, refund=refund.id)
    return refund


def _room_of(work: Work, capture: Capture) -> Money:
    """What of a capture has not gone back, and has not been asked back."""
    return left_to_refund(
        capture, (each for each in work.refunds.of_payment(capture.payment_id) if not each.waits)
    )


def is_there_to_take(work: Work, payment: Payment, amount: Money) -> bool:
    """Whether a statement's line can be about confirmed money of the payment that is there, or is known to be gone."""
    capture = confirmed_capture(work, payment)
    if capture is None or amount.currency != capture.amount.currency:
        return False
    stated = work.stated_returns.charged_back(payment.id, amount.currency) + amount
    return stated - _written_down(work, payment, amount.currency) <= _room_of(work, capture)


def has_room(work: Work, payment: Payment, amount: Money) -> bool:
    """Whether so much of the payment's confirmed money is still there. The payment is locked."""
    capture = confirmed_capture(work, payment)
    if capture is None or amount.currency != capture.amount.currency:
        return False
    return amount <= _room_of(work, capture)


def note_refunded(parts: Parts, work: Work, refund_id: str) -> None:
    """Write down that a refund is back: the account's own statement says so.

    For accounts that give nothing back by themselves: at those, no try of ours can have sent it. And for refunds that
    are refused after a line of them came. Nobody tried one that is refused again: a person had its money sent.
    """
    payment = work.payments.lock(work.refunds.get(refund_id).payment_id)
    refund = work.refunds.lock(refund_id)
    if not refund.returned:
        refund_went_back(parts, work, refund, actor=f"provider:{payment.account_id}")


def refund_went_back(parts: Parts, work: Work, refund: Refund, *, actor: str, detail: str = "") -> None:
    """Write down that a refund's money is back, by whatever way: its service's word is waited for now.

    Its task is taken from whoever is about to ask for the money. A refused one held nothing: what was begun with its
    money since is taken back. Payment and refund are locked.
    """
    now, refused = parts.clock.now(), refund.state is RefundState.REFUSED
    event = RefundEvent.WENT_BACK if refused else RefundEvent.DONE
    done = work.refunds.change(
        refund, event, actor=actor, at=now, detail=detail, done_at=now, returned=refund.amount, last_error=""
    )
    payment = work.payments.get(refund.payment_id)
    book_refund(work, done, payment, at=now)
    work.tasks.schedule(TaskKind.REFUND, refund.id, now)
    if refused and (capture := confirmed_capture(work, payment)) is not None:
        _withdraw_what_is_gone(parts, work, capture)


def record_stated(parts: Parts, work: Work, payment: Payment, currency: str) -> None:
    """Write down what posted lines say was taken back beyond what is written down already. The payment is locked."""
    beyond = work.stated_returns.charged_back(payment.id, currency) - _written_down(work, payment, currency)
    if beyond > Money.zero(currency):
        record(parts, work, payment, beyond)


def _written_down(work: Work, payment: Payment, currency: str) -> Money:
    """What the provider is known to have taken back of the payment by itself."""
    known = (
        each.amount
        for each in work.refunds.of_payment(payment.id)
        if each.ground is RefundGround.BY_PROVIDER and each.amount.currency == currency
    )
    return sum_money(known, currency)


@guards("refund.gone")
def _withdraw_what_is_gone(parts: Parts, work: Work, capture: Capture) -> None:
    """Refunds that wait for their service's word, and whose money is not there any more, or may be just what went."""
    waiting = [each for each in work.refunds.of_payment(capture.payment_id) if each.waits]
    for refund in reversed(waiting):
        left = left_to_refund(capture, work.refunds.of_payment(capture.payment_id))
        gone = left < Money.zero(left.currency)
        if not gone and not work.restorations.may_have_lost(refund.created_at):
            continue
        work.tasks.schedule(TaskKind.REFUND, refund.id, None)
        work.refunds.change(
            work.refunds.lock(refund.id), RefundEvent.WITHDRAW, actor="machine", at=parts.clock.now(),
            detail=_GONE if gone else _MAY_BE_GONE,
        )  # fmt: skip


def _is_being_told(delivery: Delivery | None) -> bool:
    return delivery is not None and delivery.state is not DeliveryState.GIVEN_UP
