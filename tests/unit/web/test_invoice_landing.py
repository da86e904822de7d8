"""The page that a printed invoice's QR leads to, for numbers that lead nowhere."""

import re

import pytest

MISTYPED, NEVER_ISSUED = "49927398716007", "49927398716008"
"""A wrong check digit, and the right one."""


def without_reference(page):
    """What the page says but for the reference that each error has of its own, and the number in its address."""
    text, count = re.subn(r'<span class="key">[^<]+</span>', "", page.text)
    assert count == 1
    return text.replace(MISTYPED, "NUMBER").replace(NEVER_ISSUED, "NUMBER")


@pytest.mark.parametrize("language", ["ro", "ru", "en"])
def test_a_mistyped_number_gets_the_answer_of_one_that_was_never_issued(browser, language):
    browser.get(f"/?lang={language}")
    mistyped, never = (browser.get(f"/i/{number}", status=404) for number in (MISTYPED, NEVER_ISSUED))
    assert f'lang="{language}"' in never.text
    assert without_reference(mistyped) == without_reference(never)


def test_a_key_sent_to_either_is_answered_alike(browser):
    token = browser.get("/find").forms[0]["csrf_token"].value
    fields, origin = {"csrf_token": token, "order_key": "OP123456"}, {"Origin": "https://pay.example"}
    mistyped, never = (
        browser.post(f"/i/{number}", fields, headers=origin, status=404)
        for number in (MISTYPED, NEVER_ISSUED)
    )
    assert without_reference(mistyped) == without_reference(never)
