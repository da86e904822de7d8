"""Accounts that confirm by statement, and devices whose money somebody else states: what a line makes true."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mpay_gateway.api import Capability
from mpay_gateway.domain.bank_statement import LineOutcome
from mpay_gateway.domain.errors import InvalidAnswer, NoPluginAnswered
from mpay_gateway.domain.instrument import Need
from mpay_gateway.domain.payment import CaptureState, DeliveryState, PaymentState, ReversalState
from mpay_gateway.domain.provider_answer import Confirms, Instructions, StatementLine
from mpay_gateway.flow.attention import lines_for_people, payments_for_people
from mpay_gateway.flow.bank_page import show_bank_page
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.bookkeeping.reconciliation import GapKind, reconcile
from mpay_gateway.flow.bookkeeping.statement_days import plan_statements
from mpay_gateway.flow.confirmation_delivery import delivery_key
from mpay_gateway.flow.payment_result import Outcome, show_result
from mpay_gateway.storage.bank_statements import task_subject
from mpay_gateway.storage.tasks import TaskKind
from mpay_gateway.texts.local_days import local_day
from mpay_gateway.worker import Worker
from tests.unit.flow.inbound import NETWORK, kiosk_of
from tests.unit.flow.scripted import ACCOUNT, NOON, lei
from tests.unit.flow.stating import DAY, give_statements

PAID = "150.00"


@pytest.fixture
def gateway(gateway):
    """Its account is told of by statements alone: of each day what the test wrote down for it."""
    gateway.statements = give_statements(
        gateway, gives=frozenset({Need.COLLECTION}), confirms=Confirms.STATEMENT, session_minutes=3 * 24 * 60
    )
    yield gateway
    assert check_books(gateway.parts.units) == ()


@pytest.fixture
def state(gateway):
    """Writes lines into a day's statement and has it read. Returns the outcomes of the account's lines."""
    return gateway.statements.write


def line(payment, amount=PAID, *, number=1, fee="0", **other):
    gross = lei(amount)
    made = StatementLine(
        f"BANK-{number}", payment.reference, "credit", gross, lei(fee), gross - lei(fee), NOON
    )
    return replace(made, **other)


def captures(gateway, payment):
    return gateway.parts.units.read(lambda work: work.payments.captures_of(payment.id))


def told(gateway, payment):
    assert gateway.parts.background.wait(delivery_key(payment.id), 10)
    delivery = gateway.parts.units.read(lambda work: work.deliveries.of_payment(payment.id))
    return None if delivery is None else delivery.state


def balances(gateway):
    found = gateway.parts.units.read(lambda work: work.ledger.balances())
    return {name: money.minor for (name, _), money in found.items() if money.minor}


def gap_kinds(gateway):
    return [gap.kind for gap in reconcile(gateway.parts, DAY).gaps]


def test_the_payer_gets_a_number_and_nobody_is_called(gateway):
    payment = gateway.start("ORDER-1")
    assert payment.state is PaymentState.CREATED
    page = show_bank_page(gateway.parts, payment.visit_token, payment.id)
    assert page.step == Instructions(payment.reference, payment.session_until, "")
    assert show_result(gateway.parts, payment.visit_token, payment.id).outcome is Outcome.AWAITED
    gateway.work(hours=1)
    assert (gateway.now(payment).state, gateway.calls.asked) == (PaymentState.CREATED, 0)
    assert payments_for_people(gateway.parts.units) == ()


def test_a_line_with_our_reference_is_the_capture(gateway, state):
    payment = gateway.start("ORDER-1")
    assert state(line(payment, fee="1.50")) == [LineOutcome.SETTLED]
    (capture,) = captures(gateway, payment)
    assert (capture.transaction_id, capture.amount, capture.state) == (
        "BANK-1", lei(PAID), CaptureState.CLAIMED,
    )  # fmt: skip
    assert capture.captured_at == NOON
    assert told(gateway, payment) is DeliveryState.CONFIRMED
    owed = {name for name in balances(gateway) if name.startswith("payable:")}
    assert len(owed) == 2
    assert {name: minor for name, minor in balances(gateway).items() if name not in owed} == {
        "bank:main": 148_50, "fees:bank-main": 1_50,
    }  # fmt: skip
    assert reconcile(gateway.parts, DAY).gaps == ()


def test_money_under_an_id_that_another_payers_money_had_waits_for_a_person(gateway, state):
    """A bank numbers its transfers anew each day."""
    first, second = gateway.start("ORDER-1"), gateway.start("ORDER-2")
    assert state(line(first)) == [LineOutcome.SETTLED]
    other = line(second, at=NOON + timedelta(days=1))
    assert state(other, day=DAY + timedelta(days=1)) == [LineOutcome.SETTLED, LineOutcome.DUPLICATE]
    (found,) = lines_for_people(gateway.parts.units)
    assert (found.line.reference, found.day) == (second.reference, DAY + timedelta(days=1))


@pytest.mark.parametrize(
    ("changed", "days"), [({"amount": "140.00"}, 0), ({"fee": "1"}, 0), ({"at": NOON + timedelta(days=1)}, 1)]
)
def test_a_second_line_of_a_transaction_that_says_something_else_waits_for_a_person(
    gateway, state, changed, days
):
    payment = gateway.start("ORDER-1")
    state(line(payment))
    outcomes = state(line(payment, **changed), day=DAY + timedelta(days=days))
    assert outcomes == [LineOutcome.SETTLED, LineOutcome.DUPLICATE]
    assert [each.outcome for each in lines_for_people(gateway.parts.units)] == [LineOutcome.DUPLICATE]


def test_a_line_that_is_told_again_waits_for_nobody(gateway, state):
    """Under another kind, at an hour of the same day, in the next day's statement."""
    payment = gateway.start("ORDER-1")
    state(line(payment))
    state(line(payment, kind="payment"), line(payment, at=NOON + timedelta(hours=3)))
    outcomes = state(line(payment), day=DAY + timedelta(days=1))
    assert outcomes == [LineOutcome.SETTLED, *[LineOutcome.DUPLICATE] * 3]
    assert lines_for_people(gateway.parts.units) == ()


def test_the_same_statement_twice_is_one_capture(gateway, state):
    payment = gateway.start("ORDER-1")
    state(line(payment))
    assert state() == [LineOutcome.SETTLED]
    later = state(line(payment), day=DAY + timedelta(days=1))
    assert later == [LineOutcome.SETTLED, LineOutcome.DUPLICATE]
    assert len(captures(gateway, payment)) == 1


def test_another_amount_is_reviewed_by_people(gateway, state):
    """C39."""
    payment = gateway.start("ORDER-1")
    assert state(line(payment, "149.00")) == [LineOutcome.SETTLED]
    assert [each.state for each in captures(gateway, payment)] == [CaptureState.REVIEW]
    assert told(gateway, payment) is None
    assert gap_kinds(gateway) == [GapKind.PAID_NOT_CONFIRMED]
    assert balances(gateway) == {"bank:main": 149_00, "suspense": -149_00}


def test_a_reference_that_nobody_has_captures_nothing(gateway, state):
    """C44, C49."""
    payment = gateway.start("ORDER-1")
    strange = line(payment, reference="999999999999999")
    assert state(strange, line(payment, reference="", number=2)) == [LineOutcome.UNKNOWN] * 2
    assert gateway.now(payment).state is PaymentState.CREATED
    assert gap_kinds(gateway) == [GapKind.SETTLED_UNKNOWN] * 2
    assert balances(gateway) == {}


def test_a_line_that_is_mended_in_the_same_days_statement_counts(gateway, state):
    payment = gateway.start("ORDER-1")
    state(line(payment, "15.00", reference="999999999999999"))
    gateway.statements.written[DAY] = [line(payment)]
    assert state() == [LineOutcome.SUPERSEDED, LineOutcome.SETTLED]
    assert told(gateway, payment) is DeliveryState.CONFIRMED
    assert [each.amount for each in captures(gateway, payment)] == [lei(PAID)]
    assert (gap_kinds(gateway), balances(gateway)["bank:main"]) == ([], 150_00)
    assert state() == [LineOutcome.SUPERSEDED, LineOutcome.SETTLED]


def test_a_line_is_what_the_days_last_statement_says_as_long_as_none_is_posted(gateway, state):
    payment = gateway.start("ORDER-1")
    strange = line(payment, reference="999999999999999")
    assert state(strange) == [LineOutcome.UNKNOWN]
    gateway.statements.written[DAY] = [replace(strange, reference="")]
    assert state() == [LineOutcome.SUPERSEDED, LineOutcome.UNKNOWN]
    gateway.statements.written[DAY] = [strange]
    assert state() == [LineOutcome.UNKNOWN, LineOutcome.SUPERSEDED]
    gateway.statements.written[DAY] = [line(payment)]
    assert state() == [LineOutcome.SUPERSEDED] * 2 + [LineOutcome.SETTLED]
    gateway.statements.written[DAY] = [strange]
    assert state() == [LineOutcome.DUPLICATE, LineOutcome.SUPERSEDED, LineOutcome.SETTLED]


def test_a_line_that_another_days_statement_mends_is_posted_once(gateway, state):
    payment = gateway.start("ORDER-1")
    state(line(payment, reference="999999999999999"))
    outcomes = state(line(payment), day=DAY + timedelta(days=1))
    assert sorted(outcomes) == [LineOutcome.DUPLICATE, LineOutcome.SETTLED]
    assert (len(captures(gateway, payment)), balances(gateway)["bank:main"]) == (1, 150_00)


def test_a_payment_that_nobody_pays_expires_and_frees_the_order(gateway):
    payment = gateway.start("ORDER-1")
    gateway.work(days=3, minutes=1)
    assert gateway.now(payment).state is PaymentState.EXPIRED
    assert gateway.start("ORDER-1").state is PaymentState.CREATED


def test_a_late_line_revives_an_expired_payment(gateway, state):
    """C45."""
    payment = gateway.start("ORDER-1")
    gateway.work(days=4)
    assert state(line(payment), day=DAY + timedelta(days=3)) == [LineOutcome.SETTLED]
    assert gateway.now(payment).state is PaymentState.CAPTURED
    assert told(gateway, payment) is DeliveryState.CONFIRMED


def test_a_late_line_for_an_order_that_is_taken_goes_back_by_a_persons_hand(gateway, state):
    """C45, E71: the account gives nothing back by itself."""
    late = gateway.start("ORDER-1")
    gateway.work(days=4)
    second = gateway.start("ORDER-1")
    assert state(line(second)) == [LineOutcome.SETTLED]
    gateway.calls.reversal_answers.append(NoPluginAnswered("mpay_reverse_payment"))
    assert state(line(late, number=2)) == [LineOutcome.SETTLED] * 2
    assert [each.state for each in captures(gateway, late)] == [CaptureState.SURPLUS]
    gateway.work()
    (reversal,) = gateway.parts.units.read(lambda work: work.reversals.of_payment(late.id))
    assert reversal.state is ReversalState.REFUSED
    assert told(gateway, second) is DeliveryState.CONFIRMED
    assert state(line(late, "-150.00", number=3))[2:] == [LineOutcome.GIVEN_BACK]
    (reversal,) = gateway.parts.units.read(lambda work: work.reversals.of_payment(late.id))
    assert reversal.state is ReversalState.DONE
    assert {"suspense", "refunds", "receivable:bank-main"} & balances(gateway).keys() == set()
    assert reconcile(gateway.parts, DAY).gaps == ()
    gateway.work(hours=2)
    assert state(line(late, "-150.00", number=4))[3:] == [LineOutcome.UNKNOWN]


def test_money_that_went_back_before_any_try_is_not_sent_again(gateway, state):
    """The statement is faster than the worker."""
    payment = gateway.start("ORDER-1")
    state(line(payment), line(payment, number=2))
    assert state(line(payment, "-150.00", number=3))[2:] == [LineOutcome.GIVEN_BACK]
    gateway.work()
    assert gateway.calls.reversed_keys == []
    (reversal,) = gateway.parts.units.read(lambda work: work.reversals.of_payment(payment.id))
    assert reversal.state is ReversalState.DONE


def test_a_second_transfer_for_one_payment_is_surplus(gateway, state):
    """C47."""
    payment = gateway.start("ORDER-1")
    assert state(line(payment), line(payment, number=2)) == [LineOutcome.SETTLED] * 2
    assert [each.state for each in captures(gateway, payment)] == [CaptureState.CLAIMED, CaptureState.SURPLUS]


def test_money_that_leaves_pays_nothing(gateway, state):
    payment = gateway.start("ORDER-1")
    assert state(line(payment, "-150.00"), line(payment, "0", number=2)) == [LineOutcome.UNKNOWN] * 2
    assert gateway.now(payment).state is PaymentState.CREATED
    assert state(line(payment, number=3))[2:] == [LineOutcome.SETTLED]
    # What was unknown is looked at again: the money came, and this much of it has gone.
    assert state()[0] is LineOutcome.CHARGED_BACK


def test_a_line_of_the_day_that_is_not_over_is_no_capture_of_the_future(gateway, state):
    payment = gateway.start("ORDER-1")
    state(line(payment, at=NOON + timedelta(hours=5)))
    (capture,) = captures(gateway, payment)
    assert capture.captured_at < NOON + timedelta(hours=1)


def test_what_could_not_be_read_is_named_and_the_rest_counts(gateway, state):
    payment = gateway.start("ORDER-1")
    gateway.statements.problems.append("'b.csv': line 3: no amount")
    with pytest.raises(InvalidAnswer, match=r"b\.csv"):
        state(line(payment))
    assert gateway.statements.outcomes() == [LineOutcome.SETTLED]
    assert told(gateway, payment) is DeliveryState.CONFIRMED
    report = reconcile(gateway.parts, DAY)
    assert (report.sound, report.gaps) == (False, ())
    assert [each.problems for each in report.accounts] == [("'b.csv': line 3: no amount",)]
    gateway.statements.problems.clear()
    state()
    assert reconcile(gateway.parts, DAY).sound
    gateway.statements.problems.append("'b.csv': line 3: no amount")
    with pytest.raises(InvalidAnswer):
        state()
    assert not reconcile(gateway.parts, DAY).sound


def test_a_worker_reads_a_day_with_problems_again_until_there_are_none(gateway):
    plan_statements(gateway.parts)
    gateway.statements.problems.append("'b.csv': line 3: no amount")
    gateway.clock.advance(days=1)
    Worker(gateway.parts).run_due()
    subject = task_subject(ACCOUNT, DAY)
    assert gateway.parts.units.read(lambda work: work.tasks.due_at(TaskKind.STATEMENT, subject)) is not None
    gateway.statements.problems.clear()
    gateway.clock.advance(hours=2)
    Worker(gateway.parts).run_due()
    due = gateway.parts.units.read(lambda work: work.tasks.due_at(TaskKind.STATEMENT, subject))
    assert due - gateway.clock.now() > timedelta(hours=12)


def test_a_line_that_is_added_to_a_day_which_was_read_is_found(gateway):
    """A collector's file may come late, or grow: nobody has to ask for the day again."""
    payment = gateway.start("ORDER-1")
    plan_statements(gateway.parts)
    gateway.work(days=1)
    assert gateway.statements.outcomes() == []
    gateway.statements.written[DAY] = [line(payment)]
    gateway.work(turns=10, days=1)
    assert gateway.statements.outcomes() == [LineOutcome.SETTLED]
    assert told(gateway, payment) is DeliveryState.CONFIRMED
    assert gateway.statements.read_days.count(DAY) == 4


@pytest.fixture
def collected(gateway):
    """Cash that a device told of under a number of its own, of an account that gives statements."""
    kiosk = kiosk_of(gateway, capabilities=frozenset({Capability.STATEMENT}))
    accepted = kiosk.accept("ORDER-1", "K7-000001")
    return gateway.parts.units.read(lambda work: work.payments.get(accepted.payment_id))


def test_devices_money_is_settled_by_the_reference_that_both_sides_know(gateway, collected, state):
    found = state(line(collected, fee="1.50"), account=NETWORK)
    assert found == [LineOutcome.SETTLED]
    assert f"receivable:{NETWORK}" not in balances(gateway)
    assert len(captures(gateway, collected)) == 1
    assert reconcile(gateway.parts, local_day(NOON)).gaps == ()


def test_devices_money_is_settled_by_the_devices_own_number_too(gateway, collected, state):
    assert state(line(collected, reference="K7-000001"), account=NETWORK) == [LineOutcome.SETTLED]
    assert state(line(collected, transaction_id="K7-000001", reference=""), account=NETWORK) == [
        LineOutcome.SETTLED, LineOutcome.DUPLICATE,
    ]  # fmt: skip
    assert f"receivable:{NETWORK}" not in balances(gateway)


def test_one_collected_payment_is_settled_once(gateway, collected, state):
    """C49."""
    found = state(line(collected), line(collected, number=2), account=NETWORK)
    assert found == [LineOutcome.SETTLED, LineOutcome.UNKNOWN]
    assert balances(gateway)["bank:main"] == 150_00


def test_a_collector_who_pays_less_is_named(gateway, collected, state):
    assert state(line(collected, "149.00"), account=NETWORK) == [LineOutcome.DIFFERS]
    assert balances(gateway)[f"receivable:{NETWORK}"] == 1_00
    assert GapKind.AMOUNT_DIFFERS in gap_kinds(gateway)


def test_a_line_captures_nothing_for_an_account_that_confirms_otherwise(gateway, collected, state):
    """A statement makes nothing true of money that a device did not tell of."""
    held = kiosk_of(gateway, capabilities=frozenset({Capability.STATEMENT})).claim("ORDER-2", "K7-000002")
    payment = gateway.parts.units.read(lambda work: work.payments.get(held.payment_id))
    assert state(line(payment), account=NETWORK) == [LineOutcome.UNKNOWN]
    assert gateway.now(payment).state is PaymentState.CREATED
