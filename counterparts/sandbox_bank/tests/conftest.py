"""A bank in a process of its own, a merchant that talks to it over HTTP, and who receives its callbacks.

The merchant checks every answer of the API against openapi.yaml.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import Path

import pytest
import urllib3
import yaml
from jsonschema import Draft202012Validator

SECRET = "merchant-secret-of-the-tests"
CALLBACK_SECRET = "callback-secret-of-the-tests"
SCALE = 0.05
_numbers = itertools.count(1)


def eventually(true: Callable[[], bool], *, within: float = 15.0) -> None:
    """Wait until something holds; fail when it does not in time."""
    deadline = time.monotonic() + within
    while not true():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)


class Description:
    """openapi.yaml as a judge of answers."""

    def __init__(self) -> None:
        text = resources.files("sandbox_bank").joinpath("openapi.yaml").read_text(encoding="utf-8")
        self.document = yaml.safe_load(text)

    def check(self, method: str, path: str, answer: urllib3.BaseHTTPResponse) -> None:
        """Fail unless the answer's status, media type and body are those described for the address."""
        responses = self._operation(method, path)["responses"]
        response = self._resolved(responses.get(str(answer.status)) or responses["default"])
        media = answer.headers["Content-Type"].partition(";")[0]
        assert media in response["content"], f"{method} {path}: {answer.status} as {media}"
        if media.endswith("json"):
            schema = response["content"][media]["schema"] | {"components": self.document["components"]}
            Draft202012Validator(schema).validate(answer.json())

    def check_event(self, event: object) -> None:
        """Fail unless a callback is as described."""
        schema = {"$ref": "#/components/schemas/Event", "components": self.document["components"]}
        Draft202012Validator(schema).validate(event)

    def _operation(self, method: str, path: str) -> dict:
        for template, item in self.document["paths"].items():
            if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
                return item[method.lower()]
        raise AssertionError(f"{path} is not described")

    def _resolved(self, node: dict) -> dict:
        while "$ref" in node:
            found = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            node = found
        return node


@dataclass
class Received:
    """One callback as it came."""

    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def event(self) -> dict:
        return json.loads(self.body)

    def is_genuine(self, secret: str = CALLBACK_SECRET) -> bool:
        """Verify the signature as a merchant would."""
        found = re.fullmatch(r"t=(\d+),v1=([0-9a-f]{64})", self.headers["Bank-Signature"])
        assert found
        signed = found[1].encode() + b"." + self.body
        right = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
        return hmac.compare_digest(right, found[2]) and abs(time.time() - int(found[1])) < 60


@dataclass
class Receiver:
    """A merchant's callback address; `answers` are the statuses to give, then always 200."""

    url: str
    received: list[Received] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    def of(self, session_id: str) -> list[Received]:
        """The callbacks of one session in the order of their coming."""
        return [item for item in self.received if item.event["session_id"] == session_id]

    def events_of(self, session_id: str) -> list[str]:
        """Only their names."""
        return [item.event["event"] for item in self.of(session_id)]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.received.append(Received(dict(self.headers), body, time.monotonic()))
            self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_port}/callback")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield receiver
    server.shutdown()
    thread.join()
    server.server_close()


class BankProcess:
    """`sandbox-bank serve` on a free port; can be killed and started again on its database."""

    def __init__(self, database: Path, *options: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.database = database
        self.url = f"http://127.0.0.1:{self.port}"
        self._options = options
        self.start()

    def start(self) -> None:
        """Start, and wait until the bank answers."""
        command = [sys.executable, "-m", "sandbox_bank", "serve", "--port", str(self.port), "--test-controls"]
        command += ["--database", str(self.database), "--time-scale", str(SCALE), *self._options]
        environment = os.environ | {"SANDBOX_SECRET": SECRET, "SANDBOX_CALLBACK_SECRET": CALLBACK_SECRET}
        self._process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        eventually(self._answers)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(10)

    def stop(self) -> int:
        """Ask it to end; return its exit code."""
        if self._process.poll() is None:
            self._process.terminate()
        return self._process.wait(20)

    def _answers(self) -> bool:
        assert self._process.poll() is None, "the bank did not start"
        with urllib3.PoolManager() as http:
            try:
                return http.request("GET", f"{self.url}/healthz", retries=False).status == 200
            except urllib3.exceptions.HTTPError:
                return False


class Merchant:
    """A client of the API of its own."""

    def __init__(self, bank_url: str, callback_url: str, description: Description) -> None:
        self.bank_url = bank_url
        self._callback_url = callback_url
        self._description = description
        self._http = urllib3.PoolManager(maxsize=16, retries=False, timeout=30.0)

    def close(self) -> None:
        self._http.clear()

    def order(self, **changes: object) -> dict:
        """A good order with a reference of its own."""
        return {
            "reference": f"T-{next(_numbers)}",
            "amount_minor": 25_000,
            "currency": "MDL",
            "description": "Autorizație de tăiere",
            "language": "ro",
            "mode": "one-step",
            "return_url": "https://gateway.example/providers/sandbox/return?shop=1",
            "callback_url": self._callback_url,
        } | changes

    def call(self, method: str, path: str, *, body: object = None, key: str | None = None):
        """Call the API with the secret and check the answer against its description."""
        headers = {"Authorization": f"Bearer {SECRET}"} | ({"Idempotency-Key": key} if key else {})
        return self.raw(method, path, body=body, headers=headers)

    def raw(self, method: str, path: str, *, body: object = None, headers: dict[str, str] | None = None):
        """Call the API with these headers only."""
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        answer = self._http.request(method, self.bank_url + path, body=data, headers=headers or {})
        self._description.check(method, path.partition("?")[0], answer)
        return answer

    def open(self, **changes: object) -> dict:
        """Open a new session."""
        order = self.order(**changes)
        answer = self.call("POST", "/v1/sessions", body=order, key=f"key-{order['reference']}")
        assert answer.status == 201, answer.data
        return answer.json()

    def status(self, session_id: str) -> dict:
        """Read a session."""
        answer = self.call("GET", f"/v1/sessions/{session_id}")
        assert answer.status == 200, answer.data
        return answer.json()

    def capture(self, session_id: str, amount: int, key: str):
        return self.call("POST", f"/v1/sessions/{session_id}/capture", body={"amount_minor": amount}, key=key)

    def reverse(self, session_id: str, amount: int, key: str):
        return self.call(
            "POST", f"/v1/sessions/{session_id}/reversals", body={"amount_minor": amount}, key=key
        )

    def pay(self, session_id: str, card: str, **more: str) -> dict:
        """Pay by the one-request shortcut."""
        answer = self.raw("POST", f"/test/sessions/{session_id}/pay", body={"card": card} | more)
        assert answer.status == 200, answer.data
        return answer.json()

    def paid(self, card: str, **changes: object) -> str:
        """Open a session and pay it; return its id."""
        session_id = self.open(**changes)["session_id"]
        self.pay(session_id, card)
        return session_id

    def switch(self, **faults: str):
        return self.raw("POST", "/test/faults", body=faults)

    def books(self) -> dict:
        return self.raw("GET", "/test/books.json").json()

    def post_form(self, url: str, **fields: str):
        """Post a page's form without following where it leads."""
        return self._http.request("POST", url, fields=fields, encode_multipart=False, redirect=False)

    def page(self, url: str):
        return self._http.request("GET", url, redirect=False)


@pytest.fixture(scope="session")
def description() -> Description:
    return Description()


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BankProcess]:
    process = BankProcess(tmp_path_factory.mktemp("bank") / "bank.db")
    yield process
    assert process.stop() == 0


@pytest.fixture
def start_bank(tmp_path: Path) -> Iterator[Callable[..., BankProcess]]:
    """Start banks with options of their own."""
    started: list[BankProcess] = []

    def start(*options: str) -> BankProcess:
        started.append(BankProcess(tmp_path / f"bank{len(started)}.db", *options))
        return started[-1]

    yield start
    for process in started:
        process.stop()


@pytest.fixture
def merchant_of(receiver: Receiver, description: Description) -> Iterator[Callable[[BankProcess], Merchant]]:
    """Make merchants; after the test every bank they used must have sound books."""
    made: list[Merchant] = []

    def make(bank: BankProcess) -> Merchant:
        made.append(Merchant(bank.url, receiver.url, description))
        return made[-1]

    yield make
    for merchant in made:
        assert merchant.books()["problems"] == []
        merchant.close()


@pytest.fixture
def merchant(bank: BankProcess, merchant_of: Callable[[BankProcess], Merchant]) -> Iterator[Merchant]:
    made = merchant_of(bank)
    yield made
    made.switch(api="ok", callbacks="ok", pages="ok", reversals="ok", statements="ok")


@pytest.fixture(name="eventually")
def eventually_fixture() -> Callable[..., None]:
    return eventually
