"""The REST interface over a real service: numbers of invoices and their papers, for who shows a certificate."""

import io
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pdfplumber
import pytest
import urllib3

from mpay_gateway.domain.errors import UnknownService
from mpay_gateway.domain.identifiers import is_invoice_id
from mpay_gateway.domain.order import OrderLookup
from mpay_gateway.domain.payment import PaymentState
from tests.scene.certified_front import HEADER, Certificates, make_certificates
from tests.scene.gateway import Gateway
from tests.scene.integrator import ACCESS, OFFICE, PROXY, Integrator, behind_front
from tests.scene.payer import Payer
from tests.scene.shop import ShopOrder
from tests.scene.waiting import eventually

A5 = (419.528, 595.276)
DOWNLOAD, BYTES = "/api/Invoices/DownloadInvoicePdf", "/api/Invoices/GetPdfInvoiceBytes"


@pytest.fixture
def gateway(make_gateway) -> Gateway:
    return make_gateway(more=ACCESS, proxies=(f"{PROXY}/32",))


@pytest.fixture
def integrator(gateway: Gateway) -> Integrator:
    return Integrator(gateway)


def test_an_order_has_one_number_from_the_first_question_to_its_payment(gateway, integrator, shop):
    order = shop.order()
    (number,) = integrator.numbers(order)
    assert is_invoice_id(number)
    assert integrator.numbers(order) == [number]
    payer = Payer(gateway)
    assert number in payer.arrive(order).text.replace(" ", "")
    payer.pay(order)
    (payment,) = gateway.payments(order.key)
    assert (payment.invoice_id, payment.state) == (number, PaymentState.CAPTURED)
    (told,) = eventually(lambda: shop.confirmations(order), lambda told: told)
    assert told["invoice_id"] == number


def test_a_paid_order_keeps_its_number_and_has_no_paper_any_more(gateway, integrator, shop):
    order = shop.order()
    (number,) = integrator.numbers(order)
    Payer(gateway).pay(order)
    eventually(lambda: shop.state(order)["state"], lambda state: state == "paid")
    gateway.settle_down()
    assert integrator.numbers(order) == [number]
    refused = integrator.ask(DOWNLOAD, order)
    assert (refused.status_int, refused.json["code"]) == (409, "InvoiceAlreadyPaid")


def test_each_of_several_orders_under_a_key_has_its_number_and_no_paper_is_guessed(integrator, shop):
    order = shop.order("several-orders")
    numbers = integrator.numbers(order)
    assert len(set(numbers)) == 2
    assert set(integrator.numbers(order)) == set(numbers)
    refused = integrator.ask(DOWNLOAD, order)
    assert (refused.status_int, refused.content_type) == (400, "application/problem+json")
    assert "several orders" in refused.json["detail"]


def test_an_unknown_order_has_no_numbers_and_no_paper(integrator, shop):
    order = shop.order()
    unknown = ShopOrder("DEMO-26-0000000000", order.service_id, "", "1.00", "", ())
    assert integrator.numbers(unknown) == []
    refused = integrator.ask(BYTES, unknown)
    assert (refused.status_int, refused.json["code"]) == (404, "UnknownOrder")


def test_the_paper_is_downloaded_under_the_name_that_the_guide_gives(integrator, shop):
    order = shop.order()
    (number,) = integrator.numbers(order)
    answer = integrator.ask(DOWNLOAD, order)
    assert (answer.status_int, answer.content_type) == (200, "application/octet-stream")
    named = quote(f"Nota de plata {number}.pdf", safe="")
    assert answer.headers["Content-Disposition"] == (
        f"attachment; filename=\"Nota de plata {number}.pdf\"; filename*=UTF-8''{named}"
    )
    with pdfplumber.open(io.BytesIO(answer.body)) as pdf:
        assert number in "".join((pdf.pages[0].extract_text() or "").split())
    assert integrator.ask(DOWNLOAD, order).body == answer.body


@pytest.mark.parametrize(("asked", "width"), [({}, 595.276), ({"pageFormat": "A4"}, 595.276),
                                              ({"PAGEFORMAT": "a5"}, A5[0])])  # fmt: skip
def test_the_bytes_are_of_the_size_that_was_asked_for(integrator, shop, asked, width):
    answer = integrator.ask(BYTES, shop.order(), **asked)
    assert (answer.status_int, answer.content_type) == (200, "application/pdf")
    with pdfplumber.open(io.BytesIO(answer.body)) as pdf:
        assert float(pdf.pages[0].width) == pytest.approx(width, abs=0.5)


def test_the_payer_is_masked_on_the_paper(integrator, shop):
    answer = integrator.ask(BYTES, shop.order(customer_name="Popescu Ion"))
    with pdfplumber.open(io.BytesIO(answer.body)) as pdf:
        text = pdf.pages[0].extract_text() or ""
    assert "Po****" in text
    assert "Popescu" not in text


def test_a_service_that_is_down_is_a_problem_and_no_number(integrator, shop):
    order = shop.order()
    shop.break_down(lookup="down")
    silent = integrator.ask("/api/invoices", order)
    assert (silent.status_int, silent.json["type"].partition("#")[2]) == (503, "remote")
    shop.repair()


@pytest.mark.parametrize("path", ["/api/invoices", DOWNLOAD, BYTES])
def test_a_service_that_does_not_know_itself_is_a_problem_and_no_wrong_name(
    gateway, integrator, shop, monkeypatch, path
):
    """404 would say that there is no such order; what there is nobody knows."""
    answer_to(monkeypatch, gateway, lambda key: UnknownService("the service does not know itself"))
    answer = integrator.ask(path, shop.order())
    assert (answer.status_int, answer.json["type"].partition("#")[2]) == (503, "remote")
    assert "code" not in answer.json
    assert answer.headers["Retry-After"]


@pytest.mark.parametrize(
    "case",
    [("InternalError", 503, 503), ("", 503, 503), ("InvalidParameter", 200, 404)],
    ids=lambda case: case[0],
)
def test_what_may_be_a_fault_of_the_services_own_is_no_unknown_order(
    gateway, integrator, shop, monkeypatch, case
):
    """A program that took it for one would print nothing, and ask no more."""
    fault, *statuses = case
    order = shop.order()
    answer_to(monkeypatch, gateway, lambda _: OrderLookup((), certain=False, fault=fault))
    answers = [integrator.ask(path, order) for path in ("/api/invoices", BYTES)]
    assert [each.status_int for each in answers] == statuses
    assert [int(each.headers.get("Retry-After", 0)) > 0 for each in answers] == [
        status == 503 for status in statuses
    ]


def test_each_of_several_orders_is_a_problem_too_when_the_service_does_not_know_itself_any_more(
    gateway, integrator, shop, monkeypatch
):
    order = shop.order("several-orders")
    refusal = UnknownService("the service does not know itself")
    answer_to(monkeypatch, gateway, lambda key: None if key == order.key else refusal)
    answer = integrator.ask("/api/invoices", order)
    assert (answer.status_int, answer.json["type"].partition("#")[2]) == (503, "remote")


def test_one_of_several_orders_that_is_gone_meanwhile_takes_nothing_from_the_other(
    gateway, integrator, shop, monkeypatch
):
    order = shop.order("several-orders")
    numbers = integrator.numbers(order)
    asked: list[str] = []

    def the_first_is_gone(key: str) -> OrderLookup | None:
        asked.append(key)
        return OrderLookup((), certain=True) if len(asked) == 2 else None

    answer_to(monkeypatch, gateway, the_first_is_gone)
    assert integrator.numbers(order) == numbers[1:]
    assert len(asked) == 3


def answer_to(
    monkeypatch: pytest.MonkeyPatch,
    gateway: Gateway,
    say: Callable[[str], OrderLookup | Exception | None],
) -> None:
    """Let the service answer so to a key; where nothing is said it answers by itself."""
    calls = type(gateway.parts.calls)
    really = calls.lookup_orders

    def lookup_orders(self, service, query):
        said = say(query.order_key)
        if isinstance(said, Exception):
            raise said
        return said or really(self, service, query)

    monkeypatch.setattr(calls, "lookup_orders", lookup_orders)


# Over TLS, with client certificates


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"), "near", "shop")


@pytest.fixture
def front(gateway: Gateway, certificates: Certificates) -> Iterator[int]:
    """The port of a proxy with TLS before a server of the gateway's pages."""
    with behind_front(gateway, certificates) as port:
        yield port


def test_over_tls_a_known_certificate_from_a_known_address_is_served(certificates, front, shop):
    order = shop.order()
    near = certificates.client("near", front)
    query = {"serviceID": order.service_id, "orderKey": order.key}
    numbers = near.request("GET", "/api/invoices", fields=query)
    assert numbers.status == 200
    (number,) = numbers.json()
    assert is_invoice_id(number)
    assert near.request("GET", DOWNLOAD, fields=query).data.startswith(b"%PDF-")
    assert near.request("GET", "/openapi/index.html").status == 200


@pytest.mark.parametrize("name", [None, "shop"], ids=["no certificate", "a known one from elsewhere"])
def test_over_tls_nobody_else_is_served_whatever_he_says_of_himself(certificates, front, shop, name):
    order = shop.order()
    said = {HEADER: "CN=near", "X-Forwarded-For": OFFICE}
    query = {"serviceID": order.service_id, "orderKey": order.key}
    answer = certificates.client(name, front).request("GET", "/api/invoices", fields=query, headers=said)
    assert answer.status == 403
    assert order.key not in answer.data.decode()


def test_over_tls_a_certificate_of_another_authority_gets_no_answer_at_all(certificates, front):
    with pytest.raises((urllib3.exceptions.SSLError, urllib3.exceptions.ProtocolError)):
        certificates.client("stranger", front).request("GET", "/api/invoices")
