"""Attacks over HTTP (catalogue, section 3, 1 to 22): each has a plain page as its answer, never a trace."""

import pytest

from mpay_gateway.domain.language import Language
from tests.scene.payer import Payer

HOSTILE = '<script>alert(1)</script>\u202eEvil & "Co"'
STRICT = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


@pytest.fixture
def visitor(patient_gateway) -> Payer:
    return Payer(patient_gateway)


@pytest.fixture
def under_way(visitor, shop):
    """A payment of the visitor's, at the bank."""
    return visitor.start(shop.order())


def test_a_duplicate_parameter_is_refused(visitor, shop):
    """Attack 7."""
    order = shop.order()
    twice = [("ServiceID", "DEMO01"), ("ServiceID", "DEMO02"), ("OrderKey", order.key)]
    assert visitor.post("/service/pay", twice).status == 400
    mixed = visitor.post("/service/pay?OrderKey=other", {"ServiceID": "DEMO01", "orderkey": order.key})
    assert mixed.status == 400
    assert shop.lookups(order) == []


def test_arriving_from_another_site_charges_nothing(visitor, shop):
    """Attack 1."""
    order = shop.order()
    evil = {"Origin": "https://evil.example", "Referer": "https://evil.example/"}
    page = visitor.post("/service/pay", {"ServiceID": "DEMO01", "OrderKey": order.key}, headers=evil)
    assert page.says("invoice.heading")
    assert visitor.gateway.payments(order.key) == ()


@pytest.mark.parametrize("step", ["agree", "pay"])
@pytest.mark.parametrize("token", ["", "x" * 40])
def test_a_form_without_our_token_is_refused(step, token, visitor, shop):
    """Attack 2."""
    order = shop.order()
    page = visitor.arrive(order)
    if step == "pay":
        page = visitor.agree(page)
    refused = visitor.send(page, "/pay/", csrf_token=token)
    assert refused.status == 400
    assert refused.says("problem.stale-form.title")
    assert visitor.gateway.payments(order.key) == ()


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:1", "", "127.0.0.1.evil.example"])
def test_another_host_header_is_refused(host, visitor):
    """Attack 5."""
    page = visitor.open("/", extra_environ={"HTTP_HOST": host})
    assert page.status == 400
    assert "evil.example" not in page.response.text


def test_forwarded_headers_change_nothing(visitor, shop):
    """Attack 5: no link of ours follows them."""
    spoofed = {
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "Forwarded": "host=evil.example",
    }
    order = shop.order()
    page = visitor.post("/service/pay", {"ServiceID": "DEMO01", "OrderKey": order.key}, headers=spoofed)
    assert page.status == 200
    assert "evil.example" not in page.response.text


def test_steps_that_were_skipped_lead_to_the_true_step(visitor, shop):
    """Attack 11."""
    invoice = visitor.arrive(shop.order())
    skipped = visitor.open(f"/pay/{invoice.token}/method")
    assert skipped.path == f"/pay/{invoice.token}"
    assert skipped.says("invoice.heading")


def test_another_visits_payment_is_not_there(visitor, under_way, shop):
    """Attacks 13 and 71: the address of one's own visit does not open somebody else's payment."""
    own = visitor.arrive(shop.order())
    for rest in ("", "/bank", "/receipt.pdf", "/status"):
        page = visitor.open(f"/pay/{own.token}/payments/{under_way.payment_id}{rest}")
        assert page.status == 404, rest


def test_a_form_of_another_visit_starts_nothing(visitor, shop):
    first, second = visitor.arrive(shop.order()), shop.order()
    methods = visitor.agree(visitor.arrive(second))
    stolen = visitor.agree(first).form("/method")["form_token"]
    refused = visitor.send(methods, "/method", instrument="card", form_token=stolen)
    assert refused.status == 422
    assert visitor.gateway.payments(second.key) == ()


def test_a_forged_return_proves_nothing(visitor, under_way):
    """Attack 12."""
    payment = visitor.gateway.payment(under_way.payment_id)
    forged = f"/providers/sandbox-main/return?reference={payment.reference}&status=captured&session=x"
    page = visitor.open(forged)
    assert page.says("result.not-known.title")
    assert visitor.gateway.captures(payment.id) == ()


@pytest.mark.parametrize("query", ["", "?reference=NOBODY", "?session=ses_0", "?reference=<script>"])
def test_a_return_for_nobody_is_a_plain_page(query, visitor):
    page = visitor.open(f"/providers/sandbox-main/return{query}")
    assert page.status in {400, 404}
    assert "<script>" not in page.response.text


@pytest.mark.parametrize("instrument", ["", "nobody", "card' OR 1=1", "sandbox-main"])
def test_an_instrument_that_is_not_offered_is_explained(instrument, visitor, shop):
    order = shop.order()
    page = visitor.send(visitor.agree(visitor.arrive(order)), "/method", instrument=instrument)
    assert page.status == 422
    assert visitor.gateway.payments(order.key) == ()


@pytest.mark.parametrize(
    "path",
    [
        "/pay/xxxxxxxxxxxxxxxxxxxxxx", "/check/xxxxxxxxxxxxxxxxxxxxxx", "/i/00000000000000", "/services/NOBODY",
        "/static/../../etc/passwd", "/static/..%2f..%2fetc%2fpasswd", "/%00", "/pay/%00/invoice.pdf",
        "/providers/nobody/return", "/%ff%fe",
    ],
)  # fmt: skip
def test_what_is_not_there_is_a_404(path, visitor):
    """Attacks 13 and 18."""
    assert visitor.open(path).status == 404


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [("/service/pay", 70_000, 413), ("/providers/sandbox-main/callback", 2_000_000, 413)],
)
def test_too_large_a_body_is_refused(path, size, status, visitor):
    """Attack 17."""
    assert visitor.post(path, {"ServiceID": "x" * size}).status == status


@pytest.mark.parametrize("language", ["../../etc", "de", "ro\r\nX: y", "<b>", "RU "])
def test_an_unknown_language_is_the_default(language, visitor):
    """Attack 20."""
    page = visitor.browser.get("/", {"lang": language}, expect_errors=True)
    assert page.status_int in {200, 400}
    assert "X" not in page.headers
    assert 'lang="ro"' in page.text


def test_hostile_texts_of_a_service_are_shown_as_text(visitor, shop):
    """Attacks 4 and 22."""
    order = shop.order("several-lines", customer_name=HOSTILE)
    page = visitor.arrive(order)
    assert page.status == 200
    assert "<script>alert" not in page.response.text
    assert "\u202e" not in page.response.text
    search = visitor.open("/?q=%3Cscript%3Ealert(1)%3C/script%3E")
    assert "<script>alert" not in search.response.text


@pytest.mark.parametrize(
    "kind", ["long-names", "large-amount", "deviation-rich", "several-orders", "fill-in"]
)
def test_odd_orders_have_a_page(kind, visitor, shop):
    """No order of the shop brings a trace or an empty page."""
    page = visitor.arrive(shop.order(kind))
    assert page.status in {200, 404, 409}
    assert page.heading
    for word in ("None", "null", "Traceback"):
        assert word not in page.text.split()


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/services/DEMO01",
        "/find",
        "/help",
        "/privacy",
        "/accessibility",
        "/pay/x",
        "/nowhere",
        "/healthz",
    ],
)
def test_every_answer_is_strict(path, visitor):
    """Attacks 3 and 19."""
    headers = visitor.open(path).response.headers
    assert {name: headers[name] for name in STRICT} == STRICT
    policy = headers["Content-Security-Policy"]
    for part in ("default-src 'none'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"):
        assert part in policy
    assert "unsafe" not in policy
    assert headers["Cache-Control"] == "no-store"


def test_every_page_of_a_payment_is_strict_and_runs_no_script_of_others(visitor, under_way):
    for path in (under_way.path, under_way.path.removesuffix("/bank"), f"/pay/{under_way.token}"):
        page = visitor.open(path)
        assert page.response.headers["Cache-Control"] == "no-store"
        assert "unsafe" not in page.response.headers["Content-Security-Policy"]
        assert all(str(src).startswith("/static/") for src in page.html.xpath("//script/@src"))
        assert page.html.xpath("//script[not(@src)]") == []
        assert page.html.xpath("//*[@style]|//*[@onclick]") == []


@pytest.mark.parametrize("language", Language)
def test_a_language_is_kept_from_the_arrival_to_the_result(language, patient_gateway, shop):
    payer = Payer(patient_gateway)
    order = shop.order()
    invoice = payer.arrive(order, language=language.value)
    assert invoice.says("invoice.heading", language)
    bank = payer.choose(payer.agree(invoice))
    assert bank.html.get("lang") == language.value
    assert patient_gateway.payment(bank.payment_id).language == language
    assert payer.result(bank).says("result.not-known.title", language)
    assert shop.lookups(order)[0]["language"] == language.value


@pytest.mark.parametrize("language", Language)
def test_switching_the_language_keeps_ones_place(language, visitor, under_way):
    for path in (f"/pay/{under_way.token}", under_way.path, under_way.path.removesuffix("/bank")):
        page = visitor.open(path)
        switched = visitor.open(page.link(f"lang={language.value}"))
        assert switched.path == path
        assert switched.html.get("lang") == language.value


def test_over_https_cookies_are_bound_to_the_host(make_gateway, shop, bank):
    """Attack 16; the forms pass the origin check over https too."""
    gateway = make_gateway(public_url="https://pay.example")
    payer, order = Payer(gateway), shop.order()
    page = payer.arrive(order, language="en")
    assert page.response.headers["Strict-Transport-Security"]
    origin = {"Origin": "https://pay.example", "Referer": "https://pay.example/"}
    methods = payer.post(f"/pay/{page.token}", page.form("/pay/"), headers=origin)
    assert methods.says("method.title", Language.EN)
    cookies = {cookie.name: cookie for cookie in payer.browser.cookiejar}
    assert cookies.keys() == {"__Host-csrf", "__Host-language"}
    assert all(cookie.secure and cookie.path == "/" for cookie in cookies.values())
    refused = payer.post(f"/pay/{page.token}", page.form("/pay/"), headers={"Origin": "https://evil.example"})
    assert refused.status == 400
