"""B21: PostgreSQL dies at each step of the payer's way. He is told to come again, and no call goes out untraced."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from sqlalchemy.exc import DBAPIError

from mpay_gateway.domain.payment import DeliveryState, PaymentState
from mpay_gateway.storage import UnitOfWork
from tests.functional.conftest import gateways
from tests.postgres import PostgresServer
from tests.scene.bank import Bank
from tests.scene.gateway import Gateway, prepare_database
from tests.scene.payer import Page, Payer
from tests.scene.shop import Shop, ShopOrder

MOST_UNITS = 60
"""No payer's way has so many units of work."""


@pytest.fixture(scope="module")
def mortal() -> Iterator[PostgresServer]:
    """A server of this module's own: others would feel its death."""
    server = PostgresServer(fsync=False, settings=(("max_connections", "120"),))
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def gateway(mortal, counterparts, tmp_path) -> Iterator[Gateway]:
    database = f"down_{tmp_path.name.replace('-', '_')}"
    url = mortal.create_database(database)
    prepare_database(url)
    with gateways(url, counterparts, tmp_path) as make:
        yield make(limits="lookups_per_hour = 10000\nvisits_per_hour = 10000\ncallbacks_per_minute = 10000")


@dataclass
class Death:
    """The server dies once, before the unit of work of this number from now on, on whatever thread."""

    server: PostgresServer
    left: int = 0
    died: bool = False

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def count(self) -> None:
        with self._lock:
            self.left -= 1
            if self.left == 0:
                self.died = True
                self.server.kill()


@pytest.fixture
def death(mortal, monkeypatch) -> Death:
    death = Death(mortal)

    def counted(function):
        def count(*arguments, **named):
            death.count()
            return function(*arguments, **named)

        return count

    monkeypatch.setattr(UnitOfWork, "_run", counted(UnitOfWork._run))
    monkeypatch.setattr(UnitOfWork, "read", counted(UnitOfWork.read))
    return death


def test_while_it_is_down_every_page_says_so_and_nobody_is_called(gateway, payer, shop, bank, mortal):
    order = shop.order()
    invoice = payer.arrive(order)
    method = payer.agree(invoice)
    paid = payer.pay(shop.order())
    gateway.settle_down()
    before = _calls(shop, bank)
    mortal.kill()
    try:
        pages = {
            "arriving": lambda: payer.arrive(shop.order()),
            "invoice": lambda: payer.open(invoice.path),
            "agreeing": lambda: payer.agree(invoice),
            "instruments": lambda: payer.open(method.path),
            "paying": lambda: payer.choose(method),
            "result": lambda: payer.result(paid),
            "receipt": lambda: payer.open(f"{paid.path}/receipt.pdf"),
            "invoice's paper": lambda: payer.open(f"/pay/{invoice.token}/invoice.pdf"),
            "finding": lambda: payer.send(
                payer.open("/find"), reference=paid.payment_id, order_key=order.key
            ),
            "coming back": lambda: payer.open(f"/providers/sandbox-main/return?reference={'A' * 12}"),
        }
        for name, open_page in pages.items():
            _assert_told_to_come_again(name, open_page())
        assert payer.browser.get("/readyz", expect_errors=True).status_int == 503
        assert payer.browser.get("/healthz").status_int == 200
        assert _calls(shop, bank) == before
    finally:
        mortal.start()
    assert payer.browser.get("/readyz").status_int == 200
    again = payer.choose(method)
    bank.pay(_session(again, bank))
    assert payer.result(again).says("result.told")


def test_it_dies_before_each_unit_of_work_of_a_payment_and_the_payment_goes_on(
    gateway, payer, counterparts, mortal, death
):
    """One payment after another, each with its own moment; the last one ends before the moment comes."""
    seen: list[int] = []
    shop, bank = counterparts.shop, counterparts.bank
    for number in range(1, MOST_UNITS):
        order, sessions = shop.order(), _references(bank)
        death.left, death.died = number, False
        try:
            _pay(payer, order, bank, mortal.start)
        finally:
            death.left = 0
            mortal.start()
        _come_to_rest(gateway)
        _assert_paid_once(gateway, order, shop, bank)
        ours = {each.reference for each in gateway.payments(order.key)}
        assert _references(bank) - sessions <= ours, f"unit {number}: the bank was called without a trace"
        if not death.died:
            break
        seen.append(number)
    assert len(seen) > 15, "the way of a payment has more units of work than that"
    assert seen[-1] + 1 < MOST_UNITS


def _pay(payer: Payer, order: ShopOrder, bank: Bank, revive: Callable[[], None]) -> None:
    """As a person does: what says "come again" is loaded again, when the server runs again."""

    def insist(act: Callable[[], Page], expected: str) -> Page:
        page = act()
        for _ in range(3):
            if page.status != 503:
                break
            _assert_told_to_come_again(expected, page)
            revive()
            # A form is sent again, a page that it led to is loaded again.
            page = act() if page.response.request.method == "POST" else payer.open(page.path)
        assert (page.status, expected in page.path) == (200, True), (expected, page.path, page.text)
        return page

    invoice = insist(lambda: payer.arrive(order), "/pay/")
    method = insist(lambda: payer.agree(invoice), "/method")
    to_bank = insist(lambda: payer.choose(method), "/bank")
    bank.pay(_session(to_bank, bank))
    result = insist(lambda: payer.result(to_bank), "/payments/")
    state = payer.browser.get(f"{result.path}/status", expect_errors=True)
    assert state.status_int in {200, 503}
    assert state.status_int == 503 or json.loads(state.text)["state"]


def _come_to_rest(gateway: Gateway) -> None:
    """A worker finds what the dead database kept from being done.

    Of each pool one caller finds out that all its connections are dead: at most so many tries fail more.
    """
    gateway.settle_down(60)
    for _ in range(2):
        with suppress(DBAPIError):
            gateway.read(lambda work: work.is_standby())
        with suppress(DBAPIError):
            gateway.parts.units.run("warm", lambda work: work.is_standby())
    for _ in range(4):
        gateway.clock.advance(minutes=2)
        gateway.work()
        gateway.settle_down(60)


def _assert_paid_once(gateway: Gateway, order: ShopOrder, shop: Shop, bank: Bank) -> None:
    payments = gateway.payments(order.key)
    (paid,) = (each for each in payments if each.state is PaymentState.CAPTURED)
    delivery = gateway.delivery(paid.id)
    assert delivery is not None
    assert delivery.state is DeliveryState.CONFIRMED
    told = shop.confirmations(order)
    assert [each["payment_id"] for each in told if each["outcome"] == "applied"] == [paid.id]
    assert {each["payment_id"] for each in told} == {paid.id}
    assert bank.session(paid.reference)["status"] == "captured"


def _assert_told_to_come_again(name: str, page: Page) -> None:
    assert page.status == 503, (name, page.status, page.path, page.text)
    assert int(page.response.headers["Retry-After"]) > 0, name
    assert page.says("problem.unavailable.title"), (name, page.text)


def _session(page: Page, bank: Bank) -> str:
    return urlsplit(page.link(bank.url)).path.rpartition("/")[2]


def _references(bank: Bank) -> set[str]:
    return {str(each["reference"]) for each in bank.books()["sessions"]}  # type: ignore[attr-defined]


def _calls(shop: Shop, bank: Bank) -> tuple[int, int, int]:
    return len(shop.all_lookups()), len(shop.all_confirmations()), len(_references(bank))
