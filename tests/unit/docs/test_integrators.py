"""The service of docs/eservice-developers.md, registered as docs/integrators.md says: asked, paid, verified."""

import importlib.util
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from eservice_kit.make_certificate import write_certificate
from mpay_gateway.api import (
    Confirmation,
    ConfirmationLine,
    ConfirmationToDeliver,
    InvoiceId,
    Language,
    Money,
    OrderKey,
    OrderQuery,
    OrderStatus,
    PaymentAccount,
    PaymentId,
    RemoteRefused,
    Service,
)
from mpay_gateway.boundary import SystemClock
from mpay_gateway.flow.gateway import load_host
from mpay_gateway.plugin_host import PluginHost
from mpay_gateway.settings import read_services, read_settings
from tests.unit.docs.connecting import GATEWAY, serving
from tests.unit.docs.pages import files_in

PAGE = "integrators.md"
SERVICE_PAGE = "eservice-developers.md"
FEE = Money.from_minor(8550, "MDL")


class NoEvidence:
    def sent(self, body: bytes, meta: object) -> None:
        pass

    def received(self, body: bytes, meta: object) -> None:
        pass


@dataclass(frozen=True)
class Connected:
    """The service, running, and a gateway that knows it."""

    folder: Path
    address: str
    host: PluginHost
    service: Service


@pytest.fixture
def connected(tmp_path: Path) -> Iterator[Connected]:
    for name, content in (files_in(SERVICE_PAGE) | files_in(PAGE)).items():
        (tmp_path / name).write_text(content, "utf-8")
    for name in ("gateway", "permits"):
        write_certificate(name, tmp_path / f"{name}.key", tmp_path / f"{name}.crt")
    subprocess.run([sys.executable, "new_permits.py"], cwd=tmp_path, check=True, timeout=60)
    with serving(application_of(tmp_path)) as address:
        yield known_to_a_gateway(tmp_path, address)


def known_to_a_gateway(folder: Path, address: str) -> Connected:
    """The service at this address, registered by the page's file."""
    registration = (folder / "permits.toml").read_text("utf-8")
    (folder / "permits.toml").write_text(registration.replace("http://127.0.0.1:8181/", address), "utf-8")
    (folder / "gateway.toml").write_text(GATEWAY, "utf-8")
    host = load_host(read_settings(folder / "gateway.toml"), SystemClock())
    (service,) = read_services(folder / "permits.toml", host.registry.connector_types)
    return Connected(folder, address, host, service)


def application_of(folder: Path) -> object:
    """What permits.py serves."""
    spec = importlib.util.spec_from_file_location("permits", folder / "permits.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.application(folder)


def looked_up(connected: Connected, key: str) -> tuple[tuple[OrderStatus, Money | None], ...]:
    query = OrderQuery(connected.service.id, OrderKey(key), Language.EN, NoEvidence())
    found = connected.host.calls.lookup_orders(connected.service, query)
    return tuple((order.status, order.total_due) for order in found.orders)


def tell(connected: Connected, key: str) -> None:
    line = ConfirmationLine("fee", FEE, PaymentAccount())
    confirmation = Confirmation(
        PaymentId("7CKCNDQAPHP367NH"), InvoiceId("33581879159200"), connected.service.id, OrderKey(key),
        datetime(2026, 3, 31, 9, 0, tzinfo=UTC), FEE, (line,),
    )  # fmt: skip
    to_deliver = ConfirmationToDeliver(confirmation, 1, NoEvidence())
    connected.host.calls.deliver_confirmation(connected.service, to_deliver)


def test_an_order_is_found_paid_and_found_paid(connected: Connected) -> None:
    assert looked_up(connected, "P-101") == ((OrderStatus.ACTIVE, FEE),)
    tell(connected, "P-101")
    tell(connected, "P-101")
    assert looked_up(connected, "P-101") == ((OrderStatus.PAID, Money.zero("MDL")),)


def test_what_does_not_exist_is_not_found_and_not_paid(connected: Connected) -> None:
    assert looked_up(connected, "P-999") == ()
    with pytest.raises(RemoteRefused) as refused:
        tell(connected, "P-999")
    assert refused.value.permanent


def test_its_answer_is_verified_by_hand(connected: Connected) -> None:
    """The three commands of "Why is my message refused?"."""
    folder = connected.folder
    signed = mpay(
        folder, "soap", "sign", "request.xml", "--key", "gateway.key", "--certificate", "gateway.crt"
    )
    request = urllib.request.Request(connected.address, signed, {"Content-Type": "text/xml; charset=utf-8"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        (folder / "answer.xml").write_bytes(answer.read())
    verify = ("soap", "verify", "answer.xml", "--certificate", "permits.crt", "--kind", "response")
    assert mpay(folder, *verify).startswith(b"valid\n")
    shutil.copy(folder / "gateway.crt", folder / "permits.crt")
    assert mpay(folder, *verify, status=1).startswith(b"refused: ")


def mpay(folder: Path, *arguments: str, status: int = 0) -> bytes:
    """What the command writes to standard output."""
    command = [str(Path(sys.executable).with_name("mpay")), *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=60, check=False)
    assert done.returncode == status, done.stderr.decode()
    return done.stdout
