"""Money that a provider holds, and is asked for in vain: two operators end its payment, and nothing is paid twice."""

from collections.abc import Callable

import pytest

from mpay_gateway.domain.decision import Act
from mpay_gateway.domain.errors import NotFound, OutcomeUnknown
from mpay_gateway.domain.payment import (
    CaptureState,
    ClaimState,
    IntentState,
    PaymentState,
    ReversalGround,
    ReversalState,
)
from mpay_gateway.domain.provider_answer import ProviderStatus
from mpay_gateway.flow import two_step
from mpay_gateway.flow.attention import payments_for_people
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.decisions import approve, propose
from mpay_gateway.flow.holds import void_key
from mpay_gateway.storage.attention import Why
from tests.unit.flow.holding_stage import Stage
from tests.unit.flow.refunding_scene import ANA, ION
from tests.unit.flow.scripted import ScriptedGateway, lei
from tests.unit.flow.tampering import by_hand

ASKED_FOR = ("capture_payment", "reverse_payment")
WENT_BACK = [(ReversalGround.ORDER_GONE, ReversalState.DONE, True)]


class SilentStage(Stage):
    """Its bank leaves calls without an answer while they are silent. `tries`: those that it left so."""

    def __init__(self, gateway: ScriptedGateway, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(gateway, monkeypatch)
        self.answers = {name: getattr(gateway.calls, name) for name in ("fetch_confirmation", *ASKED_FOR)}
        self.tries: list[str] = []

    def silence(self, *names: str) -> None:
        for name in names:
            self._monkeypatch.setattr(self.gateway.calls, name, self.unheard(name))

    def hear(self, *names: str) -> None:
        for name in names:
            self._monkeypatch.setattr(self.gateway.calls, name, self.answers[name])

    def unheard(self, name: str) -> Callable[..., object]:
        def unheard(*_: object, **__: object) -> object:
            self.tries.append(name)
            raise OutcomeUnknown("gone")

        return unheard

    def propose(self):
        return propose(self.gateway.parts, self.payment.id, Act.END, "the bank knows of no money", actor=ANA)

    def end_by_people(self) -> None:
        approve(self.gateway.parts, self.propose().id, actor=ION)

    @property
    def whys(self) -> set[Why]:
        return {why for _, why in payments_for_people(self.gateway.parts.units)}

    @property
    def claim(self) -> ClaimState:
        return self.read(lambda work: work.claims.of_payment(self.payment.id)).state


@pytest.fixture
def stage(gateway: ScriptedGateway, monkeypatch):
    """It holds the money of a payment. Whatever happens, every invariant holds at the end."""
    made = SilentStage(gateway, monkeypatch)
    yield made
    assert check_books(gateway.parts.units) == ()


@pytest.fixture
def taking(stage: SilentStage) -> SilentStage:
    """For 45 days it has said nothing of whether it took the money."""
    stage.silence("capture_payment")
    stage.settle()
    stage.silence("fetch_confirmation")
    stage.gateway.work(turns=45, days=1)
    return stage


@pytest.fixture
def giving_up(stage: SilentStage) -> SilentStage:
    """For 45 days it has said nothing of whether it gave the money up."""
    stage.order_gone()
    stage.silence("reverse_payment")
    stage.settle()
    stage.silence("fetch_confirmation")
    stage.gateway.work(turns=45, days=1)
    return stage


@pytest.fixture(params=["taking", "giving_up"])
def gone(request, stage: SilentStage) -> SilentStage:
    """The one, then the other."""
    return request.getfixturevalue(request.param)


def test_two_operators_end_a_hold_that_is_asked_for_in_vain(gone):
    assert (gone.state, gone.whys) == (PaymentState.AUTHORISED, {Why.UNKNOWN, Why.NOT_ANSWERED})
    gone.end_by_people()
    assert (gone.state, gone.claim, gone.whys) == (PaymentState.CANCELLED, ClaimState.RELEASED, set())
    gone.tries.clear()
    gone.gateway.work(turns=5, days=1)
    assert set(gone.tries) == {"fetch_confirmation"}  # what it has of the payment, until it says so
    assert gone.state is PaymentState.CANCELLED


def test_what_is_not_known_stays_so(taking):
    taking.end_by_people()
    assert (taking.intent.state, taking.intent.wanted) == (IntentState.DUE, False)


def test_a_bank_that_knows_of_nothing_in_the_end_is_asked_no_more(gone):
    gone.end_by_people()
    gone.bank.status = ProviderStatus.NOT_FOUND
    gone.hear("fetch_confirmation")
    gone.gateway.work(turns=3, days=1)
    asked = len(gone.bank.asked)
    gone.gateway.work(turns=5, days=1)
    assert (len(gone.bank.asked), gone.state) == (asked, PaymentState.CANCELLED)


def test_its_order_can_be_paid_by_others_and_late_money_goes_back(taking):
    """What the intent asked for is taken after all: the order is not paid twice."""
    taking.end_by_people()
    del taking.gateway.calls.fetch_confirmation  # of other payments the bank speaks
    assert taking.gateway.pay("ORDER-1").state is PaymentState.CAPTURED
    taking.bank.take()
    taking.hear("fetch_confirmation", "reverse_payment")
    taking.settle()
    taking.end()
    assert (taking.captures, taking.reversals) == ([CaptureState.SURPLUS], WENT_BACK)
    assert taking.bank.kinds == ["reversal"]
    assert len(taking.gateway.calls.delivered) == 1


def test_late_money_of_an_intent_goes_back_though_its_order_is_payable(taking):
    taking.end_by_people()
    taking.bank.take()
    taking.hear("fetch_confirmation", "reverse_payment")
    taking.gateway.work(turns=3, hours=2)  # nobody calls: it is asked
    assert (taking.captures, taking.reversals) == ([CaptureState.SURPLUS], WENT_BACK)
    assert taking.intent.state is IntentState.DONE
    assert taking.gateway.calls.delivered == []


def test_late_money_of_a_void_goes_back_under_the_voids_key(giving_up):
    giving_up.end_by_people()
    giving_up.bank.take()
    giving_up.hear("fetch_confirmation", "reverse_payment")
    giving_up.gateway.work(turns=3, hours=2)
    assert (giving_up.captures, giving_up.reversals) == ([CaptureState.SURPLUS], WENT_BACK)
    assert list(giving_up.bank.keys) == [void_key(giving_up.payment.id)]
    assert giving_up.bank.kinds == ["reversal"]


def test_late_money_of_another_amount_is_left_to_people(gone):
    gone.end_by_people()
    gone.bank.take(lei("10"))
    gone.hear("fetch_confirmation")
    gone.gateway.work(turns=3, hours=2)
    assert (gone.captures, gone.whys) == ([CaptureState.REVIEW], {Why.REVIEW})


def test_a_bank_that_holds_the_money_after_all_is_brought_to_an_end_and_the_order_is_free(gone):
    gone.end_by_people()
    gone.hear("fetch_confirmation", *ASKED_FOR)
    gone.gateway.work(turns=3, hours=2)
    assert gone.claim is ClaimState.RELEASED
    assert gone.state in {PaymentState.CAPTURED, PaymentState.CANCELLED}
    assert gone.bank.kinds == (["reversal"] if gone.bank.captures else ["void"])
    assert gone.gateway.calls.delivered == []


def test_what_is_being_asked_for_as_two_operators_end_it_is_not_sent(taking, monkeypatch):
    proposal, sent = taking.propose(), taking.answers["capture_payment"]

    def ended_meanwhile(*arguments: object, **more: object) -> object:
        approve(taking.gateway.parts, proposal.id, actor=ION)
        return sent(*arguments, **more)

    monkeypatch.setattr(taking.gateway.calls, "capture_payment", ended_meanwhile)
    asked = list(taking.bank.asked)
    taking.gateway.work(hours=2)
    assert (taking.state, taking.bank.asked) == (PaymentState.CANCELLED, asked)


def test_what_was_sent_as_two_operators_end_it_is_heard_of_and_goes_back(taking):
    proposal = taking.propose()
    taking.hear("capture_payment", "reverse_payment")
    taking.bank.before["capture"] = lambda: approve(taking.gateway.parts, proposal.id, actor=ION)
    taking.gateway.work(hours=2)
    assert (taking.captures, taking.bank.status) == ([], ProviderStatus.CONFIRMED)
    taking.hear("fetch_confirmation")
    taking.gateway.work(turns=3, hours=2)
    assert (taking.captures, taking.reversals) == ([CaptureState.SURPLUS], WENT_BACK)


def test_the_bank_is_asked_before_it_is_ended(gone):
    proposal = gone.propose()
    gone.bank.take()
    gone.hear("fetch_confirmation")
    with pytest.raises(NotFound, match="is captured"):
        approve(gone.gateway.parts, proposal.id, actor=ION)
    gone.gateway.settled(gone.payment)


def test_a_hold_that_was_asked_for_since_lately_is_not_ended(stage, monkeypatch):
    """It is old, and its order could not be read: the bank may take the money at any time."""
    with monkeypatch.context() as unreadable:
        unreadable.setattr(two_step, "look_up", stage.unheard("look_up"))
        stage.settle()
        stage.gateway.work(turns=45, days=1)
    assert stage.gateway.now(stage.payment).next_check_at is None
    stage.silence("capture_payment")
    stage.settle()
    with pytest.raises(NotFound, match="still asked to take"):
        stage.propose()
    stage.gateway.work(turns=31, days=1)
    stage.end_by_people()
    assert stage.state is PaymentState.CANCELLED


def test_a_payment_that_is_over_is_ended_once_if_its_bank_is_still_asked_for_the_hold(stage):
    """The bank called it cancelled, and says nothing of what it is asked for under a key."""
    stage.silence("capture_payment")
    stage.settle()
    stage.bank.status = ProviderStatus.CANCELLED
    stage.settle()
    with pytest.raises(NotFound, match="still asked to take"):
        stage.propose()
    stage.gateway.work(turns=31, days=1)
    assert (stage.state, stage.whys) == (PaymentState.CANCELLED, {Why.NOT_ANSWERED})
    stage.end_by_people()
    assert (stage.state, stage.whys) == (PaymentState.CANCELLED, set())
    stage.tries.clear()
    stage.gateway.work(turns=5, days=1)
    assert stage.tries == []
    with pytest.raises(NotFound, match="is cancelled"):
        stage.propose()


def test_an_intent_that_nobody_ended_and_nobody_comes_to_is_reported(taking):
    taking.end_by_people()
    change = "UPDATE decisions SET act = '{}'"
    by_hand(taking.gateway, change.format("accept"))
    found = check_books(taking.gateway.parts.units)
    assert [each.detail for each in found if "no task of it is due" in each.detail] == [
        "the capture of a hold is under way, and no task of it is due"
    ]
    by_hand(taking.gateway, change.format("end"))
