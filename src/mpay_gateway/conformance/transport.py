"""One HTTP exchange at a time, as the gateway makes it; nothing that comes back is an exception.

TLS is verified first. A server whose certificate does not hold is asked again without verification, so that one fault
does not hide the others; the fault is kept for the check that judges it.
"""

import ssl
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urljoin, urlsplit

import urllib3

from mpay_gateway.boundary import Clock
from mpay_gateway.conformance.identity import Identity

LARGEST_ANSWER: Final = 1 << 20
"""The gateway reads no more of an answer."""
_PIECE: Final = 1 << 16
SOAP_TYPE: Final = "text/xml; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Sent:
    """One HTTP request."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Received:
    """One HTTP answer; status 0 and a `failure` where none came. `seconds` is how long it took."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """In seconds: until a connection stands, until an answer begins."""

    connect: float = 5.0
    read: float = 30.0


class Wire:
    """Sends requests; safe to use from several threads."""

    def __init__(
        self, clock: Clock, client: Identity, *, timeouts: Timeouts = Timeouts(), ca_file: Path | None = None
    ) -> None:
        self._clock = clock
        self._timeouts = timeouts
        self._pool = _pool(timeouts, _verifying(client, ca_file))
        self._trusting = _pool(timeouts, _not_verifying(client))
        self._lock = threading.Lock()
        self.tls_problem = ""
        """Why the server's certificate does not hold, once that is known."""

    def exchange(self, sent: Sent) -> Received:
        """Send and wait; redirects are not followed."""
        started = self._clock.monotonic()
        try:
            status, headers, body = self._send(sent)
        except urllib3.exceptions.HTTPError as error:
            return Received(0, {}, b"", self._clock.monotonic() - started, _in_words(error))
        return Received(status, headers, body, self._clock.monotonic() - started)

    def _send(self, sent: Sent) -> tuple[int, Mapping[str, str], bytes]:
        if self.tls_problem:
            return _ask(self._trusting, sent)
        try:
            return _ask(self._pool, sent)
        except urllib3.exceptions.SSLError as error:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)  # TRN-11 says it
            answer = _ask(self._trusting, sent)
            with self._lock:
                self.tls_problem = _in_words(error)
            return answer


def is_loopback(url: str) -> bool:
    """Whether an address is this machine's own."""
    host = urlsplit(url).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")


def same_host(url: str, other: str) -> bool:
    return urlsplit(url).netloc == urlsplit(urljoin(url, other)).netloc


def _ask(pool: urllib3.PoolManager, sent: Sent) -> tuple[int, Mapping[str, str], bytes]:
    answer = pool.request(
        sent.method, sent.url, body=sent.body or None, headers=dict(sent.headers), preload_content=False,
        decode_content=False, redirect=False,
    )  # fmt: skip
    body = bytearray()
    whole = False
    try:
        while len(body) <= LARGEST_ANSWER and not whole:
            piece = answer.read(_PIECE, decode_content=False)
            body += piece
            whole = not piece
    finally:
        if not whole:
            answer.close()
        answer.release_conn()
    return answer.status, {name.lower(): text for name, text in answer.headers.items()}, bytes(body)


def _pool(timeouts: Timeouts, context: ssl.SSLContext) -> urllib3.PoolManager:
    timeout = urllib3.Timeout(connect=timeouts.connect, read=timeouts.read)
    return urllib3.PoolManager(timeout=timeout, retries=False, ssl_context=context, maxsize=16)


def _verifying(client: Identity, ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    _show(client, context)
    return context


def _not_verifying(client: Identity) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    _show(client, context)
    return context


def _show(client: Identity, context: ssl.SSLContext) -> None:
    """Show our certificate to servers that ask for one. The ssl module reads files only."""
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        file.write(client.key_pem + client.certificate_pem)
        file.flush()
        context.load_cert_chain(file.name)


def _in_words(error: BaseException) -> str:
    reason = getattr(error, "reason", None)
    text = str(reason or error)
    return f"{type(reason or error).__name__}: {text.rpartition('>: ')[2] or text}"
