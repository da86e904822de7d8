"""What a provider gave back by itself of a payment that waits for people: money in review, or a refused reversal.

It is heard with every answer about such a payment, and asked for afresh before two operators let money in review pay,
and before one has money asked back again. So is confirmed money that went back in another currency.
"""

from datetime import datetime

from mpay_gateway.domain.errors import NotPayable
from mpay_gateway.domain.money import Money, sum_money
from mpay_gateway.domain.payment import Capture, CaptureState, Payment, PaymentState
from mpay_gateway.domain.provider_answer import ProviderConfirmation, ProviderStatus
from mpay_gateway.flow.foreign_returns import is_foreign
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.pulled_accounts import can_be_asked
from mpay_gateway.flow.refunds.provider_refunds import given_back
from mpay_gateway.flow.reversal import going_back
from mpay_gateway.storage import Work


def note_returns(work: Work, payment: Payment, answer: ProviderConfirmation, *, asked_at: datetime) -> None:
    """Keep what the answer says went back, if the payment waits for people, or does by that. It is locked."""
    if payment.state is not PaymentState.CAPTURED or not answer.captures:
        return
    said, captures = _said(payment, answer), work.payments.captures_of(payment.id)
    waits = any(each.state is CaptureState.REVIEW for each in captures) or going_back(work, payment.id)
    if waits or is_foreign(work, payment, said):
        work.heard_returns.note(payment.id, said, asked_at=asked_at)


def _said(payment: Payment, answer: ProviderConfirmation) -> Money:
    """A payment that is called reversed without an amount is reversed whole."""
    if answer.reversed is not None or answer.status is not ProviderStatus.REVERSED:
        return answer.reversed or Money.zero(payment.amount.currency)
    currency = answer.captures[0].amount.currency
    return sum_money((each.amount for each in answer.captures if each.amount.currency == currency), currency)


def went_by_itself(work: Work, payment: Payment) -> Money:
    """What went back beyond what is known to have gone back on our word.

    Some of it may be ours all the same: what we ask back and have not heard the end of.
    """
    heard = work.heard_returns.of_payment(payment.id)
    if heard is None:
        return Money.zero(payment.amount.currency)
    currency = heard.amount.currency
    reversed_ = (each.gone for each in work.reversals.of_payment(payment.id) if each.capture_id)
    refunded = (each.returned for each in work.refunds.of_payment(payment.id))
    ours = sum_money((each for each in (*reversed_, *refunded) if each.currency == currency), currency)
    return max(heard.amount - ours, Money.zero(currency))


def went_whole_by_itself(work: Work, capture: Capture) -> bool:
    """Whether the provider gave a capture back by itself for certain: beyond all that may have gone on our word."""
    heard, currency = work.heard_returns.of_payment(capture.payment_id), capture.amount.currency
    if heard is None or heard.amount.currency != currency:
        return False
    return heard.amount - given_back(work, capture.payment_id, currency) >= capture.amount


def refuse_known_returns(work: Work, payment: Payment) -> None:
    """Raises: NotPayable when the provider is known to have given back money of the payment by itself."""
    if back := went_by_itself(work, payment):
        raise NotPayable(f"the provider gave {back} back by itself: the money can only go back")


def refuse_what_went_back(parts: Parts, work: Work, capture: Capture, *, asked_since: datetime) -> None:
    """To be called before money in review pays its order. The payment is locked.

    `asked_since`: accounts that can be asked about a payment have answered since then. Raises: NotPayable.
    """
    payment = work.payments.get(capture.payment_id)
    refuse_known_returns(work, payment)
    heard = work.heard_returns.of_payment(payment.id)
    if can_be_asked(parts, capture.account_id) and (heard is None or heard.asked_at < asked_since):
        raise NotPayable("the provider does not say now whether the money is still there: try again later")
