"""The connector against a server on the loopback: real sockets, real signatures in both directions."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from lxml import etree

from mpay_eservice_soap import ConnectorSettings, SoapConnector
from mpay_gateway.api import (
    ConfirmationToDeliver,
    InvalidAnswer,
    Language,
    OrderKey,
    OrderQuery,
    OutcomeUnknown,
    PluginContext,
    RemoteRefused,
)
from mpay_gateway.wssecurity import MessageKind, TrustedCertificates, VerificationPolicy, sign, verify


@dataclass
class Received:
    action: str
    operation: etree._Element


@dataclass
class RawService:
    """Verifies what it gets against the gateway's certificate and signs what `reply` says."""

    url: str
    trusted: TrustedCertificates
    keys: object
    reply: Callable[[etree._Element], bytes] = lambda _: b""
    status: int = 200
    received: list[Received] = field(default_factory=list)

    def handle(self, message: bytes, action: str) -> bytes:
        verified = verify(message, self.trusted, VerificationPolicy(datetime.now(UTC), MessageKind.REQUEST))
        self.received.append(Received(action, verified.body_element))
        return self.reply(verified.body_element)


@pytest.fixture
def service(gateway_keys, service_keys) -> Iterator[RawService]:
    trusted = TrustedCertificates.load([gateway_keys.certificate_pem])
    service = RawService("", trusted, service_keys)
    with serving(service):
        yield service


@contextmanager
def serving(service: RawService) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            message = self.rfile.read(int(self.headers["Content-Length"]))
            answer = service.handle(message, self.headers["SOAPAction"])
            self.send_response(service.status)
            self.send_header("Content-Type", "text/xml; charset=utf-8")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            with suppress(ConnectionError):  # the gateway may have hung up
                self.wfile.write(answer)

        def log_message(self, *args):
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    service.url = f"http://127.0.0.1:{server.server_port}/ServiceProvider.svc"
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def signed(service_keys, wire):
    """A reply that is signed when it is given."""
    key = service_keys.signing

    def make(body: str) -> Callable[[etree._Element], bytes]:
        return lambda _: sign(wire.envelope(body), key, at=datetime.now(UTC))

    return make


@pytest.fixture
def gateway(service, gateway_keys, service_keys, wire, bench):
    """The two calls of the gateway, over the network."""
    context = PluginContext(
        "soap", wire.http(), wire.system_time(), gateway_keys.key_pem, gateway_keys.certificate_pem
    )
    connector = SoapConnector(context, ConnectorSettings())
    registered = wire.service(service_keys.certificate_pem, url=service.url, timeout_seconds=4)

    class Gateway:
        evidence = bench.evidence

        def look_up(self, key: str):
            query = OrderQuery(registered.id, OrderKey(key), Language.RU, self.evidence)
            return connector.mpay_lookup_orders(service=registered, query=query)

        def deliver(self):
            to_deliver = ConfirmationToDeliver(wire.confirmation(), 1, self.evidence)
            return connector.mpay_deliver_confirmation(service=registered, confirmation=to_deliver)

    return Gateway()


def test_an_order_is_looked_up_and_confirmed(gateway, service, signed, wire):
    service.reply = signed(wire.reply(wire.order()))
    (order,) = gateway.look_up("K-1").orders
    service.reply = signed(wire.confirmed)
    receipt = gateway.deliver()
    assert order.order_key == "K-1"
    assert abs(receipt.skew_seconds) < 5
    asked, confirmed = service.received
    assert asked.action == '"https://mpay.gov.md/IServiceProvider/GetOrderDetails"'
    assert asked.operation.findtext(".//{*}Language") == "RU"
    assert confirmed.action == '"https://mpay.gov.md/IServiceProvider/ConfirmOrderPayment"'
    assert confirmed.operation.findtext(".//{*}TotalAmount") == "150.00"
    assert [kind for kind, _, _ in gateway.evidence.kept] == ["sent", "received"] * 2


def test_a_signed_fault_travels_under_http_500(gateway, service, signed, wire):
    service.reply, service.status = signed(wire.fault("UnknownOrder", "Nu există")), 500
    assert gateway.look_up("K-1").orders == ()
    with pytest.raises(RemoteRefused, match="UnknownOrder: Nu există") as refused:
        gateway.deliver()
    assert refused.value.permanent


def test_html_with_http_200_is_neither_yes_nor_no(gateway, service):
    service.reply = lambda _: b"<!doctype html><title>Mentenanta</title>"
    with pytest.raises(InvalidAnswer, match="HTTP 200"):
        gateway.deliver()


def test_silence_after_sending_leaves_the_outcome_unknown(gateway, service, signed, wire):
    silence = threading.Event()
    answer = signed(wire.confirmed)

    def late(element):
        silence.wait(10)
        return answer(element)

    service.reply = late
    with pytest.raises(OutcomeUnknown):
        gateway.deliver()
    silence.set()
    assert len(service.received) == 1
    assert [kind for kind, _, _ in gateway.evidence.kept] == ["sent"]


def test_many_threads_share_one_connector(gateway, service, service_keys, wire):
    key = service_keys.signing

    def echo(element):
        order = wire.order(OrderKey=element.findtext(".//{*}OrderKey"))
        return sign(wire.envelope(wire.reply(order)), key, at=datetime.now(UTC))

    service.reply = echo
    found: dict[int, str] = {}

    def look_up(number: int) -> None:
        found[number] = gateway.look_up(f"K-{number}").orders[0].order_key

    threads = [threading.Thread(target=look_up, args=(number,)) for number in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: f"K-{number}" for number in range(24)}
