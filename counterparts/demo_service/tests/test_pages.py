"""The payer's pages, read as a browser without script reads them."""

import subprocess
from urllib.parse import urlencode

import pytest
from lxml import html

from counterparts.demo_service.tests.conftest import GATEWAY_URL, DemoService, Files
from demo_service.kinds import KIND_GROUPS, Kind
from demo_service.language import Language, texts_in
from demo_service.offers import ACCOUNTS, TERMS, Offer

FORM = {"name": "Ana Rusu", "personal_code": "2002004005676", "detail": "37b", "kind": "one-line"}
FORM_HEADERS = {"Content-Type": "application/x-www-form-urlencoded"}


def page(shop: DemoService, path: str, status: int = 200) -> html.HtmlElement:
    reply = shop.fetch("GET", path)
    assert reply.status == status
    return html.document_fromstring(reply.body.decode())


def send_form(shop: DemoService, offer: str, **changes: str):
    return shop.fetch("POST", f"/services/{offer}", urlencode(FORM | changes).encode(), FORM_HEADERS)


def test_ordering_leads_to_a_page_whose_button_posts_to_the_gateway(shop: DemoService) -> None:
    sent = send_form(shop, "forest-permit")
    assert sent.status == 303
    order_page = page(shop, sent.headers["location"].removeprefix(shop.url))
    (form,) = order_page.forms
    assert (form.method, form.action) == ("POST", f"{GATEWAY_URL}/service/pay")
    fields = dict(form.fields)
    assert fields["ServiceID"] == "DEMO01"
    assert fields["ReturnUrl"] == f"{shop.url}/orders/{fields['OrderKey']}/returned"
    assert "85,50" in form.text_content()


def test_a_fines_page_is_not_found_by_its_key(shop: DemoService) -> None:
    order = shop.order(plate_number="CDR 482")
    assert page(shop, str(order["page"])).find(".//form") is not None
    page(shop, f"/orders/{order['order_key']}", status=404)


def test_the_page_turns_to_paid_when_the_gateway_has_confirmed(shop: DemoService) -> None:
    order = shop.order()
    path = str(order["page"])
    assert "Încă nu știm" in page(shop, f"{path}/returned?status=paid").findtext(".//h1")
    assert shop.confirmed(shop.confirm(order, f"PAY-{order['order_key']}")) == "confirmed"
    assert "plata a ajuns" in page(shop, f"{path}/returned").findtext(".//h1")
    paid = page(shop, path)
    assert f"PAY-{order['order_key']}" in paid.text_content()
    assert not paid.forms


@pytest.mark.parametrize("kind", ["expired", "cancelled", "paid"])
def test_what_cannot_be_paid_has_no_button(shop: DemoService, kind: str) -> None:
    assert not page(shop, str(shop.order(kind)["page"])).forms


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("name", "x" * 61), ("personal_code", "123"), ("detail", "?"), ("kind", "nonsense")],
)
def test_a_wrong_field_is_named_and_keeps_what_was_written(shop: DemoService, field: str, value: str) -> None:
    reply = send_form(shop, "forest-permit", **{field: value})
    assert reply.status == 422
    document = html.document_fromstring(reply.body.decode())
    assert document.xpath("//div[@role='alert']//a/@href") == [f"#{field}"]
    if field != "kind":
        (entry,) = document.xpath(f"//input[@id='{field}']")
        assert (entry.get("aria-invalid"), entry.get("value")) == (
            "true",
            value.upper() if field == "detail" else value,
        )


def test_markup_in_a_field_is_shown_as_text(shop: DemoService) -> None:
    order = shop.order(customer_name="<script>alert(1)</script>")
    document = page(shop, str(order["page"]))
    assert "<script>alert(1)</script>" in document.text_content()
    assert not document.xpath("//script")


@pytest.mark.parametrize("language", list(Language))
def test_a_language_is_kept_by_the_cookie(shop: DemoService, language: Language) -> None:
    reply = shop.fetch("GET", f"/?lang={language.value}")
    cookie = reply.headers["set-cookie"].partition(";")[0]
    body = shop.fetch("GET", "/services/traffic-fine", headers={"Cookie": cookie}).body.decode()
    assert html.document_fromstring(body).get("lang") == language.value
    assert texts_in(language)("offer.traffic-fine.title") in body


@pytest.mark.parametrize(
    "path", ["/nope", "/services/nope", "/orders/nope", "/orders/nope/returned", "/test"]
)
def test_an_unknown_page_says_so(shop: DemoService, path: str) -> None:
    assert texts_in(Language.RO)("error.title_404") in page(shop, path, status=404).text_content()


@pytest.mark.parametrize("path", ["/%ff", "/?lang=%ff", "/services/traffic-fine?%ff=1", "/orders/%00"])
def test_an_address_that_cannot_be_read_breaks_nothing(shop: DemoService, path: str) -> None:
    reply = shop.fetch("GET", path)
    assert reply.status in (200, 400, 404)
    assert b"Traceback" not in reply.body


def test_pages_forbid_scripts_and_foreign_parts(shop: DemoService) -> None:
    headers = shop.fetch("GET", "/").headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert f"form-action 'self' {GATEWAY_URL}" in policy
    assert headers["referrer-policy"] == "same-origin"
    style = page(shop, "/").xpath("//link[@rel='stylesheet']/@href")
    assert [shop.fetch("GET", path).status for path in style] == [200]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/test/orders", {"kind": "nonsense"}),
        ("/test/orders", {"amount": 150}),
        ("/test/orders", {"amount": "1.234"}),
        ("/test/orders", {"amount": "-1"}),
        ("/test/orders", {"surprise": 1}),
        ("/test/orders", [1]),
        ("/test/faults", {"lookup": "nonsense"}),
        ("/test/faults", {"slow_seconds": -1}),
    ],
)
def test_a_wrong_wish_of_a_test_is_explained(shop: DemoService, path: str, body: object) -> None:
    status, answer = shop.post_json(path, body)
    assert (status, list(answer)) == (400, ["error"])


# Without a server


def test_every_language_has_the_same_texts_and_all_of_them() -> None:
    keys = {language: texts_in(language).keys() for language in Language}
    assert keys[Language.RO] == keys[Language.RU] == keys[Language.EN]
    wanted = {f"kind.{kind.value}" for kind in Kind} | {f"kind_group.{group}" for group in KIND_GROUPS}
    wanted |= {
        f"offer.{offer.value}.{part}" for offer in Offer for part in ("title", "short", "detail", "part2")
    }
    assert wanted <= keys[Language.RO]


@pytest.mark.parametrize("kind", ["refunding", "refunded"])
def test_money_that_went_back_shows_on_the_order_page_and_leaves_no_button(
    shop: DemoService, kind: str
) -> None:
    order = shop.order(kind)
    assert order["state"] == kind
    order_page = page(shop, f"{order['page']}?lang=en")
    assert texts_in(Language.EN)(f"order.title_{kind}") in order_page.text_content()
    assert order_page.forms == []
    returned = page(shop, f"{order['page']}/returned?lang=en")
    assert texts_in(Language.EN)("returned.title_closed") in returned.text_content()


def test_every_kind_can_be_chosen_once() -> None:
    chosen = [kind for kinds in KIND_GROUPS.values() for kind in kinds]
    assert sorted(chosen) == sorted(Kind)


def test_accounts_are_valid_ibans_and_samples_fit_their_patterns() -> None:
    for account in ACCOUNTS:
        turned = account.bank_account[4:] + account.bank_account[:4]
        assert int("".join(str(int(letter, 36)) for letter in turned)) % 97 == 1
    for terms in TERMS.values():
        assert terms.detail_pattern.fullmatch(terms.detail_sample)


# The command


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("--key", "/nowhere/key.pem"), "/nowhere/key.pem"),
        (("--gateway-certificate", "/nowhere/gateway.pem"), "/nowhere/gateway.pem"),
        (("--gateway-url", "ftp://gateway"), "not an http or https address"),
        (("--algorithm", "md5"), "invalid choice"),
    ],
)
def test_a_wrong_setting_is_explained_in_one_line(
    files: Files, change: tuple[str, str], complaint: str
) -> None:
    process = subprocess.run(
        files.command(0, *change), capture_output=True, text=True, timeout=20, check=False
    )
    assert process.returncode in (1, 2)
    assert complaint in process.stderr
    assert "Traceback" not in process.stderr


def test_test_controls_are_closed_unless_asked_for(files: Files) -> None:
    from demo_service.application import make_application
    from demo_service.parts import assemble
    from demo_service.settings import KeyFiles, Settings, read_signer, read_trust

    keys = KeyFiles(files.folder / "service.key", files.folder / "service.pem", files.folder / "gateway.pem")
    settings = Settings(
        host="127.0.0.1",
        port=0,
        database=files.folder / "closed.db",
        gateway_url=GATEWAY_URL,
        public_url="http://127.0.0.1:1",
        signer=read_signer(keys, "rsa-sha1", "issuer-serial"),
        trust=read_trust(keys),
        test_controls=False,
        slow_seconds=1,
    )
    application = make_application(assemble(settings))
    statuses = []
    for path in ("/", "/test/faults", "/test/orders/x.json"):
        environ = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": path,
            "SERVER_NAME": "x",
            "SERVER_PORT": "80",
            "wsgi.url_scheme": "http",
        }
        application(environ, lambda status, headers, error=None: statuses.append(status[:3]))
    assert statuses == ["200", "404", "404"]
