"""Messages between this gateway and a service on the kit, exchanged over HTTP, and how the documents show them."""

import re
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from lxml import etree

import eservice_kit as kit
from eservice_kit.make_certificate import write_certificate
from mpay_gateway.api import (
    Confirmation,
    ConfirmationToDeliver,
    InvoiceId,
    Language,
    Money,
    Order,
    OrderKey,
    OrderQuery,
    PaymentId,
    RemoteRefused,
)
from mpay_gateway.boundary import SystemClock
from mpay_gateway.domain.confirmation import build_lines, build_properties
from mpay_gateway.domain.filling import fields_of, filled_in
from mpay_gateway.domain.invoice import allocate
from mpay_gateway.flow.gateway import load_host
from mpay_gateway.settings import read_services, read_settings
from tests.unit.docs.connecting import GATEWAY, serving

_WSU = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}"
_SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
_SHORTENED = ("BinarySecurityToken", "DigestValue", "SignatureValue", "X509SerialNumber")
_TIMES = {"Created": "2026-03-31T06:30:00.120Z", "Expires": "2026-03-31T06:35:00.120Z"}
_ACCOUNT = kit.PaymentAccount("MD87TRPBAA142310A1500001", "TREZMD2X", "1006601000255", "Moldsilva")
_ORDER = kit.OrderDetails(
    "PERMITS",
    "P-105",
    "Permis de pădure",
    (
        kit.OrderLine(
            "fee", "Taxa", Decimal("85.5"), _ACCOUNT, properties=(kit.OrderProperty("Forest", "Codru"),)
        ),
        kit.OrderLine("stamp", "Timbru", Decimal("14.5"), _ACCOUNT),
    ),
    total_due=Decimal(100),
    customer_id="2002004005676",
    customer_name="Ștefan Țurcanu",
    customer_type=kit.CustomerType.PERSON,
    due_date=datetime(2026, 4, 30, 20, 59, 59, tzinfo=UTC),
    issued_at=datetime(2026, 3, 30, 6, 26, 29, 463000, tzinfo=UTC),
    allow_partial=True,
    properties=(
        kit.OrderProperty("Telephone", None, "Telefon", modifiable=True, required=True, type="string"),
        kit.OrderProperty("Source", "web", visible=False),
    ),
)
_SERVICES = """
[[service]]
id = "PERMITS"
connector = "soap"
name = {{ ro = "Permise" }}
order_key_label = {{ ro = "Numărul" }}
[service.settings]
url = "{address}"
certificates = ["permits.crt"]
contract = "{contract}"
"""


class _Shop:
    """One order; every other key is unknown."""

    def get_order_details(self, _query: kit.OrderQuery) -> tuple[kit.OrderDetails, ...]:
        return (_ORDER,)

    def confirm_order_payment(self, told: kit.PaymentConfirmation) -> None:
        if told.order_key != _ORDER.order_key:
            raise kit.Fault(kit.FaultCode.UNKNOWN_ORDER, "there is no such permit")


@dataclass
class _Heard:
    """Evidence that remembers."""

    messages: list[bytes] = field(default_factory=list)

    def sent(self, body: bytes, meta: object) -> None:
        self.messages.append(body)

    def received(self, body: bytes, meta: object) -> None:
        self.messages.append(body)


def exchanged(folder: Path, contract: str) -> list[bytes]:
    """A lookup, a payment, and a payment of an order that is unknown: each a request and its answer."""
    for name in ("gateway", "permits"):
        write_certificate(name, folder / f"{name}.key", folder / f"{name}.crt")
    signer = kit.Signer(kit.read_signing_key(folder / "permits.key", folder / "permits.crt"))
    trust = kit.Trust(kit.read_certificates(folder / "gateway.crt"))
    (folder / "gateway.toml").write_text(GATEWAY, "utf-8")
    host = load_host(read_settings(folder / "gateway.toml"), SystemClock())
    heard = _Heard()
    with serving(kit.ServiceProvider(_Shop(), signer=signer, trust=trust)) as address:
        registration = _SERVICES.format(address=address, contract=contract)
        (folder / "services.toml").write_text(registration, "utf-8")
        (service,) = read_services(folder / "services.toml", host.registry.connector_types)
        query = OrderQuery(service.id, OrderKey("P-105"), Language.RO, heard)
        (order,) = host.calls.lookup_orders(service, query).orders
        paid = _confirmation(order)
        host.calls.deliver_confirmation(service, ConfirmationToDeliver(paid, 1, heard))
        unknown = replace(paid, order_key=OrderKey("P-999"))
        with suppress(RemoteRefused):
            host.calls.deliver_confirmation(service, ConfirmationToDeliver(unknown, 1, heard))
    assert len(heard.messages) == 6
    return heard.messages


def _confirmation(order: Order) -> Confirmation:
    """What the gateway tells of 90 lei that a payer gave, who had filled in his telephone number."""
    amount = Money.from_minor(9000, "MDL")
    (telephone,) = fields_of(order)
    filled = filled_in(order, {telephone.id: "069123456"})
    return Confirmation(
        PaymentId("7CKCNDQAPHP367NH"), InvoiceId("33581879159200"), order.service_id, order.order_key,
        datetime(2026, 3, 31, 6, 31, 42, tzinfo=UTC), amount, build_lines(allocate(filled, amount)),
        build_properties(filled, "MAIB (Card)"),
    )  # fmt: skip


def envelope(message: bytes) -> str:
    """A message as it is shown: indented; Ids and times of signing replaced, long values shortened."""
    root = etree.fromstring(message)
    names = {}
    for element in root.iter(etree.Element):
        own = element.get(f"{_WSU}Id")
        if own:
            names[own] = etree.QName(element).localname.lower()
            element.set(f"{_WSU}Id", names[own])
        name = etree.QName(element).localname
        element.text = "…" if name in _SHORTENED else _TIMES.get(name, element.text)
    text = _indented(root)
    return re.sub(r'URI="#([^"]+)"', lambda found: f'URI="#{names[found[1]]}"', text)


def payload(message: bytes) -> str:
    """What is in the Body, as it is shown."""
    body = etree.fromstring(message).find(f"{_SOAP}Body")
    assert body is not None
    return _indented(body[0])


def part(message: bytes, name: str) -> str:
    """The first element of this name in the Body, without the namespace that stands on the Body's child."""
    body = etree.fromstring(message).find(f"{_SOAP}Body")
    assert body is not None
    found = next(each for each in body.iter(etree.Element) if etree.QName(each).localname == name)
    return _without_namespaces(_indented(found))


def _indented(element: etree._Element) -> str:
    copy = etree.fromstring(etree.tostring(element, with_tail=False))
    etree.indent(copy, "  ")
    etree.cleanup_namespaces(copy)
    return etree.tostring(copy, encoding="unicode")


def _without_namespaces(text: str) -> str:
    return re.sub(r' xmlns:[\w-]+="[^"]*"', "", text)


def unannotated(block: str) -> str:
    """A block of a page without its comments and the lines that they leave empty."""
    plain = re.sub(r"[ \t]*<!--.*?-->", "", block, flags=re.DOTALL)
    return "\n".join(line for line in plain.splitlines() if line.strip())
