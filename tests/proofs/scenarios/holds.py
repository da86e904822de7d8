"""Two-step payments: the bank holds the money, and a worker dies over taking it or giving it up."""

from mpay_gateway.domain.payment import CaptureState, PaymentState, ReversalState
from mpay_gateway.storage.tasks import TaskKind
from tests.proofs.dying import Served, Worker
from tests.proofs.stage import Stage, scenario
from tests.scene.payer import Page, Payer
from tests.scene.shop import ShopOrder


@scenario(
    units=(
        "settle",
        "decide-two-step",
        "evidence-sent",
        "evidence-received",
        "captured",
        "delivery-confirmed",
    ),
    calls=(
        "mpay_fetch_confirmation",
        "mpay_lookup_orders",
        "mpay_capture_payment",
        "mpay_deliver_confirmation",
    ),
)
def held_money_is_taken(stage: Stage) -> None:
    order, page = _held(stage)
    stage.dies(Worker())
    stage.recover()
    _assert_taken_once(stage, order, page)


@scenario(units=("decide-two-step", "captured"), calls=("mpay_capture_payment",))
def held_money_is_taken_though_the_order_is_gone_by_then(stage: Stage) -> None:
    """What is taken of an order that was cancelled meanwhile goes back as a capture; what is not is given up."""
    order, page = _held(stage)
    stage.dies(Worker())
    stage.shop.change(order, "cancelled")
    stage.recover()
    captures = stage.gateway.captures(page.payment_id)
    assert len(captures) == len(_session(stage, page)["captures"])  # type: ignore[arg-type]
    if not captures:
        assert (stage.gateway.payment(page.payment_id).state, _kinds(stage, page)) == (
            PaymentState.CANCELLED,
            ["void"],
        )
    elif captures[0].state is not CaptureState.CLAIMED:
        assert _kinds(stage, page) == ["reversal"]


@scenario(
    units=("settle", "decide-two-step", "captured"),
    calls=("mpay_fetch_confirmation", "mpay_lookup_orders", "mpay_capture_payment"),
)
def held_money_is_taken_while_the_payer_waits(stage: Stage) -> None:
    """The same in `mpay serve`, at the result page."""
    order, page = _held(stage)
    stage.dies(Served(lambda gateway: Payer(gateway).result(page)))
    stage.recover()
    _assert_taken_once(stage, order, page)


@scenario(
    units=("decide-two-step", "decide-to-give-up", "evidence-sent", "evidence-received", "voided"),
    calls=("mpay_reverse_payment",),
)
def held_money_is_given_up(stage: Stage) -> None:
    order, page = _held(stage)
    stage.shop.change(order, "cancelled")
    stage.dies(Worker())
    stage.recover()
    _assert_given_up_once(stage, order, page)


@scenario(units=("capture-not-done",))
def a_bank_does_not_say_whether_it_took_held_money(stage: Stage) -> None:
    order, page = _held(stage)
    stage.shop.break_down(lookup="down")
    stage.gateway.work()
    assert stage.gateway.payment(page.payment_id).state is PaymentState.AUTHORISED
    stage.shop.repair()
    stage.bank.break_down(api="http500")
    stage.hurry(TaskKind.FINISH, page.payment_id)
    stage.dies(Worker())
    stage.bank.break_down(api="ok")
    stage.recover()
    _assert_taken_once(stage, order, page)


@scenario(units=("void-not-done",))
def a_bank_does_the_void_and_does_not_say_so(stage: Stage) -> None:
    order, page = _held(stage)
    stage.shop.change(order, "cancelled")
    stage.bank.break_down(reversals="timeout-after-effect")
    stage.dies(Worker())
    stage.bank.break_down(reversals="ok")
    stage.recover()
    _assert_given_up_once(stage, order, page)


@scenario(units=("finish-later",))
def a_service_does_not_say_whether_it_takes_held_money(stage: Stage) -> None:
    order, page = _held(stage)
    stage.shop.break_down(lookup="down")
    stage.dies(Worker())
    stage.shop.repair()
    stage.recover()
    _assert_taken_once(stage, order, page)


def _held(stage: Stage) -> tuple[ShopOrder, Page]:
    """An order whose money the bank holds, with the question about it due."""
    stage.prepare(two_step=True)
    order = stage.shop.order()
    return order, stage.paid_at_bank(order, instrument="hold")


def _session(stage: Stage, page: Page) -> dict[str, object]:
    return stage.bank.session(stage.gateway.payment(page.payment_id).reference)


def _kinds(stage: Stage, page: Page) -> list[object]:
    """What the bank gave up or gave back."""
    return [each["kind"] for each in _session(stage, page)["reversals"]]  # type: ignore[attr-defined]


def _assert_taken_once(stage: Stage, order: ShopOrder, page: Page) -> None:
    session = _session(stage, page)
    assert (len(session["captures"]), session["reversals"]) == (1, [])  # type: ignore[arg-type]
    stage.assert_paid_once(order)


def _assert_given_up_once(stage: Stage, order: ShopOrder, page: Page) -> None:
    assert stage.gateway.payment(page.payment_id).state is PaymentState.CANCELLED
    assert (_session(stage, page)["captures"], _kinds(stage, page)) == ([], ["void"])
    assert [each.state for each in stage.gateway.reversals(page.payment_id)] == [ReversalState.DONE]
    assert stage.shop.confirmations(order) == []
