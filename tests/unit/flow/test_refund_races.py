"""Two act at once on the same money: one of them is first, the other reads so, and no more goes back than was taken."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from mpay_gateway.domain.decision import Act
from mpay_gateway.domain.errors import (
    Conflict,
    InvalidInput,
    InvalidTransition,
    MpayError,
    NotFound,
    RemoteRefused,
)
from mpay_gateway.domain.payment import ReversalState
from mpay_gateway.domain.refund import RefundState
from mpay_gateway.domain.service import OnRefusal
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.decisions import approve, propose, reject
from mpay_gateway.flow.settling import settle
from mpay_gateway.worker import Worker
from tests.unit.flow.refunding_scene import ANA, ION, open_refund, propose_refund, refunds, release
from tests.unit.flow.scripted import lei, scripted_gateway

EVA = "operator:eva"
ROUNDS = 5


@pytest.fixture
def gateway(migrated_url):
    with scripted_gateway(migrated_url, on_refusal=OnRefusal.OPERATOR) as made:
        yield made
        assert check_books(made.parts.units) == ()


def at_once(*acts):
    """What comes of acts that begin together: values, and the errors of ours that some ended in."""
    start = threading.Barrier(len(acts))

    def run(act):
        start.wait(10)
        try:
            return act()
        except MpayError as error:
            return error

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def failures(outcomes):
    return [each for each in outcomes if isinstance(each, MpayError)]


def test_of_two_operators_who_approve_at_once_one_is_first(gateway):
    """E75."""
    for number in range(ROUNDS):
        payment = gateway.pay(f"ORDER-{number}")
        decision = propose_refund(gateway, payment).id
        outcomes = at_once(
            lambda decision=decision: approve(gateway.parts, decision, actor=ION),
            lambda decision=decision: approve(gateway.parts, decision, actor=EVA),
        )
        [late] = failures(outcomes)
        assert isinstance(late, InvalidTransition)
        assert "is approved already, by operator:" in str(late)
        assert len(refunds(gateway, payment)) == 1


def test_of_one_who_approves_and_one_who_rejects_at_once_one_is_first(gateway):
    for number in range(ROUNDS):
        payment = gateway.pay(f"ORDER-{number}")
        decision = propose_refund(gateway, payment).id
        outcomes = at_once(
            lambda decision=decision: approve(gateway.parts, decision, actor=ION),
            lambda decision=decision: reject(gateway.parts, decision, actor=EVA),
        )
        [late] = failures(outcomes)
        approved = "rejected" not in str(late)
        assert len(refunds(gateway, payment)) == (1 if approved else 0)


def test_two_proposals_at_once_are_one(gateway):
    payment = gateway.pay("ORDER-1")
    outcomes = at_once(*[lambda: propose_refund(gateway, payment, "100")] * 3)
    assert [type(each) for each in failures(outcomes)] == [Conflict] * 2


def test_a_refund_that_is_approved_while_the_provider_takes_the_money_back_takes_no_more_than_there_is(
    gateway,
):
    for number in range(ROUNDS):
        payment = gateway.pay(f"ORDER-{number}")
        decision = propose_refund(gateway, payment, "100").id
        gateway.calls.given_back[payment.reference] = lei("80")
        at_once(
            lambda decision=decision: approve(gateway.parts, decision, actor=ION),
            lambda payment=payment: settle(gateway.parts, payment.id),
        )
        release(gateway, payment)
        gateway.work(seconds=1)
        came_back = [each.returned for each in refunds(gateway, payment)]
        assert sum(money.minor for money in came_back) == 80_00


def test_two_workers_do_one_refund_once(gateway):
    payment = gateway.pay("ORDER-1")
    refund = open_refund(gateway, payment)
    release(gateway, payment)
    gateway.clock.advance(seconds=1)
    at_once(*[Worker(gateway.parts).run_due] * 3)
    assert gateway.calls.reversed_keys == [refund.key]
    assert [each.state for each in refunds(gateway, payment)] == [RefundState.DONE]


def test_money_goes_back_by_a_reversal_or_by_a_refund_and_never_by_both(gateway):
    """E74: a refund wants a service that knows, a reversal one that does not."""
    told = gateway.pay("ORDER-1")
    with pytest.raises(NotFound):
        propose(gateway.parts, told.id, Act.RELEASE, "both ways", actor=ANA)
    gateway.calls.delivery_answers = [RemoteRefused("UnknownOrder")]
    refused = gateway.pay("ORDER-2")
    proposed = propose(gateway.parts, refused.id, Act.RELEASE, "never taken", actor=ANA)
    outcomes = at_once(
        lambda: approve(gateway.parts, proposed.id, actor=ION),
        lambda: propose_refund(gateway, refused),
    )
    assert [type(each) for each in failures(outcomes)] == [NotFound]
    gateway.work(seconds=1)
    [reversal] = gateway.parts.units.read(lambda work: work.reversals.of_payment(refused.id))
    assert reversal.state is ReversalState.DONE
    assert refunds(gateway, refused) == ()


def test_the_rest_is_refunded_by_one_of_two_who_want_it(gateway):
    payment = gateway.pay("ORDER-1")
    open_refund(gateway, payment, "100")
    first = propose_refund(gateway, payment, "50")
    outcomes = at_once(
        lambda: approve(gateway.parts, first.id, actor=ION),
        lambda: propose_refund(gateway, payment, "50"),
    )
    [late] = failures(outcomes)
    assert isinstance(late, Conflict | InvalidInput)
    held = [each.held for each in refunds(gateway, payment)]
    assert sum(money.minor for money in held) == 150_00
