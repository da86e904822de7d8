"""More than one capture of a payment whose hold is being given up: what the void may give back, no other key does."""

from collections.abc import Callable

import pytest

from mpay_gateway.domain.decision import Act
from mpay_gateway.domain.errors import NotPayable
from mpay_gateway.domain.payment import CaptureState, ReversalGround, ReversalState
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.decisions import approve, propose
from mpay_gateway.flow.settling import settle
from tests.unit.flow.holding_bank import lost
from tests.unit.flow.holding_stage import Stage
from tests.unit.flow.scripted import ScriptedGateway, lei

TURNED = (ReversalGround.ORDER_GONE, ReversalState.DONE, True)


@pytest.fixture
def stage(gateway: ScriptedGateway, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """The money is held, and its order is gone."""
    found = Stage(gateway, monkeypatch)
    found.order_gone()
    return found


def taken_as_the_void_comes(stage: Stage, *amounts: str, then: Callable[[], object] = lambda: None) -> None:
    """While the void is on its way, the bank takes all that, and another process hears of it first."""

    def take_and_tell() -> None:
        for amount in amounts:
            stage.bank.take(lei(amount) if amount else None)
        settle(stage.gateway.parts, stage.payment.id)
        then()

    stage.bank.before["reverse"] = take_and_tell


def give_back(stage: Stage) -> None:
    parts = stage.gateway.parts
    wish = propose(parts, stage.payment.id, Act.GIVE_BACK, "another amount", actor="operator:ana")
    approve(parts, wish.id, actor="operator:ion")


def test_a_second_capture_beside_a_void_under_way_goes_back_under_its_key(stage):
    """Another amount first, then the one that was held: the void gives back the second (seed 495293)."""
    taken_as_the_void_comes(stage, "10.00", "")
    stage.settle()
    stage.end()
    assert sorted(stage.captures) == [CaptureState.REVIEW, CaptureState.SURPLUS]
    assert (stage.reversals, stage.bank.kinds) == ([TURNED], ["reversal"])
    assert set(stage.bank.keys) == {f"void-{stage.payment.id}"}
    assert check_books(stage.gateway.parts.units) == ()


def test_the_rest_of_it_goes_back_and_pays_no_order(stage):
    taken_as_the_void_comes(stage, "10.00", "")
    stage.settle()
    stage.end()
    stage.gateway.calls.amounts = ("10.00",)
    with pytest.raises(NotPayable, match="void"):
        propose(stage.gateway.parts, stage.payment.id, Act.ACCEPT, "it is a part", actor="operator:ana")
    give_back(stage)
    stage.end()
    assert sorted(stage.reversals) == sorted([TURNED, (ReversalGround.OPERATORS, ReversalState.DONE, True)])
    assert check_books(stage.gateway.parts.units) == ()


def test_the_void_gives_back_one_of_two_that_are_alike(stage):
    taken_as_the_void_comes(stage, "", "")
    stage.settle()
    stage.end()
    assert stage.captures == [CaptureState.SURPLUS, CaptureState.SURPLUS]
    assert sorted(stage.reversals) == sorted(
        [TURNED, (ReversalGround.SECOND_CAPTURE, ReversalState.DONE, True)]
    )
    assert check_books(stage.gateway.parts.units) == ()


@pytest.mark.parametrize("second", ["", "20.00"])
def test_a_second_capture_is_left_to_people_while_a_void_that_we_gave_up_may_still_arrive(stage, second):
    """The bank has not refused it: whatever is taken meanwhile it may give back."""
    taken_as_the_void_comes(stage, "10.00", then=lost)
    stage.settle()
    stage.end()
    assert stage.void.state is ReversalState.REFUSED
    stage.bank.take(lei(second) if second else None)
    stage.settle()
    stage.end()
    assert stage.captures == [CaptureState.REVIEW, CaptureState.REVIEW]
    assert stage.bank.asked.count("reverse") == 1
    assert check_books(stage.gateway.parts.units) == ()
