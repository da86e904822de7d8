"""A worker dies over what it does without a payer: settling, telling the service, giving money back."""

from dataclasses import replace

from mpay_gateway.domain.identifiers import AccountId
from mpay_gateway.domain.payment import CaptureState, DeliveryState, PaymentState, ReversalState
from mpay_gateway.flow.breakers import starts_at
from mpay_gateway.flow.held_deliveries import hurry_delivery
from mpay_gateway.flow.registration import apply_service
from mpay_gateway.storage.tasks import TaskKind
from tests.proofs.dying import Worker
from tests.proofs.stage import Stage, scenario
from tests.scene.payer import Page
from tests.scene.shop import ShopOrder


@scenario(
    units=("claim-tasks", "settle", "evidence-sent", "evidence-received", "delivery-confirmed"),
    calls=("mpay_fetch_confirmation", "mpay_deliver_confirmation"),
)
def a_worker_hears_of_money_and_tells_the_service(stage: Stage) -> None:
    """A8 to A12."""
    order = stage.shop.order()
    stage.paid_at_bank(order)
    stage.dies(Worker())
    stage.recover()
    stage.assert_paid_once(order)


@scenario(units=("provider-not-heard",))
def a_bank_does_not_say_what_became_of_a_payment(stage: Stage) -> None:
    order = stage.shop.order()
    stage.paid_at_bank(order)
    stage.bank.break_down(api="http500")
    stage.dies(Worker())
    stage.bank.break_down(api="ok")
    stage.recover()
    stage.assert_paid_once(order)


@scenario(
    units=("evidence-sent", "evidence-received", "delivery-confirmed"), calls=("mpay_deliver_confirmation",)
)
def a_worker_tells_a_service_that_was_silent(stage: Stage) -> None:
    order, _ = _untold(stage)
    stage.shop.repair()
    stage.dies(Worker())
    stage.recover()
    stage.assert_paid_once(order)


@scenario(units=("breaker-alive",))
def a_bank_that_started_nothing_gives_an_answer(stage: Stage) -> None:
    """Its breaker closes then, or at the next answer: nobody waits for good."""
    order, later = stage.shop.order(), stage.shop.order()
    stage.paid_at_bank(order)
    stage.open_breaker(starts_at(AccountId("sandbox-main")))
    stage.dies(Worker())
    stage.recover()
    stage.assert_paid_once(order)
    stage.payer.pay(later)
    stage.recover()
    stage.assert_paid_once(later)


@scenario(units=("delivery-idle",))
def a_confirmation_is_looked_at_that_is_confirmed(stage: Stage) -> None:
    """Its task outlived it."""
    order = stage.shop.order()
    page = stage.payer.pay(order)
    stage.gateway.settle_down()
    delivery = stage.gateway.delivery(page.payment_id)
    assert delivery is not None
    assert delivery.state is DeliveryState.CONFIRMED
    now = stage.gateway.clock.now()
    stage.gateway.parts.units.run(
        "again", lambda work: work.tasks.schedule(TaskKind.DELIVER, delivery.id, now)
    )
    stage.dies(Worker())
    stage.recover()
    stage.assert_paid_once(order)


@scenario(units=("delivery-unanswered",), calls=("mpay_deliver_confirmation",))
def a_service_answers_nothing_of_use(stage: Stage) -> None:
    order, _ = _untold(stage)
    stage.shop.break_down(confirm="html")
    stage.dies(Worker())
    stage.shop.repair()
    stage.recover()
    stage.assert_paid_once(order)


@scenario(units=("delivery-refused",))
def a_service_refuses_and_an_operator_decides(stage: Stage) -> None:
    order = stage.shop.order("confirm-refused")
    started = stage.paid_at_bank(order)
    stage.dies(Worker())
    stage.recover()
    delivery = stage.gateway.delivery(started.payment_id)
    assert delivery is not None
    assert delivery.state is DeliveryState.PARKED
    assert stage.gateway.reversals(started.payment_id) == ()


@scenario(units=("delivery-refused", "reversal-done"), calls=("mpay_reverse_payment",))
def a_service_refuses_and_the_money_goes_back(stage: Stage) -> None:
    """D59. A refusal whose commit was lost is one try that the service may have taken: then an operator decides."""
    fine = stage.shop.fine("confirm-refused", plate_number="CDR 482")
    payer = stage.payer
    arrived = payer.send(payer.open("/services/DEMO02"), order_key=fine.key, factor="CDR 482")
    started = payer.choose(payer.agree(arrived))
    stage.bank.pay(stage.gateway.payment(started.payment_id).remote_reference)
    stage.hurry(TaskKind.RECHECK, started.payment_id)
    stage.dies(Worker())
    stage.recover()
    reversals = [each.state for each in stage.gateway.reversals(started.payment_id)]
    lost = stage.point == "delivery-refused:before-commit"
    assert reversals == ([] if lost else [ReversalState.DONE])
    assert _given_back(stage, started) == (0 if lost else int(fine.total.replace(".", "")))


@scenario(
    units=("reversal-done", "evidence-sent", "evidence-received"),
    calls=("mpay_reverse_payment", "mpay_deliver_confirmation"),
)
def a_second_capture_goes_back(stage: Stage) -> None:
    """A13, C47."""
    order = stage.shop.order()
    started = stage.paid_at_bank(order, "captured-twice")
    stage.dies(Worker())
    stage.recover()
    states = sorted(each.state for each in stage.gateway.captures(started.payment_id))
    assert states == [CaptureState.CLAIMED, CaptureState.SURPLUS]
    assert [each.state for each in stage.gateway.reversals(started.payment_id)] == [ReversalState.DONE]
    assert _given_back(stage, started) == 150_00
    stage.assert_told_once(order)


@scenario(units=("reversal-not-done",), calls=("mpay_reverse_payment",))
def a_bank_does_the_reversal_and_does_not_say_so(stage: Stage) -> None:
    order = stage.shop.order()
    started = stage.payer.start(order)
    stage.bank.pay(stage.gateway.payment(started.payment_id).remote_reference, "captured-twice")
    stage.payer.result(started)
    stage.gateway.settle_down()
    stage.bank.break_down(reversals="timeout-after-effect")
    stage.dies(Worker())
    stage.bank.break_down(reversals="ok")
    stage.recover()
    assert [each.state for each in stage.gateway.reversals(started.payment_id)] == [ReversalState.DONE]
    assert _given_back(stage, started) == 150_00


@scenario(units=("reversal-idle",))
def a_reversal_is_looked_at_that_is_done(stage: Stage) -> None:
    """Its task outlived it: an operator's hand, a task that was made due twice."""
    order = stage.shop.order()
    started = stage.payer.pay(order, "captured-twice")
    stage.gateway.work()
    (reversal,) = stage.gateway.reversals(started.payment_id)
    assert reversal.state is ReversalState.DONE
    now = stage.gateway.clock.now()
    stage.gateway.parts.units.run(
        "again", lambda work: work.tasks.schedule(TaskKind.REVERSE, reversal.id, now)
    )
    stage.dies(Worker())
    stage.recover()
    assert _given_back(stage, started) == 150_00


@scenario(units=("put-back",))
def a_worker_has_more_questions_for_a_bank_than_it_may_keep_threads(stage: Stage) -> None:
    """Half of its eight threads wait for one account at most; the other questions wait in the table."""
    orders = [stage.shop.order() for _ in range(6)]
    for order in orders:
        stage.paid_at_bank(order)
    stage.bank.break_down(api="slow")
    stage.dies(Worker())
    stage.bank.break_down(api="ok")
    stage.recover()
    for order in orders:
        stage.assert_paid_once(order)


@scenario(units=("delivery-postponed",))
def first_confirmations_wait_for_their_service_to_take_them(stage: Stage) -> None:
    orders = _orders_of_a_narrow_service(stage)
    for order in orders:
        stage.paid_at_bank(order)
    _slowly(stage, orders)


def _orders_of_a_narrow_service(stage: Stage) -> list[ShopOrder]:
    parts = stage.gateway.parts
    apply_service(parts, replace(parts.services.get("DEMO01"), max_in_flight=1))
    return [stage.shop.order() for _ in range(3)]


def _slowly(stage: Stage, orders: list[ShopOrder]) -> None:
    """The service takes a while for each, and the worker dies; all are told in the end."""
    stage.shop.break_down(confirm="slow", slow_seconds=1)
    stage.dies(Worker())
    stage.shop.repair()
    stage.recover()
    for order in orders:
        stage.assert_paid_once(order)


def _untold(stage: Stage) -> tuple[ShopOrder, Page]:
    """A paid order whose service was silent, with its next try due."""
    order = stage.shop.order()
    stage.shop.break_down(confirm="down")
    page = stage.payer.pay(order)
    stage.gateway.settle_down()
    assert stage.gateway.payment(page.payment_id).state is PaymentState.CAPTURED
    _hurry(stage, page)
    return order, page


def _hurry(stage: Stage, page: Page) -> None:
    delivery = stage.gateway.delivery(page.payment_id)
    assert delivery is not None
    hurry_delivery(stage.gateway.parts, delivery.id, actor="operator:ana")


def _given_back(stage: Stage, page: Page) -> object:
    """Minor units that the bank gave back."""
    return stage.bank.session(stage.gateway.payment(page.payment_id).reference)["reversed_minor"]
