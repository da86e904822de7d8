"""ConfirmOrderPayment: once is once, refused is refused, and broken answers are broken as announced."""

import http.client
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from counterparts.demo_service.tests.conftest import DemoService


def payment_id() -> str:
    return uuid4().hex


def state_of(shop: DemoService, order: dict[str, object]) -> dict[str, object]:
    return shop.get_json(f"/test/orders/{order['order_key']}.json")  # type: ignore[return-value]


def told(shop: DemoService, order: dict[str, object]) -> list[dict[str, object]]:
    return shop.get_json(f"/test/confirmations.json?order_key={order['order_key']}")  # type: ignore[return-value]


def test_a_payment_told_three_times_counts_once(shop: DemoService) -> None:
    order, payment = shop.order(), payment_id()
    assert [shop.confirmed(shop.confirm(order, payment)) for _ in range(3)] == ["confirmed"] * 3
    assert state_of(shop, order)["paid"] == "150.00"
    journal = told(shop, order)
    assert [entry["delivery"] for entry in journal] == ["first", "repeat", "repeat"]
    assert [entry["outcome"] for entry in journal] == ["applied", "already-applied", "already-applied"]
    assert len({entry["content_digest"] for entry in journal}) == 1
    assert journal[0]["lines"] == [{"line_id": "L1", "amount": "150.00", "account": None, "properties": []}]
    assert shop.look_up(order).findtext(".//{*}Status") == "Paid"


def test_the_same_payment_told_by_many_at_once_counts_once(shop: DemoService) -> None:
    order, payment = shop.order(), payment_id()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: shop.confirmed(shop.confirm(order, payment)), range(8)))
    assert answers == ["confirmed"] * 8
    assert len(state_of(shop, order)["payments"]) == 1  # type: ignore[arg-type]
    assert sorted(str(entry["outcome"]) for entry in told(shop, order)) == ["already-applied"] * 7 + [
        "applied"
    ]


def test_two_payments_of_one_order_at_once_leave_one(shop: DemoService) -> None:
    order = shop.order()
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: shop.confirmed(shop.confirm(order, payment_id())), range(4)))
    assert sorted(answers) == ["InvoiceAlreadyPaid"] * 3 + ["confirmed"]


def test_the_same_payment_with_another_amount_is_refused(shop: DemoService) -> None:
    order, payment = shop.order("partial"), payment_id()
    assert shop.confirmed(shop.confirm(order, payment, {"L1": "10.00"})) == "confirmed"
    assert shop.confirmed(shop.confirm(order, payment, {"L1": "11.00"})) == "InvalidParameter"
    assert state_of(shop, order)["paid"] == "10.00"


def test_the_rest_of_a_partly_paid_order_is_due_at_the_next_lookup(shop: DemoService) -> None:
    order = shop.order("partial", amount="100.00")
    assert shop.confirmed(shop.confirm(order, payment_id(), {"L1": "60.00", "L2": "5.00"})) == "confirmed"
    payload = shop.look_up(order)
    assert payload.findtext(".//{*}Status") == "PartiallyPaid"
    assert payload.findtext(".//{*}TotalAmountDue") == "35.00"
    assert [each.text for each in payload.iter("{*}LineID")] == ["L2", "L3"]
    assert (
        shop.confirmed(shop.confirm(order, payment_id(), {"L2": "25.01", "L3": "9.99"})) == "InvalidParameter"
    )
    assert shop.confirmed(shop.confirm(order, payment_id(), {"L2": "25.00", "L3": "10.00"})) == "confirmed"
    assert state_of(shop, order)["state"] == "paid"


@pytest.mark.parametrize(
    ("kind", "lines", "answer"),
    [
        ("one-line", {"L1": "149.99"}, "InvalidParameter"),
        ("one-line", {"L1": "150.01"}, "InvalidParameter"),
        ("one-line", {"L9": "150.00"}, "InvalidParameter"),
        ("one-line", {"L1": "150.001"}, "InvalidParameter"),
        ("cancelled", {"L1": "150.00"}, "InvalidParameter"),
        ("paid", {"L1": "150.00"}, "InvoiceAlreadyPaid"),
        ("refunded", {"L1": "150.00"}, "InvalidParameter"),
        ("nothing-due", {"L1": "150.00"}, "InvalidParameter"),
        ("expired", {"L1": "150.00"}, "confirmed"),
        ("advance", {"L1": "500.00"}, "confirmed"),
        ("advance", {"L1": "149.99"}, "InvalidParameter"),
        ("flexible", {"L1": "1.00"}, "confirmed"),
        ("flexible", {"L1": "500.00"}, "confirmed"),
        ("line-flags", {"L1": "1.00"}, "confirmed"),
        ("line-flags", {"L1": "150.01"}, "InvalidParameter"),
        ("amount-unknown", {"L1": "3.50"}, "confirmed"),
    ],
)
def test_a_payment_must_fit_its_order(
    shop: DemoService, kind: str, lines: dict[str, str], answer: str
) -> None:
    order = shop.order(kind)
    paid_before = len(order["payments"])  # type: ignore[arg-type]
    assert shop.confirmed(shop.confirm(order, payment_id(), lines)) == answer
    assert len(state_of(shop, order)["payments"]) == paid_before + (answer == "confirmed")  # type: ignore[arg-type]


def test_of_an_expired_order_that_is_partly_paid_the_rest_is_taken_and_no_more(shop: DemoService) -> None:
    order = shop.order("partial", amount="100.00", due_in_seconds=-5)
    assert shop.confirmed(shop.confirm(order, payment_id(), {"L1": "60.00"})) == "confirmed"
    assert state_of(shop, order)["state"] == "expired"
    assert shop.look_up(order).findtext(".//{*}TotalAmountDue") == "40.00"
    assert shop.confirmed(shop.confirm(order, payment_id(), {"L2": "30.01"})) == "InvalidParameter"
    assert shop.confirmed(shop.confirm(order, payment_id(), {"L2": "30.00", "L3": "10.00"})) == "confirmed"


def test_an_unknown_order_is_refused(shop: DemoService) -> None:
    order = shop.order() | {"order_key": "DEMO-26-0000000000"}
    assert shop.confirmed(shop.confirm(order, payment_id())) == "UnknownOrder"


def test_a_refusal_may_be_signed_or_not_and_leaves_no_payment(shop: DemoService) -> None:
    refused = shop.order("confirm-refused")
    assert shop.confirmed(shop.confirm(refused, payment_id())) == "UnknownOrder"
    expired = shop.order("confirm-expired")
    assert [shop.confirmed(shop.confirm(expired, payment_id())) for _ in range(2)] == ["InvoiceExpired"] * 2
    unsigned = shop.order("confirm-fault-unsigned")
    reply = shop.confirm(unsigned, payment_id())
    assert (reply.status, b"InvalidParameter" in reply.body, b"Signature" in reply.body) == (500, True, False)
    assert {state_of(shop, each)["state"] for each in (refused, expired, unsigned)} == {"waiting"}
    assert [entry["outcome"] for entry in told(shop, refused)] == ["ignored: fault"]


@pytest.mark.parametrize(
    ("kind", "applied"),
    [
        ("confirm-down", False),
        ("confirm-html", False),
        ("confirm-unsigned", True),
        ("confirm-timeout-after-effect", True),
        ("confirm-slow", True),
    ],
)
def test_a_broken_answer_says_nothing_about_the_effect(
    shop: DemoService, kind: str, *, applied: bool
) -> None:
    order, payment = shop.order(kind), payment_id()
    try:
        reply = shop.confirm(order, payment)
        signed = b"Signature" in reply.body
    except http.client.RemoteDisconnected:
        signed = False
    assert signed is (kind == "confirm-slow")
    assert (state_of(shop, order)["state"] == "paid") is applied
    shop.post_json(f"/test/orders/{order['order_key']}", {"kind": "one-line"})
    assert shop.confirmed(shop.confirm(order, payment)) == "confirmed"
    assert state_of(shop, order)["paid"] == "150.00"
    assert [entry["delivery"] for entry in told(shop, order)] == ["first", "repeat"]


@pytest.mark.parametrize(
    ("fault", "answer", "applied"),
    [
        ("down", None, False),
        ("html", None, False),
        ("fault-internal", "InternalError", False),
        ("fault-unknown-order", "UnknownOrder", False),
        ("unsigned", None, True),
        ("timeout-after-effect", None, True),
        ("slow", "confirmed", True),
    ],
)
def test_a_switch_breaks_every_confirmation(
    switches: DemoService, fault: str, answer: str | None, *, applied: bool
) -> None:
    order = switches.order()
    switches.post_json("/test/faults", {"confirm": fault})
    try:
        reply = switches.confirm(order, payment_id())
        got = switches.confirmed(reply) if b"Signature" in reply.body else None
    except http.client.RemoteDisconnected:
        got = None
    assert got == answer
    assert (state_of(switches, order)["state"] == "paid") is applied
