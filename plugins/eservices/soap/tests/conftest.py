"""Keys made for the run, a clock that stands still, and a service that signs what a test wants said."""

import http.client
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from lxml import etree

from mpay_eservice_soap import ConnectorSettings, ServiceSettings, SoapConnector
from mpay_gateway.api import (
    CertificatePem,
    Confirmation,
    ConfirmationLine,
    ConfirmationToDeliver,
    HttpAnswer,
    HttpRequest,
    InvoiceId,
    Language,
    LocalText,
    MessageMeta,
    Money,
    OrderKey,
    OrderQuery,
    OutcomeUnknown,
    PaymentAccount,
    PaymentId,
    PluginContext,
    Service,
    ServiceId,
)
from mpay_gateway.wssecurity import SigningKey, sign

NOW = datetime(2026, 11, 23, 9, 0, 0, tzinfo=UTC)
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
NS = "https://mpay.gov.md"


@dataclass(frozen=True)
class KeyPair:
    key_pem: bytes
    certificate_pem: bytes

    @cached_property
    def signing(self) -> SigningKey:
        return SigningKey.load(self.key_pem, self.certificate_pem)


def make_key_pair(name: str) -> KeyPair:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2040, 1, 1, tzinfo=UTC))
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return KeyPair(pem, certificate.public_bytes(serialization.Encoding.PEM))


@pytest.fixture(scope="session")
def gateway_keys() -> KeyPair:
    return make_key_pair("gateway")


@pytest.fixture(scope="session")
def service_keys() -> KeyPair:
    return make_key_pair("service")


@pytest.fixture(scope="session")
def stranger_keys() -> KeyPair:
    return make_key_pair("stranger")


@dataclass
class StandingClock:
    """A clock that a test moves."""

    at: datetime = NOW

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class PlainHttp:
    """The least of an HTTP client: one connection per call, a time-out is OutcomeUnknown."""

    def send(self, request: HttpRequest) -> HttpAnswer:
        parts = urlsplit(request.url)
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=request.deadline)
        try:
            connection.request("POST", parts.path, request.body, dict(request.headers))
            answer = connection.getresponse()
            headers = tuple((name.lower(), value) for name, value in answer.getheaders())
            return HttpAnswer(answer.status, headers, answer.read(request.largest_answer))
        except (OSError, http.client.HTTPException) as error:
            raise OutcomeUnknown(str(error)) from error
        finally:
            connection.close()


class SystemTime:
    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class Evidence:
    """Remembers what was kept, in order."""

    kept: list[tuple[str, bytes, MessageMeta]] = field(default_factory=list)

    def sent(self, body: bytes, meta: MessageMeta) -> None:
        self.kept.append(("sent", body, meta))

    def received(self, body: bytes, meta: MessageMeta) -> None:
        self.kept.append(("received", body, meta))


def envelope(body: str) -> bytes:
    return f'<s:Envelope xmlns:s="{SOAP}"><s:Body>{body}</s:Body></s:Envelope>'.encode()


def fault(code: str, reason: str = "no") -> str:
    return f"<s:Fault><faultcode>{code}</faultcode><faultstring>{reason}</faultstring></s:Fault>"


@dataclass
class ScriptedService:
    """The HTTP client of the connector under test, answering in place of a service.

    `answer` makes the bytes at the moment of the call; `requests` are those that were sent.
    """

    keys: KeyPair
    clock: StandingClock
    answer: Callable[[], bytes] = lambda: b""
    status: int = 200
    content_type: str = "text/xml; charset=utf-8"
    requests: list[HttpRequest] = field(default_factory=list)

    def send(self, request: HttpRequest) -> HttpAnswer:
        self.requests.append(request)
        return HttpAnswer(self.status, (("content-type", self.content_type),), self.answer())

    def says(self, body: str, *, late: float = 0.1, keys: KeyPair | None = None) -> None:
        """Sign `body` with the service's key (or another), stamped `late` seconds after the call."""
        key = (keys or self.keys).signing
        self.answer = lambda: sign(envelope(body), key, at=self.clock.at + timedelta(seconds=late))

    def says_unsigned(self, body: str) -> None:
        self.answer = lambda: envelope(body)

    def says_bytes(self, raw: bytes) -> None:
        self.answer = lambda: raw

    @property
    def body_of_request(self) -> etree._Element:
        """The only child of the Body of the last message that was sent."""
        body = etree.fromstring(self.requests[-1].body).find(f"{{{SOAP}}}Body")
        assert body is not None
        return body[0]


@dataclass
class Bench:
    """A connector with everything around it."""

    connector: SoapConnector
    remote: ScriptedService
    service: Service
    clock: StandingClock
    evidence: Evidence

    def look_up(self, key: str = "K-1"):
        query = OrderQuery(self.service.id, OrderKey(key), Language.RO, self.evidence)
        return self.connector.mpay_lookup_orders(service=self.service, query=query)

    def deliver(self, confirmation: Confirmation | None = None):
        to_deliver = ConfirmationToDeliver(confirmation or make_confirmation(), 1, self.evidence)
        return self.connector.mpay_deliver_confirmation(service=self.service, confirmation=to_deliver)


def make_service(certificate_pem: bytes, account: PaymentAccount = PaymentAccount(), **settings) -> Service:  # noqa: B008
    return Service(
        id=ServiceId("SRV01"),
        connector="soap",
        name=LocalText("Serviciu"),
        order_key_label=LocalText("Numărul comenzii"),
        settings=ServiceSettings(
            url=settings.pop("url", "https://service.example/ServiceProvider.svc"),
            certificates=(CertificatePem(certificate_pem.decode()),),
            **settings,
        ),
        account=account,
    )


def make_confirmation(**changes) -> Confirmation:
    account = PaymentAccount("MD24AG000225100013104168", "TREZMD2X", "1006601000255", "Agenția Moldsilva")
    amount = Money.from_minor(15000, "MDL")
    given = {
        "payment_id": PaymentId("7XK4M2Q9RTCVWB3Z"),
        "invoice_id": InvoiceId("00069002233014"),
        "service_id": ServiceId("SRV01"),
        "order_key": OrderKey("K-1"),
        "paid_at": datetime(2025, 7, 10, 7, 51, 23, 456789, tzinfo=UTC),
        "total": amount,
        "lines": (ConfirmationLine("1", amount, account, (("Cont beneficiar", account.iban),)),),
        "properties": (("HO:Telephone", "069123456"), ("Bank", "MAIB (Card)")),
    }
    return Confirmation(**(given | changes))


@pytest.fixture
def make_bench(gateway_keys, service_keys):
    def make(account: PaymentAccount = PaymentAccount(), **settings) -> Bench:  # noqa: B008
        clock = StandingClock()
        remote = ScriptedService(service_keys, clock)
        context = PluginContext("soap", remote, clock, gateway_keys.key_pem, gateway_keys.certificate_pem)
        service = make_service(service_keys.certificate_pem, account, **settings)
        return Bench(SoapConnector(context, ConnectorSettings()), remote, service, clock, Evidence())

    return make


@pytest.fixture
def bench(make_bench) -> Bench:
    return make_bench()


def order_xml(**members: str | None) -> str:
    """An OrderDetails element: a plain order, with members replaced, or left out by None."""
    given: dict[str, str | None] = {
        "Currency": "MDL",
        "Lines": line_xml(),
        "OrderKey": "K-1",
        "Reason": "Autorizație",
        "ServiceID": "SRV01",
        "Status": "Active",
        "TotalAmountDue": "150.00",
    }
    return f"<OrderDetails>{_members(given | members)}</OrderDetails>"


def line_xml(**members: str | None) -> str:
    given: dict[str, str | None] = {"AmountDue": "150.00", "LineID": "1", "Reason": "Taxa"}
    return f"<OrderLine>{_members(given | members)}</OrderLine>"


def _members(members: dict[str, str | None]) -> str:
    return "".join(f"<{name}>{text}</{name}>" for name, text in sorted(members.items()) if text is not None)


def reply_xml(*orders: str) -> str:
    return (
        f'<GetOrderDetailsResponse xmlns="{NS}" xmlns:i="http://www.w3.org/2001/XMLSchema-instance">'
        f"<GetOrderDetailsResult>{''.join(orders)}</GetOrderDetailsResult></GetOrderDetailsResponse>"
    )


CONFIRMED = f'<ConfirmOrderPaymentResponse xmlns="{NS}"/>'


@pytest.fixture
def wire():
    """The builders of wire text, as one namespace: test modules of plugins cannot import each other."""

    class Wire:
        order = staticmethod(order_xml)
        line = staticmethod(line_xml)
        reply = staticmethod(reply_xml)
        fault = staticmethod(fault)
        confirmed = CONFIRMED
        envelope = staticmethod(envelope)
        confirmation = staticmethod(make_confirmation)
        service = staticmethod(make_service)
        soap_namespace = SOAP
        namespace = NS
        http = PlainHttp
        evidence = Evidence
        system_time = SystemTime

    return Wire


@pytest.fixture
def look_up_order(bench):
    """Read one order out of a signed reply that holds it, with the deviations that were noted."""

    def look_up(order: str, **kwargs):
        bench.remote.says(reply_xml(order))
        lookup = bench.look_up(**kwargs)
        (read,) = lookup.orders
        return read, {(each.code, each.path.rpartition("/")[2]) for each in lookup.deviations}

    return look_up
