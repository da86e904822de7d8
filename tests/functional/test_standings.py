"""Orders that were refunded or for which nothing is due: what the payer reads, and what he is not offered."""

import pytest

from mpay_gateway.domain.language import Language
from tests.scene.payer import Payer, says

STANDINGS = (("refunding", "refunded"), ("refunded", "refunded"), ("nothing-due", "nothing-due"))


@pytest.fixture
def visitor(patient_gateway) -> Payer:
    return Payer(patient_gateway)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize(("kind", "standing"), STANDINGS)
def test_the_payer_reads_why_in_his_language(kind, standing, language, visitor, shop):
    page = visitor.arrive(shop.order(kind), language=language.value)
    assert page.status == 200
    assert page.heading == says(f"standing.{standing}.title", language)
    assert page.says(f"standing.{standing}.text", language)


@pytest.mark.parametrize(("kind", "standing"), STANDINGS)
def test_no_way_to_pay_is_offered_nor_taken(kind, standing, visitor, shop):
    """The page has no form; one that is sent all the same opens no payment."""
    order = shop.order(kind)
    page = visitor.arrive(order)
    assert [form for form in page.html.forms if "/pay/" in form.action] == []
    csrf = visitor.open("/find").form("/find")["csrf_token"]
    forced = visitor.post(f"/pay/{page.token}", {"csrf_token": csrf, "version": "x"})
    assert forced.says(f"standing.{standing}.title")
    methods = visitor.open(f"/pay/{page.token}/method")
    assert methods.path == f"/pay/{page.token}"
    assert visitor.gateway.payments(order.key) == ()


@pytest.mark.parametrize("kind", ["refunded", "nothing-due", "cancelled", "expired", "paid"])
def test_no_notice_asks_for_what_cannot_be_paid(kind, visitor, shop):
    page = visitor.arrive(shop.order(kind))
    notice = f"/pay/{page.token}/invoice.pdf"
    assert notice not in page.response.text
    assert visitor.open(notice).status == 409


def test_an_order_that_is_refunded_while_the_payer_chooses_is_not_paid(gateway, payer, shop):
    """Refunded money must not be paid again by a page that was open before."""
    order = shop.order()
    methods = payer.agree(payer.arrive(order))
    shop.change(order, "refunded")
    page = payer.choose(methods)
    assert page.says("standing.refunded.title")
    assert gateway.payments(order.key) == ()
