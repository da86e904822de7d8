"""Scenario A, order and pay online: one test per step, in the order and the words of the scenario.

The story is told once per database; each step tells the ones before it first, so that any test can run alone.
"""

import io
from functools import cached_property
from urllib.parse import parse_qs, urlsplit

import pikepdf
import pytest

from mpay_gateway.domain.language import Language
from mpay_gateway.domain.payment import CaptureState, DeliveryState, PaymentState
from tests.scene.bank import AtTheBank
from tests.scene.gateway import Gateway
from tests.scene.payer import Page, Payer, says
from tests.scene.shop import PayForm, ShopOrder

CARD = "4000000000001000"


class OrderedAndPaid:
    """The payer's way through the scenario; each property is what one step leaves behind."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.shop, self.bank = gateway.counterparts.shop, gateway.counterparts.bank
        self.payer = Payer(gateway)

    @cached_property
    def order_page(self) -> str:
        return self.shop.submit_order_form("land-register-extract")

    @cached_property
    def order(self) -> ShopOrder:
        return self.shop.order_of_page(self.order_page)

    @cached_property
    def button(self) -> PayForm:
        return self.shop.pay_form(self.order_page)

    @cached_property
    def answer_to_button(self) -> Page:
        """The gateway's own first answer: the browser is not led on yet."""
        path = urlsplit(self.button.action).path
        return Page(self.payer.browser.post(path, dict(self.button.fields)))

    @cached_property
    def invoice(self) -> Page:
        return self.payer.open(self.answer_to_button.response.location)

    @cached_property
    def methods(self) -> Page:
        return self.payer.agree(self.invoice)

    @cached_property
    def on_to_bank(self) -> Page:
        return self.payer.choose(self.methods)

    @cached_property
    def card_page(self) -> AtTheBank:
        return self.payer.at_bank(self.on_to_bank)

    @cached_property
    def after_card(self) -> AtTheBank:
        page = self.card_page
        assert "150" in page.text
        page.enter_card(CARD)
        return page

    @cached_property
    def result(self) -> Page:
        return self.payer.open(self.after_card.way_back)

    @cached_property
    def payment_id(self) -> str:
        return self.on_to_bank.payment_id


@pytest.fixture(scope="class")
def story(shared_gateway):
    return OrderedAndPaid(shared_gateway)


class TestScenarioA:
    def test_step_01_the_service_stores_the_payers_order(self, story):
        state = story.shop.state(story.order)
        assert (state["state"], state["total"], state["lookups"]) == ("waiting", "150.00", 0)

    def test_step_02_the_order_page_shows_a_pay_button(self, story):
        """The shop knows the gateway by its plain address; the same host answers over TLS here."""
        assert story.button.action == f"{story.gateway.url}/service/pay".replace("https:", "http:")

    def test_step_03_the_button_brings_service_key_and_return_url(self, story):
        assert dict(story.button.fields) == {
            "ServiceID": "DEMO01",
            "OrderKey": story.order.key,
            "ReturnUrl": f"{story.shop.url}{story.order.page}/returned",
        }

    def test_step_04_the_pay_page_answers_with_a_place_of_the_payers_own(self, story):
        answer = story.answer_to_button.response
        assert answer.status_int == 303
        assert len(urlsplit(answer.location).path.removeprefix("/pay/")) == 22  # 128 bits

    def test_step_05_the_service_is_asked_for_the_order_before_anything_is_shown(self, story):
        assert story.invoice.status == 200
        (first, *_) = story.shop.lookups(story.order)
        assert (first["service_id"], first["order_key"], first["language"]) == (
            "DEMO01",
            story.order.key,
            "ro",
        )

    def test_step_06_the_order_becomes_an_invoice_and_is_shown_masked(self, story):
        page = story.invoice
        assert page.says("invoice.heading")
        assert "150,00 MDL" in page.text
        assert "Codreanu" not in page.text
        assert "2002004005676" not in page.text
        payment = story.gateway.payment(story.payment_id)
        assert " ".join((payment.invoice_id[:4], payment.invoice_id[4:8])) in page.text

    def test_step_07_the_payer_chooses_among_the_instruments(self, story):
        assert story.methods.says("method.title")
        assert story.methods.form("/method").keys() == {"csrf_token", "form_token", "instrument"}

    def test_step_07_the_invoice_is_published_to_the_card_processor(self, story):
        payment = story.gateway.payment(story.payment_id)
        session = story.bank.session(payment.reference)
        assert session["session_id"] == payment.remote_reference
        assert (session["amount_minor"], session["currency"]) == (150_00, "MDL")

    def test_step_07_the_forms_were_taken_over_https(self, story):
        """Pyramid compares the origin of a form only there: a page's Referrer-Policy may spoil it."""
        assert story.methods.status == story.on_to_bank.status == 200
        assert story.on_to_bank.response.request.url.startswith("https://")
        cookies = {cookie.name for cookie in story.payer.browser.cookiejar if cookie.secure}
        assert "__Host-csrf" in cookies

    def test_step_08_the_payer_is_led_to_the_banks_own_page(self, story):
        link = story.on_to_bank.link(story.bank.url)
        assert link.startswith(f"{story.bank.url}/pay/")
        assert urlsplit(story.bank.url).netloc in story.on_to_bank.text
        assert not story.on_to_bank.html.xpath("//input[contains(@name, 'card')]")

    def test_step_09_the_card_goes_to_the_bank_alone(self, story):
        assert story.card_page.status == 200
        assert story.after_card.status == 200

    def test_step_10_the_bank_authorises_and_takes_the_money(self, story):
        assert story.after_card.way_back
        session = story.bank.session(story.gateway.payment(story.payment_id).reference)
        assert session["status"] == "captured"

    def test_step_11_the_browser_comes_back_to_the_accounts_fixed_address(self, story):
        back = urlsplit(story.after_card.way_back)
        assert back.path == "/providers/sandbox-main/return"
        assert parse_qs(back.query)["reference"] == [story.gateway.payment(story.payment_id).reference]
        assert story.result.path.endswith(f"/payments/{story.payment_id}")

    def test_step_12_the_confirmation_is_pulled_from_the_provider(self, story):
        assert story.result.says("result.paid.title")
        payment = story.gateway.payment(story.payment_id)
        assert (payment.state, payment.method) == (PaymentState.CAPTURED, "Visa 4000 •••• 1000")
        (capture,) = story.gateway.captures(story.payment_id)
        assert (capture.state, capture.amount.minor) == (CaptureState.CLAIMED, 150_00)

    def test_step_12_the_ledger_owes_the_service_what_the_bank_owes_us(self, story):
        assert story.result.status == 200
        balances = story.gateway.balances()
        assert balances.pop("receivable:sandbox-main") == 150_00
        assert list(balances.values()) == [-150_00]
        assert next(iter(balances)).startswith("payable:DEMO01:MD")

    def test_step_13_the_service_is_told_once_and_the_page_says_so(self, story):
        assert story.result.says("result.told")
        (told,) = story.shop.confirmations(story.order)
        assert (told["payment_id"], told["total"], told["outcome"]) == (story.payment_id, "150.00", "applied")
        assert [line["line_id"] for line in told["lines"]] == list(story.order.line_ids)
        delivery = story.gateway.delivery(story.payment_id)
        assert (delivery.state, delivery.attempts) == (DeliveryState.CONFIRMED, 1)
        assert story.shop.state(story.order)["state"] == "paid"

    def test_step_13_the_service_reads_what_was_paid_with_and_to_which_account(self, story):
        """On the wire, as the service's own reader found it: the guide's names, each where it belongs."""
        assert story.result.says("result.told")
        (told,) = story.shop.confirmations(story.order)
        assert told["properties"] == [
            {"name": "HO:CadastralNumber", "value": story.order.detail},
            {"name": "Bank", "value": "Visa 4000 •••• 1000"},
        ]
        (line,) = told["lines"]
        assert line["properties"] == [{"name": "Cont beneficiar", "value": line["account"]["bank_account"]}]
        assert line["account"]["bank_account"].startswith("MD")

    def test_step_14_the_receipt_can_be_downloaded_and_checked(self, story):
        pdf = story.payer.open(story.result.link("receipt.pdf")).response
        assert pdf.content_type == "application/pdf"
        assert "attachment" in pdf.headers["Content-Disposition"]
        with pikepdf.open(io.BytesIO(pdf.body)) as paper:
            assert len(paper.pages) == 1
        token = story.gateway.payment(story.payment_id).receipt_token
        check = Payer(story.gateway, address="198.51.100.1").open(f"/check/{token}")
        assert check.says("check.genuine.title")
        assert "Codreanu" not in check.text

    def test_step_15_the_payer_may_return_and_is_not_sent_by_himself(self, story):
        assert story.result.link("/returned") == dict(story.button.fields)["ReturnUrl"]
        assert (
            says("result.return", Language.RO, service="Oficiul de servicii publice Codru")
            in story.result.text
        )
        assert not story.result.html.xpath("//meta[@http-equiv='refresh']")
        page = story.shop.page(story.order.page + "/returned")
        assert story.payment_id in story.shop.state(story.order)["payments"][0]["payment_id"]
        assert page.xpath("//h1")
