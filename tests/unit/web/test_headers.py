"""Headers that are strict and still let a payment through."""

from dataclasses import replace

import pytest
from webtest import TestApp

from mpay_gateway.web import make_app
from mpay_gateway.web.headers import content_policy

PATHS = {
    "/": 200,
    "/services/OPEN01": 200,
    "/help": 200,
    "/nowhere": 404,
    "/healthz": 200,
    "/pay/" + "t" * 22: 404,
}


@pytest.fixture(scope="module")
def plain(parts):
    """The same gateway over http, as in development."""
    gateway = replace(parts.settings.gateway, public_url="http://localhost:6543")
    app = make_app(replace(parts, settings=replace(parts.settings, gateway=gateway)))
    return TestApp(app, extra_environ={"HTTP_HOST": "localhost:6543", "REMOTE_ADDR": "203.0.113.250"})


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_is_dressed(browser, path):
    headers = browser.get(path, status=PATHS[path]).headers
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Strict-Transport-Security"].startswith("max-age=")
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]


def test_a_refusal_before_the_views_is_dressed_too(browser):
    assert browser.get("/", headers={"Host": "evil.example"}, status=400).headers["X-Frame-Options"] == "DENY"


def test_forms_go_to_ourselves_and_on_one_page_to_one_origin():
    assert "form-action 'self';" in content_policy()
    assert "form-action 'self' https://bank.example;" in content_policy("https://bank.example")


def test_cookies_are_bound_to_our_host_over_https(browser):
    cookies = browser.get("/services/OPEN01?lang=ru").headers.getall("Set-Cookie")
    assert {cookie.partition("=")[0] for cookie in cookies} == {"__Host-csrf", "__Host-language"}
    for cookie in cookies:
        parts = {part.strip().lower() for part in cookie.split(";")}
        assert {"secure", "httponly", "samesite=lax", "path=/"} <= parts
        assert not any(part.startswith("domain") for part in parts)


def test_over_http_there_is_no_promise_of_https(plain):
    answer = plain.get("/services/OPEN01?lang=ru")
    assert "Strict-Transport-Security" not in answer.headers
    assert all("secure" not in cookie.lower() for cookie in answer.headers.getall("Set-Cookie"))


def test_redirects_keep_the_public_scheme_behind_a_proxy_that_ends_tls(browser):
    arrived = browser.post(
        "/service/pay",
        {"ServiceID": "OPEN01", "OrderKey": "OP123456"},
        extra_environ={"wsgi.url_scheme": "http"},
    )
    assert arrived.headers["Location"].startswith("https://pay.example/pay/")
