"""Invariant 10: what is under way is due, so that some worker comes to it; a task that is lost is reported."""

from datetime import timedelta

import pytest

from mpay_gateway.domain.errors import OutcomeUnknown, RemoteUnavailable
from mpay_gateway.domain.provider_answer import ProviderCapture
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.settling import settle
from tests.unit.flow.holding_stage import Stage
from tests.unit.flow.inbound import kiosk_of
from tests.unit.flow.refunding_scene import open_refund, release
from tests.unit.flow.scripted import ScriptedGateway
from tests.unit.flow.tampering import by_hand

DOWN = OutcomeUnknown("no answer")


def untold(gateway: ScriptedGateway, _monkeypatch) -> str:
    gateway.calls.delivery_answers.append(DOWN)
    gateway.pay("ORDER-1")
    return "deliver"


def started(gateway: ScriptedGateway, _monkeypatch) -> str:
    gateway.start("ORDER-1")
    return "recheck"


def claimed(gateway: ScriptedGateway, _monkeypatch) -> str:
    kiosk_of(gateway).claim("ORDER-1", "1")
    return "expire"


def given_back(gateway: ScriptedGateway, _monkeypatch) -> str:
    payment = gateway.start("ORDER-1")
    gateway.calls.captured[payment.reference] = [
        ProviderCapture(each, payment.amount, gateway.clock.now()) for each in ("T1", "T2")
    ]
    gateway.calls.reversal_answers += [DOWN]
    settle(gateway.parts, payment.id)
    gateway.settled(payment)
    gateway.work(seconds=1)
    return "reverse"


def refunded(gateway: ScriptedGateway, _monkeypatch) -> str:
    payment = gateway.pay("ORDER-1")
    release(gateway, payment)
    open_refund(gateway, payment)
    gateway.calls.reversal_answers.append(DOWN)
    gateway.work(seconds=1)
    return "refund"


def unheard(*_: object, **__: object) -> object:
    raise DOWN


def held(gateway: ScriptedGateway, monkeypatch) -> str:
    """Its money is to be taken."""
    stage = Stage(gateway, monkeypatch)
    monkeypatch.setattr(gateway.calls, "capture_payment", unheard)
    stage.settle()
    return "finish"


def given_up(gateway: ScriptedGateway, monkeypatch) -> str:
    """Its money is held, and the hold is to be given up."""
    stage = Stage(gateway, monkeypatch)
    stage.order_gone()
    monkeypatch.setattr(gateway.calls, "reverse_payment", unheard)
    stage.settle()
    return "finish"


def heard_late(gateway: ScriptedGateway, _monkeypatch) -> str:
    """A callback about a payment that had ended, of which its bank says nothing now."""
    gateway.calls.start_answers.append(RemoteUnavailable("down"))
    with pytest.raises(RemoteUnavailable):
        gateway.start("ORDER-1")
    (payment,) = gateway.parts.units.read(lambda work: work.payments.of_order("TEST01", "ORDER-1"))
    gateway.calls.fetch_answers.append(DOWN)
    gateway.hear(payment)
    gateway.settled(payment)
    return "recheck"


@pytest.mark.parametrize("lost", ["UPDATE tasks SET due = NULL", "DELETE FROM tasks"])
@pytest.mark.parametrize(
    "under_way", [untold, started, claimed, given_back, refunded, held, given_up, heard_late]
)
def test_what_no_worker_comes_to_any_more_is_reported(gateway, monkeypatch, under_way, lost):
    kind = under_way(gateway, monkeypatch)
    assert check_books(gateway.parts.units) == ()
    by_hand(gateway, f"{lost} WHERE kind = :kind", kind=kind)
    assert {each.invariant for each in check_books(gateway.parts.units)} == {10}
    soon = gateway.clock.now() + timedelta(hours=1)
    assert check_books(gateway.parts.units, since=soon) == ()
