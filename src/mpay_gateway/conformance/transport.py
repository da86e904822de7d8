"""One HTTP exchange at a time, as the gateway makes it; nothing that comes back is an exception.

TLS is verified first. A server whose certificate does not hold is asked again without verification, so that one fault
does not hide the others; the fault is kept for the check that judges it.
"""

import ssl
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urljoin, urlsplit

from mpay_gateway.boundary import Clock
from mpay_gateway.conformance.connection import FAILURES, LARGEST_ANSWER, PORTS, Connection, port_of
from mpay_gateway.conformance.identity import Identity
from mpay_gateway.conformance.plain_text import plain

__all__ = ["LARGEST_ANSWER", "SOAP_TYPE", "Received", "Sent", "Timeouts", "Wire", "is_loopback", "same_host"]
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
    """In seconds: until a connection stands, until an answer is whole."""

    connect: float = 5.0
    answer: float = 30.0


class Wire:
    """Sends requests, each on a connection of its own; safe to use from several threads.

    A server may close a connection that it kept open in the moment in which it is used again: what would look
    like a request that was not answered.
    """

    def __init__(
        self, clock: Clock, client: Identity, *, timeouts: Timeouts = Timeouts(), ca_file: Path | None = None
    ) -> None:
        self._clock = clock
        self._timeouts = timeouts
        self._verifying = _verifying(client, ca_file)
        self._trusting = _not_verifying(client)
        self._lock = threading.Lock()
        self.tls_problem = ""
        """Why the server's certificate does not hold, once that is known."""

    def exchange(self, sent: Sent, *, most_seconds: float = float("inf")) -> Received:
        """Send and wait; redirects are not followed. It takes no longer than that, whatever time-outs there are."""
        return self.in_a_row((sent,), most_seconds=most_seconds)[0]

    def in_a_row(self, requests: Sequence[Sent], *, most_seconds: float = float("inf")) -> list[Received]:
        """Send one after another, on the same connection as long as the server keeps it open."""
        connection: Connection | None = None
        found = []
        for sent in requests:
            if connection is not None and not connection.is_open:
                connection.close()
                connection = None
            received, connection = self._ask(connection, sent, most_seconds)
            found.append(received)
        if connection is not None:
            connection.close()
        return found

    def _ask(
        self, connection: Connection | None, sent: Sent, most_seconds: float
    ) -> tuple[Received, Connection | None]:
        """One exchange, and the connection that may serve for the next one."""
        started = self._clock.monotonic()
        try:
            connection = connection or self._connect(sent.url, most_seconds)
            seconds = min(self._timeouts.answer, most_seconds)
            answered = connection.ask(sent.method, sent.url, sent.headers, body=sent.body, seconds=seconds)
        except FAILURES as error:
            said = _in_words(error, "no connection" if connection is None else "no whole answer")
            if connection is not None:
                connection.close()
            return Received(0, {}, b"", self._clock.monotonic() - started, said), None
        return Received(*answered, self._clock.monotonic() - started), connection

    def _connect(self, url: str, most_seconds: float) -> Connection:
        seconds = min(self._timeouts.connect, most_seconds)
        if urlsplit(url).scheme != "https":
            return Connection(url, tls=None, seconds=seconds)
        if self.tls_problem:
            return Connection(url, tls=self._trusting, seconds=seconds)
        try:
            return Connection(url, tls=self._verifying, seconds=seconds)
        except ssl.SSLCertVerificationError as error:
            connection = Connection(url, tls=self._trusting, seconds=seconds)
            with self._lock:
                self.tls_problem = _in_words(error)  # TRN-11 says it
            return connection


def is_loopback(url: str) -> bool:
    """Whether an address is this machine's own."""
    host = urlsplit(url).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")


def same_host(url: str, other: str) -> bool:
    """Whether another address, or a reference, leads to the same host by HTTP.

    Behind a proxy that ends TLS, services name themselves with http: of the usual ports each will do.
    """
    try:
        here, there = urlsplit(url), urlsplit(urljoin(url, other))
        ports = {port_of(here), port_of(there)}
    except ValueError:
        return False
    if there.scheme not in PORTS or here.hostname != there.hostname:
        return False
    return len(ports) == 1 or ports == set(PORTS.values())


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


def _in_words(error: BaseException, missing: str = "") -> str:
    if isinstance(error, TimeoutError):
        return f"{missing} in time"
    said = getattr(error, "verify_message", "") or getattr(error, "strerror", "") or str(error)
    return plain(f"{type(error).__name__}: {said}")
