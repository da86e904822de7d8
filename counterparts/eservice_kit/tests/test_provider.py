"""A small service over real HTTP, asked by a gateway that signs with xmlsec."""

import http.client
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from lxml import etree

from counterparts.eservice_kit.tests.gateway_messages import (
    CONTRACT,
    Pair,
    Signing,
    check_reply,
    confirmation_body,
    lookup_body,
    signed_request,
)
from eservice_kit import (
    Delivery,
    Fault,
    FaultCode,
    OrderDetails,
    OrderLine,
    OrderProperty,
    OrderQuery,
    PaymentAccount,
    PaymentConfirmation,
    ServiceProvider,
    Signer,
    Trust,
    create_payment_register,
    register_payment,
)
from eservice_kit.keys import load_certificates, load_signing_key
from eservice_kit.make_certificate import make_certificate
from eservice_kit.wire_write import orders_answer

SCHEMA = "{http://www.w3.org/2001/XMLSchema}schema"


@dataclass
class Permits:
    """A service with one order, PERMIT-1."""

    asked: list[OrderQuery] = field(default_factory=list)
    told: list[PaymentConfirmation] = field(default_factory=list)

    def get_order_details(self, query: OrderQuery) -> Sequence[OrderDetails]:
        self.asked.append(query)
        if query.order_key == "BROKEN":
            raise RuntimeError("secret detail")
        return (permit(),) if query.order_key == "PERMIT-1" else ()

    def confirm_order_payment(self, confirmation: PaymentConfirmation) -> None:
        if confirmation.order_key != "PERMIT-1":
            raise Fault(FaultCode.UNKNOWN_ORDER, "There is no such permit")
        self.told.append(confirmation)


def permit() -> OrderDetails:
    account = PaymentAccount("MD87TRPBAA142310A1500001", "TREZMD2X", "1006601000255", "Trezoreria")
    line = OrderLine("L1", "Permis", Decimal("85.5"), account)
    return OrderDetails(
        service_id="DEMO01",
        order_key="PERMIT-1",
        reason="Permis de pădure",
        lines=(line,),
        total_due=Decimal("85.5"),
        due_date=datetime(2026, 12, 1, 10, tzinfo=UTC),
        properties=(OrderProperty("Plot", "37B", display_name="Parcela", type="string"),),
    )


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@dataclass
class Running:
    port: int
    gateway: Pair
    service_certificate: bytes
    service: Permits

    def post(self, body: bytes, *, operation: str = "GetOrderDetails", **headers: str) -> tuple[int, bytes]:
        """Status and body; ``headers`` replace the usual ones."""
        action = f'"{CONTRACT}/IServiceProvider/{operation}"'
        usual = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": action}
        given = {name.replace("_", "-"): text for name, text in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("POST", "/", body, usual | given)
            reply = connection.getresponse()
            return reply.status, reply.read()
        finally:
            connection.close()

    def ask(self, body: str, operation: str = "GetOrderDetails") -> tuple[int, etree._Element]:
        """Status and the payload, whose signature is checked."""
        status, reply = self.post(signed_request(body, Signing(self.gateway)), operation=operation)
        return status, check_reply(reply, self.service_certificate)


@pytest.fixture(scope="module")
def keys() -> tuple[Pair, Pair]:
    return Pair(*make_certificate("gateway")), Pair(*make_certificate("service"))


@pytest.fixture
def running(keys: tuple[Pair, Pair]) -> Iterator[Running]:
    gateway, own = keys
    service = Permits()
    provider = ServiceProvider(
        service,
        signer=Signer(load_signing_key(own.key, own.certificate)),
        trust=Trust(load_certificates(gateway.certificate)),
    )
    with make_server("127.0.0.1", 0, provider, handler_class=_Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield Running(server.server_port, gateway, own.certificate, service)
        server.shutdown()
        thread.join()


def schema_of(running: Running) -> etree.XMLSchema:
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=10)
    connection.request("GET", "/?WSDL")
    wsdl = etree.fromstring(connection.getresponse().read())
    connection.close()
    address = wsdl.find(".//{http://schemas.xmlsoap.org/wsdl/soap/}address").get("location")
    assert address == f"http://127.0.0.1:{running.port}/"
    return etree.XMLSchema(etree.fromstring(etree.tostring(wsdl.find(f".//{SCHEMA}"))))


def test_an_order_is_answered_signed_and_fits_the_published_schema(running: Running) -> None:
    status, payload = running.ask(lookup_body("PERMIT-1", language="RU"))
    assert status == 200
    assert running.service.asked == [OrderQuery("DEMO01", "PERMIT-1", "ru")]
    assert payload.findtext(".//{*}TotalAmountDue") == "85.50"
    assert payload.findtext(".//{*}DueDate") == "2026-12-01T12:00:00.000"
    schema_of(running).assertValid(etree.fromstring(etree.tostring(payload)))


def test_the_schema_refuses_members_out_of_order(running: Running) -> None:
    answer = orders_answer((permit(),))
    answer[0][0].append(answer[0][0][0])
    assert not schema_of(running).validate(answer)


def test_an_unknown_order_is_an_empty_array(running: Running) -> None:
    status, payload = running.ask(lookup_body("NOPE"))
    assert (status, len(payload[0])) == (200, 0)


def test_a_payment_is_told_with_all_that_the_message_says(running: Running) -> None:
    body = confirmation_body("PERMIT-1", {"L1": "85.50"}, payment_id="P1", total="85.50")
    status, payload = running.ask(body, "ConfirmOrderPayment")
    assert (status, etree.QName(payload).localname, len(payload)) == (200, "ConfirmOrderPaymentResponse", 0)
    (told,) = running.service.told
    assert (told.payment_id, told.total, told.invoice_id) == ("P1", Decimal("85.50"), "00069002233014")
    assert told.paid_at.utcoffset() == timedelta(hours=2)
    assert told.lines[0].account is None
    assert [(each.name, each.value) for each in told.properties] == [("Bank", "MAIB (Card)")]


def test_a_services_refusal_is_a_signed_fault(running: Running) -> None:
    body = confirmation_body("NOPE", {"L1": "1"}, payment_id="P1", total="1")
    status, payload = running.ask(body, "ConfirmOrderPayment")
    assert (status, payload.findtext("faultcode")) == (500, "UnknownOrder")


def test_a_services_failure_is_an_unsigned_fault_without_detail(running: Running) -> None:
    status, reply = running.post(signed_request(lookup_body("BROKEN"), Signing(running.gateway)))
    assert (status, b"InternalError" in reply, b"Signature" in reply) == (500, True, False)
    assert b"secret" not in reply
    assert b"Traceback" not in reply


@pytest.mark.parametrize(
    ("wrong", "member"),
    [
        (lambda body: body.replace("<TotalAmount>5", "<TotalAmount>five"), "TotalAmount"),
        (lambda body: body.replace("<Amount>5", "<Amount>-5"), "Amount"),
        (lambda body: body.replace("<Amount>5", "<Amount>NaN"), "Amount"),
        (lambda body: body.replace("<PaymentID>P1</PaymentID>", ""), "PaymentID"),
        (lambda body: body.replace("2026-11-23T", "yesterday "), "PaidAt"),
        (lambda body: body.replace("<OrderKey>", "<OrderKey>A</OrderKey><OrderKey>"), "OrderKey"),
        (lambda body: body.replace("ConfirmOrderPayment", "CancelOrder"), "operation"),
    ],
)
def test_what_cannot_be_read_is_named(running: Running, wrong: object, member: str) -> None:
    body = confirmation_body("PERMIT-1", {"L1": "5"}, payment_id="P1", total="5")
    status, payload = running.ask(wrong(body), "ConfirmOrderPayment")  # type: ignore[operator]
    assert (status, payload.findtext("faultcode")) == (500, "InvalidParameter")
    assert member in payload.findtext("faultstring")
    assert running.service.told == []


def test_a_message_that_is_not_believed_gets_one_unsigned_answer(
    running: Running, keys: tuple[Pair, Pair]
) -> None:
    good = signed_request(lookup_body("PERMIT-1"), Signing(running.gateway))
    bad = [
        signed_request(lookup_body("PERMIT-1"), Signing(keys[1])),
        good.replace(b"PERMIT-1", b"PERMIT-2"),
        b"<no soap",
        signed_request(lookup_body("K"), Signing(running.gateway, at=datetime(2020, 1, 1, tzinfo=UTC))),
    ]
    answers = {running.post(message) for message in bad}
    assert len(answers) == 1
    status, reply = answers.pop()
    assert (status, b"AuthenticationFailed" in reply, b"Signature" in reply) == (500, True, False)
    assert running.service.asked == []


def test_an_action_for_another_operation_is_refused(running: Running) -> None:
    message = signed_request(lookup_body("PERMIT-1"), Signing(running.gateway))
    status, reply = running.post(message, operation="ConfirmOrderPayment")
    payload = check_reply(reply, running.service_certificate)
    assert (status, payload.findtext("faultcode")) == (500, "InvalidParameter")
    assert running.post(message, SOAPAction='""')[0] == 200


def test_transport_errors_are_plain(running: Running) -> None:
    assert running.post(b"{}", Content_Type="application/json")[0] == 415
    assert running.post(b"", Content_Length=str(1024 * 1024 + 1))[0] == 413
    assert running.post(b"", Content_Length="many")[0] == 411


# The register


@pytest.fixture
def register() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    create_payment_register(connection)
    yield connection
    connection.close()


def confirmation(total: str = "50", payment_id: str = "P1") -> PaymentConfirmation:
    return PaymentConfirmation("S", "K", payment_id, Decimal(total), datetime(2026, 1, 1, tzinfo=UTC), ())


def test_a_payment_counts_once_however_it_is_spelt(register: sqlite3.Connection) -> None:
    deliveries = [register_payment(register, each) for each in (confirmation(), confirmation("50.00"))]
    assert deliveries == [Delivery.FIRST, Delivery.REPEAT]
    assert register_payment(register, confirmation(payment_id="P2")) is Delivery.FIRST


def test_the_same_payment_with_other_content_is_refused(register: sqlite3.Connection) -> None:
    register_payment(register, confirmation())
    with pytest.raises(Fault, match="InvalidParameter"):
        register_payment(register, confirmation("51"))


def test_a_payment_that_was_rolled_back_is_first_again(register: sqlite3.Connection) -> None:
    register.execute("BEGIN IMMEDIATE")
    register_payment(register, confirmation())
    register.execute("ROLLBACK")
    assert register_payment(register, confirmation()) is Delivery.FIRST


# Orders that break the guide's rules


@pytest.mark.parametrize(
    ("lines", "total"),
    [
        ((), Decimal(0)),
        ((OrderLine("L", "R", Decimal(1)),), Decimal(2)),
        ((OrderLine("L", "R", None),), None),
    ],
)
def test_an_order_that_breaks_a_rule_cannot_be_made(
    lines: tuple[OrderLine, ...], total: Decimal | None
) -> None:
    with pytest.raises(ValueError, match="order"):
        OrderDetails("S", "K", "R", lines, total_due=total)
