"""Refused reversals whose money went back all the same, as the pulled status says: by a hand at the provider."""

from mpay_gateway.domain.money import Money
from mpay_gateway.domain.payment import Payment, ReversalState
from mpay_gateway.domain.provider_answer import ProviderConfirmation
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.refunds.provider_refunds import given_back
from mpay_gateway.flow.reversal import left_of, went_back_otherwise
from mpay_gateway.storage import Work


def hear_given_back(parts: Parts, work: Work, payment: Payment, answer: ProviderConfirmation) -> None:
    """Write them down, the oldest first, as far as what went back beyond what our books have pays all that is left.

    To be called before anything else is made of what went back: money that we owe a payer goes first. The payment is
    locked.
    """
    if answer.reversed is None:
        return
    currency = answer.reversed.currency
    for reversal in work.reversals.of_payment(payment.id):
        if reversal.state is not ReversalState.REFUSED or reversal.capture_id is None:
            continue
        rest, beyond = left_of(work, reversal), answer.reversed - given_back(work, payment.id, currency)
        if rest.currency == currency and Money.zero(currency) < rest <= beyond:
            went_back_otherwise(
                parts, work, work.reversals.lock(reversal.id), actor=f"provider:{payment.account_id}",
                detail="the provider says so",
            )  # fmt: skip
