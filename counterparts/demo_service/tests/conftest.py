"""The demo service as a process of its own, on a free port, asked by a gateway that signs with xmlsec."""

import http.client
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

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
from eservice_kit.make_certificate import make_certificate

GATEWAY_URL = "http://127.0.0.1:9"


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class DemoService:
    """A running service and what a gateway and a test may do with it."""

    port: int
    gateway: Pair
    certificate: bytes

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def fetch(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body, dict(headers or {}))
            reply = connection.getresponse()
            return Reply(reply.status, {key.lower(): text for key, text in reply.getheaders()}, reply.read())
        finally:
            connection.close()

    def get_json(self, path: str) -> object:
        return json.loads(self.fetch("GET", path).body)

    def post_json(self, path: str, content: object) -> tuple[int, dict[str, object]]:
        reply = self.fetch("POST", path, json.dumps(content).encode())
        return reply.status, json.loads(reply.body)

    def order(self, kind: str = "one-line", **wishes: object) -> dict[str, object]:
        status, order = self.post_json("/test/orders", {"kind": kind, **wishes})
        assert status == 200, order
        return order

    def call(self, operation: str, body: str) -> Reply:
        headers = {
            "Content-Type": "text/xml; charset=utf-8",
            "SOAPAction": f'"{CONTRACT}/IServiceProvider/{operation}"',
        }
        message = signed_request(body, Signing(self.gateway))
        return self.fetch("POST", "/ServiceProvider.svc", message, headers)

    def look_up(self, order: Mapping[str, object], language: str = "RO") -> etree._Element:
        """The payload of a signed answer."""
        body = lookup_body(str(order["order_key"]), str(order["service_id"]), language)
        return check_reply(self.call("GetOrderDetails", body).body, self.certificate)

    def confirm(
        self, order: Mapping[str, object], payment_id: str, lines: Mapping[str, str] | None = None
    ) -> Reply:
        """Tell of a payment: of all lines unless told otherwise."""
        given = lines or {str(line["line_id"]): str(line["amount"]) for line in order["lines"]}  # type: ignore[attr-defined]
        total = f"{sum(float(amount) for amount in given.values()):.2f}"
        body = confirmation_body(
            str(order["order_key"]),
            given,
            payment_id=payment_id,
            total=total,
            service_id=str(order["service_id"]),
        )
        return self.call("ConfirmOrderPayment", body)

    def confirmed(self, reply: Reply) -> str:
        """``confirmed``, or the code of a signed fault."""
        payload = check_reply(reply.body, self.certificate)
        code: str | None = payload.findtext("faultcode")
        return code or "confirmed"


@dataclass(frozen=True)
class Files:
    """What the service is started with."""

    folder: Path
    gateway: Pair
    service: Pair

    def command(self, port: int, *more: str) -> list[str]:
        words = {
            "--port": str(port),
            "--database": str(self.folder / "shop.db"),
            "--gateway-url": GATEWAY_URL,
            "--gateway-certificate": str(self.folder / "gateway.pem"),
            "--key": str(self.folder / "service.key"),
            "--certificate": str(self.folder / "service.pem"),
        }
        return [
            sys.executable,
            "-m",
            "demo_service.cli",
            *(word for pair in words.items() for word in pair),
            *more,
        ]


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = tmp_path_factory.mktemp("demo-service")
    made = Files(folder, Pair(*make_certificate("gateway")), Pair(*make_certificate("service")))
    (folder / "gateway.pem").write_bytes(made.gateway.certificate)
    (folder / "service.key").write_bytes(made.service.key)
    (folder / "service.pem").write_bytes(made.service.certificate)
    return made


@pytest.fixture(scope="session")
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def shop(files: Files, free_port: int) -> Iterator[DemoService]:
    """One service for all tests; what a test switches it puts back."""
    more = ("--test-controls", "--slow-seconds", "0.4")
    with subprocess.Popen(
        files.command(free_port, *more), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        try:
            assert process.stdout is not None
            assert b"listens" in process.stdout.readline()
            service = DemoService(free_port, files.gateway, files.service.certificate)
            _wait_until_ready(service)
            yield service
        finally:
            process.terminate()
    assert process.returncode == 0, "the service must end cleanly on SIGTERM"


@pytest.fixture
def switches(shop: DemoService) -> Iterator[DemoService]:
    """The service, whole again after the test."""
    yield shop
    shop.post_json("/test/faults", {"lookup": "ok", "confirm": "ok", "slow_seconds": 0.4})


def _wait_until_ready(service: DemoService) -> None:
    deadline = time.monotonic() + 10
    while service.fetch("GET", "/healthz").status != 200:
        assert time.monotonic() < deadline
        time.sleep(0.05)
