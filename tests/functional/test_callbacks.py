"""Callbacks at the provider's fixed address (catalogue C41 to C46; attacks 65 to 69), and lost browsers."""

import hmac
import json
import time
from datetime import timedelta

import pytest
from sqlalchemy import select

from mpay_gateway.domain.payment import PaymentState
from mpay_gateway.storage.inbox import InboxState
from mpay_gateway.storage.tables import inbox
from tests.scene.gateway import Gateway
from tests.scene.payer import Payer
from tests.scene.waiting import eventually

ADDRESS = "/providers/sandbox-main/callback"


def _all_delivered(callbacks: list[dict[str, object]]) -> bool:
    return bool(callbacks) and all(each["delivered_at"] for each in callbacks)


class Post:
    """Sends callbacks as the bank signs them, or as a forger would."""

    def __init__(self, gateway: Gateway, address: str = "198.51.100.77") -> None:
        self.gateway = gateway
        self.payer = Payer(gateway, address=address)
        place = gateway.counterparts.place
        self.secret = (place.folder / "secrets" / "bank-callbacks").read_text().strip()

    def body(self, session: str, reference: str, event: str = "captured", number: int = 1) -> bytes:
        said = {"event_id": f"evt_{session}_{number}", "event": event, "session_id": session, "reference": reference,
                "sequence": number}  # fmt: skip
        return json.dumps(said).encode()

    def signed(self, body: bytes, *, secret: str = "", at: float | None = None) -> str:
        """The header that the bank would send with this body."""
        moment = str(int(time.time() if at is None else at))
        digest = hmac.digest((secret or self.secret).encode(), moment.encode() + b"." + body, "sha256").hex()
        return f"t={moment},v1={digest}"

    def send(
        self, body: bytes, *, secret: str = "", at: float | None = None, signature: str | None = None
    ) -> int:
        """The status of the answer."""
        headers = {
            "Bank-Signature": self.signed(body, secret=secret, at=at) if signature is None else signature
        }
        answer = self.payer.browser.post(
            ADDRESS, body, headers=headers, content_type="application/json", expect_errors=True
        )
        return int(answer.status_int)

    def kept(self) -> list[str]:
        """States of the inbox's entries."""
        return self.gateway.read(lambda work: list(work.connection.execute(select(inbox.c.state)).scalars()))


@pytest.fixture
def post(gateway) -> Post:
    return Post(gateway)


@pytest.fixture
def under_way(payer, shop, gateway, bank):
    """A payment at the bank, whose own callbacks stay there."""
    bank.break_down(callbacks="off")
    return gateway.payment(payer.start(shop.order()).payment_id)


def test_the_banks_own_callback_settles_without_a_browser(payer, shop, gateway, bank):
    """C46, A5: the browser was closed at the bank."""
    order = shop.order()
    payment = gateway.payment(payer.start(order).payment_id)
    bank.pay(payment.remote_reference)
    eventually(lambda: shop.confirmations(order))
    assert gateway.payment(payment.id).state is PaymentState.CAPTURED
    eventually(lambda: _all_delivered(bank.callbacks(payment.remote_reference)))


def test_with_the_callback_lost_too_a_recheck_settles_within_two_minutes(payer, shop, gateway, bank):
    """C46."""
    order = shop.order()
    payment = gateway.payment(payer.start(order).payment_id)
    bank.pay(payment.remote_reference, "no-callback-no-return")
    assert gateway.work() == 0
    assert gateway.payment(payment.id).state is PaymentState.STARTED
    gateway.clock.advance(minutes=2)
    assert gateway.work() >= 1
    gateway.settle_down()
    assert gateway.payment(payment.id).state is PaymentState.CAPTURED
    assert [each["outcome"] for each in shop.confirmations(order)] == ["applied"]


def test_a_payer_who_left_without_paying_expires_and_frees_the_order(payer, shop, gateway, bank):
    """L3: no payment stays open."""
    order = shop.order()
    payment = gateway.payment(payer.start(order).payment_id)
    bank.cancel(payment.remote_reference)
    eventually(lambda: gateway.payment(payment.id).state, lambda state: state is PaymentState.CANCELLED)
    assert payer.arrive(order).says("invoice.heading")


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "forgery", ["no signature", "other secret", "changed body", "not of the form", "old", "of the future"]
)
def test_what_is_not_authentic_is_refused_alike_and_has_no_effect(forgery, under_way, post, gateway):
    """Attacks 65 and 89."""
    body = post.body(under_way.remote_reference, under_way.reference)
    statuses = {
        "no signature": lambda: post.send(body, signature=""),
        "other secret": lambda: post.send(body, secret="guessed-secret"),
        "changed body": lambda: post.send(body + b" ", signature=post.signed(body)),
        "not of the form": lambda: post.send(b"[]"),
        "old": lambda: post.send(body, at=time.time() - 400),
        "of the future": lambda: post.send(body, at=time.time() + 400),
    }
    assert statuses[forgery]() == 401
    assert post.kept() == []
    assert gateway.payment(under_way.id).state is PaymentState.STARTED


def test_a_callback_that_lies_only_makes_us_ask(under_way, post, gateway):
    """The truth is pulled: "captured" of a payment that is not paid changes nothing."""
    assert post.send(post.body(under_way.remote_reference, under_way.reference)) == 204
    gateway.settle_down()
    assert gateway.payment(under_way.id).state is PaymentState.STARTED
    assert gateway.captures(under_way.id) == ()


def test_a_replayed_callback_is_answered_and_has_no_effect(under_way, post, gateway, bank, shop):
    """C41, attack 66: a hundred times."""
    bank.pay(under_way.remote_reference)
    body = post.body(under_way.remote_reference, under_way.reference)
    assert {post.send(body) for _ in range(100)} == {204}
    gateway.settle_down()
    assert len(post.kept()) == 1
    assert len(gateway.captures(under_way.id)) == 1


def test_callbacks_in_any_order_have_one_end(under_way, post, gateway, bank):
    """C42."""
    bank.pay(under_way.remote_reference)
    for number, event in ((3, "captured"), (1, "opened"), (2, "declined")):
        assert post.send(post.body(under_way.remote_reference, under_way.reference, event, number)) == 204
    gateway.settle_down()
    assert gateway.payment(under_way.id).state is PaymentState.CAPTURED


def test_a_callback_for_an_unknown_session_is_kept_as_an_orphan(post):
    """C44."""
    assert post.send(post.body("ses_nobody", "NOBODY1")) == 204
    assert post.kept() == [InboxState.ORPHAN]


def test_an_orphan_is_adopted_once_its_session_is_known(post, gateway, payer, shop, bank):
    """A3, C43, C44: the answer to our start was lost, and the callback came before we asked again."""
    bank.break_down(callbacks="off", api="timeout-after-create")
    order = shop.order()
    methods = payer.agree(payer.arrive(order))
    answer = payer.browser.post(methods.path, methods.form("/method") | {"instrument": "card"})
    (payment,) = gateway.payments(order.key)
    assert (payment.state, payment.remote_reference) == (PaymentState.STARTED, "")
    session = str(bank.session(payment.reference)["session_id"])
    assert post.send(post.body(session, "NOBODY1")) == 204
    assert post.kept() == [InboxState.ORPHAN]
    page = payer.open(answer.location)
    assert page.link(bank.url).endswith(session)
    assert post.kept() == [InboxState.NEW]
    bank.pay(session)
    assert payer.result(page).says("result.told")
    assert post.kept() == [InboxState.DONE]
    assert len(bank.sessions(payment.reference)) == 1


def test_a_callback_of_another_account_finds_no_payment(make_gateway, shop, bank):
    """Attack 67."""
    gateway = make_gateway(two_step=True)
    bank.break_down(callbacks="off")
    payment = gateway.payment(Payer(gateway).start(shop.order()).payment_id)
    post = Post(gateway)
    body = post.body(payment.remote_reference, payment.reference)
    moment = str(int(time.time()))
    digest = hmac.digest(post.secret.encode(), moment.encode() + b"." + body, "sha256").hex()
    answer = post.payer.browser.post(
        "/providers/sandbox-hold/callback", body, headers={"Bank-Signature": f"t={moment},v1={digest}"},
        content_type="application/json",
    )  # fmt: skip
    assert answer.status_int == 204
    assert post.kept() == [InboxState.ORPHAN]


def test_a_flood_of_callbacks_is_held_back_and_the_recheck_covers(make_gateway, shop, bank):
    """Attack 68."""
    gateway = make_gateway(limits="callbacks_per_minute = 3")
    bank.break_down(callbacks="off")
    order = shop.order()
    payment = gateway.payment(Payer(gateway).start(order).payment_id)
    post = Post(gateway)
    statuses = [post.send(post.body(f"ses_{number}", f"REF{number}")) for number in range(5)]
    assert statuses == [204, 204, 204, 429, 429]
    bank.pay(payment.remote_reference)
    gateway.clock.advance(minutes=2)
    gateway.work()
    gateway.settle_down()
    assert gateway.payment(payment.id).state is PaymentState.CAPTURED


def test_forged_callbacks_shut_out_the_forger_and_not_the_bank(make_gateway):
    gateway = make_gateway(limits="callbacks_per_minute = 3\nrefused_callbacks_per_minute = 5")
    bank, forger = Post(gateway), Post(gateway, "203.0.113.66")
    body = bank.body("ses_1", "REF1")
    assert [forger.send(body, secret="guessed-secret") for _ in range(7)] == [401] * 5 + [429] * 2
    assert forger.send(body) == 429, "not even read any more"
    assert bank.send(body) == 204


def test_a_callback_weeks_late_still_counts(under_way, gateway, bank, shop):
    """C45: the payment had expired here."""
    gateway.clock.advance(days=21)
    for _ in range(3):
        gateway.work()
        gateway.clock.advance(minutes=1)
    bank.pay(under_way.remote_reference)
    bank.repair()
    gateway.clock._ahead = timedelta(0)
    eventually(lambda: gateway.payment(under_way.id).state, lambda state: state is PaymentState.CAPTURED)
    gateway.settle_down()
    gateway.work()


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_the_callbacks_address_takes_posts_alone(method, post):
    answer = getattr(post.payer.browser, method)(ADDRESS, expect_errors=True)
    assert answer.status_int in {404, 405}
    assert post.kept() == []
