"""The command line as people use it: a real configuration, a real database, the program's own entry."""

import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from mpay_gateway.cli.main import main
from tests.unit.databases import make_tables
from tests.unit.flow.scripted import ScriptedGateway, scripted_gateway

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
INI = "[app:main]\nmpay.settings = %(here)s/gateway.toml\n"
TOML = """
[gateway]
public_url = "https://mpay.example"
signing_key = "gateway.key"
signing_certificate = "gateway.crt"
database = "{database}"

[plugins]
enabled = ["mpay-eservice-soap", "mpay-provider-sandbox", "mpay-instrument-bank-card"]

[provider.bank-main]
plugin = "sandbox"
url = "https://bank.example"
secret = {{ env = "TEST_BANK_SECRET" }}
callback_secret = {{ env = "TEST_BANK_SECRET" }}

[instrument.card]
plugin = "bank_card"
providers = ["bank-main"]
"""
SERVICES = """
[[service]]
id = "SHOP01"
connector = "soap"
name = { ro = "Magazin", ru = "Магазин", en = "Shop" }
order_key_label = { ro = "Numărul", ru = "Номер", en = "Number" }
[service.settings]
url = "https://shop.example/service"
certificates = ["shop.crt"]
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command ended with and wrote."""

    status: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Place:
    """A folder with a gateway's configuration."""

    folder: Path
    database: str

    @property
    def ini(self) -> Path:
        return self.folder / "gateway.ini"

    def certify(self, name: str, *, days: float) -> None:
        """Write a certificate that ends in so many days."""
        (self.folder / name).write_bytes(certificate(days))

    def configure(self, database: str = "", *, replace: tuple[str, str] = ("", "")) -> None:
        text = TOML.format(database=database or self.database)
        assert not replace[0] or replace[0] in text
        (self.folder / "gateway.toml").write_text(text.replace(*replace) if replace[0] else text)


Run = Callable[..., Outcome]


def certificate(days: float) -> bytes:
    """A certificate of our key, PEM."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    ends = now + timedelta(days=days)
    builder = x509.CertificateBuilder(
        name, name, KEY.public_key(), 1, min(now, ends) - timedelta(days=1), ends
    )
    return builder.sign(KEY, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@pytest.fixture(autouse=True)
def own_logging() -> Iterator[None]:
    """Begin as a process does, and leave the logging of the test run as it was."""
    structlog.reset_defaults()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A configuration without a database yet, found through MPAY_CONFIG."""
    made = Place(tmp_path, f"sqlite:///{tmp_path}/gateway.sqlite")
    key = KEY.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "gateway.key").write_bytes(key)
    made.certify("gateway.crt", days=1000)
    made.certify("shop.crt", days=1000)
    made.ini.write_text(INI)
    (tmp_path / "services.toml").write_text(SERVICES)
    made.configure()
    monkeypatch.setenv("TEST_BANK_SECRET", "test-secret-of-32-characters-0123")
    monkeypatch.setenv("MPAY_CONFIG", str(made.ini))
    monkeypatch.delenv("MPAY_OPERATOR_TOKEN", raising=False)
    return made


@pytest.fixture
def ready(place: Place) -> Place:
    """The same with a database that has its tables."""
    make_tables(place.database)
    return place


@pytest.fixture
def gateway(ready: Place) -> Iterator[ScriptedGateway]:
    """A history in the configured database: what a scripted service and bank leave there."""
    with scripted_gateway(ready.database) as made:
        yield made


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`run("payment", "show", id)`: as typed after `mpay`. A trace fails the test: it is an error that escaped."""

    def call(*arguments: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["mpay", *map(os.fspath, arguments)])
        capsys.readouterr()
        status = 0
        kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            main()
        except SystemExit as end:
            status = int(end.code or 0)
        finally:
            for number, handler in kept.items():
                signal.signal(number, handler)
        written = capsys.readouterr()
        assert "Traceback" not in written.err
        return Outcome(status, written.out, written.err)

    return call
