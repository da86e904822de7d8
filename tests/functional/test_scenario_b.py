"""Scenario B, pay an existing order: from the gateway's own site, with and without a second factor."""

from functools import cached_property

import pytest

from tests.scene.gateway import Gateway
from tests.scene.payer import Page, Payer
from tests.scene.shop import ShopOrder

PLATE = "CDR 482"


class FinePaid:
    """A payer with a ticket in his hand."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.shop, self.bank = gateway.counterparts.shop, gateway.counterparts.bank
        self.payer = Payer(gateway)

    @cached_property
    def fine(self) -> ShopOrder:
        return self.shop.fine(plate_number=PLATE)

    @cached_property
    def catalogue(self) -> Page:
        return self.payer.open("/")

    @cached_property
    def key_form(self) -> Page:
        return self.payer.open(self.catalogue.link("/services/DEMO02"))

    @cached_property
    def invoice(self) -> Page:
        return self.payer.send(self.key_form, order_key=self.fine.key, factor="cdr-482")

    @cached_property
    def result(self) -> Page:
        bank = self.payer.choose(self.payer.agree(self.invoice))
        session = self.gateway.payment(bank.payment_id).remote_reference
        self.bank.pay(session)
        return self.payer.result(bank)


@pytest.fixture(scope="class")
def story(shared_gateway):
    return FinePaid(shared_gateway)


class TestScenarioB:
    def test_step_01_the_payer_opens_the_gateways_own_site(self, story):
        assert story.catalogue.status == 200
        assert story.catalogue.says("catalogue.heading")
        assert "Amenzi rutiere" in story.catalogue.text

    def test_step_02_he_selects_the_service_that_he_has_an_order_of(self, story):
        assert "Numărul procesului-verbal" in story.key_form.text
        assert "10482651" in story.key_form.text  # the example

    def test_step_03_he_enters_the_key_and_what_proves_that_it_is_his(self, story):
        assert story.key_form.form().keys() == {"csrf_token", "order_key", "factor"}
        assert story.invoice.says("invoice.heading")
        assert "750,00 MDL" in story.invoice.text

    def test_step_04_the_scenario_goes_on_without_a_way_back(self, story):
        assert story.result.says("result.paid.title")
        assert story.result.link("/returned") == ""
        (told,) = story.shop.confirmations(story.fine)
        assert (told["service_id"], told["payment_id"]) == ("DEMO02", story.result.payment_id)


class TestSecondFactor:
    """Attack 14: keys that can be guessed show nothing before the second factor is right."""

    def test_without_it_nothing_of_the_order_is_shown(self, payer, shop):
        page = payer.arrive(shop.fine(plate_number=PLATE))
        assert page.says("factor.title")
        assert "750" not in page.text

    def test_the_right_one_shows_the_invoice(self, payer, shop):
        page = payer.arrive(shop.fine(plate_number=PLATE))
        assert payer.send(page, factor="CDR482").says("invoice.heading")

    def test_a_wrong_one_and_an_unknown_key_look_alike(self, gateway, shop):
        fine = shop.fine(plate_number=PLATE)
        answers = []
        for key in (fine.key, "00000000"):
            payer = Payer(gateway)
            form = payer.open("/services/DEMO02")
            page = payer.send(form, order_key=key, factor="ABC 123")
            answers.append((page.status, page.text.replace(key, "KEY")))
        assert answers[0] == answers[1]
        assert answers[0][0] == 404

    def test_agreeing_without_it_is_as_if_there_were_no_such_order(self, payer, shop):
        page = payer.arrive(shop.fine(plate_number=PLATE))
        csrf = page.form()["csrf_token"]
        skipped = payer.post(f"/pay/{page.token}", {"csrf_token": csrf, "version": "x"})
        assert skipped.status == 404
        assert "750" not in skipped.text

    def test_neither_the_paper_nor_the_instruments_are_shown_without_it(self, payer, shop):
        page = payer.arrive(shop.fine(plate_number=PLATE))
        assert payer.open(f"/pay/{page.token}/invoice.pdf").status == 404
        assert payer.open(f"/pay/{page.token}/method").says("factor.title")
