"""What no view ever sees: other hosts, oversized bodies, unreadable text."""

import re
from datetime import timedelta

import pytest
from webtest import TestApp

from mpay_gateway.domain.errors import OutcomeUnknown
from mpay_gateway.domain.seals import Chain
from mpay_gateway.flow.breakers import answered, lookups_at, unanswered


def test_another_host_is_refused(browser):
    assert browser.get("/", headers={"Host": "evil.example"}, status=400)


def test_a_forwarded_host_is_not_believed(browser):
    page = browser.get("/help", headers={"X-Forwarded-Host": "evil.example"})
    assert "evil.example" not in page.text


@pytest.mark.parametrize("host", ["pay.example", "PAY.example", "pay.example:443"])
def test_our_host_is_known_in_every_spelling(browser, host):
    browser.get("/help", headers={"Host": host}, status=200)


def local(wsgi, **environ):
    return TestApp(wsgi, extra_environ={"HTTP_HOST": "127.0.0.1:6543", "REMOTE_ADDR": "127.0.0.1", **environ})


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_this_machine_may_ask_how_we_are_under_any_host(wsgi, path):
    assert local(wsgi).get(path, status=200).content_type == "text/plain"


def test_this_machine_gets_pages_under_our_host_only(wsgi):
    local(wsgi).get("/", status=400)


def test_measures_are_not_for_others(browser):
    browser.get("/metrics", status=404)


def test_a_proxy_on_this_machine_is_not_this_machine(wsgi):
    local(wsgi, HTTP_X_FORWARDED_FOR="198.51.100.1", HTTP_HOST="pay.example").get("/metrics", status=404)


def test_measures_count_by_route_and_never_name_an_address(wsgi, browser):
    browser.get("/pay/" + "t" * 22, status=404)
    text = local(wsgi).get("/metrics").text
    assert 'mpay_http_requests_total{method="GET",route="pay",status="404"}' in text
    assert "# TYPE mpay_hook_seconds histogram" in text
    assert "t" * 22 not in text


def test_the_age_of_what_waits_for_its_seal_is_measured(wsgi, parts):
    def unsealed():
        return float(
            re.search(r"^mpay_unsealed_seconds (.+)$", local(wsgi).get("/metrics").text, re.MULTILINE)[1]
        )

    parts.units.run("seal", lambda work: work.growth.remove(work.growth.marks(1000)))
    assert unsealed() == 0
    at = parts.clock.now() - timedelta(minutes=5)
    parts.units.run("grow", lambda work: work.growth.note(Chain.AUDIT, "PAYMENT", at))
    assert 300 <= unsealed() < 400


def test_who_does_not_answer_is_measured(wsgi, parts):
    for number in range(5):
        unanswered(parts, lookups_at("SHOP01"), OutcomeUnknown("no answer"), about=f"call {number}")
    assert 'mpay_breaker_open{calls="lookups",to="SHOP01"} 1.0' in local(wsgi).get("/metrics").text
    answered(parts, lookups_at("SHOP01"))
    text = local(wsgi).get("/metrics").text
    assert "# TYPE mpay_breaker_open gauge" in text
    assert "SHOP01" not in text


@pytest.mark.parametrize(
    "path",
    [
        "/pay/%00",
        "/static/..%2f..%2fsetup.py",
        "/%ff",
        "//help",
        "/a%5cb",
        "/help/../find",
        "/find%0A",
        "/help%0D",
        "/%7f",
    ],
)
def test_odd_paths_are_not_found(browser, path):
    browser.get(path, status=404)


@pytest.mark.parametrize("query", ["q=%ff", "q=a%00b", "lang=%ff"])
def test_unreadable_queries_are_refused_with_a_page(browser, query):
    assert "<h1>" in browser.get(f"/?{query}", status=400).text


@pytest.mark.parametrize("path", ["/", "/help", "/find", "/nothing/here"])
def test_a_neighbours_cookie_that_is_no_utf8_costs_the_language_and_nothing_else(wsgi, path):
    """Attack 19: a site under the same parent domain may set any cookie, and browsers send it to us."""
    sent = {
        "HTTP_HOST": "pay.example",
        "wsgi.url_scheme": "https",
        "HTTP_COOKIE": 'other="caf\\351"; language=ru',
    }
    page = TestApp(wsgi, extra_environ=sent).get(path, expect_errors=True)
    assert page.status_int == (404 if path == "/nothing/here" else 200)
    assert 'lang="ro"' in page.text


def test_a_large_form_is_refused(browser):
    assert "<h1>" in browser.post("/find", "reference=" + "a" * 70_000, status=413).text


def test_a_body_of_unstated_length_is_measured(browser):
    environ = {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}
    browser.post("/find", "a" * 70_000, extra_environ=environ, status=413)


def test_a_broken_multipart_form_is_refused(browser):
    browser.post("/find", b"no boundary here", headers={"Content-Type": "multipart/form-data"}, status=400)


def test_a_file_in_place_of_a_text_is_refused(browser):
    browser.post(
        "/service/pay", {"OrderKey": "OP123456"}, upload_files=[("ServiceID", "a.txt", b"OPEN01")], status=400
    )


def test_wrong_methods_are_told_which_are_right(browser):
    assert browser.put("/help", status=405).headers["Allow"] == "GET, HEAD"


NO_SUCH_CHARSET = (
    b'--b\r\nContent-Disposition: form-data; name="a"\r\n'
    b"Content-Type: text/plain; charset=nope\r\n\r\nx\r\n--b--\r\n"
)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-www-form-urlencoded; charset=utf-7", b"order_key=A"),
        ("application/x-www-form-urlencoded; charset=nope", b"order_key=A"),
        ("application/x-www-form-urlencoded", b"order_key=%ff"),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n"),
        ("multipart/form-data; boundary=b", NO_SUCH_CHARSET),
        ("multipart/form-data; boundary=b", b"--b\r\nnonsense"),
    ],
)  # fmt: skip
def test_a_form_that_cannot_be_read_is_a_bad_request(browser, content_type, body):
    answer = browser.post("/service/pay", body, headers={"Content-Type": content_type}, expect_errors=True)
    assert answer.status_int == 400
