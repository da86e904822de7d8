"""What can happen between the decision on held money and its end: each case ends once, and is told the truth.

The oracle is the bank's own record beside ours: money that it took is booked, money that it gave back pays nothing.
"""

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from mpay_gateway.domain.decision import Act
from mpay_gateway.domain.errors import NotPayable, RemoteRefused
from mpay_gateway.domain.order import OrderLookup
from mpay_gateway.domain.payment import (
    CaptureState,
    IntentState,
    PaymentState,
    ReversalGround,
    ReversalState,
)
from mpay_gateway.domain.provider_answer import ProviderStatus
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.decisions import propose
from mpay_gateway.flow.holds import begin_void
from mpay_gateway.flow.settling import settle
from mpay_gateway.storage import Work
from tests.unit.flow.holding_bank import die, lost
from tests.unit.flow.holding_stage import Stage
from tests.unit.flow.scripted import HandClock, ScriptedCalls, ScriptedGateway, lei


@pytest.fixture
def stage(gateway: ScriptedGateway, monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(gateway, monkeypatch)


# How the process or the answer is lost at the first capture: in which operation, before or after its effect.
LOSSES = {
    "answer-lost": ("after", lost),
    "request-lost": ("before", lost),
    "killed-before-the-effect": ("before", die),
    "killed-after-the-effect": ("after", die),
}
ORDERS = ("as-it-was", "amended", "gone", "not-heard")
WHO_COMES_NEXT = ("finish", "settle", "worker")


def lose(stage: Stage, operation: str, loss: str) -> None:
    when, how = LOSSES[loss]
    getattr(stage.bank, when)[operation] = how


def change_order(stage: Stage, order: str) -> None:
    match order:
        case "amended":
            stage.order_amended()
        case "gone":
            stage.order_gone()
        case "not-heard":
            stage.order_not_heard()


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("next_one", WHO_COMES_NEXT)
def test_a_capture_whose_answer_is_lost_is_brought_to_its_end(stage, loss, order, next_one):
    lose(stage, "capture", loss)
    stage.settle()
    assert stage.state is PaymentState.AUTHORISED
    assert stage.intent.state is IntentState.DUE
    change_order(stage, order)
    stage.gateway.clock.advance(minutes=2)
    if next_one != "worker":
        getattr(stage, next_one)()
    stage.end()
    stage.assert_agrees()
    assert stage.state is PaymentState.CAPTURED
    assert stage.bank.kinds in ([], ["reversal"])
    if order in {"as-it-was", "not-heard"}:
        assert stage.captures == [CaptureState.CLAIMED]
    elif stage.captures == [CaptureState.SURPLUS]:
        assert stage.reversals == [(ReversalGround.ORDER_GONE, ReversalState.DONE, True)]


def test_money_taken_for_an_order_that_is_gone_by_then_goes_back_as_a_capture(stage):
    lose(stage, "capture", "answer-lost")
    stage.settle()
    stage.order_gone()
    stage.gateway.clock.advance(minutes=2)
    stage.finish()
    stage.end()
    stage.assert_agrees()
    assert stage.captures == [CaptureState.SURPLUS]
    assert stage.reversals == [(ReversalGround.ORDER_GONE, ReversalState.DONE, True)]
    assert stage.read(lambda work: work.deliveries.of_payment(stage.payment.id)) is None
    assert stage.read(lambda work: work.claims.of_payment(stage.payment.id)).state == "released"


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_recheck_that_hears_of_the_capture_first_and_the_answer_agree(stage, when):
    """The answer is on its way while another process is told by the bank."""
    getattr(stage.bank, when)["capture"] = lambda: settle_beside(stage)
    stage.settle()
    stage.end()
    stage.assert_agrees()
    assert stage.captures == [CaptureState.CLAIMED]
    assert len(stage.gateway.calls.delivered) == 1


def settle_beside(stage: Stage) -> None:
    """Another process settles meanwhile."""
    settle(stage.gateway.parts, stage.payment.id)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("next_one", WHO_COMES_NEXT)
def test_a_void_whose_answer_is_lost_is_brought_to_its_end(stage, loss, next_one):
    stage.order_gone()
    lose(stage, "reverse", loss)
    stage.settle()
    stage.gateway.clock.advance(minutes=2)
    if next_one != "worker":
        getattr(stage, next_one)()
    stage.end()
    stage.assert_agrees()
    assert (stage.state, stage.bank.kinds) == (PaymentState.CANCELLED, ["void"])
    assert stage.reversals == [(ReversalGround.ORDER_GONE, ReversalState.DONE, False)]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("loss", [None, *LOSSES])
def test_money_that_the_bank_takes_around_a_void_pays_nothing(stage, when, loss):
    """The bank takes the money by itself just before or just after our void reaches it."""
    stage.order_gone()

    def take_and_tell() -> None:
        if stage.bank.status is ProviderStatus.AUTHORISED:
            stage.bank.take()
        settle_beside(stage)
        if loss is not None and LOSSES[loss][0] == when:
            LOSSES[loss][1]()

    getattr(stage.bank, when)["reverse"] = take_and_tell
    stage.settle()
    stage.end()
    stage.assert_agrees()
    assert CaptureState.CLAIMED not in stage.captures


def test_money_that_our_void_gave_back_is_our_reversal_and_not_the_banks(stage):
    """The bank took the money, our void gave it back, and its answer is lost: the key tells whose doing it was."""
    stage.order_gone()
    stage.bank.before["reverse"] = stage.bank.take
    lose(stage, "reverse", "answer-lost")
    stage.settle()
    stage.settle()
    stage.end()
    stage.assert_agrees()
    assert stage.captures == [CaptureState.SURPLUS]
    assert stage.reversals == [(ReversalGround.ORDER_GONE, ReversalState.DONE, True)]


def test_the_bank_is_asked_before_a_hold_is_given_up(stage):
    """The status that led here is old: the bank took the money while the order was read."""
    stage.order_gone()
    stage.bank.after["fetch"] = stage.bank.take
    stage.settle()
    stage.end()
    stage.assert_agrees()
    assert stage.captures == [CaptureState.SURPLUS]
    assert stage.bank.kinds == ["reversal"]


def test_a_late_capture_after_a_void_is_never_claimed(stage):
    stage.order_gone()
    stage.settle()
    assert stage.state is PaymentState.CANCELLED
    stage.bank.take()
    stage.settle()
    stage.end()
    stage.assert_agrees()
    assert stage.captures == [CaptureState.SURPLUS]
    assert stage.reversals[1] == (ReversalGround.ORDER_GONE, ReversalState.DONE, True)


@pytest.mark.parametrize("asked_first", [True, False])
def test_another_amount_taken_around_a_void_is_a_persons_affair(stage, asked_first):
    stage.order_gone()

    def take_less() -> None:
        stage.bank.take(lei("10.00"))
        settle_beside(stage)

    if asked_first:
        stage.bank.after["fetch"] = lambda: stage.bank.take(lei("10.00"))
    else:
        stage.bank.before["reverse"] = take_less
    with capture_logs() as logs:
        stage.settle()
        stage.gateway.work(turns=12, minutes=5)
    assert stage.captures == [CaptureState.REVIEW]
    assert stage.void.state is ReversalState.REFUSED
    assert "void_failed" in {each["event"] for each in logs}
    assert check_books(stage.gateway.parts.units) == ()
    assert stage.gateway.calls.delivered == []
    parts = stage.gateway.parts
    with pytest.raises(NotPayable, match="can only go back"):
        propose(parts, stage.payment.id, Act.ACCEPT, "it is a part", actor="operator:ana")
    propose(parts, stage.payment.id, Act.GIVE_BACK, "it goes back", actor="operator:ana")


def test_a_capture_refused_for_good_gives_the_hold_up(stage):
    stage.bank.refuses = {"capture"}
    with capture_logs() as logs:
        stage.settle()
    assert (stage.state, stage.intent.state, stage.intent.attempts) == (
        PaymentState.AUTHORISED, IntentState.REFUSED, 1,
    )  # fmt: skip
    assert [each["payment"] for each in logs if each["event"] == "capture_refused"] == [stage.payment.id]
    stage.end()
    stage.assert_agrees()
    assert (stage.state, stage.bank.kinds) == (PaymentState.CANCELLED, ["void"])


def test_what_a_bank_says_when_it_refuses_is_kept_without_what_no_database_takes(stage):
    def refuse() -> None:
        raise RemoteRefused("not\x00capturable")

    stage.bank.before["capture"] = refuse
    stage.settle()
    assert stage.intent.state is IntentState.REFUSED
    with stage.gateway.parts.units.engine.connect() as connection:
        said = connection.execute(text("SELECT last_error FROM capture_intents")).scalar_one()
    assert "notcapturable" in said


def test_a_refused_capture_of_money_that_is_taken_is_no_reason_to_give_it_up(stage):
    """The bank forgot the key, and refuses because it has captured."""
    lose(stage, "capture", "answer-lost")
    stage.settle()
    stage.bank.keys.clear()
    stage.gateway.clock.advance(minutes=2)
    stage.finish()
    assert stage.intent.state is IntentState.REFUSED
    stage.gateway.clock.advance(seconds=1)
    stage.finish()
    stage.end()
    stage.assert_agrees()
    assert (stage.captures, stage.bank.kinds) == ([CaptureState.CLAIMED], [])
    assert stage.intent.state is IntentState.DONE


def test_an_old_status_does_not_give_up_money_whose_capture_is_not_known(stage):
    """The bank was asked before it took the money, and answers after: the hold seems to be there still."""
    lose(stage, "capture", "answer-lost")
    held = stage.bank._session()
    stage.settle()
    stage.order_gone()
    now_says, stage.bank._session = stage.bank._session, lambda: held
    stage.bank.before["capture"] = lambda: setattr(stage.bank, "_session", now_says)
    stage.settle()
    stage.end()
    stage.assert_agrees()
    assert stage.bank.kinds == ["reversal"]


def test_a_void_refused_for_good_ends_when_nothing_is_held_any_more(stage):
    stage.order_gone()
    stage.bank.refuses = {"reverse"}
    with capture_logs() as logs:
        stage.settle()
        assert stage.void.attempts == 1
        stage.gateway.work(turns=2, minutes=2)
        tries = stage.void.attempts
        assert tries > 1
        assert stage.void.state is ReversalState.DUE
        stage.bank.status = ProviderStatus.CANCELLED
        stage.end()
    assert (stage.state, stage.void.state) == (PaymentState.CANCELLED, ReversalState.REFUSED)
    assert stage.void.attempts > tries
    assert "not-reversible" in stage.void.last_error
    asked = stage.bank.asked.count("reverse")
    stage.gateway.work(turns=5, hours=24)
    assert stage.bank.asked.count("reverse") == asked
    stage.assert_agrees()
    events = [each["event"] for each in logs]
    assert "void_refused" in events
    assert events.count("void_failed") == 1


def test_a_capture_of_a_hold_that_the_bank_gave_up_ends(stage):
    lose(stage, "capture", "request-lost")
    stage.settle()
    stage.bank.status = ProviderStatus.CANCELLED
    stage.settle()
    assert (stage.state, stage.intent.state) == (PaymentState.CANCELLED, IntentState.DUE)
    stage.end()
    stage.assert_agrees()
    assert stage.intent.state is IntentState.REFUSED


def test_a_capture_that_is_never_answered_is_asked_for_without_end(stage):
    for _ in range(15):
        lose(stage, "capture", "request-lost")
        stage.gateway.clock.advance(hours=1)
        if stage.intent:
            stage.finish()
        else:
            stage.settle()
    assert (stage.intent.state, stage.intent.attempts) == (IntentState.DUE, 15)
    stage.gateway.work(turns=2, hours=24 * 40)
    stage.end()
    stage.assert_agrees()


def test_a_hold_that_turns_up_after_its_void_was_refused_is_given_up(stage):
    stage.order_gone()
    stage.bank.refuses = {"reverse"}
    stage.settle()
    stage.bank.status = ProviderStatus.CANCELLED
    stage.end()
    assert stage.void.state is ReversalState.REFUSED
    stage.bank.status, stage.bank.refuses = ProviderStatus.AUTHORISED, set()
    stage.settle()
    stage.end()
    stage.assert_agrees()
    assert (stage.void.state, stage.bank.kinds) == (ReversalState.DONE, ["void"])


def test_a_bank_that_does_not_say_whether_it_holds_is_not_asked_to_give_up(stage):
    stage.order_gone()
    stage.bank.after["fetch"] = lambda: setattr(stage.bank, "status", ProviderStatus.PENDING)
    stage.settle()
    assert (stage.state, stage.bank.kinds, stage.reversals) == (PaymentState.AUTHORISED, [], [])
    stage.bank.status = ProviderStatus.AUTHORISED
    stage.end()
    stage.assert_agrees()
    assert stage.bank.kinds == ["void"]


PASSING = {
    "a fault that may pass": OrderLookup((), certain=False),
    "another order": OrderLookup((ScriptedCalls(HandClock()).order("ORDER-2"),)),
}


@pytest.mark.parametrize("said", PASSING)
def test_what_may_be_a_passing_fault_of_the_service_gives_no_hold_up(stage, monkeypatch, said):
    """D58: a signed InternalError is also what services say of an order that they do not know."""
    with monkeypatch.context() as passing:
        passing.setattr(stage.gateway.calls, "lookup_orders", lambda *_: PASSING[said])
        stage.settle()
        stage.gateway.work(turns=3, minutes=2)
        assert (stage.state, stage.reversals, stage.bank.captures) == (PaymentState.AUTHORISED, [], [])
    stage.end()
    stage.assert_agrees()
    assert stage.captures == [CaptureState.CLAIMED]


def test_an_empty_answer_gives_the_hold_up(stage, monkeypatch):
    monkeypatch.setattr(stage.gateway.calls, "lookup_orders", lambda *_: OrderLookup(()))
    stage.settle()
    stage.assert_agrees()
    assert stage.bank.kinds == ["void"]


SPOILS = {
    "done-beside-claimed": "UPDATE reversals SET state = 'done'",
    "due-beside-claimed": "UPDATE reversals SET state = 'due'",
    "beside-a-capture-under-way": "UPDATE capture_intents SET state = 'due'",
}


@pytest.mark.parametrize("spoil", SPOILS)
def test_the_books_accept_no_void_beside_money_that_is_taken_or_may_be(stage, spoil):
    """Invariant 5 sees what no code of ours leaves behind."""
    stage.settle()
    payment = stage.gateway.now(stage.payment)

    def by_hand(work: Work) -> None:
        begin_void(stage.gateway.parts, work, payment)
        if spoil == "beside-a-capture-under-way":
            work.connection.execute(text("UPDATE reversals SET state = 'refused'"))
        work.connection.execute(text(SPOILS[spoil]))

    stage.gateway.parts.units.run("by-hand", by_hand)
    found = [each for each in check_books(stage.gateway.parts.units) if each.invariant == 5]
    assert any("and the money is taken or may be" in each.detail for each in found)
    assert {each.payment_id for each in found} == {payment.id}
