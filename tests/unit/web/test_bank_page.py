"""On to the bank: by link, by form, by QR, by number."""

import datetime as dt

import pytest

from mpay_gateway.domain.errors import InvalidAnswer
from mpay_gateway.domain.provider_answer import Instructions, PostForm, Redirect, ShowQr
from mpay_gateway.flow.bank_page import BankPage
from mpay_gateway.web.rendering import PageRenderer
from mpay_gateway.web.views import bank
from tests.unit.web.test_result_page import NOW, page

UNTIL = NOW + dt.timedelta(minutes=10)
STEPS = {
    "link": Redirect("https://bank.example:8443/pay/1", "r"),
    "form": PostForm("https://bank.example:8443/pay", (("AMOUNT", '1"><b>'),), "r"),
    "qr": ShowQr("https://qr.example/1", "bankapp://pay/1", UNTIL, "r"),
    "number": Instructions("1234 5678", UNTIL, "r"),
}


@pytest.fixture
def show(request_of, wsgi, monkeypatch):
    """A function that shows the page of a next step: its HTML and the policy that it sets."""

    def answer(step, language="en"):
        result = page()
        bank_page = BankPage(result.payment, result.service, step)
        monkeypatch.setattr(bank, "show_bank_page", lambda *_: bank_page)
        monkeypatch.setattr(bank, "how_to_pay", lambda *_: "At any bank.")
        request = request_of(f"/?lang={language}")
        request.matchdict = {"token": "t" * 22, "payment": "A" * 16}
        values = bank.show(request)
        html = PageRenderer().fill("bank.pt", values, request)
        return html, request.response.headers.get("Content-Security-Policy", "")

    return answer


@pytest.mark.parametrize("language", ["ro", "ru", "en"])
@pytest.mark.parametrize("kind", STEPS)
def test_each_way_on_has_its_page_in_every_language(show, kind, language):
    html, _ = show(STEPS[kind], language)
    assert "AAAA AAAA AAAA AAAA" in html
    assert "None" not in html


@pytest.mark.parametrize("kind", ["link", "form"])
def test_the_payer_is_told_whose_page_comes_next(show, kind):
    html, _ = show(STEPS[kind])
    assert '<strong class="site">bank.example:8443</strong>' in html
    assert "belongs to the bank" in html


def test_only_a_page_with_a_provider_s_form_may_post_to_the_provider(show):
    assert "form-action 'self' https://bank.example:8443;" in show(STEPS["form"])[1]
    assert show(STEPS["link"])[1] == ""


def test_values_for_the_provider_cannot_leave_their_field(show):
    assert "1&#34;&gt;&lt;b&gt;" in show(STEPS["form"])[0] or "1&quot;&gt;&lt;b&gt;" in show(STEPS["form"])[0]


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "//bank.example", "https://us@bank.example/", "data:text/html,x"]
)
def test_a_provider_s_page_is_a_web_address_or_nothing(show, url):
    with pytest.raises(InvalidAnswer):
        show(Redirect(url, "r"))


@pytest.mark.parametrize(
    ("url", "offered"), [("bankapp://pay/1", True), ("javascript:alert(1)", False), ("", False)]
)
def test_an_app_is_opened_by_its_own_scheme_alone(show, url, offered):
    html, _ = show(ShowQr("https://qr.example/1", url, UNTIL, "r"))
    assert ("Open in the bank’s app" in html) is offered
    assert "javascript:" not in html


def test_a_payment_with_nothing_left_to_do_leads_to_its_result(request_of, monkeypatch):
    result = page()
    monkeypatch.setattr(bank, "show_bank_page", lambda *_: BankPage(result.payment, result.service, None))
    request = request_of()
    request.matchdict = {"token": "t" * 22, "payment": "A" * 16}
    assert bank.show(request).location == f"/pay/{'t' * 22}/payments/{'A' * 16}"
