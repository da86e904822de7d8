"""Refused reversals whose money went back all the same, as the pulled status says: by a hand at the provider."""

from mpay_gateway.domain.money import Money, sum_money
from mpay_gateway.domain.payment import Payment, Reversal, ReversalState
from mpay_gateway.domain.provider_answer import ProviderConfirmation
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.refunds.provider_refunds import given_back
from mpay_gateway.flow.reversal import going_back, left_of, went_back_otherwise
from mpay_gateway.storage import Work


def hear_given_back(parts: Parts, work: Work, payment: Payment, answer: ProviderConfirmation) -> None:
    """Write down those of which what went back beyond our books is just what is left: of one of them, or of all.

    Any other sum may be of other money of the payment, and is left to people. To be called before anything else is
    made of what went back: money that we owe a payer goes first. The payment is locked.
    """
    if answer.reversed is None:
        return
    beyond = answer.reversed - given_back(work, payment.id, answer.reversed.currency)
    for reversal in _just(work, payment, beyond):
        went_back_otherwise(
            parts, work, work.reversals.lock(reversal.id), actor=f"provider:{payment.account_id}",
            detail="the provider says so",
        )  # fmt: skip


def _just(work: Work, payment: Payment, beyond: Money) -> tuple[Reversal, ...]:
    """The oldest refused reversal of which just so much is left, or all of them if so much is left in all."""
    refused = [
        each
        for each in going_back(work, payment.id)
        if each.state is ReversalState.REFUSED and each.amount.currency == beyond.currency
    ]
    one = next((each for each in refused if left_of(work, each) == beyond), None)
    if one is not None:
        return (one,)
    whole = sum_money((left_of(work, each) for each in refused), beyond.currency)
    return tuple(refused) if whole == beyond else ()
