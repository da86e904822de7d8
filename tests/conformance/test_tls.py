"""The two checks that want another address than plain HTTP on loopback."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from mpay_gateway.conformance import CATALOGUE, Report, Status
from tests.conformance.bench import Host, judge
from tests.conformance.service import Service, wsgi

TRANSPORT = [check for check in CATALOGUE if check.id.startswith("TRN")]


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def statuses(report: Report) -> dict[str, Status]:
    return {each.check.id: each.status for each in report.results}


def failed(report: Report) -> set[str]:
    return {each.check.id for each in report.results if each.status is Status.FAILED}


def certificate_for(host: str, folder: Path) -> Path:
    """Key and certificate for this address, in one file."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test server")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    path.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain) + made.public_bytes(pem)
    )
    return path


@contextmanager
def over_tls(service: Service, pair: Path) -> Iterator[str]:
    """The service under https; its address."""
    server = make_server("127.0.0.1", 0, wsgi(lambda _path: service), handler_class=Quiet)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def test_a_certificate_of_no_authority_is_remarked_and_hides_nothing_else(host: Host, tmp_path: Path) -> None:
    service = host.service("tls")
    with over_tls(service, certificate_for("127.0.0.1", tmp_path)) as url:
        report = judge(host, service, TRANSPORT, replace(host.target(service), url=url))
    assert failed(report) == {"TRN-11"}
    assert statuses(report)["TRN-01"] is Status.PASSED


def test_a_certificate_of_a_known_authority_is_good(host: Host, tmp_path: Path) -> None:
    service = host.service("tls-known")
    pair = certificate_for("127.0.0.1", tmp_path)
    with over_tls(service, pair) as url:
        report = judge(host, service, TRANSPORT, replace(host.target(service), url=url, ca_file=pair))
    assert failed(report) == set()
    assert statuses(report)["TRN-10"] is Status.PASSED
    assert statuses(report)["TRN-11"] is Status.PASSED


def test_plain_http_elsewhere_is_remarked(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    service = host.service("plain")
    found = socket.getaddrinfo

    def look_up(name: object, *more: object, **named: object) -> object:
        return found("127.0.0.1" if name == "shop.example" else name, *more, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    url = service.url.replace("127.0.0.1", "shop.example")
    report = judge(host, service, TRANSPORT, replace(host.target(service), url=url))
    assert failed(report) == {"TRN-10"}
