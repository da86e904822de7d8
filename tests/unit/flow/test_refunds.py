"""Confirmed money goes back: two operators, the service's word, one key, the books (architecture, section 6)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mpay_gateway.domain.decision import Act
from mpay_gateway.domain.errors import (
    InvalidAnswer,
    InvalidInput,
    InvalidTransition,
    NoPluginAnswered,
    NotAuthorised,
    NotFound,
    OutcomeUnknown,
    RemoteRefused,
    RemoteUnavailable,
)
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.order import OrderStatus
from mpay_gateway.domain.payment import CaptureState, ClaimState
from mpay_gateway.domain.proof import Proof
from mpay_gateway.domain.provider_answer import ReversalAnswer
from mpay_gateway.domain.refund import RefundGround, RefundState
from mpay_gateway.domain.service import OnRefusal
from mpay_gateway.flow.attention import payments_for_people
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.decisions import approve, propose, propose_about, reject
from mpay_gateway.flow.payment_result import Outcome, show_result
from mpay_gateway.flow.receipt import check_receipt
from mpay_gateway.flow.refunds.acts import acknowledge_refund, retry_refund, withdraw_refund
from mpay_gateway.flow.refunds.opening import proposed_override
from mpay_gateway.storage.attention import Why
from mpay_gateway.storage.tasks import TaskKind
from tests.unit.flow.refunding_scene import (
    ANA,
    ION,
    balances,
    open_refund,
    propose_refund,
    refunds,
    release,
)
from tests.unit.flow.scripted import ACCOUNT, IBANS, SERVICE, lei, scripted_gateway

FIRST, SECOND = (f"payable:{SERVICE}:{iban}" for iban in IBANS)


@pytest.fixture
def gateway(migrated_url):
    with scripted_gateway(migrated_url, on_refusal=OnRefusal.OPERATOR) as made:
        yield made
        assert check_books(made.parts.units) == ()


@pytest.fixture
def paid(gateway):
    """A payment of 100.00 and 50.00 to two accounts, of which the service knows."""
    return gateway.pay("ORDER-1")


def next_at(gateway, refund):
    return gateway.parts.units.read(lambda work: work.tasks.due_at(TaskKind.REFUND, refund.id))


def why(gateway):
    return [each for _, each in payments_for_people(gateway.parts.units)]


def test_released_money_goes_back_once_and_the_service_is_told_nothing_more(gateway, paid):
    refund = open_refund(gateway, paid)
    assert (refund.state, refund.ground, refund.waits) == (RefundState.DUE, RefundGround.OPERATORS, True)
    release(gateway, paid)
    gateway.work(seconds=1)
    [done] = refunds(gateway, paid)
    assert (done.state, done.returned, done.acknowledged_at) == (RefundState.DONE, lei("150"), None)
    release(gateway, paid, OrderStatus.REFUNDED)
    gateway.work(minutes=6)
    [over] = refunds(gateway, paid)
    assert over.acknowledged_at is not None
    assert next_at(gateway, over) is None
    gateway.work(turns=3, days=1)
    assert gateway.calls.reversed_keys == [refund.key]
    assert len(gateway.calls.delivered) == 1
    assert balances(gateway) == {}


def test_a_refund_leaves_the_claim_and_the_capture_as_they_are(gateway, paid):
    open_refund(gateway, paid)
    release(gateway, paid, OrderStatus.REFUNDED)
    gateway.work(turns=2, seconds=1)
    [capture] = gateway.parts.units.read(lambda work: work.payments.captures_of(paid.id))
    claim = gateway.parts.units.read(lambda work: work.claims.of_payment(paid.id))
    assert (capture.state, claim.state) == (CaptureState.CLAIMED, ClaimState.ACKNOWLEDGED)
    assert show_result(gateway.parts, paid.visit_token, paid.id).outcome is Outcome.REFUNDED
    assert check_receipt(gateway.parts, paid.receipt_token).given_back


def test_the_payer_reads_of_a_part_that_went_back_and_the_receipt_stays_genuine(gateway, paid):
    open_refund(gateway, paid, "40")
    page = show_result(gateway.parts, paid.visit_token, paid.id)
    assert (page.outcome, page.refunded, page.refunded_at) == (Outcome.PAID, lei("0"), None)
    release(gateway, paid)
    gateway.work(seconds=1)
    page = show_result(gateway.parts, paid.visit_token, paid.id)
    assert (page.outcome, page.refunded, page.told) == (Outcome.PAID, lei("40"), True)
    assert page.refunded_at is not None
    receipt = check_receipt(gateway.parts, paid.receipt_token)
    assert (receipt.given_back, receipt.refunded) == (False, lei("40"))


@pytest.mark.parametrize("status", [each for each in OrderStatus if "Refund" not in each.value])
def test_no_money_leaves_before_the_service_released_the_debt(gateway, paid, status):
    refund = open_refund(gateway, paid)
    release(gateway, paid, status)
    gateway.work(turns=8, minutes=5)
    assert gateway.calls.reversed_keys == []
    [waiting] = refunds(gateway, paid)
    assert waiting.waits
    assert waiting.last_error == f"the order reads {status.value}"
    assert next_at(gateway, refund) - gateway.clock.now() <= timedelta(hours=1)


@pytest.mark.parametrize("problem", [RemoteUnavailable("down"), InvalidAnswer("unsigned"), OutcomeUnknown()])
def test_a_service_that_does_not_answer_is_asked_again(gateway, paid, problem, monkeypatch):
    open_refund(gateway, paid)
    with monkeypatch.context() as silent:

        def refuse(*_):
            raise problem

        silent.setattr(gateway.calls, "lookup_orders", refuse)
        gateway.work(seconds=1)
    [waiting] = refunds(gateway, paid)
    assert waiting.last_error.startswith(type(problem).__name__)
    release(gateway, paid)
    gateway.work(minutes=6)
    assert [each.state for each in refunds(gateway, paid)] == [RefundState.DONE]


def test_a_copy_of_an_answer_that_was_heard_before_releases_nothing(gateway, paid):
    heard = Proof("11" * 32, gateway.clock.now() + timedelta(minutes=30))
    other = gateway.pay("ORDER-2")
    open_refund(gateway, paid)
    release(gateway, paid)
    gateway.calls.order_proof = heard
    gateway.work(seconds=1)
    assert [each.state for each in refunds(gateway, paid)] == [RefundState.DONE]
    open_refund(gateway, other)
    release(gateway, other)
    gateway.work(seconds=1)
    [waiting] = refunds(gateway, other)
    assert waiting.waits
    assert "a copy of an earlier answer" in waiting.last_error


def test_after_thirty_days_people_look_after_a_refund_that_waits(gateway, paid):
    refund = open_refund(gateway, paid)
    gateway.work(seconds=1)
    assert why(gateway) == []
    gateway.work(days=31)
    assert next_at(gateway, refund) is None
    assert why(gateway) == [Why.NOT_RELEASED]
    release(gateway, paid, OrderStatus.REFUNDED)
    retry_refund(gateway.parts, refund.id, actor=ANA)
    gateway.work(turns=2, seconds=1)
    assert why(gateway) == []


def test_after_thirty_days_people_look_after_a_refund_that_its_service_does_not_confess(gateway, paid):
    open_refund(gateway, paid)
    release(gateway, paid)
    gateway.work(turns=2, seconds=1)
    assert why(gateway) == []
    gateway.work(days=31)
    assert why(gateway) == [Why.NOT_ACKNOWLEDGED]
    [done] = refunds(gateway, paid)
    acknowledge_refund(gateway.parts, done.id, "called them: it is", actor=ANA)
    assert why(gateway) == []
    with pytest.raises(InvalidTransition, match="somebody has seen to it"):
        acknowledge_refund(gateway.parts, done.id, "once more", actor=ION)


def test_two_operators_may_do_without_the_service(gateway, paid):
    refund = open_refund(gateway, paid)
    gateway.work(seconds=1)
    proposed = propose_about(
        gateway.parts, paid.id, proposed_override(refund.id), "it is gone for good", actor=ANA
    )
    gateway.work(minutes=6)
    assert gateway.calls.reversed_keys == []
    with pytest.raises(NotAuthorised):
        approve(gateway.parts, proposed.id, actor=ANA)
    approve(gateway.parts, proposed.id, actor=ION)
    gateway.work(seconds=1)
    assert [each.state for each in refunds(gateway, paid)] == [RefundState.DONE]
    rows = gateway.parts.units.read(lambda work: work.audit.of_payment(paid.id))
    [row] = [each for each in rows if (each.machine, each.event) == ("refund", "override")]
    assert (row.actor, row.detail.endswith("it is gone for good")) == (ION, True)
    with pytest.raises(InvalidTransition, match="waits for no word"):
        propose_about(gateway.parts, paid.id, proposed_override(refund.id), "again", actor=ANA)


def test_an_override_of_another_payments_refund_is_refused(gateway, paid):
    refund, other = open_refund(gateway, paid), gateway.pay("ORDER-2")
    with pytest.raises(NotFound):
        propose_about(gateway.parts, other.id, proposed_override(refund.id), "mixed up", actor=ANA)


def test_nobody_approves_his_own_refund_and_a_rejected_one_moves_nothing(gateway, paid):
    proposed = propose_refund(gateway, paid)
    with pytest.raises(NotAuthorised):
        approve(gateway.parts, proposed.id, actor=ANA)
    reject(gateway.parts, proposed.id, actor=ION)
    with pytest.raises(InvalidTransition, match=r"rejected already, by operator:ion"):
        approve(gateway.parts, proposed.id, actor="operator:eva")
    release(gateway, paid)
    gateway.work(seconds=1)
    assert refunds(gateway, paid) == ()
    assert gateway.calls.reversed_keys == []


def test_the_service_may_be_named_as_the_one_who_asks(gateway, paid):
    refund = open_refund(gateway, paid, act=Act.SERVICE_REFUND)
    assert refund.ground is RefundGround.SERVICE


@pytest.mark.parametrize(
    "amount", [lei("150.01"), lei("-1"), Money.zero("MDL"), Money.from_minor(100, "EUR")]
)
def test_an_amount_that_is_not_there_is_refused(gateway, paid, amount, monkeypatch):
    monkeypatch.setattr("tests.unit.flow.refunding_scene.lei", lambda _: amount)
    with pytest.raises(InvalidInput, match=r"150\.00 MDL is left"):
        propose_refund(gateway, paid, "whatever")


def test_parts_sum_to_what_was_taken_at_most(gateway, paid):
    open_refund(gateway, paid, "120")
    with pytest.raises(InvalidInput, match=r"30\.00 MDL is left"):
        propose_refund(gateway, paid, "40")
    rest = open_refund(gateway, paid)
    assert rest.amount == lei("30")
    release(gateway, paid)
    gateway.work(seconds=1)
    assert len(set(gateway.calls.reversed_keys)) == 2
    assert balances(gateway) == {}


def test_what_two_proposals_together_would_take_too_much_of_is_refused_when_it_is_approved(gateway, paid):
    first = propose_refund(gateway, paid, "100")
    approve(gateway.parts, first.id, actor=ION)
    second = propose_refund(gateway, paid, "50")
    gateway.calls.given_back[paid.reference] = lei("120")
    gateway.hear(paid)
    gateway.settled(paid)
    with pytest.raises(InvalidInput, match="is left"):
        approve(gateway.parts, second.id, actor=ION)


def test_money_of_which_no_service_knows_is_no_refunds_affair(gateway):
    gateway.calls.delivery_answers = [RemoteUnavailable("down")]
    untold = gateway.pay("ORDER-1")
    with pytest.raises(NotFound, match="of which its service knows"):
        propose_refund(gateway, untold)


def test_a_part_is_borne_line_by_line_in_the_order_of_the_payment(gateway, paid):
    open_refund(gateway, paid, "70")
    release(gateway, paid)
    gateway.work(seconds=1)
    assert balances(gateway) == {
        FIRST: lei("-30"), SECOND: lei("-50"), f"receivable:{ACCOUNT}": lei("80"),
    }  # fmt: skip
    open_refund(gateway, paid, "40")
    gateway.work(seconds=1)
    assert balances(gateway) == {SECOND: lei("-40"), f"receivable:{ACCOUNT}": lei("40")}


@pytest.mark.parametrize("problem", [OutcomeUnknown("timed out"), RemoteRefused("busy", permanent=False)])
def test_a_lost_answer_is_asked_for_again_under_the_same_key(gateway, paid, problem):
    """A13."""
    refund = open_refund(gateway, paid)
    release(gateway, paid)
    gateway.calls.reversal_answers = [problem]
    gateway.work(seconds=1)
    [unanswered] = refunds(gateway, paid)
    assert (unanswered.state, unanswered.attempts) == (RefundState.DUE, 1)
    gateway.calls.order_status.clear()  # its word was heard: the debt stays released
    gateway.work(minutes=2)
    assert gateway.calls.reversed_keys == [refund.key] * 2
    [done] = refunds(gateway, paid)
    assert (done.state, done.attempts, done.returned) == (RefundState.DONE, 2, lei("150"))


@pytest.mark.parametrize("problem", [RemoteRefused("TooOld"), NoPluginAnswered("mpay_reverse_payment")])
def test_a_refund_that_the_provider_refuses_waits_for_a_person_who_may_try_again(gateway, paid, problem):
    """C50: never done, visible."""
    refund = open_refund(gateway, paid)
    release(gateway, paid)
    gateway.calls.reversal_answers = [problem]
    gateway.work(turns=3, hours=2)
    [refused] = refunds(gateway, paid)
    assert (refused.state, refused.returned, gateway.calls.reversed_keys) == (
        RefundState.REFUSED, lei("0"), [refund.key],
    )  # fmt: skip
    assert why(gateway) == [Why.NOT_REFUNDED]
    retry_refund(gateway.parts, refund.id, actor=ANA)
    gateway.work(seconds=1)
    assert gateway.calls.reversed_keys == [refund.key] * 2
    assert [each.state for each in refunds(gateway, paid)] == [RefundState.DONE]


def test_of_a_refund_that_is_partly_done_the_rest_is_a_refund_of_its_own(gateway, paid):
    """C51: amounts, not flags."""
    refund = open_refund(gateway, paid)
    release(gateway, paid)
    gateway.calls.reversal_answers = [ReversalAnswer(lei("60"))]
    gateway.work(seconds=1)
    [partly] = refunds(gateway, paid)
    assert (partly.state, partly.returned) == (RefundState.REFUSED, lei("60"))
    assert balances(gateway)[f"receivable:{ACCOUNT}"] == lei("90")
    with pytest.raises(InvalidTransition, match="60"):
        retry_refund(gateway.parts, refund.id, actor=ANA)
    rest = open_refund(gateway, paid)
    assert rest.amount == lei("90")
    gateway.work(seconds=1)
    assert balances(gateway) == {}
    acknowledge_refund(gateway.parts, partly.id, "the rest went in another", actor=ANA)


def test_an_answer_in_another_currency_is_booked_by_nobody(gateway, paid):
    open_refund(gateway, paid)
    release(gateway, paid)
    gateway.calls.reversal_answers = [ReversalAnswer(Money.from_minor(150_00, "EUR"))]
    gateway.work(seconds=1)
    [odd] = refunds(gateway, paid)
    assert (odd.state, odd.returned, odd.last_error) == (
        RefundState.REFUSED, lei("0"), "gave back 150.00 EUR",
    )  # fmt: skip
    assert balances(gateway)[f"receivable:{ACCOUNT}"] == lei("150")


def test_a_waiting_refund_may_be_withdrawn_by_one_operator_and_taken_up_again(gateway, paid):
    refund = open_refund(gateway, paid)
    withdrawn = withdraw_refund(gateway.parts, refund.id, "the payer changed his mind", actor=ANA)
    assert withdrawn.state is RefundState.REFUSED
    release(gateway, paid)
    gateway.work(minutes=10)
    assert gateway.calls.reversed_keys == []
    assert why(gateway) == []
    open_refund(gateway, paid, "100")
    with pytest.raises(InvalidInput, match=r"50\.00 MDL is left"):
        retry_refund(gateway.parts, refund.id, actor=ANA)
    gateway.work(seconds=1)
    with pytest.raises(InvalidTransition, match="waits for no word"):
        withdraw_refund(gateway.parts, refunds(gateway, paid)[-1].id, "too late", actor=ANA)


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501, "a\x00b", "half a pair: \ud800"])
def test_a_reason_that_cannot_be_kept_is_refused(gateway, paid, reason):
    with pytest.raises(InvalidInput):
        propose_about(gateway.parts, paid.id, proposed_override("any"), reason, actor=ANA)


def test_a_worker_that_wakes_late_writes_nothing(gateway, paid):
    """A17: its lease has gone to another, whose word counts."""
    refund = open_refund(gateway, paid)
    release(gateway, paid)
    real = gateway.calls.reverse_payment

    def while_another_takes_over(*args, **kwargs):
        answer = real(*args, **kwargs)
        gateway.parts.units.run(
            "hurry", lambda work: work.tasks.schedule(TaskKind.REFUND, refund.id, gateway.clock.now())
        )
        gateway.calls.reverse_payment = real
        return answer

    gateway.calls.reverse_payment = while_another_takes_over
    gateway.work(seconds=1)
    [done] = refunds(gateway, paid)
    assert (done.state, done.attempts) == (RefundState.DONE, 1)
    assert gateway.calls.reversed_keys == [refund.key] * 2


def test_a_disabled_service_is_still_asked(gateway, paid):
    open_refund(gateway, paid)
    release(gateway, paid)
    gateway.parts.units.run(
        "disable-service", lambda work: work.services.disable(SERVICE, at=gateway.clock.now())
    )
    gateway.clock.advance(seconds=10)
    gateway.work(seconds=1)
    assert [each.state for each in refunds(gateway, paid)] == [RefundState.DONE]


def test_a_part_accepted_by_operators_is_refunded_to_the_lines_that_it_paid(gateway, monkeypatch):
    order = gateway.calls.order
    monkeypatch.setattr(gateway.calls, "order", lambda key: replace(order(key), allow_partial=True))
    payment = gateway.capture(gateway.start("ORDER-1"), amount=lei("110"))
    proposed = propose(gateway.parts, payment.id, Act.ACCEPT, "the payer agrees", actor=ANA)
    approve(gateway.parts, proposed.id, actor=ION)
    gateway.work(seconds=1)
    gateway.settled(payment)
    open_refund(gateway, payment)
    release(gateway, payment)
    gateway.work(seconds=1)
    assert balances(gateway) == {}
