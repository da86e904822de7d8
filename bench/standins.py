"""Counterparts that answer at once: what a page takes with them is what the gateway adds.

The e-Service signs its answers with the service's real key, but before it is asked: fresh answers for an order
lie ready, and the gateway verifies it as any other. The bank keeps sessions in memory. Both are one process with
one thread per connection, and count how long they took themselves.
"""

import argparse
import json
import re
import socketserver
import threading
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Protocol

from lxml import etree

from eservice_kit import read_signing_key
from eservice_kit.messages import OrderDetails, OrderLine, OrderStatus
from eservice_kit.sign import Signer, signed_message
from eservice_kit.wire_write import confirmation_answer, orders_answer

SERVICE_ID = "INSTANT01"
AMOUNT_MINOR = 15_000
"""Of each line."""
LOOKUPS = 3
"""How often one payment asks for its order: to show it, when the payer agrees, and before it starts."""
_CONFIRMATION = ""
_ORDER_KEY = re.compile(rb"OrderKey>([^<]{1,36})<")


@dataclass
class ReadyAnswers:
    """Signed answers by what they answer. Each is given once: the gateway believes no copy."""

    signer: Signer
    _ready: dict[str, deque[bytes]] = field(default_factory=lambda: defaultdict(deque))
    _last: datetime = datetime.min.replace(tzinfo=UTC)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def prepare(self, order_key: str) -> None:
        """Sign the answers that one payment of this order needs: its look-ups', and its confirmation's."""
        for _ in range(LOOKUPS):
            self._ready[order_key].append(self._sign(_order_answer(order_key)))
        self._ready[_CONFIRMATION].append(self._sign(confirmation_answer()))

    def order(self, order_key: str) -> bytes:
        return self._take(order_key) or self._sign(_order_answer(order_key))

    def confirmation(self) -> bytes:
        return self._take(_CONFIRMATION) or self._sign(confirmation_answer())

    def _take(self, key: str) -> bytes:
        try:
            return self._ready[key].popleft()
        except IndexError:
            return b""

    def _sign(self, answer: etree._Element) -> bytes:
        with self._lock:  # two answers of one millisecond would be the same bytes
            self._last = max(datetime.now(UTC), self._last + timedelta(milliseconds=1))
            return signed_message(answer, self.signer, at=self._last)


@dataclass
class Sessions:
    """The bank's sessions, in memory."""

    address: str
    _by_id: dict[str, dict[str, object]] = field(default_factory=dict)

    def open(self, order: dict[str, object]) -> dict[str, object]:
        """Open a session whose id is the reference of the order."""
        session_id = f"s-{order['reference']}"
        session = {
            "session_id": session_id, "reference": order["reference"], "status": "open",
            "page_url": f"{self.address}/pay/{session_id}", "return_url": order["return_url"],
            "amount_minor": order["amount_minor"], "currency": order["currency"], "authorised_minor": 0,
            "captures": [], "reversals": [],
        }  # fmt: skip
        self._by_id[session_id] = session
        return session

    def get(self, session_id: str) -> dict[str, object]:
        return self._by_id[session_id]

    def pay(self, session_id: str) -> dict[str, object]:
        """Take the money at once; nobody is told, so that the result page is the first to ask."""
        session = self._by_id[session_id]
        capture = {
            "transaction_id": f"t-{session_id}", "amount_minor": session["amount_minor"],
            "currency": session["currency"], "at": datetime.now(UTC).isoformat(),
        }  # fmt: skip
        session |= {"status": "captured", "captures": [capture], "card": "400000******1000"}
        query = f"session={session_id}&reference={session['reference']}&status=captured"
        return {
            "session_id": session_id,
            "status": "captured",
            "return_url": f"{session['return_url']}?{query}",
        }


@dataclass
class Busy:
    """How long the stand-ins themselves worked, in seconds, and for how many calls of the gateway."""

    seconds: float = 0.0
    calls: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, seconds: float) -> None:
        with self._lock:
            self.seconds += seconds
            self.calls += 1


@dataclass(slots=True)
class Counterparts:
    """Both stand-ins."""

    answers: ReadyAnswers
    sessions: Sessions
    busy: Busy

    def answer(self, path: str, body: bytes) -> tuple[str, bytes]:
        """Media type and content for a request."""
        if path == "/ServiceProvider.svc":
            return "text/xml; charset=utf-8", _soap(body, self.answers)
        return "application/json", json.dumps(self._json(path, body)).encode()

    def _json(self, path: str, body: bytes) -> dict[str, object]:
        match path.strip("/").split("/"):
            case ["v1", "sessions"]:
                return self.sessions.open(json.loads(body))
            case ["v1", "sessions", session_id]:
                return self.sessions.get(session_id)
            case ["test", "sessions", session_id, "pay"]:
                return self.sessions.pay(session_id)
            case ["test", "orders", order_key]:
                self.answers.prepare(order_key)
                return {"order_key": order_key}
            case _:
                return {"seconds": self.busy.seconds, "calls": self.busy.calls}


class Answering(Protocol):
    """What answers requests, and counts how long that took."""

    busy: Busy

    def answer(self, path: str, body: bytes) -> tuple[str, bytes]:
        """Media type and content."""


def make_handler(counterparts: Answering) -> type[BaseHTTPRequestHandler]:
    """The handler of stand-ins."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body leave together
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers["Content-Length"])))

        def _answer(self, body: bytes) -> None:
            began = time.perf_counter()
            media_type, content = counterparts.answer(self.path, body)
            head = f"HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\nContent-Length: {len(content)}\r\n\r\n"
            self.wfile.write(head.encode() + content)
            self.wfile.flush()
            if not self.path.startswith("/test/"):
                counterparts.busy.add(time.perf_counter() - began)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def server_bind(self) -> None:
        """Bind without asking a name server for our name."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]


def main() -> None:
    """Listen, say where, answer until the process is ended."""
    parser = argparse.ArgumentParser(description="e-Service and bank that answer at once")
    parser.add_argument("--key", type=Path, required=True)
    parser.add_argument("--certificate", type=Path, required=True)
    given = parser.parse_args()
    key = read_signing_key(given.key, given.certificate)
    server = Server(("127.0.0.1", 0), BaseHTTPRequestHandler)
    address = f"http://127.0.0.1:{server.server_port}"
    counterparts = Counterparts(ReadyAnswers(Signer(key)), Sessions(address), Busy())
    server.RequestHandlerClass = make_handler(counterparts)
    print(address, flush=True)
    server.serve_forever()


def _soap(request: bytes, answers: ReadyAnswers) -> bytes:
    if b"ConfirmOrderPayment" in request:
        return answers.confirmation()
    found = _ORDER_KEY.search(request)
    return answers.order(found[1].decode() if found else "")


def _order_answer(order_key: str) -> etree._Element:
    return orders_answer((_order(order_key),))


def _order(order_key: str) -> OrderDetails:
    """The key says how many lines it has: `L9-…`."""
    amount = Decimal(AMOUNT_MINOR) / 100
    count = int(order_key[1 : order_key.index("-")])
    lines = tuple(OrderLine(line_id=str(n), reason="Taxa", amount_due=amount) for n in range(1, count + 1))
    return OrderDetails(
        service_id=SERVICE_ID, order_key=order_key, reason="Taxa de stat", status=OrderStatus.ACTIVE,
        lines=lines, total_due=amount * count, currency="MDL",
    )  # fmt: skip


if __name__ == "__main__":
    main()
