"""The two addresses of each provider account believe nothing and tell nothing."""

from dataclasses import replace

import pytest

from mpay_gateway.api import AccountId, Confirms


def test_every_refused_callback_gets_the_same_answer(browser, logged):
    answers = set()
    for headers in ({}, {"Bank-Signature": "t=1,v1=" + "0" * 64}, {"Bank-Signature": "nonsense"}):
        answer = browser.post("/providers/sandbox-main/callback", b'{"a": 1}', headers=headers, status=401)
        assert answer.content_type == "text/plain"
        answers.add(answer.text.split()[0])
    assert answers == {"401"}


def test_a_callback_above_its_account_s_limit_is_refused(browser):
    body = b"a" * 100_000
    assert browser.post("/providers/sandbox-main/callback", body, status=413).content_type == "text/plain"


@pytest.fixture
def kiosks(parts, monkeypatch):
    """An account whose payments start elsewhere: its plugin reads no callback."""
    bank = parts.registry.accounts["sandbox-main"]
    other = replace(bank, id=AccountId("kiosks"), confirms=Confirms.PUSH)
    monkeypatch.setitem(parts.registry.accounts, other.id, other)


@pytest.mark.usefixtures("kiosks")
@pytest.mark.parametrize("account", ["no-such", "kiosks"])
@pytest.mark.parametrize("address", ["callback", "return"])
def test_an_account_that_has_no_such_address_is_not_found(browser, account, address):
    """One that is not configured, and one that nothing is asked of from here."""
    browser.post(f"/providers/{account}/{address}", b"{}", status=404)
    assert browser.get(f"/providers/{account}/return", status=404)


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_return_for_nobody_is_not_found(browser, method):
    getattr(browser, method)("/providers/sandbox-main/return?reference=NOBODY", status=404)


def test_a_return_that_names_no_payment_is_a_bad_request(browser):
    assert "<h1>" in browser.get("/providers/sandbox-main/return?status=ok", status=400).text
