"""Money stays right whatever the provider says and whenever: its answers scripted, everything else real."""

import sqlite3
import threading

import pytest
from sqlalchemy.exc import OperationalError

from mpay_gateway.domain.errors import NoPluginAnswered, OutcomeUnknown, RemoteRefused, RemoteUnavailable
from mpay_gateway.domain.payment import (
    CaptureState,
    ClaimState,
    Payment,
    PaymentState,
    Reversal,
    ReversalGround,
    ReversalState,
)
from mpay_gateway.domain.provider_answer import ProviderCapture, ProviderStatus, ReversalAnswer
from mpay_gateway.flow import settling
from mpay_gateway.flow.bank_page import show_bank_page
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.settling import settle, settle_key
from mpay_gateway.storage.inbox import InboxState
from mpay_gateway.storage.tasks import TaskKind
from tests.unit.flow.scripted import ScriptedGateway, lei

WHOLE_SECONDS = 10
"""How long a test waits for another thread."""


@pytest.fixture(autouse=True)
def sound_books(gateway: ScriptedGateway):
    """Whatever happened: every invariant holds at the end."""
    yield
    assert check_books(gateway.parts.units) == ()


@pytest.fixture
def declined(gateway: ScriptedGateway) -> Payment:
    """A payment that the provider declined at first."""
    payment = gateway.start("ORDER-1")
    gateway.calls.status[payment.reference] = ProviderStatus.DECLINED
    settle(gateway.parts, payment.id)
    del gateway.calls.status[payment.reference]
    return payment


def take(gateway: ScriptedGateway, payment: Payment, *transactions: str) -> None:
    """The provider has taken the payment's money, once by each transaction; nobody is told."""
    taken = [ProviderCapture(each, payment.amount, gateway.clock.now()) for each in transactions]
    gateway.calls.captured[payment.reference] = taken


def reversals(gateway: ScriptedGateway, payment: Payment) -> tuple[Reversal, ...]:
    return gateway.parts.units.read(lambda work: work.reversals.of_payment(payment.id))


def captures(gateway: ScriptedGateway, payment: Payment) -> dict[str, CaptureState]:
    found = gateway.parts.units.read(lambda work: work.payments.captures_of(payment.id))
    return {each.transaction_id: each.state for each in found}


def suspense(gateway: ScriptedGateway) -> int:
    balances = gateway.parts.units.read(lambda work: work.ledger.balances())
    return sum(money.minor for (name, _), money in balances.items() if name == "suspense")


def unheard(gateway: ScriptedGateway) -> int:
    return gateway.parts.units.read(lambda work: work.inbox.count(InboxState.NEW))


def test_a_late_callback_is_asked_about_until_the_provider_answers(gateway, declined):
    take(gateway, declined, "T1")
    gateway.calls.fetch_answers += [OutcomeUnknown("down")] * 4
    gateway.hear(declined)
    assert gateway.settled(declined).state is PaymentState.DECLINED
    gateway.work(turns=4, minutes=11)
    gateway.settled(declined)
    assert (gateway.now(declined).state, unheard(gateway)) == (PaymentState.CAPTURED, 0)


def test_after_it_was_heard_nobody_asks_about_an_ended_payment_again(gateway, declined):
    gateway.calls.status[declined.reference] = ProviderStatus.DECLINED
    gateway.hear(declined)
    gateway.settled(declined)
    asked = gateway.calls.asked
    gateway.work(turns=5, hours=24)
    assert gateway.calls.asked == asked


def test_a_callback_about_a_payment_that_nobody_checks_any_more_is_asked_about(gateway):
    """Not known for more than thirty days, then a callback, just when the provider does not answer."""
    payment = gateway.start("ORDER-1")
    gateway.work(turns=60, hours=24)
    due = gateway.parts.units.read(lambda work: work.tasks.due_at(TaskKind.RECHECK, payment.id))
    assert (gateway.now(payment).state, due) == (PaymentState.STARTED, None)
    take(gateway, payment, "T1")
    gateway.calls.fetch_answers.append(OutcomeUnknown("down"))
    gateway.hear(payment)
    gateway.settled(payment)
    gateway.work(turns=2, hours=2)
    assert gateway.settled(payment).state is PaymentState.CAPTURED


def test_a_callback_that_comes_in_during_the_question_is_asked_about(gateway):
    """Its news may be younger than the answer: here a second capture."""
    payment = gateway.start("ORDER-1")
    take(gateway, payment, "T1")
    asked, answer = threading.Event(), threading.Event()

    def hold_the_answer_back() -> None:
        asked.set()
        assert answer.wait(WHOLE_SECONDS)

    gateway.calls.before_fetch_answer.append(hold_the_answer_back)
    gateway.parts.background.start(settle_key(payment.id), lambda: settle(gateway.parts, payment.id))
    assert asked.wait(WHOLE_SECONDS)
    take(gateway, payment, "T1", "T2")
    gateway.hear(payment)
    answer.set()
    gateway.settled(payment)
    assert captures(gateway, payment) == {"T1": CaptureState.CLAIMED}
    gateway.work(turns=2, seconds=10)
    assert captures(gateway, payment) == {"T1": CaptureState.CLAIMED, "T2": CaptureState.SURPLUS}
    assert unheard(gateway) == 0


def test_callbacks_without_event_ids_and_bodies_wake_each_payment(gateway):
    """By GET all that tells them apart is the query."""
    payments = [gateway.start(key) for key in ("ORDER-1", "ORDER-2")]
    for payment in payments:
        take(gateway, payment, f"T-{payment.id}")
        gateway.hear(payment, method="GET")
    assert {gateway.settled(payment).state for payment in payments} == {PaymentState.CAPTURED}


@pytest.mark.parametrize(("event_id", "heard"), [("E-1", 1), ("", 3)])
def test_a_callback_that_comes_again_is_heard_again_only_if_no_event_id_says_that_it_is_a_copy(
    gateway, declined, event_id, heard
):
    asked = gateway.calls.asked
    gateway.calls.event_id = event_id
    for _ in range(3):
        gateway.hear(declined)
        gateway.settled(declined)
    assert gateway.calls.asked == asked + heard


def test_another_amount_given_back_than_asked_for_is_booked_and_goes_to_a_person(gateway):
    payment = gateway.start("ORDER-1")
    take(gateway, payment, "T1", "T2")
    gateway.calls.reversal_answers.append(ReversalAnswer(lei("0.01")))
    settle(gateway.parts, payment.id)
    gateway.settled(payment)
    gateway.work(turns=3, hours=2)
    (reversal,) = reversals(gateway, payment)
    assert (reversal.state, reversal.attempts) == (ReversalState.REFUSED, 1)
    assert "0.01" in reversal.last_error
    assert suspense(gateway) == -(payment.amount.minor - 1)


def test_an_account_that_gives_nothing_back_sends_the_reversal_to_a_person_at_once(gateway):
    payment = gateway.start("ORDER-1")
    take(gateway, payment, "T1", "T2")
    gateway.calls.reversal_answers.append(NoPluginAnswered("this account gives nothing back"))
    settle(gateway.parts, payment.id)
    gateway.settled(payment)
    gateway.work(turns=3, hours=2)
    (reversal,) = reversals(gateway, payment)
    assert (reversal.state, reversal.attempts) == (ReversalState.REFUSED, 1)
    assert suspense(gateway) == -payment.amount.minor


def test_money_that_the_provider_took_back_is_never_confirmed(gateway):
    payment = gateway.start("ORDER-1")
    take(gateway, payment, "T1")
    gateway.calls.given_back[payment.reference] = payment.amount
    settle(gateway.parts, payment.id)
    gateway.settled(payment)
    (reversal,) = reversals(gateway, payment)
    claim = gateway.parts.units.read(lambda work: work.claims.of_payment(payment.id))
    assert (reversal.ground, reversal.state) == (ReversalGround.BY_PROVIDER, ReversalState.DONE)
    assert (claim.state, suspense(gateway)) == (ClaimState.RELEASED, 0)
    assert (gateway.calls.delivered, gateway.calls.reversed_keys) == ([], [])


def test_money_that_came_while_our_reversal_is_unanswered_goes_back_too(gateway):
    """What the provider has given back by then is our own reversal, not the third capture."""
    payment = gateway.start("ORDER-1")
    take(gateway, payment, "T1", "T2")
    gateway.calls.reversal_answers.append(OutcomeUnknown("the answer was lost"))
    settle(gateway.parts, payment.id)
    gateway.settled(payment)
    gateway.work(seconds=1)
    gateway.calls.given_back[payment.reference] = payment.amount
    take(gateway, payment, "T1", "T2", "T3")
    gateway.hear(payment)
    gateway.settled(payment)
    gateway.work(turns=3, minutes=6)
    assert [each.ground for each in reversals(gateway, payment)] == [ReversalGround.SECOND_CAPTURE] * 2
    assert len(set(gateway.calls.reversed_keys)) == 2
    assert suspense(gateway) == 0


@pytest.mark.parametrize(
    "problem", [RemoteUnavailable("no thread is free"), RemoteRefused("no", permanent=True)]
)
def test_a_repeated_start_that_fails_does_not_end_the_payment(gateway, problem):
    """The first start's answer was lost: it may have opened a session."""
    gateway.calls.start_answers += [OutcomeUnknown("the answer was lost"), problem]
    payment = gateway.start("ORDER-1")
    page = show_bank_page(gateway.parts, payment.visit_token, payment.id)
    assert (page.step, gateway.now(payment).state) == (None, PaymentState.STARTED)
    assert show_bank_page(gateway.parts, payment.visit_token, payment.id).step is not None


def test_the_evidence_of_a_question_survives_a_retried_commit(gateway, monkeypatch):
    payment = gateway.start("ORDER-1")
    before = len(gateway.parts.units.read(lambda work: work.evidence.of_subject(payment.id)))
    later, tries = settling._later, []

    def locked_once(*arguments: object) -> object:
        tries.append(1)
        if len(tries) == 1:
            raise OperationalError("select", None, sqlite3.OperationalError("database is locked"))
        return later(*arguments)

    monkeypatch.setattr(settling, "_later", locked_once)
    settle(gateway.parts, payment.id)
    kept = gateway.parts.units.read(lambda work: work.evidence.of_subject(payment.id))[before:]
    assert len(tries) == 2
    assert [(row.direction, row.operation) for row in kept] == [("sent", "fetch"), ("received", "fetch")]
