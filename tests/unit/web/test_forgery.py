"""Forms of ours carry a token; the addresses for others' sites and machines carry none and charge nothing."""

import re

import pytest

from mpay_gateway.web.routes import ROUTES

VALUES = {
    "service": "OPEN01", "invoice": "12345678901231", "token": "t" * 22, "payment": "A" * 16,
    "account": "sandbox-main", "order_key": "OP123456",
}  # fmt: skip
FOREIGN = {"arrive", "provider_return", "provider_callback", "configure", "pos_pay", "pos_pay_invoice"}


def address(route):
    return re.sub(r"\{(\w+):?[^/]*?\}(?=/|\.|$)", lambda found: VALUES[found[1]], route.path)


@pytest.mark.parametrize("route", [route for route in ROUTES if route.post], ids=lambda route: route.name)
def test_every_form_but_the_foreign_ones_demands_a_token(browser, route):
    answer = browser.post(address(route), {"order_key": "OP123456"}, expect_errors=True)
    assert ("formularul a expirat" not in answer.text.casefold()) is (route.name in FOREIGN)


def test_with_the_token_of_its_page_a_form_is_taken(browser):
    form = browser.get("/services/OPEN01").forms[0]
    form["order_key"] = "OP123456"
    assert "/pay/" in form.submit(status=303).headers["Location"]


def test_the_token_of_another_browser_is_refused(browser):
    browser.get("/find")
    browser.post("/find", {"csrf_token": "0" * 40, "reference": "A", "order_key": "B"}, status=400)


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://pay.example"])
def test_a_post_from_another_origin_is_refused_even_with_the_token(browser, origin):
    form = browser.get("/find").forms[0]
    form.submit(headers={"Origin": origin}, status=400)


def test_a_post_from_our_own_origin_is_taken(browser):
    browser.get("/find").forms[0].submit(headers={"Origin": "https://pay.example"}, status=422)


def test_a_page_of_ours_asks_for_no_script_or_style_of_its_own():
    assert {route.name for route in ROUTES if route.foreign} == FOREIGN
