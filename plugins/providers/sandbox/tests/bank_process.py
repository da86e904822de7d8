"""The real sandbox bank as a process of its own, and a place that its callbacks arrive at."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TypeVar

import urllib3

T = TypeVar("T")
_HTTP = urllib3.PoolManager(retries=False, timeout=10)


@dataclass(frozen=True, slots=True)
class Bank:
    """A running bank; its test controls stand in for the payer."""

    url: str

    def pay(self, session_id: str, card: str, **more: str) -> str | None:
        """Pay with a card as the pages would; the address that the browser is sent back to."""
        return self._post(f"/test/sessions/{session_id}/pay", {"card": card, **more})["return_url"]

    def cancel(self, session_id: str) -> None:
        self._post(f"/test/sessions/{session_id}/cancel", {})

    def fault(self, **faults: str) -> None:
        self._post("/test/faults", faults)

    def sessions(self, reference: str) -> list[str]:
        books = _HTTP.request("GET", f"{self.url}/test/books.json").json()
        return [item["session_id"] for item in books["sessions"] if item["reference"] == reference]

    def cards(self) -> dict[str, str]:
        """Numbers by the names of the cards."""
        cards = _HTTP.request("GET", f"{self.url}/v1/test-cards").json()["cards"]
        return {card["name"]: card["number"] for card in cards}

    def _post(self, path: str, body: dict[str, str]) -> dict[str, str | None]:
        answer = _HTTP.request("POST", self.url + path, json=body)
        assert answer.status == 200, (path, answer.status, answer.data)
        return answer.json()


@contextmanager
def running_bank(folder: Path, *, secret: str, callback_secret: str) -> Iterator[Bank]:
    """A bank on a free port that hurries: its waits are a twentieth of the usual."""
    port = free_port()
    bank = Bank(f"http://127.0.0.1:{port}")
    command = [str(Path(sys.executable).with_name("sandbox-bank")), "serve", "--port", str(port)]
    command += ["--database", str(folder / "bank.sqlite"), "--test-controls", "--time-scale", "0.05"]
    secrets = {"SANDBOX_SECRET": secret, "SANDBOX_CALLBACK_SECRET": callback_secret}
    with (folder / "bank.log").open("wb") as log:
        process = subprocess.Popen(command, env=os.environ | secrets, stdout=log, stderr=log)
        try:
            eventually(lambda: process.poll() is not None or _answers(bank.url), bool, within=20)
            assert process.poll() is None, (folder / "bank.log").read_text()
            yield bank
        finally:
            process.terminate()
            process.wait(timeout=10)


@contextmanager
def callback_receiver() -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    """An address and the callbacks (headers, raw body) that came to it."""
    received: list[tuple[dict[str, str], bytes]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/callback", received
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def eventually(ask: Callable[[], T], enough: Callable[[T], bool], *, within: float = 10.0) -> T:
    """The first answer that is enough, asked for every few hundredths of a second."""
    until = time.monotonic() + within
    while not enough(answer := ask()):
        assert time.monotonic() < until, f"still {answer!r} after {within} s"
        time.sleep(0.03)
    return answer


def events(received: list[tuple[dict[str, str], bytes]]) -> list[str]:
    return [json.loads(body)["event"] for _, body in received]


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        return _HTTP.request("GET", f"{url}/healthz").status == 200
    except urllib3.exceptions.HTTPError:
        return False
