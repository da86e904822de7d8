"""Money stays right when processes overlap, parts of one order run side by side, and the bank acts by itself."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest

from mpay_gateway.domain.errors import Conflict
from mpay_gateway.domain.payment import (
    CaptureState,
    ClaimState,
    DeliveryState,
    PaymentState,
    ReversalGround,
    ReversalState,
)
from mpay_gateway.flow import two_step
from mpay_gateway.flow.registration import apply_service
from mpay_gateway.flow.settling import settle
from tests.scene.gateway import Gateway
from tests.scene.payer import Page, Payer
from tests.scene.waiting import eventually


@pytest.fixture(autouse=True)
def silent_bank(bank):
    """The bank's callbacks stay there: tests say who settles, and when."""
    bank.break_down(callbacks="off")


@pytest.fixture
def lookups_held(monkeypatch):
    """`with lookups_held("B") as reached:` the look-ups of process B wait until the block ends."""

    @contextmanager
    def held(process: str):
        reached, go_on, look_up = threading.Event(), threading.Event(), two_step.look_up

        def wait(parts: object, *arguments: object) -> object:
            if parts.process == process:
                reached.set()
                assert go_on.wait(30)
            return look_up(parts, *arguments)

        with monkeypatch.context() as patch:
            patch.setattr(two_step, "look_up", wait)
            try:
                yield reached
            finally:
                go_on.set()

    return held


def paid_on_hold(gateway: Gateway, order: object) -> str:
    """A payment whose money the bank holds, though the gateway has not heard; its id."""
    page = Payer(gateway).start(order, instrument="hold")
    gateway.counterparts.bank.pay(gateway.payment(page.payment_id).remote_reference)
    return page.payment_id


def at_bank(gateway: Gateway, payment_id: str) -> dict[str, object]:
    return gateway.counterparts.bank.session(gateway.payment(payment_id).reference)


def test_two_processes_capture_a_hold_once(make_gateway, lookups_held, shop):
    """The one that is second finds the lease taken, however slow the first one is."""
    first, second = (
        make_gateway(two_step=True, process="A"),
        make_gateway(two_step=True, process="B", served=False),
    )
    order = shop.order()
    payment_id = paid_on_hold(first, order)
    with ThreadPoolExecutor(1) as pool:
        with lookups_held("B") as reached:
            slow = pool.submit(settle, second.parts, payment_id)
            assert reached.wait(30)
            settle(first.parts, payment_id)
            assert first.payment(payment_id).state is PaymentState.AUTHORISED
        slow.result(30)
    second.settle_down()
    session = at_bank(first, payment_id)
    assert (len(session["captures"]), session["reversals"]) == (1, [])
    assert [each["outcome"] for each in shop.confirmations(order)] == ["applied"]


def test_a_process_that_slept_past_its_lease_gives_nothing_up(make_gateway, lookups_held, shop):
    """It reads the order after another process has had it paid: to it the order seems gone."""
    awake, asleep = (
        make_gateway(two_step=True, process="A"),
        make_gateway(two_step=True, process="B", served=False),
    )
    order = shop.order()
    payment_id = paid_on_hold(awake, order)
    with ThreadPoolExecutor(1) as pool:
        with lookups_held("B") as reached:
            late = pool.submit(settle, asleep.parts, payment_id)
            assert reached.wait(30)
            awake.clock.advance(minutes=2)
            awake.work()
            awake.settle_down()
            assert awake.delivery(payment_id).state is DeliveryState.CONFIRMED
        with pytest.raises(Conflict):
            late.result(30)
    session = at_bank(awake, payment_id)
    assert (len(session["captures"]), session["reversals"]) == (1, [])
    assert awake.reversals(payment_id) == ()


@pytest.fixture
def two_parts(gateway, shop, bank):
    """Two payers at the bank with 40.00 and 60.00 of one order, both paid there; the order, and their pages."""
    order = shop.order("partial", amount="100.00")
    pages = [
        Payer(gateway, address=f"203.0.113.{place}").start(order, amount=amount)
        for place, amount in enumerate(("40.00", "60.00"), 1)
    ]
    for page in pages:
        bank.pay(gateway.payment(page.payment_id).remote_reference)
    return order, pages


@pytest.mark.parametrize("arrival", [(0, 1), (1, 0)])
def test_two_parts_side_by_side_pay_each_line_once(arrival, gateway, two_parts, shop):
    """The lines were shared when the parts were claimed, in whatever order the money comes."""
    order, pages = two_parts
    _settle(gateway, [pages[place] for place in arrival])
    told = [json.loads(gateway.delivery(page.payment_id).content)["lines"] for page in pages]
    paid: dict[str, int] = {}
    for line in [line for lines in told for line in lines]:
        paid[line["line_id"]] = paid.get(line["line_id"], 0) + line["amount"]
    snapshot_id = gateway.payment(pages[0].payment_id).snapshot_id
    due = gateway.read(lambda work: work.snapshots.get(snapshot_id)).order.lines
    assert paid == {line.line_id: line.amount_due.minor for line in due}
    assert [each["outcome"] for each in shop.confirmations(order)] == ["applied", "applied"]
    assert shop.state(order)["state"] == "paid"


def test_the_invoice_closes_when_the_service_knows_of_both_parts(gateway, two_parts):
    _, pages = two_parts
    invoice_id = gateway.payment(pages[0].payment_id).invoice_id
    assert gateway.payment(pages[1].payment_id).invoice_id == invoice_id
    _settle(gateway, pages[:1])
    assert gateway.read(lambda work: work.invoices.get(invoice_id)).closed_at is None
    _settle(gateway, pages[1:])
    assert gateway.read(lambda work: work.invoices.get(invoice_id)).closed_at is not None


def test_money_that_the_bank_gave_back_before_we_heard_of_it_pays_nothing(gateway, payer, shop, bank):
    order = shop.order()
    started = payer.start(order)
    payment = gateway.payment(started.payment_id)
    bank.pay(payment.remote_reference, "charged-back")
    eventually(lambda: bank.session(payment.reference)["reversals"])
    page = payer.result(started)
    assert page.says("result.given-back.title")
    (capture,) = gateway.captures(payment.id)
    (reversal,) = gateway.reversals(payment.id)
    assert capture.state is CaptureState.SURPLUS
    assert (reversal.ground, reversal.state) == (ReversalGround.BY_PROVIDER, ReversalState.DONE)
    assert gateway.balances() == {}
    assert (shop.confirmations(order), gateway.delivery(payment.id)) == ([], None)
    assert _claim_state(gateway, payment.id) is ClaimState.RELEASED
    assert payer.pay(order).says("result.told")


def test_money_of_which_the_bank_gave_a_part_back_is_reviewed_by_a_person(gateway, payer, shop, bank):
    order = shop.order()
    started = payer.start(order)
    payment = gateway.payment(started.payment_id)
    bank.pay(payment.remote_reference)
    secret = (gateway.counterparts.place.folder / "secrets" / "bank-api").read_text().strip()
    bank.give_back(payment.remote_reference, 1, secret=secret)
    assert payer.result(started).says("result.being-checked.title")
    assert [each.state for each in gateway.captures(payment.id)] == [CaptureState.REVIEW]
    assert (shop.confirmations(order), gateway.reversals(payment.id)) == ([], ())


def test_a_service_that_was_renamed_does_not_change_a_repeated_start(gateway, payer, shop, bank):
    """The bank refuses the same key with other words: the payment keeps the words of its first start."""
    bank.break_down(api="timeout-after-create")
    order = shop.order()
    methods = payer.agree(payer.arrive(order))
    answer = payer.browser.post(methods.path, methods.form("/method") | {"instrument": "card"})
    (payment,) = gateway.payments(order.key)
    assert payment.remote_reference == ""
    bank.repair()
    service = gateway.parts.services.get("DEMO01")
    renamed = replace(service, name=replace(service.name, ro="Alt nume", ru="Другое имя", en="Another name"))
    apply_service(gateway.parts, renamed)
    eventually(lambda: gateway.parts.services.get("DEMO01").name.ro == "Alt nume")
    page = payer.open(answer.location)
    (session,) = bank.sessions(payment.reference)
    assert page.link(bank.url).endswith(str(session["session_id"]))
    assert gateway.payment(payment.id).state is PaymentState.STARTED


def _settle(gateway: Gateway, pages: list[Page]) -> None:
    for page in pages:
        settle(gateway.parts, page.payment_id)
        gateway.settle_down()


def _claim_state(gateway: Gateway, payment_id: str) -> ClaimState:
    return gateway.read(lambda work: work.claims.of_payment(payment_id)).state
