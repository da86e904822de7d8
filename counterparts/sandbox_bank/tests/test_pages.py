"""The payer's pages as a browser without JavaScript meets them."""

from __future__ import annotations

import re

import pytest

GOOD = {"card_number": "4000 0000 0000 1000", "expiry": "12 / 35", "cvv": "123"}


def _text(answer) -> str:
    return answer.data.decode()


@pytest.mark.parametrize(
    ("language", "title", "amount"),
    [
        ("ro", "Plata cu cardul", "1.234.567,89\u00a0MDL"),
        ("ru", "Оплата картой", "1\u00a0234\u00a0567,89\u00a0MDL"),
        ("en", "Pay by card", "1,234,567.89\u00a0MDL"),
    ],
)
def test_the_card_page_speaks_the_sessions_language(merchant, language, title, amount):
    page = merchant.page(merchant.open(language=language, amount_minor=123_456_789)["page_url"])
    assert page.status == 200
    assert f'lang="{language}"' in _text(page)
    assert title in _text(page)
    assert amount in _text(page)


def test_the_language_can_be_changed_and_stays(merchant):
    url = merchant.open(language="ro")["page_url"]
    assert "Pay by card" in _text(merchant.page(f"{url}?lang=en"))
    answer = merchant.post_form(f"{url}/card?lang=en", **GOOD | {"cvv": ""})
    assert "The security code has 3 digits" in _text(answer)
    assert merchant.post_form(f"{url}/card?lang=en", **GOOD).headers["Location"] == f"{url}?lang=en"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"card_number": "4000 0000 0000 1001"}, "The card number is not right"),
        ({"card_number": ""}, "The card number is not right"),
        ({"card_number": "4111 1111 1111 1111"}, "takes only the test cards"),
        ({"expiry": "13/30"}, "Enter the month and year"),
        ({"expiry": "01/20"}, "The card has expired"),
        ({"cvv": "12"}, "The security code has 3 digits"),
        ({"cvv": "12a"}, "The security code has 3 digits"),
    ],
)
def test_a_wrong_field_is_explained_and_takes_no_money(merchant, wrong, message):
    opened = merchant.open(language="en")
    answer = merchant.post_form(opened["page_url"] + "/card", **GOOD | wrong)
    assert answer.status == 422
    assert _text(answer).count(message) == 2, "in the summary and at the field"
    assert 'aria-invalid="true"' in _text(answer)
    assert merchant.status(opened["session_id"])["status"] == "open"


def test_paying_leads_to_the_result_which_leads_back_to_the_merchant(merchant):
    opened = merchant.open(language="en")
    answer = merchant.post_form(opened["page_url"] + "/card", **GOOD)
    assert answer.status == 303
    result = _text(merchant.page(answer.headers["Location"]))
    back = (
        "https://gateway.example/providers/sandbox/return?shop=1"
        f"&amp;session={opened['session_id']}&amp;reference={opened['reference']}&amp;status=captured"
    )
    assert f'<a class="primary" href="{back}">' in result
    assert f'content="0; url={back}"' in result
    assert "Payment complete" in result


def test_a_one_time_code_is_asked_for_and_counted(merchant):
    opened = merchant.open(language="en")
    url = opened["page_url"]
    merchant.post_form(url + "/card", **GOOD | {"card_number": "4000000000003006"})
    assert "Confirm the payment" in _text(merchant.page(url))
    assert "Tries left: 2" in _text(merchant.post_form(url + "/code", code="000000"))
    assert merchant.post_form(url + "/code", code="123 456").status == 303
    assert "Payment complete" in _text(merchant.page(url))


def test_a_payer_can_cancel_on_either_page(merchant):
    for card in (None, "4000000000003006"):
        opened = merchant.open(language="en")
        if card:
            merchant.post_form(opened["page_url"] + "/card", **GOOD | {"card_number": card})
        merchant.post_form(opened["page_url"] + "/cancel")
        assert merchant.status(opened["session_id"])["status"] == "cancelled"
        assert "No money was taken" in _text(merchant.page(opened["page_url"]))


def test_a_paid_session_cannot_be_cancelled_or_paid_again_from_an_old_tab(merchant):
    opened = merchant.open()
    for _ in range(2):
        merchant.post_form(opened["page_url"] + "/card", **GOOD)
    merchant.post_form(opened["page_url"] + "/cancel")
    session = merchant.status(opened["session_id"])
    assert (session["status"], len(session["captures"])) == ("captured", 1)


def test_a_failing_page_shows_no_way_back(merchant):
    opened = merchant.open(language="en")
    card = {"card_number": "4000000000004103"}
    answer = merchant.post_form(opened["page_url"] + "/card", **GOOD | card)
    assert answer.status == 504
    assert "gateway.example" not in _text(answer)
    assert merchant.status(opened["session_id"])["status"] == "captured"


def test_no_return_shows_the_result_but_no_way_back(merchant):
    opened = merchant.open(language="en")
    merchant.pay(opened["session_id"], "4000000000006108")
    page = _text(merchant.page(opened["page_url"]))
    assert "Payment complete" in page
    assert "gateway.example" not in page


def test_a_slow_card_shows_a_waiting_page_that_finds_the_end_by_itself(merchant):
    opened = merchant.open(language="en")
    merchant.post_form(opened["page_url"] + "/card", **GOOD | {"card_number": "4000000000004202"})
    waiting = _text(merchant.page(opened["page_url"]))
    assert "Processing the payment" in waiting
    found = re.search(r'content="0; url=([^"]+)"', waiting)
    assert found
    answer = merchant.page(merchant.bank_url + found[1])
    assert answer.status == 303
    assert "Payment complete" in _text(merchant.page(answer.headers["Location"]))


def test_what_the_merchant_sends_is_escaped(merchant):
    opened = merchant.open(
        description='<script>alert("x")</script>', return_url="https://gateway.example/?a=%22%3E"
    )
    page = _text(merchant.page(opened["page_url"]))
    assert "<script" not in page
    assert "&lt;script" in page


@pytest.mark.parametrize(
    "path", ["/pay/ses_nothing", "/pay/ses_nothing/wait", "/nowhere", "/pay/%ff", "/pay/ses%00"]
)
def test_an_unknown_address_has_a_page_without_a_trace(merchant, path):
    page = merchant.page(f"{merchant.bank_url}{path}?lang=en")
    assert page.status == 404
    assert "Page not found" in _text(page)
    assert "Traceback" not in _text(page)


def test_pages_that_are_down_say_so(merchant):
    url = merchant.open(language="en")["page_url"]
    merchant.switch(pages="down")
    assert merchant.page(url).status == 503


def test_every_page_is_neither_cached_nor_framed_nor_scripted(merchant):
    headers = merchant.page(merchant.open()["page_url"]).headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_the_full_card_number_is_nowhere_in_the_database(start_bank, merchant_of):
    bank = start_bank()
    merchant = merchant_of(bank)
    opened = merchant.open()
    merchant.post_form(opened["page_url"] + "/card", **GOOD)
    assert merchant.status(opened["session_id"])["status"] == "captured"
    files = [path.read_bytes() for path in bank.database.parent.glob("bank0.db*")]
    assert any(b"400000******1000" in content for content in files)
    assert not any(b"4000000000001000" in content for content in files)


@pytest.mark.parametrize("path", ["", "/sessions", "/callbacks", "/faults"])
def test_the_console_shows_what_happened(merchant, path):
    opened = merchant.open()
    merchant.pay(opened["session_id"], "4000000000001000")
    page = merchant.page(f"{merchant.bank_url}/console{path}")
    expected = {"": "The books are sound", "/sessions": opened["reference"], "/callbacks": "session.captured"}
    assert page.status == 200
    assert expected.get(path, "timeout-after-create") in _text(page)


def test_the_console_switches_faults_and_charges_back(merchant):
    session_id = merchant.paid("4000000000001000")
    merchant.post_form(f"{merchant.bank_url}/console/sessions/{session_id}/charge-back")
    assert merchant.status(session_id)["status"] == "reversed"
    answer = merchant.post_form(f"{merchant.bank_url}/console/faults", api="down", callbacks="ok")
    assert (answer.status, merchant.call("GET", f"/v1/sessions/{session_id}").status) == (303, 503)
