"""What a provider takes back by itself, heard from its status and from its statement, each pair of them (C38, C51)."""

from itertools import permutations

import pytest
import structlog

from mpay_gateway.domain.bank_statement import LineOutcome
from mpay_gateway.domain.errors import InvalidTransition, NoPluginAnswered, OutcomeUnknown, RemoteUnavailable
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.order import OrderStatus
from mpay_gateway.domain.payment import CaptureState, ClaimState, ReversalState
from mpay_gateway.domain.provider_answer import ProviderCapture, StatementLine
from mpay_gateway.domain.refund import RefundGround, RefundState
from mpay_gateway.domain.service import OnRefusal
from mpay_gateway.flow.attention import payments_for_people
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.bookkeeping.reconciliation import GapKind, reconcile
from mpay_gateway.flow.bookkeeping.statement_intake import fetch_statement
from mpay_gateway.flow.payment_ending import HEAR_AGAIN
from mpay_gateway.flow.refunds.acts import acknowledge_refund, retry_refund
from mpay_gateway.flow.settling import settle
from mpay_gateway.storage.attention import Why
from mpay_gateway.storage.tasks import TaskKind
from tests.unit.flow.refunding_scene import ANA, balances, open_refund, refunds, release
from tests.unit.flow.scripted import ACCOUNT, NOON, SERVICE, lei, scripted_gateway
from tests.unit.flow.stating import DAY, give_statements

RECEIVABLE = f"receivable:{ACCOUNT}"


@pytest.fixture
def gateway(migrated_url):
    """Its account gives statements: what the test wrote down."""
    with scripted_gateway(migrated_url, on_refusal=OnRefusal.OPERATOR) as made:
        made.statements = give_statements(made)
        yield made
        assert check_books(made.parts.units) == ()


@pytest.fixture
def paid(gateway):
    return gateway.pay("ORDER-1")


def pull(gateway, payment, whole):
    """The provider says, when asked, that so much went back in all."""
    gateway.calls.given_back[payment.reference] = lei(whole)
    settle(gateway.parts, payment.id)


def state(gateway, payment, amount, number=1):
    """The provider states that so much went back."""
    taken = lei(f"-{amount}")
    line = StatementLine(f"cb-{number}", payment.reference, "chargeback", taken, lei("0"), taken, NOON)
    gateway.statements.write(line)


def taken_back(gateway, payment):
    return [
        str(each.amount.amount)
        for each in refunds(gateway, payment)
        if each.ground is RefundGround.BY_PROVIDER
    ]


def test_a_chargeback_is_a_refund_that_is_done_and_the_order_stays_paid(gateway, paid):
    pull(gateway, paid, "150")
    [refund] = refunds(gateway, paid)
    assert (refund.ground, refund.state, refund.returned) == (
        RefundGround.BY_PROVIDER, RefundState.DONE, lei("150"),
    )  # fmt: skip
    claim = gateway.parts.units.read(lambda work: work.claims.of_payment(paid.id))
    [capture] = gateway.parts.units.read(lambda work: work.payments.captures_of(paid.id))
    assert (claim.state, capture.state) == (ClaimState.ACKNOWLEDGED, CaptureState.CLAIMED)
    assert balances(gateway)["refunds"] == lei("150")
    assert RECEIVABLE not in balances(gateway)
    assert [why for _, why in payments_for_people(gateway.parts.units)] == [Why.TAKEN_BACK]
    gateway.work(turns=3, hours=2)
    assert len(gateway.calls.delivered) == 1
    assert gateway.calls.reversed_keys == []
    acknowledge_refund(gateway.parts, refund.id, "the service bears it", actor=ANA)
    assert payments_for_people(gateway.parts.units) == ()


@pytest.mark.parametrize(
    "heard", [*permutations(["pull 40", "pull 90", "state 40 1", "state 50 2"]), ("state 40 1", "state 50 2")]
)  # fmt: skip
def test_the_same_money_is_written_down_once_whoever_tells_of_it_first(gateway, paid, heard):
    for each in heard:
        how, amount, *number = each.split()
        if how == "state":
            state(gateway, paid, amount, *number)
        elif lei(amount) > gateway.calls.given_back.get(paid.reference, lei("0")):  # sums only grow
            pull(gateway, paid, amount)
    assert sum(float(each) for each in taken_back(gateway, paid)) == 90
    assert gateway.statements.outcomes() == [LineOutcome.CHARGED_BACK] * 2
    assert balances(gateway)["refunds"] == lei("90")
    # 150 taken, 90 taken back and stated: the provider still owes us the 150, and our bank lacks the 90.
    assert (balances(gateway)[RECEIVABLE], balances(gateway)["bank:main"]) == (lei("150"), lei("-90"))


def test_what_came_twice_in_sums_that_do_not_match_is_written_down_once(gateway, paid):
    pull(gateway, paid, "30")
    pull(gateway, paid, "50")
    state(gateway, paid, "50")
    assert taken_back(gateway, paid) == ["30.00", "20.00"]


def test_more_than_is_there_is_not_written_down(gateway, paid):
    pull(gateway, paid, "200")
    assert taken_back(gateway, paid) == ["150.00"]
    state(gateway, paid, "150")
    state(gateway, paid, "50", 2)
    assert gateway.statements.outcomes() == [LineOutcome.CHARGED_BACK, LineOutcome.UNKNOWN]


def test_our_own_refund_in_status_and_statement_is_no_chargeback(gateway, paid):
    refund = open_refund(gateway, paid, "60")
    release(gateway, paid)
    gateway.work(seconds=1)
    pull(gateway, paid, "60")
    state(gateway, paid, "60")
    assert gateway.statements.outcomes() == [LineOutcome.GIVEN_BACK]
    assert [each.id for each in refunds(gateway, paid)] == [refund.id]
    assert balances(gateway)["bank:main"] == lei("-60")
    assert balances(gateway)[RECEIVABLE] == lei("150")


def test_a_refund_that_may_have_been_done_on_our_word_is_no_chargeback(gateway, paid):
    open_refund(gateway, paid, "60")
    release(gateway, paid)
    gateway.calls.reversal_answers = [OutcomeUnknown("no answer")]
    gateway.work(seconds=1)
    pull(gateway, paid, "60")
    state(gateway, paid, "60")
    assert taken_back(gateway, paid) == []
    assert gateway.statements.outcomes() == [LineOutcome.GIVEN_BACK]
    gateway.work(minutes=2)
    assert [each.state for each in refunds(gateway, paid)] == [RefundState.DONE]


def test_a_refund_that_waits_hides_no_chargeback_and_is_withdrawn_when_its_money_is_gone(gateway, paid):
    keeps, goes = open_refund(gateway, paid, "50"), open_refund(gateway, paid, "100")
    pull(gateway, paid, "100")
    states = {each.id: each.state for each in refunds(gateway, paid)}
    assert (states[keeps.id], states[goes.id]) == (RefundState.DUE, RefundState.REFUSED)
    assert taken_back(gateway, paid) == ["100.00"]
    release(gateway, paid, OrderStatus.REFUNDED)
    gateway.work(turns=2, seconds=1)
    assert gateway.calls.reversed_keys == [keeps.key]
    assert balances(gateway)["refunds"] == lei("100")
    with pytest.raises(InvalidTransition):
        retry_refund(gateway.parts, refunds(gateway, paid)[0].id, actor=ANA)


def test_what_is_taken_back_while_the_service_is_told_is_written_down_once_it_knows(gateway):
    gateway.calls.delivery_answers = [RemoteUnavailable("down")]
    untold = gateway.pay("ORDER-1")
    pull(gateway, untold, "150")
    state(gateway, untold, "150")
    assert refunds(gateway, untold) == ()
    assert gateway.statements.outcomes() == [LineOutcome.UNKNOWN]
    gateway.work(turns=2, minutes=61)
    assert taken_back(gateway, untold) == ["150.00"]
    fetch_statement(gateway.parts, ACCOUNT, DAY)
    assert gateway.statements.outcomes() == [LineOutcome.CHARGED_BACK]
    assert len(gateway.calls.delivered) == 2
    due = gateway.parts.units.read(lambda work: work.tasks.due_at(TaskKind.RECHECK, untold.id))
    assert due is None


def test_what_hides_behind_a_reversal_while_the_service_is_told_is_asked_about_again(gateway):
    """What the bank charged back looks like the reversal that has no answer yet."""
    gateway.calls.delivery_answers = [RemoteUnavailable("down")] * 2
    untold = gateway.pay("ORDER-1")
    gateway.calls.reversal_answers.append(OutcomeUnknown("no answer"))
    gateway.calls.captured[untold.reference].append(ProviderCapture("txn-second", lei("150"), NOON))
    settle(gateway.parts, untold.id)
    pull(gateway, untold, "150")
    gateway.calls.given_back[untold.reference] = lei("300")
    gateway.work(turns=4, minutes=40)
    [reversal] = gateway.parts.units.read(lambda work: work.reversals.of_payment(untold.id))
    assert reversal.state is ReversalState.DONE
    assert taken_back(gateway, untold) == ["150.00"]


def test_a_second_capture_beside_a_refund_of_the_first_goes_back_by_a_reversal(gateway, paid):
    """What we had the provider give back of the first capture says nothing of the second."""
    open_refund(gateway, paid)
    release(gateway, paid)
    gateway.work(seconds=1)
    gateway.calls.given_back[paid.reference] = lei("150")
    gateway.calls.captured[paid.reference].append(ProviderCapture("txn-second", lei("150"), NOON))
    settle(gateway.parts, paid.id)
    gateway.work(seconds=1)
    [reversal] = gateway.parts.units.read(lambda work: work.reversals.of_payment(paid.id))
    assert reversal.state is ReversalState.DONE
    assert gateway.calls.reversed_keys[-1] == reversal.key
    assert balances(gateway) == {}


def test_a_chargeback_is_named_by_the_days_reconciliation_and_a_refund_without_line_too(gateway, paid):
    [capture] = gateway.parts.units.read(lambda work: work.payments.captures_of(paid.id))
    gateway.statements.write(
        StatementLine(
            capture.transaction_id, paid.reference, "capture", lei("150"), lei("1.5"), lei("148.5"), NOON
        )
    )
    state(gateway, paid, "20")
    open_refund(gateway, paid, "30")
    release(gateway, paid)
    gateway.work(seconds=1)
    gaps = reconcile(gateway.parts, DAY).gaps
    assert {(gap.kind, gap.ours, gap.theirs) for gap in gaps} == {
        (GapKind.CONFIRMED_NOT_SETTLED, lei("-30"), None),
        (GapKind.CHARGED_BACK, None, lei("-20")),
    }
    state(gateway, paid, "30", 2)
    assert [gap.theirs for gap in reconcile(gateway.parts, DAY).gaps] == [lei("-20")]
    [recorded] = [each for each in refunds(gateway, paid) if each.ground is RefundGround.BY_PROVIDER]
    acknowledge_refund(gateway.parts, recorded.id, "the service bears it", actor=ANA)
    assert reconcile(gateway.parts, DAY).gaps == ()


def test_where_nothing_goes_back_by_itself_the_statement_says_that_a_person_sent_a_refund(gateway, paid):
    """The scripted account has no way to give money back: its refunds are refused, and a person acts."""
    refund = open_refund(gateway, paid, "60")
    release(gateway, paid, OrderStatus.REFUNDED)
    gateway.calls.reversal_answers = [NoPluginAnswered("mpay_reverse_payment")]
    gateway.work(seconds=1)
    assert [each.state for each in refunds(gateway, paid)] == [RefundState.REFUSED]
    state(gateway, paid, "60")
    [done] = refunds(gateway, paid)
    assert (done.id, done.state, done.returned) == (refund.id, RefundState.DONE, lei("60"))
    rows = gateway.parts.units.read(lambda work: work.audit.of_payment(paid.id))
    events = [(row.event, row.before, row.after) for row in rows if row.machine == "refund"]
    assert events[-1] == ("went-back", "refused", "done")
    assert "retry" not in {event for event, _, _ in events}
    assert (balances(gateway)[RECEIVABLE], balances(gateway)["bank:main"]) == (lei("150"), lei("-60"))
    gateway.work(seconds=1)
    assert refunds(gateway, paid)[0].acknowledged_at is not None


def test_what_was_begun_with_the_money_of_a_refused_refund_is_taken_back_once_a_person_sent_it(gateway, paid):
    """A refused one holds nothing, so that another can be opened; the line of the first says that nothing is left."""
    refused = open_refund(gateway, paid, "100")
    release(gateway, paid)
    gateway.calls.reversal_answers = [NoPluginAnswered("mpay_reverse_payment")]
    gateway.work(seconds=1)
    del gateway.calls.order_status[paid.order_key]
    waiting = open_refund(gateway, paid, "150")
    state(gateway, paid, "100")
    states = {each.id: each.state for each in refunds(gateway, paid)}
    assert states == {refused.id: RefundState.DONE, waiting.id: RefundState.REFUSED}
    release(gateway, paid, OrderStatus.REFUNDED)
    gateway.work(turns=2, minutes=6)
    assert len(gateway.calls.reversed_keys) == 1


def test_a_refused_refund_whose_money_went_another_way_is_not_taken_for_sent(gateway, paid):
    refused = open_refund(gateway, paid, "100")
    release(gateway, paid)
    gateway.calls.reversal_answers = [NoPluginAnswered("mpay_reverse_payment")]
    gateway.work(seconds=1)
    pull(gateway, paid, "90")
    state(gateway, paid, "100")
    assert gateway.statements.outcomes() == [LineOutcome.CHARGED_BACK]
    assert taken_back(gateway, paid) == ["90.00", "10.00"]
    assert refunds(gateway, paid)[0].id == refused.id
    assert refunds(gateway, paid)[0].state is RefundState.REFUSED


def test_what_went_back_in_another_currency_is_for_people_and_stops_nothing(gateway, paid):
    gateway.calls.given_back[paid.reference] = Money.from_minor(1000, "EUR")
    with structlog.testing.capture_logs() as logs:
        settle(gateway.parts, paid.id)
    assert [each["payment"] for each in logs if each["event"] == "taken_back_in_another_currency"] == [
        paid.id
    ]
    assert refunds(gateway, paid) == ()


def test_a_provider_that_does_not_answer_is_asked_hourly_about_money_that_it_took_back(gateway):
    gateway.calls.silent[SERVICE] = OutcomeUnknown("no answer")
    payment = gateway.pay("ORDER-1")
    pull(gateway, payment, "150")
    gateway.calls.fetch_answers = [OutcomeUnknown("no answer")] * 100
    asked = gateway.calls.asked
    gateway.work(turns=150, minutes=2)
    assert gateway.calls.asked - asked in {4, 5}


def test_a_callback_that_waits_is_heard_before_the_hour_is_over(gateway, monkeypatch):
    """It came in while the provider was asked: the answer may be older."""
    gateway.calls.delivery_answers = [OutcomeUnknown("no answer")]
    payment = gateway.pay("ORDER-1")
    monkeypatch.setattr(gateway.parts.background, "start", lambda *_args, **_more: None)
    gateway.calls.before_fetch_answer = [lambda: gateway.hear(payment)]
    pull(gateway, payment, "150")
    due = gateway.parts.units.read(lambda work: work.tasks.due_at(TaskKind.RECHECK, payment.id))
    assert due - gateway.clock.now() < HEAR_AGAIN


@pytest.mark.parametrize("unheard", ["at once", "when it is asked again"])
def test_a_question_without_an_answer_forgets_nothing_that_was_taken_back(gateway, unheard):
    gateway.calls.delivery_answers = [OutcomeUnknown("no answer")]
    payment = gateway.pay("ORDER-1")
    pull(gateway, payment, "150")  # its service does not know of it yet: asked again in an hour
    assert taken_back(gateway, payment) == []
    gateway.calls.fetch_answers = [OutcomeUnknown("no answer")]
    if unheard == "at once":
        settle(gateway.parts, payment.id)
        assert gateway.calls.fetch_answers == []
    gateway.work(turns=4, hours=1)
    assert gateway.calls.fetch_answers == []
    assert taken_back(gateway, payment) == ["150.00"]


def test_what_is_taken_back_beside_an_unanswered_reversal_of_ours_is_heard_of_later(gateway, paid):
    """What we asked for may be what went back, so long as nobody knows what came of it; then it is asked about."""
    gateway.calls.captured[paid.reference].append(ProviderCapture("txn-second", lei("150"), NOON))
    gateway.calls.reversal_answers = [OutcomeUnknown("no answer")]
    settle(gateway.parts, paid.id)
    gateway.work(seconds=1)
    pull(gateway, paid, "150")
    assert taken_back(gateway, paid) == []
    gateway.work(turns=2, minutes=2)
    [reversal] = gateway.parts.units.read(lambda work: work.reversals.of_payment(paid.id))
    assert reversal.state is ReversalState.DONE
    gateway.calls.given_back[paid.reference] = lei("300")
    gateway.work(turns=2, hours=1)
    assert taken_back(gateway, paid) == ["150.00"]
