"""One connection, under a deadline that every single read and write respects.

A plain time-out bounds one read: a service that sends a byte a second would hold the run for ever.
"""

import io
import select
import socket
import ssl
import time
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

LARGEST_ANSWER: Final = 1 << 20
"""The gateway reads no more of an answer."""
FAILURES: Final = (OSError, ValueError, HTTPException)
"""What goes wrong on the way: no connection, no time, no HTTP, an address that is none."""
_PIECE: Final = 1 << 16
PORTS: Final = {"http": 80, "https": 443}
Answered = tuple[int, Mapping[str, str], bytes]
"""Status, headers with names in lower case, body."""


class _Link:
    """A connected socket as http.client uses one; before each operation its time-out is what is left in all."""

    def __init__(self, plain: socket.socket) -> None:
        self.plain = plain
        self.until = 0.0

    def sendall(self, content: bytes) -> None:
        self.plain.settimeout(self._left())
        self.plain.sendall(content)

    def receive_into(self, buffer: Any) -> int:
        self.plain.settimeout(self._left())
        return self.plain.recv_into(buffer)

    def makefile(self, mode: str) -> io.BufferedReader:
        assert mode == "rb"
        return io.BufferedReader(_Reader(self))

    def close(self) -> None:
        """Kept open while the answer is read: http.client closes before reading what has no length."""

    def _left(self) -> float:
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError("past the deadline")
        return left


class _Reader(io.RawIOBase):
    def __init__(self, source: _Link) -> None:
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._source.receive_into(buffer)


class Connection:
    """An open connection to the host of an address. Raises FAILURES in all that it does."""

    def __init__(self, url: str, *, tls: ssl.SSLContext | None, seconds: float) -> None:
        """Connect, and for https prove that it is the host that the address names."""
        parts = urlsplit(url)
        host, port = parts.hostname or "", port_of(parts)
        plain = socket.create_connection((host, port), timeout=seconds)
        try:
            self._link = _Link(tls.wrap_socket(plain, server_hostname=host) if tls else plain)
        except BaseException:
            plain.close()
            raise
        self._http = HTTPConnection(host, parts.port)
        self._http.auto_open = 0
        self._http.sock = self._link

    def ask(
        self, method: str, url: str, headers: Mapping[str, str], *, body: bytes, seconds: float
    ) -> Answered:
        """Send a request and read its answer, all of it in so many seconds; of a body no more than is read ever."""
        parts = urlsplit(url)
        path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        self._link.until = time.monotonic() + seconds
        named = {"User-Agent": "mpay-conformance"} | dict(headers)
        self._http.request(method, path, body=body or None, headers=named)
        response = self._http.getresponse()
        content = _body(response)
        return response.status, {name.lower(): text for name, text in response.headers.items()}, content

    @property
    def is_open(self) -> bool:
        """Whether another request may follow: neither side has closed or said that it would."""
        return self._http.sock is not None and not select.select([self._link.plain], [], [], 0.1)[0]

    def close(self) -> None:
        self._link.plain.close()


def port_of(parts: SplitResult) -> int:
    """The port of an address, named or not. Raises: ValueError."""
    return parts.port or PORTS.get(parts.scheme, 0)


def _body(response: HTTPResponse) -> bytes:
    content = bytearray()
    while len(content) <= LARGEST_ANSWER and (piece := response.read(_PIECE)):
        content += piece
    if response.length and len(content) <= LARGEST_ANSWER:
        raise ConnectionError("the connection ended in the middle of the answer")
    return bytes(content)
