"""A void whose money the bank takes gives that back instead, under its one key: by one process at a time."""

import pytest

from mpay_gateway.domain.errors import Conflict
from mpay_gateway.domain.evidence import MessageMeta
from mpay_gateway.domain.payment import ReversalGround, ReversalState
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.evidence_sinks import DurableSink
from mpay_gateway.flow.reversal_acts import retry_reversal
from mpay_gateway.flow.schedules import LEASE
from mpay_gateway.flow.settling import settle
from mpay_gateway.storage.tasks import Lease, TaskKind
from mpay_gateway.worker import Worker
from tests.unit.flow.holding_bank import die, lost
from tests.unit.flow.holding_stage import Stage
from tests.unit.flow.scripted import ScriptedGateway

TURNED = [(ReversalGround.ORDER_GONE, ReversalState.DONE, True)]


@pytest.fixture
def stage(gateway: ScriptedGateway, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """The money is held, and its order is gone."""
    found = Stage(gateway, monkeypatch)
    found.order_gone()
    return found


def take_and_tell(stage: Stage) -> None:
    """The bank takes the money, and another process hears of it and makes a reversal of the void."""
    stage.bank.take()
    settle(stage.gateway.parts, stage.payment.id)
    assert stage.void.capture_id is not None


def work(stage: Stage) -> int:
    """Let a worker do what is due now. Returns how often the bank has been asked to give back so far."""
    Worker(stage.gateway.parts).run_due()
    return stage.bank.asked.count("reverse")


def test_its_key_is_asked_under_by_nobody_else_while_the_void_is_under_way(stage):
    asked = []

    def meanwhile() -> None:
        take_and_tell(stage)
        asked.append(work(stage))
        retry_reversal(stage.gateway.parts, stage.void.id, actor="operator:ana")  # hurries it
        asked.append(work(stage))

    stage.bank.before["reverse"] = meanwhile
    stage.settle()
    assert asked == [1, 1]
    assert (work(stage), stage.reversals) == (2, TURNED)
    assert (stage.bank.kinds, check_books(stage.gateway.parts.units)) == (["reversal"], ())


def test_it_is_asked_for_at_once_when_the_void_has_no_answer(stage):
    def meanwhile() -> None:
        take_and_tell(stage)
        lost()

    stage.bank.before["reverse"] = meanwhile
    stage.settle()
    assert (work(stage), stage.reversals) == (2, TURNED)


def test_of_a_process_that_died_over_the_void_the_lease_is_waited_for(stage):
    def meanwhile() -> None:
        take_and_tell(stage)
        die()

    stage.bank.before["reverse"] = meanwhile
    stage.settle()
    assert work(stage) == 1
    stage.gateway.clock.advance(seconds=80)
    assert work(stage) == 1
    for _ in range(2):  # the second step is looked at in one of them, for the last time
        stage.gateway.clock.advance(seconds=11)
        work(stage)
    assert (work(stage), stage.reversals, stage.void.attempts) == (2, TURNED, 1)


def test_whoever_comes_late_to_give_the_hold_up_sends_nothing_any_more(stage):
    stage.bank.before["reverse"] = die  # the void is stored
    stage.settle()
    stage.gateway.clock.advance(seconds=100)
    late = lease(stage)
    take_and_tell(stage)
    stage.gateway.clock.advance(seconds=100)
    assert (work(stage), stage.reversals) == (2, TURNED)
    parts = stage.gateway.parts
    with pytest.raises(Conflict):
        DurableSink(parts.units, parts.clock, stage.payment.id, late).sent(b"void", MessageMeta("reverse"))


def lease(stage: Stage) -> Lease:
    """The right to finish the payment, which another process takes."""
    now = stage.gateway.clock.now()
    found = stage.gateway.parts.units.run(
        "lease",
        lambda work: work.tasks.lease(
            TaskKind.FINISH, stage.payment.id, worker="w", now=now, until=now + LEASE
        ),
    )
    assert found is not None
    return found
