"""Whoever presses Pay again at the shop while his payment is at the bank finds the way on; nobody else does."""

import pytest

from mpay_gateway.web.begun import MOST
from tests.scene.payer import Payer


def begun_cookie(payer: Payer):
    (cookie,) = [each for each in payer.browser.cookiejar if each.name.endswith("begun")]
    return cookie


def test_who_presses_pay_again_at_the_shop_goes_on_with_his_payment(payer, shop, gateway):
    order = shop.order()
    started = payer.start(order)
    again = payer.arrive(order)
    assert again.token != started.token
    assert again.says("invoice.own_text")
    bank = payer.open(again.link("/bank"))
    assert (bank.token, bank.payment_id) == (started.token, started.payment_id)
    assert payer.at_bank(bank)
    result = payer.open(again.link(f"/payments/{started.payment_id}"))
    assert result.payment_id == started.payment_id
    assert [each.id for each in gateway.payments(order.key)] == [started.payment_id]


def test_another_browser_with_the_same_key_finds_no_way_to_it(payer, shop, gateway):
    order = shop.order()
    started = payer.start(order)
    page = Payer(gateway, address="198.51.100.4").arrive(order)
    assert page.says("standing.in-progress.text")
    assert not page.says("invoice.own_text")
    assert not page.link("/payments/")
    assert started.token not in page.response.text


def test_a_browser_that_began_another_payment_finds_no_way_to_this_one(payer, shop, gateway):
    order, other = shop.order(), shop.order()
    payer.start(order)
    neighbour = Payer(gateway, address="198.51.100.4")
    neighbour.start(other)
    assert not neighbour.arrive(order).link("/payments/")


def test_only_the_last_few_payments_are_remembered(payer, shop):
    orders = [shop.order() for _ in range(MOST + 1)]
    started = [payer.start(order) for order in orders]
    named = begun_cookie(payer).value
    assert [page.token in named for page in started] == [False] + [True] * MOST
    assert not payer.arrive(orders[0]).link("/payments/")
    assert payer.arrive(orders[-1]).link("/payments/")


def test_after_a_day_a_browser_has_forgotten(payer, shop, gateway):
    order = shop.order()
    started = payer.start(order)
    gateway.clock.advance(hours=25)
    payer.start(shop.order())
    assert started.token not in begun_cookie(payer).value


@pytest.mark.parametrize("value", ["", "...", "x:y", "é", "A" * 9000, "A" * 22 + ":99999999999"])
def test_a_cookie_that_we_did_not_write_names_nothing(payer, shop, value):
    order = shop.order()
    Payer(payer.gateway, address="198.51.100.4").start(order)
    page = payer.post(
        "/service/pay", {"ServiceID": order.service_id, "OrderKey": order.key},
        headers={"Cookie": f"begun={value}".encode().decode("latin-1")},
    )  # fmt: skip
    assert page.says("standing.in-progress.text")
    assert not page.link("/payments/")


def test_the_cookie_is_bound_to_our_host_and_out_of_reach_of_scripts(make_gateway, shop):
    gateway = make_gateway(public_url="https://pay.example", served=False)
    payer = Payer(gateway)
    payer.start(shop.order())
    cookie = begun_cookie(payer)
    assert (cookie.name, cookie.secure, cookie.path) == ("__Host-begun", True, "/")
    assert not cookie.domain_specified
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert cookie.get_nonstandard_attr("SameSite") == "Lax"
