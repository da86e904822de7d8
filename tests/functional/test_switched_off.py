"""`mpay instruments disable`: a running gateway's next page says so, and takes no payment with that instrument."""

from datetime import timedelta

import pytest

from mpay_gateway.domain.language import Language
from mpay_gateway.texts.local_format import format_datetime
from tests.scene.commands import mpay
from tests.scene.payer import Page, says

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
REASON = "acquirer outage, ticket 4711"


@pytest.fixture
def order(shop):
    return shop.order()


@pytest.fixture
def methods(payer, order) -> Page:
    """The page with the ways to pay, opened before anything is switched off."""
    return payer.agree(payer.arrive(order))


def choice(page: Page):
    """The radio button of the bank card."""
    (button,) = page.html.xpath("//input[@type='radio' and @name='instrument' and @value='card']")
    return button


@pytest.mark.parametrize("language", Language)
def test_the_page_says_in_the_payers_language_that_it_is_off_and_never_why(language, gateway, payer, methods):
    assert choice(methods).get("disabled") is None
    mpay(gateway, "instruments", "disable", "card", "--reason", REASON)
    page = payer.open(f"{methods.path}?lang={language.value}")
    assert page.status == 200
    assert page.says("method.unavailable", language)
    assert (choice(page).get("disabled"), choice(page).get("checked")) == ("disabled", None)
    assert not page.html.xpath("//main//button[@type='submit']")
    assert "4711" not in page.response.text
    assert "outage" not in page.response.text


def test_a_form_that_was_open_before_is_refused_and_starts_no_payment(gateway, payer, methods, order):
    mpay(gateway, "instruments", "disable", "card", "--reason", REASON)
    refused = payer.choose(methods)
    assert refused.status == 422
    assert refused.says("form.instrument.unavailable")
    assert "4711" not in refused.response.text
    assert gateway.payments(order.key) == ()
    mpay(gateway, "instruments", "enable", "card")
    assert "/bank" in payer.choose(payer.open(methods.path)).path


def test_a_payment_that_is_under_way_goes_on(gateway, payer, shop, bank):
    started = payer.start(shop.order())
    mpay(gateway, "instruments", "disable", "card", "--reason", REASON)
    assert payer.open(started.path).link(bank.url)
    bank.pay(gateway.payment(started.payment_id).remote_reference)
    assert payer.result(started).says("result.told")


def test_switched_off_until_a_time_it_comes_back_by_itself(gateway, payer, methods):
    back = gateway.clock.now() + timedelta(hours=2)
    mpay(gateway, "instruments", "disable", "card", "--until", back.isoformat(), "--reason", REASON)
    page = payer.open(methods.path)
    assert page.says("method.unavailable_until", time=format_datetime(back, Language.RO))
    assert choice(page).get("disabled") == "disabled"
    gateway.clock.advance(hours=1, minutes=59)
    assert payer.choose(methods).status == 422
    gateway.clock.advance(minutes=2)
    again = payer.open(methods.path)
    assert choice(again).get("disabled") is None
    assert says("method.unavailable") not in again.text
    assert "/bank" in payer.choose(again).path
