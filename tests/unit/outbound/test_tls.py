"""TLS of the HTTP client: names and authorities are verified, our certificate is shown when asked."""

import datetime as dt
import ipaddress
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from mpay_gateway.domain.errors import ConfigurationError, OutcomeUnknown, RemoteUnavailable
from mpay_gateway.outbound import AddressPolicy, GuardedHttpClient, HttpRequest, TlsFiles
from tests.unit.outbound.scripted_server import Peer, polite, serving

POLICY = AddressPolicy(allow_networks=(ipaddress.ip_network("127.0.0.0/8"),))


@dataclass
class Authority:
    """Issues certificates into a folder."""

    folder: Path

    def __post_init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        self.file = self.folder / "ca.pem"
        own = self._sign(self._name, self._key, x509.BasicConstraints(ca=True, path_length=None))
        self.file.write_bytes(own.public_bytes(serialization.Encoding.PEM))

    def issue(self, host: str) -> tuple[Path, Path]:
        """Certificate and key of a host."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        issued = self._sign(name, key, x509.SubjectAlternativeName([x509.DNSName(host)]))
        certificate, secret = self.folder / f"{host}.pem", self.folder / f"{host}.key"
        certificate.write_bytes(issued.public_bytes(serialization.Encoding.PEM))
        secret.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return certificate, secret

    def _sign(
        self, name: x509.Name, key: ec.EllipticCurvePrivateKey, extension: x509.ExtensionType
    ) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(minutes=1))
            .not_valid_after(now + dt.timedelta(hours=1))
            .add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
            .sign(self._key, hashes.SHA256())
        )


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(autouse=True)
def bank_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """`bank.test` resolves to this machine."""
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *rest, **more: real("127.0.0.1" if host == "bank.test" else host, *rest, **more),
    )


def server_context(authority: Authority, host: str) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*authority.issue(host))
    return context


def test_a_server_is_known_by_its_name_at_the_checked_address(authority: Authority) -> None:
    context, names = server_context(authority, "bank.test"), []
    context.sni_callback = lambda _, name, __: names.append(name)
    client = GuardedHttpClient(POLICY, tls=TlsFiles(ca_file=authority.file))
    with serving(polite, tls=context) as server:
        for _ in range(3):
            assert client.send(HttpRequest("POST", server.url(host="bank.test"), body=b"x")).body == b"ok"
        assert (names, server.connections) == (["bank.test"], 1)
        assert f"Host: bank.test:{server.port}\r\n".encode() in server.requests[0]
    client.close()


def test_another_hosts_certificate_is_refused_before_anything_is_sent(authority: Authority) -> None:
    client = GuardedHttpClient(POLICY, tls=TlsFiles(ca_file=authority.file))
    with serving(polite, tls=server_context(authority, "evil.test")) as server:
        with pytest.raises(RemoteUnavailable, match="certificate"):
            client.send(HttpRequest("POST", server.url(host="bank.test"), body=b"x"))
        assert server.requests == []


def test_an_unknown_authority_is_refused_before_anything_is_sent(authority: Authority) -> None:
    with serving(polite, tls=server_context(authority, "bank.test")) as server:
        with pytest.raises(RemoteUnavailable, match="certificate"):
            GuardedHttpClient(POLICY).send(HttpRequest("POST", server.url(host="bank.test"), body=b"x"))
        assert server.requests == []


def test_a_server_that_speaks_no_tls_is_unavailable(authority: Authority) -> None:
    with serving(polite) as server:
        url = server.url(host="bank.test").replace("http:", "https:")
        with pytest.raises(RemoteUnavailable):
            GuardedHttpClient(POLICY).send(HttpRequest("GET", url, deadline=2))


def test_our_certificate_is_shown_to_a_server_that_asks(authority: Authority) -> None:
    context = server_context(authority, "bank.test")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority.file)
    subjects: list[object] = []

    def script(peer: Peer) -> None:
        assert isinstance(peer.plain, ssl.SSLSocket)
        subjects.append(peer.plain.getpeercert()["subject"])
        polite(peer)

    files = TlsFiles(authority.file, *authority.issue("gateway.test"))
    with serving(script, tls=context) as server:
        client = GuardedHttpClient(POLICY, tls=files)
        assert client.send(HttpRequest("GET", server.url(host="bank.test"))).status == 200
        assert subjects == [((("commonName", "gateway.test"),),)]
        client.close()
        with pytest.raises((OutcomeUnknown, RemoteUnavailable)):
            GuardedHttpClient(POLICY, tls=TlsFiles(authority.file)).send(
                HttpRequest("POST", server.url(host="bank.test"), body=b"x")
            )


def test_files_that_cannot_be_used_stop_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="TLS files: No such file"):
        GuardedHttpClient(POLICY, tls=TlsFiles(ca_file=tmp_path / "absent.pem"))
