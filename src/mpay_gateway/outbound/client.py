"""The implementation of `HttpClient` over urllib3's connections."""

import ssl
import weakref
from http.client import HTTPException

from urllib3.exceptions import HTTPError

from mpay_gateway.boundary import refuse_inside_unit_of_work
from mpay_gateway.crash_points import wire_point
from mpay_gateway.domain.errors import ConfigurationError, OutcomeUnknown, RemoteError, RemoteUnavailable
from mpay_gateway.outbound.address import Address, AddressPolicy, Target, TlsFiles, parse_target, resolve
from mpay_gateway.outbound.connection import Connection, Deadline, open_connection
from mpay_gateway.outbound.idle import IdleConnections
from mpay_gateway.outbound.message import HttpAnswer, HttpRequest

_REPEATABLE = {"GET", "HEAD"}
_FAILURES = (OSError, ValueError, HTTPError, HTTPException)


class GuardedHttpClient:
    """Sends requests to allowed addresses only; see `HttpClient.send`. Safe for use by many threads.

    A server may close a connection that is kept open at the moment of use. The request is repeated on a fresh
    one when not a byte of it has left, or when it is one that has no effect (GET, HEAD); otherwise the server
    may have acted on it, and the outcome is unknown.
    """

    def __init__(self, policy: AddressPolicy, *, tls: TlsFiles | None = None) -> None:
        self._policy = policy
        self._tls = tls_context(tls or TlsFiles())
        self._idle = IdleConnections()
        weakref.finalize(self, self._idle.close)  # a client that is dropped leaves no socket open

    def send(self, request: HttpRequest) -> HttpAnswer:
        """Send and wait; raises as `HttpClient.send` says."""
        refuse_inside_unit_of_work(f"HTTP {request.method}")
        target = parse_target(request.url, self._policy)
        deadline = Deadline(request.deadline)
        if (kept := self._idle.take(target)) is not None:
            kept.begin(deadline)
            try:
                return self._exchange(kept, request, target)
            except _FAILURES as error:
                if isinstance(error, TimeoutError) or not (kept.sent_nothing or _repeatable(request)):
                    raise _judged(error, kept, target) from error
        fresh = self._connect(target, deadline)
        try:
            return self._exchange(fresh, request, target)
        except _FAILURES as error:
            raise _judged(error, fresh, target) from error

    def close(self) -> None:
        """Close every connection that is kept open."""
        self._idle.close()

    def _connect(self, target: Target, deadline: Deadline) -> Connection:
        """A connection to the first allowed address that answers; each gets its share of the time."""
        try:
            addresses = resolve(target, self._policy, timeout=deadline.left())
            for left, address in zip(range(len(addresses), 1, -1), addresses, strict=False):
                try:
                    return self._open(target, address, Deadline(deadline.left() / left), deadline)
                except OSError:
                    continue
            return self._open(target, addresses[-1], deadline, deadline)
        except (OSError, ValueError) as error:
            raise RemoteUnavailable(f"{target.host}: no connection: {_reason(error)}") from error

    def _open(self, target: Target, address: Address, share: Deadline, deadline: Deadline) -> Connection:
        tls = self._tls if target.scheme == "https" else None
        connection = open_connection(target, address, tls=tls, deadline=share)
        connection.begin(deadline)
        return connection

    def _exchange(self, connection: Connection, request: HttpRequest, target: Target) -> HttpAnswer:
        """One request and its answer; the connection is kept or closed. Raises: _FAILURES."""
        try:
            wire_point("before-send")
            connection.send(request, target)
            answer = connection.receive(request.largest_answer)
            wire_point("after-answer")
        except BaseException:
            connection.close()
            raise
        self._idle.keep(target, connection)
        return answer


def tls_context(files: TlsFiles) -> ssl.SSLContext:
    """TLS 1.2 or later, certificate and name verified against the system's authorities and `files.ca_file`.

    Raises: ConfigurationError when a file cannot be used.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        if files.ca_file is not None:
            context.load_verify_locations(files.ca_file)
        if files.client_certificate is not None:
            context.load_cert_chain(files.client_certificate, files.client_key)
    except OSError as error:
        raise ConfigurationError((f"TLS files: {_reason(error)}",)) from error
    return context


def _repeatable(request: HttpRequest) -> bool:
    return request.method in _REPEATABLE and not request.body


def _judged(error: Exception, connection: Connection, target: Target) -> RemoteError:
    """Whether the server may have acted."""
    if connection.sent_nothing:
        return RemoteUnavailable(f"{target.host}: nothing sent: {_reason(error)}")
    return OutcomeUnknown(f"{target.host}: no whole answer: {_reason(error)}")


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__)[:200]
