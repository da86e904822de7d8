"""One connection to one checked address, under a deadline that every single read and write respects."""

import io
import socket
import ssl
import time
from typing import Any

from urllib3.connection import HTTPConnection
from urllib3.util.wait import wait_for_read

from mpay_gateway.outbound.address import Address, Target
from mpay_gateway.outbound.message import HttpAnswer, HttpRequest

READ_SIZE = 64 * 1024


class TooLarge(ValueError):
    """The answer has more bytes than the request allows."""


class Deadline:
    """A moment on the monotonic clock."""

    __slots__ = ("_at",)

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds that are left. Raises: TimeoutError when none is."""
        if (left := self._at - time.monotonic()) <= 0:
            raise TimeoutError("past the deadline")
        return left


class DeadlineSocket:
    """A connected socket as http.client uses one; before each operation its time-out is what is left in all.

    A plain time-out bounds one read: a server that sends a byte a second would hold us for ever. `accepted`
    counts bytes that the system took for sending during this exchange: while it is zero, nothing has left.
    """

    def __init__(self, plain: socket.socket, deadline: Deadline) -> None:
        self.plain = plain
        self.accepted = 0
        self._deadline = deadline
        self._held: list[bytes] = []

    def begin(self, deadline: Deadline) -> None:
        """Start another exchange."""
        self._deadline = deadline
        self.accepted = 0
        self._held.clear()

    def sendall(self, content: bytes) -> None:
        """Hold until `flush`: head and body leave together, so that the server wakes once."""
        self._held.append(content)

    def flush(self) -> None:
        """Send what is held."""
        view = memoryview(b"".join(self._held))
        self._held.clear()
        while view:
            self.plain.settimeout(self._deadline.left())
            sent = self.plain.send(view)
            self.accepted += sent
            view = view[sent:]

    def receive_into(self, buffer: Any) -> int:
        self.plain.settimeout(self._deadline.left())
        return self.plain.recv_into(buffer)

    def makefile(self, mode: str) -> io.BufferedReader:
        assert mode == "rb"
        return io.BufferedReader(_Reader(self))

    def settimeout(self, _: float | None) -> None:
        """The deadline decides."""

    def close(self) -> None:
        """Kept open while the answer is read: http.client closes before reading what has no length."""

    def fileno(self) -> int:
        return self.plain.fileno()


class _Reader(io.RawIOBase):
    def __init__(self, source: DeadlineSocket) -> None:
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._source.receive_into(buffer)


class Connection:
    """An open connection. Opened by `open_connection`; used by one thread at a time."""

    def __init__(self, wire: HTTPConnection, link: DeadlineSocket) -> None:
        self._wire = wire
        self._link = link
        self._usable = True
        self.idle_since = 0.0

    @property
    def sent_nothing(self) -> bool:
        """Whether no byte of the present exchange has left."""
        return self._link.accepted == 0

    @property
    def reusable(self) -> bool:
        """Whether another exchange may follow: the last answer was whole, the server did not say goodbye."""
        return self._usable and self._wire.sock is not None

    def still_open(self) -> bool:
        """Whether the server has neither closed the idle connection nor sent what no one asked for."""
        return not wait_for_read(self._link.plain, timeout=0)

    def begin(self, deadline: Deadline) -> None:
        self._link.begin(deadline)
        self._usable = False

    def send(self, request: HttpRequest, target: Target) -> None:
        """Write the request. Raises: OSError, ValueError for what no header or path may hold."""
        self._wire.request(
            request.method,
            target.path,
            body=request.body or None,
            headers=_headers(request, target),
            preload_content=False,
            decode_content=False,
        )
        self._link.flush()

    def receive(self, largest: int) -> HttpAnswer:
        """Read the whole answer.

        Raises: TooLarge, OSError, ValueError, http.client.HTTPException, urllib3.exceptions.HTTPError.
        """
        response = self._wire.getresponse()
        if int(response.headers.get("content-length") or 0) > largest:
            raise TooLarge("the answer is too large")
        body = bytearray()
        while chunk := response.read(READ_SIZE, decode_content=False):
            body += chunk
            if len(body) > largest:
                raise TooLarge("the answer is too large")
        self._usable = True
        headers = tuple((name.lower(), value) for name, value in response.headers.items())
        return HttpAnswer(response.status, headers, bytes(body))

    def close(self) -> None:
        self._link.plain.close()


def open_connection(
    target: Target, address: Address, *, tls: ssl.SSLContext | None, deadline: Deadline
) -> Connection:
    """Connect to the checked address, and for https prove that it is the host that the URL names.

    Raises: OSError, ValueError.
    """
    plain = socket.create_connection((str(address), target.port), timeout=deadline.left())
    try:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls is not None:
            plain.settimeout(deadline.left())
            plain = tls.wrap_socket(plain, server_hostname=target.host)
    except BaseException:
        plain.close()
        raise
    wire, link = HTTPConnection(target.host, target.port), DeadlineSocket(plain, deadline)
    wire.auto_open = 0
    wire.sock = link
    return Connection(wire, link)


def _headers(request: HttpRequest, target: Target) -> dict[str, str]:
    ours = {"host", "content-length", "transfer-encoding", "connection"}
    headers = {"User-Agent": "mpay-gateway", "Accept-Encoding": "identity"}
    headers |= {name: value for name, value in request.headers if name.lower() not in ours}
    return headers | {"Host": target.authority}
