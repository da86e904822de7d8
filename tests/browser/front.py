"""TLS in front of the gateway, as in production: a throw-away authority, and a proxy that ends TLS."""

import asyncio
import base64
import hashlib
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

_HOST = "127.0.0.1"
_CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Identity:
    """A server's certificate and the authority that signed it.

    `pin`: base64 of the SHA-256 of the server's public key, by which Chromium can be told to trust it.
    """

    authority: Path
    certificate: Path
    key: Path
    pin: str


def make_identity(folder: Path) -> Identity:
    """An authority for a day and a certificate of it for 127.0.0.1."""
    authority_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = _certificate("Throw-away authority", authority_key, "Throw-away authority", authority_key)
    leaf = _certificate("Gateway under test", key, "Throw-away authority", authority_key)
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    identity = Identity(
        folder / "authority.pem", folder / "front.pem", folder / "front.key",
        base64.b64encode(hashlib.sha256(public).digest()).decode(),
    )  # fmt: skip
    identity.authority.write_bytes(root.public_bytes(Encoding.PEM))
    identity.certificate.write_bytes(leaf.public_bytes(Encoding.PEM))
    identity.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return identity


@contextmanager
def running_front(identity: Identity, backend: int) -> Iterator[int]:
    """A proxy that ends TLS and passes every byte on to a port of loopback; yields its own port."""
    loop = asyncio.new_event_loop()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(identity.certificate, identity.key)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            there, back = await asyncio.open_connection(_HOST, backend)
            await asyncio.gather(_pass_on(reader, back), _pass_on(there, writer))

    thread = threading.Thread(target=loop.run_forever, name="tls-front")
    thread.start()
    starting = asyncio.start_server(serve, _HOST, 0, ssl=context)
    server = asyncio.run_coroutine_threadsafe(starting, loop).result(10)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError, asyncio.IncompleteReadError):
        while chunk := await source.read(_CHUNK):
            target.write(chunk)
            await target.drain()
    with suppress(OSError, RuntimeError):
        target.close()


async def _end(server: asyncio.Server) -> None:
    """Close the port and every connection."""
    server.close()
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def _certificate(
    subject: str, key: ec.EllipticCurvePrivateKey, issuer: str, signer: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=subject == issuer, path_length=None), critical=True)
    )
    if subject != issuer:
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(_HOST))])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(signer, hashes.SHA256())


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
