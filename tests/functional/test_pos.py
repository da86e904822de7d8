"""The POS addresses over a real service: a vendor registers a terminal, a clerk opens an order there, it is paid."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import urllib3

from mpay_gateway.domain.language import Language
from mpay_gateway.domain.payment import PaymentState
from mpay_gateway.flow.pos_terminals import TerminalBook
from tests.scene.certified_front import Certificates, make_certificates
from tests.scene.gateway import Gateway
from tests.scene.integrator import (
    ACCESS,
    AT_COUNTERS,
    CONFIGURE,
    COUNTER,
    OFFICE,
    PROXY,
    TERMINAL,
    VENDOR,
    Clerk,
    Integrator,
    behind_front,
    gateway_at_counters,
)
from tests.scene.payer import Page, Payer, says
from tests.scene.shop import ShopOrder
from tests.scene.waiting import eventually

OTHER = "198.51.100.21"


@pytest.fixture
def gateway(make_gateway) -> Gateway:
    return gateway_at_counters(make_gateway)


@pytest.fixture
def vendor(gateway: Gateway) -> Clerk:
    return Clerk.of_the_office(gateway)


@pytest.fixture
def clerk(gateway: Gateway, vendor: Clerk) -> Clerk:
    """At a terminal that is registered."""
    assert vendor.register().status_int == 200
    return Clerk(gateway)


# Registration


def test_a_vendor_registers_a_terminal_once_however_often_he_asks(gateway, vendor):
    first, again = vendor.register(), vendor.register()
    assert (first.status_int, again.status_int) == (200, 200)
    (kept,) = gateway.read(lambda work: work.pos_terminals.all())
    for shown in (first, again):
        assert kept.id in shown.text
        assert Page(shown).heading == says("pos.registered")
    assert (kept.caller, kept.data.intended_ip, kept.data.organization_service) == ("vendor", COUNTER, "")


@pytest.mark.parametrize("path", [CONFIGURE, "/posterminal/CONFIGURE"])
def test_the_form_is_filled_from_the_address_and_sent_from_our_own_page(gateway, vendor, path):
    page = vendor.open(f"{path}?terminalID=T-7&ORGANIZATIONNAME=Permits%20Office")
    typed = {
        "OrganizationIdno": "1006601000255",
        "OfficeAddress": "x",
        "VendorName": "B",
        "IntendedIp": COUNTER,
    }
    sent = vendor.send(page, "Terminal" if path == CONFIGURE else "terminal", **typed)
    assert (sent.status, sent.heading) == (200, says("pos.registered"))
    (kept,) = gateway.read(lambda work: work.pos_terminals.all())
    assert (kept.data.terminal_id, kept.data.organization_name) == ("T-7", "Permits Office")


@pytest.mark.parametrize("language", Language)
def test_what_is_wrong_stands_beside_each_field_and_nothing_is_kept(gateway, vendor, language):
    vendor.open(f"{CONFIGURE}?lang={language}")
    page = Page(
        vendor.register(OrganizationIdno="1006601000256", IntendedIp="198.51.100.0/24", VendorName="")
    )
    assert page.status == 422
    wanted = {
        "organization_idno": "form.pos.idno",
        "intended_ip": "form.pos.ip",
        "vendor_name": "form.pos.missing",
    }
    for field, key in wanted.items():
        (error,) = page.html.xpath(f"//*[@id='{field}-error']")
        assert says(key, language) in " ".join(error.text_content().split())
        (listed,) = page.html.xpath(f"//a[@href='#{field}']")
        assert listed.text_content() == f"{says(f'pos.field.{field}', language)}: {says(key, language)}"
    assert page.html.xpath("//input[@id='terminal_id']/@value") == ["T-100"]
    assert gateway.read(lambda work: work.pos_terminals.all()) == ()


def test_a_form_of_another_site_registers_nothing(gateway, vendor):
    for origin in ("https://evil.example", "null"):
        answer = vendor.browser.post(CONFIGURE, TERMINAL, headers={"Origin": origin}, expect_errors=True)
        assert answer.status_int == 400
    assert gateway.read(lambda work: work.pos_terminals.all()) == ()


# The clerk's page


def test_a_clerk_opens_an_order_and_sees_how_it_can_be_paid(gateway, clerk, shop):
    order = shop.order(amount="150.00", customer_name="Popescu Ion")
    page = clerk.ask(order)
    assert (page.status, page.heading) == (200, says("counter.title"))
    assert page.path.startswith("/PosTerminal/Invoice/")
    for shown in (order.key, "150,00 MDL", "Po****", "T-100", "Permits Office", "Invented Bank"):
        assert shown in page.text
    assert "Popescu" not in page.text
    assert page.says("counter.no_device")
    assert page.link("/pay/")
    payee = gateway.parts.services.get("DEMO01").name.in_language(Language.RO)
    assert page.says("counter.at_device", service=payee, number=order.key)


def test_an_order_is_paid_from_the_clerks_page_and_its_service_is_told(gateway, clerk, shop, bank):
    order = shop.order()
    invoice = clerk.open(clerk.ask(order).link("/pay/"))
    methods = clerk.agree(invoice)
    assert methods.html.xpath("//input[@name='instrument']/@value") == ["card-here"]
    started = clerk.choose(methods, "card-here")
    bank.pay(gateway.payment(started.payment_id).remote_reference)
    clerk.result(started)
    (payment,) = gateway.payments(order.key)
    assert (payment.channel, payment.instrument_id, payment.state) == (
        "counter",
        "card-here",
        PaymentState.CAPTURED,
    )
    eventually(lambda: shop.state(order)["state"], lambda state: state == "paid")
    assert clerk.ask(order).heading == says("standing.paid.title")


def test_an_invoice_is_opened_by_its_number(gateway, clerk, shop):
    order = shop.order()
    (number,) = Integrator(gateway).numbers(order)
    for path in (f"/PosTerminal/PayInvoice/{number}", f"/posterminal/payinvoice/{number}"):
        page = clerk.post(path, {})
        assert (page.status, page.heading) == (200, says("counter.title"))
        assert order.key in page.text
    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
    assert clerk.post(f"/PosTerminal/PayInvoice/{wrong}", {}).status == 404


def test_where_no_way_to_pay_is_set_up_the_page_says_so(make_gateway, shop):
    gateway = gateway_at_counters(make_gateway, more=ACCESS + VENDOR)
    Clerk.of_the_office(gateway).register()
    page = Clerk(gateway).ask(shop.order())
    assert page.says("counter.none")
    assert not page.link("/method")
    assert "/i/" in page.text
    assert [
        link for link in page.html.xpath("//main//a/@href") if link.startswith("/pay/") and "pdf" not in link
    ] == []


def test_several_orders_are_chosen_from_on_the_payers_own_page(clerk, shop):
    page = clerk.ask(shop.order("several-orders"))
    assert page.path.startswith("/pay/")
    assert page.find_form("/order").method == "POST"


def test_an_order_that_is_not_there_is_not_found(clerk, shop):
    unknown = ShopOrder("DEMO-26-0000000000", "DEMO01", "", "1.00", "", ())
    assert clerk.ask(unknown).status == 404


def test_a_service_that_takes_no_payments_at_counters_or_is_not_the_vendors_is_refused(make_gateway, shop):
    gateway = make_gateway(more=ACCESS + VENDOR, proxies=(f"{PROXY}/32",))
    Clerk.of_the_office(gateway).register()
    refused = Clerk(gateway).ask(shop.order())
    assert (refused.status, refused.heading) == (409, says("problem.no-counter.title"))
    assert Clerk(gateway).ask(shop.fine()).status == 404


# Who is let in


def test_a_terminal_that_calls_too_often_shuts_out_no_other_one_of_its_vendor(make_gateway, shop):
    gateway = gateway_at_counters(make_gateway, limits="calls_per_minute = 6")
    vendor = Clerk.of_the_office(gateway)
    vendor.register()
    vendor.register(TerminalId="T-2", IntendedIp=OTHER)
    loops, other, order = Clerk(gateway), Clerk(gateway, address=OTHER), shop.order()
    assert [loops.ask(order).status for _ in range(4)] == [200, 200, 200, 429]
    assert other.ask(order).status == 200


def test_nobody_opens_an_order_but_at_a_registered_terminal_of_his_own(gateway, clerk, shop):
    order = shop.order(amount="151.00")
    token = clerk.ask(order).path.rpartition("/")[2]
    strangers = {
        "another address": Clerk(gateway, address=OTHER),
        "the vendor's own office": Clerk(gateway, address=OFFICE),
        "no certificate": Clerk(gateway, certificate=""),
        "an integrator's": Clerk(gateway, certificate="CN=shop"),
    }
    for name, stranger in strangers.items():
        for answer in (stranger.ask(order), stranger.open(f"/PosTerminal/Invoice/{token}")):
            assert answer.status == 403, name
            assert "151" not in answer.text
    for stranger in (*strangers.values(), clerk):
        if stranger is not strangers["the vendor's own office"]:
            assert stranger.register(TerminalId="T-2", IntendedIp=OTHER).status_int == 403
    assert len(gateway.read(lambda work: work.pos_terminals.all())) == 1


def test_a_disabled_terminal_opens_nothing_any_more_and_cannot_be_registered_anew(
    gateway, clerk, vendor, shop
):
    token = clerk.ask(shop.order()).path.rpartition("/")[2]
    (terminal,) = gateway.read(lambda work: work.pos_terminals.all())
    TerminalBook(gateway.parts.units, gateway.parts.clock, "shell:test").disable(terminal.id, "stolen")
    assert clerk.ask(shop.order()).status == 403
    assert clerk.open(f"/PosTerminal/Invoice/{token}").status == 403
    refused = Page(vendor.register())
    assert (refused.status, refused.says("form.pos.disabled")) == (422, True)


def test_a_visit_of_the_portal_is_no_clerks_page(gateway, clerk, shop):
    token = Payer(gateway).arrive(shop.order()).token
    assert clerk.open(f"/PosTerminal/Invoice/{token}").status == 404


# Over TLS


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("pos-certificates"), "vendor", "shop")


@pytest.fixture
def front(make_gateway, certificates: Certificates) -> Iterator[tuple[Gateway, int]]:
    access = (ACCESS + VENDOR).replace(f'networks = ["{OFFICE}/32"]', 'networks = ["127.0.0.5/32"]')
    gateway = gateway_at_counters(make_gateway, more=access + AT_COUNTERS)
    with behind_front(gateway, certificates) as port:
        yield gateway, port


def test_over_tls_a_terminal_is_registered_from_the_office_and_used_from_its_own_address(
    certificates, front, shop
):
    _, port = front
    order = shop.order()
    path = f"/PosTerminal/Pay/{order.service_id}/{order.key}"

    def ask(name: str, address: str, path: str, fields: dict[str, str]) -> urllib3.BaseHTTPResponse:
        client = certificates.client(name, port, source=address)
        return client.request("POST", path, fields=fields, encode_multipart=False, redirect=False)

    assert ask("vendor", "127.0.0.7", path, {}).status == 403
    data = TERMINAL | {"IntendedIp": "127.0.0.7"}
    assert ask("vendor", "127.0.0.7", CONFIGURE, data).status == 403
    assert ask("vendor", "127.0.0.5", CONFIGURE, data).status == 200
    opened = ask("vendor", "127.0.0.7", path, {})
    assert opened.status == 303
    page = certificates.client("vendor", port, source="127.0.0.7").request(
        "GET", urlsplit(opened.headers["Location"]).path
    )
    assert (page.status, order.key in page.data.decode()) == (200, True)
    assert ask("shop", "127.0.0.7", path, {}).status == 403
