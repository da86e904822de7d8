"""A proxy that ends TLS and asks for a client certificate; it tells the gateway in a header whose it is."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import urllib3
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

HEADER = "X-Client-Certificate"
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "date", "server"}
_NOT_BELIEVED = {"host", "x-forwarded-for", HEADER.lower()}


@dataclass(frozen=True, slots=True)
class Certificates:
    """An authority for a day, and what it signed; each file has certificate and key."""

    folder: Path

    @property
    def authority(self) -> Path:
        return self.folder / "authority.pem"

    def of(self, name: str) -> Path:
        return self.folder / f"{name}.pem"

    def client(
        self, name: str | None, port: int, *, source: str = "127.0.0.1"
    ) -> urllib3.HTTPSConnectionPool:
        """One that trusts the front and shows the certificate of `name`, or none. `source`: where it calls from."""
        context = ssl.create_default_context(cafile=str(self.authority))
        if name is not None:
            context.load_cert_chain(self.of(name))
        return urllib3.HTTPSConnectionPool(
            "localhost", port, ssl_context=context, source_address=(source, 0), retries=False, timeout=30
        )


def make_certificates(folder: Path, *names: str) -> Certificates:
    """Certificates of one authority for localhost (the front) and for each name; `stranger` is of another one."""
    for authority, subjects in (("authority", ("localhost", *names)), ("other", ("stranger",))):
        key = ec.generate_private_key(ec.SECP256R1())
        (folder / f"{authority}.pem").write_bytes(_signed(authority, key, authority, key))
        for subject in subjects:
            own = ec.generate_private_key(ec.SECP256R1())
            plain = own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            (folder / f"{subject}.pem").write_bytes(_signed(subject, own, authority, key) + plain)
    return Certificates(folder)


@contextmanager
def certified_front(certificates: Certificates, backend: int, host: str) -> Iterator[int]:
    """The proxy in front of a port of loopback, which it calls by `host`; yields its own port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.of("localhost"))
    context.load_verify_locations(certificates.authority)
    context.verify_mode = ssl.CERT_OPTIONAL
    server = _Front(urllib3.HTTPConnectionPool("127.0.0.1", backend, timeout=60, retries=False), host)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, name="certified-front", daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


class _Front(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, backend: urllib3.HTTPConnectionPool, host: str) -> None:
        super().__init__(("127.0.0.1", 0), _PassOn)
        self.backend = backend
        self.host = host

    def handle_error(self, *_: object) -> None:
        """A handshake that was refused: the client knows."""


class _PassOn(BaseHTTPRequestHandler):
    server: _Front
    request: ssl.SSLSocket

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kept = {name: value for name, value in self.headers.items() if name.lower() not in _NOT_BELIEVED}
        told = {"Host": self.server.host, "X-Forwarded-For": self.client_address[0], HEADER: self._subject()}
        answer = self.server.backend.request(
            self.command, self.path, body=body, headers=kept | told, redirect=False
        )
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.data)

    do_GET = do_POST = _pass_on  # noqa: N815  the names of the base class

    def _subject(self) -> str:
        """As nginx writes `$ssl_client_s_dn` of a certificate that has a common name alone; empty without one."""
        shown = self.request.getpeercert() or {}
        names = [value for part in shown.get("subject", ()) for kind, value in part if kind == "commonName"]
        return f"CN={names[0]}" if names else ""

    def log_message(self, *_: object) -> None:
        """Nothing."""


def _signed(
    subject: str, key: ec.EllipticCurvePrivateKey, issuer: str, signer: ec.EllipticCurvePrivateKey
) -> bytes:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=subject == issuer, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(subject)]), critical=False)
    )
    return builder.sign(signer, hashes.SHA256()).public_bytes(Encoding.PEM)
