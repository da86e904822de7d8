"""Commands of operators that commit: each dies, and is given again."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update

from mpay_gateway.domain.payment import CaptureState, DeliveryState, ReversalState
from mpay_gateway.flow.evidence.retention import SUBJECT, keep_erasing
from mpay_gateway.flow.evidence.verification import verify_everything
from mpay_gateway.storage.tables import evidence, visits
from mpay_gateway.storage.tasks import TaskKind
from tests.proofs.dying import Command, Worker
from tests.proofs.stage import Stage, scenario
from tests.scene.payer import Page
from tests.scene.shop import ShopOrder
from tests.unit.flow.tampering import chain_anew

LONG_AGO = datetime(2020, 3, 1, 12, tzinfo=UTC)
KEPT = "[evidence]\nkeep_days = 1000\n"
"""A setting by which what is from long ago is over."""


@scenario(units=("add-operator",))
def an_operator_is_named(stage: Stage) -> None:
    """His token was not read: he is named again, or gets a new one."""
    stage.dies(Command(("operator", "add", "ana")))
    again = ("--new-token",) if "ana" in stage.mpay("operator", "list") else ()
    assert stage.mpay("operator", "add", "ana", *again).strip()
    assert "ana" in stage.mpay("operator", "list")


@scenario(units=("disable-operator",))
def an_operator_acts_no_more(stage: Stage) -> None:
    _add(stage, "ana")
    stage.dies(Command(("operator", "disable", "ana")))
    stage.mpay("operator", "disable", "ana")
    assert "disabled" in stage.mpay("operator", "list")


@scenario(units=("apply-service",))
def a_service_is_changed(stage: Stage) -> None:
    """The file is applied again; services that were reached the first time are as they should be."""
    file = stage.gateway.ini.parent / "services.toml"
    file.write_text(file.read_text("utf-8").replace("max_in_flight = 4", "max_in_flight = 3"), "utf-8")
    stage.dies(Command(("services", "apply", str(file))))
    stage.mpay("services", "apply", str(file))
    assert stage.mpay("services", "apply", str(file)).count("unchanged") == 2
    _assert_pays(stage)


@scenario(units=("disable-service",))
def a_service_is_switched_off(stage: Stage) -> None:
    """What was paid before is told all the same."""
    order = stage.shop.order()
    stage.shop.break_down(confirm="down")
    stage.payer.pay(order)
    stage.gateway.settle_down()
    stage.dies(Command(("services", "disable", "DEMO01")))
    stage.mpay("services", "disable", "DEMO01")
    stage.shop.repair()
    stage.recover()
    stage.assert_paid_once(order)


@scenario(units=("disable-instrument",))
def an_instrument_is_switched_off(stage: Stage) -> None:
    stage.dies(Command(("instruments", "disable", "card", "--reason", "bank")))
    stage.mpay("instruments", "disable", "card", "--reason", "bank")
    assert "off" in stage.mpay("instruments", "list")


@scenario(units=("enable-instrument",))
def an_instrument_is_switched_on(stage: Stage) -> None:
    stage.mpay("instruments", "disable", "card", "--reason", "bank")
    stage.dies(Command(("instruments", "enable", "card")))
    stage.mpay("instruments", "enable", "card")
    _assert_pays(stage)


@scenario(units=("propose",))
def an_operator_proposes_what_becomes_of_money_in_review(stage: Stage) -> None:
    page, ana, ion = _in_review(stage)
    stage.dies(Command(_proposal(page), token=ana))
    if not stage.gateway.read(lambda work: work.decisions.open()):
        stage.mpay(*_proposal(page), token=ana)
    _decide(stage, "approve", "ion", ion)
    _assert_given_back(stage, page)


@scenario(units=("approve",))
def another_operator_agrees_to_give_money_back(stage: Stage) -> None:
    page, ana, ion = _in_review(stage)
    stage.mpay(*_proposal(page), token=ana)
    (decision,) = stage.gateway.read(lambda work: work.decisions.open())
    stage.dies(Command(("resolve", "approve", decision.id, "--operator", "ion"), token=ion))
    if stage.gateway.read(lambda work: work.decisions.open()):
        _decide(stage, "approve", "ion", ion)
    _assert_given_back(stage, page)


@scenario(units=("reject",))
def another_operator_does_not_agree(stage: Stage) -> None:
    page, ana, ion = _in_review(stage)
    stage.mpay(*_proposal(page), token=ana)
    (decision,) = stage.gateway.read(lambda work: work.decisions.open())
    stage.dies(Command(("resolve", "reject", decision.id, "--operator", "ion"), token=ion))
    if stage.gateway.read(lambda work: work.decisions.open()):
        _decide(stage, "reject", "ion", ion)
    stage.recover()
    assert [each.state for each in stage.gateway.captures(page.payment_id)] == [CaptureState.REVIEW]
    assert stage.gateway.reversals(page.payment_id) == ()


@scenario(units=("park-delivery",))
def an_operator_stops_a_confirmation(stage: Stage) -> None:
    order, page, token = _untold(stage)
    park = ("delivery", "park", _delivery_id(stage, page), "--reason", "wait", "--operator", "ana")
    stage.dies(Command(park, token=token))
    stage.mpay(*park, token=token)
    stage.recover()
    delivery = stage.gateway.delivery(page.payment_id)
    assert delivery is not None
    assert (delivery.state, stage.shop.state(order)["paid"]) == (DeliveryState.PARKED, "0.00")


@scenario(units=("take-parked",))
def an_operator_looks_after_a_confirmation_that_is_stopped(stage: Stage) -> None:
    _, page, token = _untold(stage)
    delivery_id = _delivery_id(stage, page)
    stage.mpay("delivery", "park", delivery_id, "--operator", "ana", token=token)
    take = ("delivery", "take", delivery_id, "--operator", "ana")
    stage.dies(Command(take, token=token))
    stage.mpay(*take, token=token)
    delivery = stage.gateway.delivery(page.payment_id)
    assert delivery is not None
    assert (delivery.state, delivery.owner) == (DeliveryState.PARKED, "ana")


@scenario(units=("hurry-delivery",))
def an_operator_sends_a_confirmation_again(stage: Stage) -> None:
    order, page, token = _untold(stage)
    stage.shop.repair()
    retry = ("delivery", "retry", _delivery_id(stage, page), "--operator", "ana")
    stage.dies(Command(retry, token=token))
    stage.mpay(*retry, token=token)
    stage.recover()
    stage.assert_paid_once(order)


@scenario(units=("retry-reversal",))
def an_operator_lets_a_reversal_be_tried_again(stage: Stage) -> None:
    page, ana, ion = _in_review(stage)
    stage.mpay(*_proposal(page), token=ana)
    stage.bank.break_down(reversals="refused")
    _decide(stage, "approve", "ion", ion)
    stage.recover()
    (refused,) = stage.gateway.reversals(page.payment_id)
    assert refused.state is ReversalState.REFUSED
    stage.bank.break_down(reversals="ok")
    retry = ("reversal", "retry", refused.id, "--operator", "ana")
    stage.dies(Command(retry, token=ana))
    stage.mpay(*retry, token=ana)
    _assert_given_back(stage, page)


def _add(stage: Stage, name: str) -> str:
    return stage.mpay("operator", "add", name).strip().splitlines()[-1]


def _in_review(stage: Stage) -> tuple[Page, str, str]:
    """A payment of which the bank took another amount, and the tokens of two operators."""
    page = stage.payer.pay(stage.shop.order(amount="100.00"), "wrong-amount")
    stage.gateway.settle_down()
    assert [each.state for each in stage.gateway.captures(page.payment_id)] == [CaptureState.REVIEW]
    return page, _add(stage, "ana"), _add(stage, "ion")


def _proposal(page: Page) -> tuple[str, ...]:
    return ("resolve", "open", page.payment_id, "give-back", "--reason", "wrong amount", "--operator", "ana")


def _decide(stage: Stage, verb: str, name: str, token: str) -> None:
    (decision,) = stage.gateway.read(lambda work: work.decisions.open())
    stage.mpay("resolve", verb, decision.id, "--operator", name, token=token)


def _assert_given_back(stage: Stage, page: Page) -> None:
    stage.recover()
    assert [each.state for each in stage.gateway.reversals(page.payment_id)] == [ReversalState.DONE]
    session = stage.bank.session(stage.gateway.payment(page.payment_id).reference)
    assert session["reversed_minor"] == 99_00


def _untold(stage: Stage) -> tuple[ShopOrder, Page, str]:
    """A paid order whose service was silent, and the token of an operator."""
    token = _add(stage, "ana")
    order = stage.shop.order()
    stage.shop.break_down(confirm="down")
    page = stage.payer.pay(order)
    stage.gateway.settle_down()
    return order, page, token


def _delivery_id(stage: Stage, page: Page) -> str:
    delivery = stage.gateway.delivery(page.payment_id)
    assert delivery is not None
    return delivery.id


def _assert_pays(stage: Stage) -> None:
    order = stage.shop.order()
    stage.payer.pay(order)
    stage.recover()
    stage.assert_paid_once(order)


@scenario(units=("note-erasure", "erase-bodies", "erase-filled"))
def old_messages_are_erased(stage: Stage) -> None:
    """Whoever was stopped goes on, and what is gone was written down before."""
    ana = _add(stage, "ana")
    stage.payer.pay(stage.shop.order())
    stage.gateway.settle_down()
    _make_old(stage)
    erase = ("evidence", "erase", "--before", "2021-01-01", "--operator", "ana")
    stage.dies(Command(erase, token=ana))
    for _ in range(2):
        assert not _missing_bodies(stage)
        stage.mpay(*erase, token=ana)
    assert _old_bodies(stage) == ["operator:ana"]


@scenario(units=("tend-erasing",))
def a_first_worker_plans_to_erase(stage: Stage) -> None:
    stage.prepare(more=KEPT)
    stage.dies(Worker())
    keep_erasing(stage.gateway.parts)  # what the next worker begins with
    assert stage.gateway.read(lambda work: work.tasks.due_at(TaskKind.ERASE, SUBJECT)) is not None


@scenario(units=("note-erasure", "erase-bodies", "erase-filled", "hold-erasing", "erasing-done"))
def a_worker_erases_old_messages(stage: Stage) -> None:
    """The next worker goes on, and what is gone was written down before."""
    stage.prepare(more=KEPT)
    stage.payer.pay(stage.shop.order())
    stage.gateway.settle_down()
    _make_old(stage)
    now = stage.gateway.clock.now()
    stage.gateway.parts.units.run("due", lambda work: work.tasks.tend(TaskKind.ERASE, SUBJECT, now))
    stage.dies(Worker())
    assert not _missing_bodies(stage)
    stage.recover()
    assert not _missing_bodies(stage)
    assert _old_bodies(stage) == []


def _old_bodies(stage: Stage) -> list[str]:
    """Whose old bodies are left; what payers filled in is gone."""
    old = LONG_AGO + timedelta(days=1)
    assert not stage.gateway.read(lambda work: work.erasure.filled_in(old, limit=100))
    left = stage.gateway.read(lambda work: work.erasure.bodies(old, after=0, limit=100))
    return [each.subject for each in left]


def _make_old(stage: Stage) -> None:
    """Let every message have passed years ago, in a chain that holds."""
    engine = stage.gateway.parts.units.engine
    with engine.execution_options(purpose="write").begin() as connection:
        connection.execute(update(evidence).values(at=LONG_AGO))
        connection.execute(update(visits).values(created_at=LONG_AGO, filled='{"f-telephone":"069"}'))
        subjects = connection.execute(select(evidence.c.subject).distinct()).scalars().all()
    for subject in subjects:
        chain_anew(stage.gateway, evidence, subject)  # type: ignore[arg-type]


def _missing_bodies(stage: Stage) -> list[str]:
    """What somebody took, as the look at all chains tells."""
    found = verify_everything(stage.gateway.parts).problems
    return [each.detail for each in found if "nobody erased it" in each.detail]
