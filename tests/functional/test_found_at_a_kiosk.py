"""Whoever paid at a kiosk finds what became of it by its receipt's number and his order's key; nobody else does."""

import pytest

from mpay_gateway.domain.language import Language
from mpay_gateway.domain.payment import DeliveryState
from tests.scene.payer import Page, Payer
from tests.scene.waiting import eventually


def look(payer: Payer, number: object, key: str, *, language: Language = Language.RO) -> Page:
    form = payer.open(f"/find?lang={language.value}")
    return payer.send(form, "/find", reference=str(number), order_key=key)


def told(gateway, order) -> None:
    (payment,) = gateway.payments(order.key)
    eventually(lambda: gateway.delivery(payment.id).state, lambda state: state is DeliveryState.CONFIRMED)


@pytest.mark.parametrize("language", Language)
def test_the_number_of_the_receipt_shows_that_the_money_pays(language, gateway, payer, shop, kiosks):
    order = shop.order()
    paid = kiosks.pay(order)
    told(gateway, order)
    page = look(payer, paid["txn_id"], order.key, language=language)
    assert page.status == 200
    assert page.says("elsewhere.taken.title", language)
    assert page.says("result.told", language)
    assert "150" in page.text


def test_nothing_of_a_person_nor_of_the_order_is_shown(gateway, payer, shop, kiosks):
    order = shop.order()
    paid = kiosks.pay(order)
    page = look(payer, paid["txn_id"], order.key)
    (payment,) = gateway.payments(order.key)
    stored = gateway.read(lambda work: work.snapshots.get(payment.snapshot_id)).order
    assert stored.customer_name
    for hidden in (stored.customer_name, stored.customer_id, stored.reason, payment.receipt_token):
        assert hidden not in page.response.text, hidden
    assert "****" not in page.text


def test_our_own_reference_of_it_finds_it_too(gateway, payer, shop, kiosks):
    order = shop.order()
    kiosks.pay(order)
    (payment,) = gateway.payments(order.key)
    assert look(payer, payment.id, order.key).says("elsewhere.taken.title")


def test_money_that_was_refused_stays_with_who_took_it_and_the_page_says_so(payer, shop, kiosks):
    order = shop.order()
    refused = kiosks.pay(order, "149.00")
    page = look(payer, refused["txn_id"], order.key)
    assert page.says("elsewhere.refused.title")
    assert page.says("elsewhere.refused.text")
    assert page.says("elsewhere.given")


@pytest.mark.usefixtures("gateway")
def test_before_the_network_tells_of_money_the_page_says_that_it_did_not(payer, shop, kiosks):
    order = shop.order()
    checked = kiosks.check(order, "150.00")
    assert look(payer, checked["txn_id"], order.key).says("elsewhere.not-told.title")


def test_a_wrong_number_and_a_wrong_key_look_alike_and_are_counted(make_gateway, shop, kiosks):
    gateway = make_gateway(limits="misses_per_10_minutes = 3")
    payer, order, other = Payer(gateway), shop.order(), shop.order()
    paid = kiosks.pay(order)
    wrong_key = look(payer, paid["txn_id"], other.key)
    wrong_number = look(payer, int(str(paid["txn_id"])) + 1, order.key)
    assert (wrong_key.status, wrong_number.status) == (404, 404)
    assert wrong_key.says("form.find.not-found")
    assert wrong_number.says("form.find.not-found")
    assert look(payer, "9" * 20, order.key).status == 404
    assert look(payer, paid["txn_id"], order.key).status == 429
    assert look(Payer(gateway, address="198.51.100.9"), paid["txn_id"], order.key).status == 200
