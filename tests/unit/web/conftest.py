"""The application over real parts and a real database; only the counterparts are not there."""

import datetime as dt
import itertools
from dataclasses import replace

import pytest
import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from pyramid.request import Request, apply_request_extensions
from webtest import TestApp

from mpay_gateway.flow.gateway import build_parts
from mpay_gateway.settings import read_services, read_settings, service_to_json
from mpay_gateway.storage.migrate import migrate
from mpay_gateway.web import make_app

HOST = "pay.example"
GATEWAY = """
[gateway]
public_url = "https://pay.example"
signing_key = "gateway.key"
signing_certificate = "gateway.pem"
database = "sqlite:///gateway.sqlite"
support = { phone = "022 111 222", email = "help@pay.example" }

[plugins]
enabled = ["mpay-eservice-soap", "mpay-provider-sandbox", "mpay-instrument-bank-card"]

[outbound]
allow_http = true
allow_networks = ["127.0.0.0/8"]

[provider.sandbox-main]
plugin = "sandbox"
url = "http://127.0.0.1:1"
secret = { file = "secret" }
callback_secret = { file = "secret" }

[instrument.card]
plugin = "bank_card"
providers = ["sandbox-main"]
"""
# Port 1 answers to nobody: a service that is down.
SERVICES = """
[[service]]
id = "OPEN01"
connector = "soap"
name = { ro = "Școala de șoferi", ru = "Автошкола", en = "Driving school" }
category = { ro = "Permise", ru = "Разрешения", en = "Permits" }
order_key_label = { ro = "Numărul cererii", ru = "Номер заявки", en = "Request number" }
order_key_pattern = "OP[0-9]{6}"
order_key_example = "OP123456"
return_hosts = ["school.example"]
settings = { url = "http://127.0.0.1:1/", certificates = ["gateway.pem"] }

[[service]]
id = "GUESS1"
connector = "soap"
name = { ro = "Amenzi" }
order_key_label = { ro = "Numărul amenzii" }
second_factor = "property:Plate"
second_factor_label = { ro = "Numărul de înmatriculare" }
settings = { url = "http://127.0.0.1:1/", certificates = ["gateway.pem"] }
"""
_addresses = itertools.count(1)


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """The gateway's files."""
    folder = tmp_path_factory.mktemp("web")
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gateway")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now).not_valid_after(now + dt.timedelta(days=1)).sign(key, hashes.SHA256())
    )  # fmt: skip
    pem, pkcs8, plain = (
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )  # fmt: skip
    (folder / "gateway.key").write_bytes(key.private_bytes(pem, pkcs8, plain))
    (folder / "gateway.pem").write_bytes(certificate.public_bytes(pem))
    (folder / "secret").write_text("a secret of thirty-two characters")
    (folder / "gateway.toml").write_text(GATEWAY, "utf-8")
    (folder / "services.toml").write_text(SERVICES, "utf-8")
    return folder


@pytest.fixture(scope="session")
def parts(folder):
    """A gateway's parts, with two services registered."""
    parts = build_parts(read_settings(folder / "gateway.toml"))
    migrate(parts.units.engine)
    for service in read_services(folder / "services.toml", parts.registry.connector_types):
        text, now = service_to_json(service), parts.clock.now()
        parts.units.run(
            "apply", lambda work, s=service, t=text, n=now: work.services.save(s.id, s.connector, t, at=n)
        )
    yield parts
    parts.background.close()


@pytest.fixture(scope="session")
def wsgi(parts):
    """The application, strict about texts."""
    app = make_app(parts)
    app.registry.texts = replace(app.registry.texts, strict=True)
    return app


@pytest.fixture
def browser(wsgi):
    """A payer's browser over https, at an address of its own: limits count per address."""
    address = f"203.0.113.{next(_addresses)}"
    return TestApp(
        wsgi, extra_environ={"wsgi.url_scheme": "https", "HTTP_HOST": HOST, "REMOTE_ADDR": address}
    )


@pytest.fixture
def request_of(wsgi):
    """A function that makes a request of the application, as views and renderers get it."""

    def make(path="/", **environ):
        request = Request.blank(path, base_url=f"https://{HOST}", environ=environ)
        request.registry = wsgi.registry
        apply_request_extensions(request)
        return request

    return make


@pytest.fixture
def logged():
    """The events that are logged meanwhile."""
    with structlog.testing.capture_logs() as events:
        yield events
