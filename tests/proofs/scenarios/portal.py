"""A payer on the portal, while `mpay serve` dies under him. What he did last he does again, as a browser does."""

from mpay_gateway.domain.breaker import BreakerRule
from mpay_gateway.flow.breakers import lookups_at
from mpay_gateway.storage.tasks import TaskKind
from tests.proofs.dying import Served
from tests.proofs.stage import Stage, scenario
from tests.scene.gateway import Gateway
from tests.scene.payer import Page, Payer
from tests.scene.shop import ShopOrder

NOBODY = "http://127.0.0.1:9"
"""Where no bank answers."""
AFTER_THE_PAUSE = int(BreakerRule().probe_every.total_seconds()) + 30


@scenario(
    units=(
        "open-visit", "show-invoice", "agree", "open-payment", "evidence-sent", "evidence-received", "keep-next-step",
        "settle", "delivery-confirmed",
    ),
    calls=("mpay_lookup_orders", "mpay_start_payment", "mpay_fetch_confirmation", "mpay_deliver_confirmation"),
)  # fmt: skip
def a_payer_pays_an_order_by_card(stage: Stage) -> None:
    order = stage.shop.order()

    def visit(gateway: Gateway) -> None:
        payer = Payer(gateway)
        started = payer.start(order)
        stage.bank.pay(gateway.payment(started.payment_id).remote_reference)
        payer.result(started)

    stage.dies(Served(visit))
    stage.recover()
    stage.assert_paid_once(order)


@scenario(units=("start-again",))
def a_payer_whose_bank_did_not_answer_goes_on_from_his_page(stage: Stage) -> None:
    order, payer = stage.shop.order(), stage.payer
    methods = payer.agree(payer.arrive(order))
    stage.bank.break_down(api="http500")
    waiting = payer.choose(methods)
    assert waiting.says("result.not-known.bank")
    stage.bank.repair()
    stage.bank.break_down(callbacks="off")
    address = f"/pay/{waiting.token}/payments/{waiting.payment_id}/bank"
    stage.dies(Served(lambda gateway: payer.at(gateway).open(address)))
    assert payer.open(address).link(stage.bank.url)
    stage.bank.pay(stage.gateway.payment(waiting.payment_id).remote_reference)
    payer.result(waiting)
    stage.recover()
    stage.assert_paid_once(order)


@scenario(units=("note-change",))
def an_order_is_amended_at_the_last_moment(stage: Stage) -> None:
    order, payer = stage.shop.order("several-lines", amount="100.00"), stage.payer
    methods = payer.agree(payer.arrive(order))
    stage.shop.change(order, "partial")
    stage.dies(Served(lambda gateway: payer.at(gateway).choose(methods)))
    assert stage.gateway.payments(order.key) == ()
    payer.pay(order)
    stage.recover()
    stage.assert_paid_once(order)


@scenario(units=("wrong-factor", "pass-factor"))
def a_payer_mistypes_his_number_plate(stage: Stage) -> None:
    fine = stage.shop.fine(plate_number="CDR 482")

    def arrive(payer: Payer, plate: str) -> Page:
        return payer.send(payer.open("/services/DEMO02"), order_key=fine.key, factor=plate)

    def visit(gateway: Gateway) -> None:
        arrive(Payer(gateway), "ABC 123")
        arrive(Payer(gateway), "CDR 482")

    stage.dies(Served(visit))
    payer = stage.payer
    started = payer.choose(payer.agree(arrive(payer, "CDR 482")))
    stage.bank.pay(stage.gateway.payment(started.payment_id).remote_reference)
    payer.result(started)
    stage.recover()
    stage.assert_paid_once(fine)


@scenario(units=("keep-fruitless-call",))
def a_service_answers_something_unreadable(stage: Stage) -> None:
    order = stage.shop.order()
    stage.shop.break_down(lookup="html")
    stage.dies(Served(lambda gateway: Payer(gateway).arrive(order)))
    _assert_paid_after_all(stage, order)


@scenario(units=("end-payment",))
def the_bank_cannot_be_reached(stage: Stage) -> None:
    """Nothing was sent, and the payment ends; or the payer presses again before that is stored, and goes on."""
    order, payer = stage.shop.order(), stage.payer
    methods = payer.agree(payer.arrive(order))
    written = stage.gateway.ini.with_suffix(".toml")
    text = written.read_text("utf-8")
    written.write_text(text.replace(stage.bank.url, NOBODY), "utf-8")
    stage.dies(Served(lambda gateway: payer.at(gateway).choose(methods)))
    written.write_text(text, "utf-8")
    (first,) = stage.gateway.payments(order.key)
    if first.state.open:
        stage.bank.pay(first.remote_reference)
        stage.hurry(TaskKind.RECHECK, first.id)
    else:
        payer.pay(order)
    stage.recover()
    stage.assert_paid_once(order, payments=1 if first.state.open else 2)


@scenario(units=("keep-callback", "settle"), calls=("mpay_fetch_confirmation",))
def a_callback_arrives_and_the_payer_does_not(stage: Stage) -> None:
    """A6, A7, A10: the bank's word is kept before it is answered, or the re-check finds out without it."""
    order = stage.shop.order()
    started = stage.payer.start(order)
    session = stage.gateway.payment(started.payment_id).remote_reference

    def visit(gateway: Gateway) -> None:
        stage.bank.break_down(callbacks="ok")
        stage.bank.pay(session)

    stage.dies(Served(visit))
    stage.bank.break_down(callbacks="off")
    stage.recover()
    stage.assert_paid_once(order)


@scenario(units=("breaker-unanswered",))
def a_service_does_not_answer_a_payer(stage: Stage) -> None:
    order = stage.shop.order()
    stage.shop.break_down(lookup="down")
    stage.dies(Served(lambda gateway: Payer(gateway).arrive(order)))
    _assert_paid_after_all(stage, order)


@scenario(units=("breaker-answered",))
def a_service_answers_again(stage: Stage) -> None:
    order = stage.shop.order()
    stage.shop.break_down(lookup="down")
    assert stage.payer.arrive(order).status == 503
    stage.shop.repair()
    stage.dies(Served(lambda gateway: Payer(gateway).arrive(order)))
    _assert_paid_after_all(stage, order)


@scenario(units=("take-probe",))
def a_service_is_tried_that_was_silent_for_a_while(stage: Stage) -> None:
    """A probe that is lost costs its service the pause until the next one."""
    order = stage.shop.order()
    stage.open_breaker(lookups_at(order.service_id))
    stage.dies(Served(lambda gateway: Payer(gateway).arrive(order), ahead=AFTER_THE_PAUSE))
    stage.gateway.clock.advance(seconds=2 * AFTER_THE_PAUSE)
    _assert_paid_after_all(stage, order)


def _assert_paid_after_all(stage: Stage, order: ShopOrder) -> None:
    """Nothing was lost but time."""
    stage.shop.repair()
    stage.payer.pay(order)
    stage.recover()
    stage.assert_paid_once(order)
