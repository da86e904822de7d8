"""Confirmed money goes back, and somebody dies over it: it goes back once, and its service says so in the end."""

from mpay_gateway.domain.decision import Act
from mpay_gateway.domain.refund import Refund, RefundState
from mpay_gateway.flow.decisions import approve, propose_about
from mpay_gateway.flow.refunds.acts import withdraw_refund
from mpay_gateway.flow.refunds.opening import proposed_refund
from mpay_gateway.storage.tasks import TaskKind
from tests.proofs.dying import Command, Worker
from tests.proofs.stage import Stage, scenario
from tests.scene.payer import Page
from tests.scene.shop import ShopOrder


@scenario(
    units=("refund-word", "evidence-sent", "evidence-received", "refund-done"),
    calls=("mpay_lookup_orders", "mpay_reverse_payment"),
)
def a_service_releases_a_debt_and_the_money_goes_back(stage: Stage) -> None:
    """A13: one key, one movement at the bank."""
    order, page = _to_refund(stage)
    stage.shop.change(order, "refunding")
    stage.dies(Worker())
    _end_well(stage, order, page)


@scenario(units=("refund-waits",))
def a_refund_waits_for_its_service(stage: Stage) -> None:
    order, page = _to_refund(stage)
    stage.dies(Worker())
    assert stage.bank.session(stage.gateway.payment(page.payment_id).reference)["reversed_minor"] == 0
    stage.shop.change(order, "refunding")
    stage.recover()
    _end_well(stage, order, page)


@scenario(units=("refund-not-done",))
def a_bank_does_not_say_what_became_of_a_refund(stage: Stage) -> None:
    order, page = _to_refund(stage)
    stage.shop.change(order, "refunding")
    stage.bank.break_down(reversals="timeout-after-effect")
    stage.dies(Worker())
    stage.bank.break_down(reversals="ok")
    _end_well(stage, order, page)


@scenario(units=("refund-idle",))
def a_refund_is_looked_at_that_was_withdrawn(stage: Stage) -> None:
    """Its task outlived it: a task that was made due twice."""
    order, page = _to_refund(stage)
    refund, parts = _refund(stage, page), stage.gateway.parts
    withdraw_refund(parts, refund.id, "mistaken", actor="operator:eva")
    now = stage.gateway.clock.now()
    parts.units.run("again", lambda work: work.tasks.schedule(TaskKind.REFUND, refund.id, now))
    stage.shop.change(order, "refunding")
    stage.dies(Worker())
    stage.recover()
    _assert_nothing_went(stage, page)


@scenario(units=("withdraw-refund",))
def an_operator_takes_a_refund_back(stage: Stage) -> None:
    order, page = _to_refund(stage)
    token = _operator(stage)
    withdraw = ("refund", "withdraw", _refund(stage, page).id, "--reason", "mistaken", "--operator", "ana")
    stage.dies(Command(withdraw, token=token))
    if _refund(stage, page).state is RefundState.DUE:
        stage.mpay(*withdraw, token=token)
    stage.shop.change(order, "refunding")
    stage.recover()
    _assert_nothing_went(stage, page)


@scenario(units=("retry-refund",))
def an_operator_lets_a_refund_be_tried_again(stage: Stage) -> None:
    order, page = _to_refund(stage)
    token = _operator(stage)
    stage.mpay(
        "refund", "withdraw", _refund(stage, page).id, "--reason", "wait", "--operator", "ana", token=token
    )
    retry = ("refund", "retry", _refund(stage, page).id, "--operator", "ana")
    stage.dies(Command(retry, token=token))
    stage.mpay(*retry, token=token)
    _end_well(stage, order, page)


@scenario(units=("acknowledge-refund",))
def an_operator_has_seen_to_a_refund(stage: Stage) -> None:
    order, page = _to_refund(stage)
    stage.shop.change(order, "refunding")
    stage.recover()
    token = _operator(stage)
    seen = ("refund", "acknowledge", _refund(stage, page).id, "--reason", "they know", "--operator", "ana")
    stage.dies(Command(seen, token=token))
    if _refund(stage, page).acknowledged_at is None:
        stage.mpay(*seen, token=token)
    _end_well(stage, order, page)


def _to_refund(stage: Stage) -> tuple[ShopOrder, Page]:
    """A paid order whose money two operators have decided to give back."""
    order = stage.shop.order()
    page = stage.payer.pay(order)
    stage.gateway.settle_down()
    parts = stage.gateway.parts
    proposed = propose_about(
        parts, page.payment_id, proposed_refund(Act.REFUND, None), "not wanted", actor="operator:eva"
    )
    approve(parts, proposed.id, actor="operator:dan")
    return order, page


def _operator(stage: Stage) -> str:
    return stage.mpay("operator", "add", "ana").strip().splitlines()[-1]


def _refund(stage: Stage, page: Page) -> Refund:
    (refund,) = stage.gateway.read(lambda work: work.refunds.of_payment(page.payment_id))
    return refund


def _assert_nothing_went(stage: Stage, page: Page) -> None:
    assert _refund(stage, page).state is RefundState.REFUSED
    assert stage.bank.session(stage.gateway.payment(page.payment_id).reference)["reversed_minor"] == 0


def _end_well(stage: Stage, order: ShopOrder, page: Page) -> None:
    """The service follows; whoever comes next brings the refund to its end, once."""
    stage.shop.change(order, "refunded")
    for _ in range(2):
        stage.recover()
    refund = _refund(stage, page)
    assert refund.state is RefundState.DONE
    assert refund.acknowledged_at is not None
    session = stage.bank.session(stage.gateway.payment(page.payment_id).reference)
    assert session["reversed_minor"] == refund.amount.minor
    assert [each["outcome"] for each in stage.shop.confirmations(order)].count("applied") == 1
