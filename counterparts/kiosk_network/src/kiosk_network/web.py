"""HTTP: the screen of a kiosk, and the controls of the simulation as JSON."""

from __future__ import annotations

import html
import json
import re
from dataclasses import asdict, fields, replace
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from urllib.parse import parse_qs, urlsplit

from kiosk_network.client import NoAnswer, Reply
from kiosk_network.journal import State, Transaction
from kiosk_network.network import Faults, Network
from kiosk_network.register import register_of

_MOST = 64 * 1024
_SUM = re.compile(r"([0-9]{1,9})(?:[.,]([0-9]{1,2}))?\Z", re.ASCII)
_REGISTER = re.compile(r"/register/([0-9]{4}-[0-9]{2}-[0-9]{2})\.csv\Z")
_TRANSACTION = re.compile(r"/transactions/([0-9]{1,20})\Z")
Json = dict[str, object]


class WrongRequest(Exception):
    """The request cannot be used; the text says why."""


def make_server(network: Network, host: str, port: int) -> ThreadingHTTPServer:
    """Bind the address and return a server that has yet to run. Raises: OSError."""
    handler = type("BoundHandler", (Handler,), {"network": network})
    server = ThreadingHTTPServer((host, port), handler)
    server.daemon_threads = True
    return server


class Handler(BaseHTTPRequestHandler):
    """One request."""

    network: Network
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path, network = urlsplit(self.path).path, self.network
        if path == "/":
            self._send_page()
        elif path == "/healthz":
            self._send(200, b"ok\n", "text/plain")
        elif path == "/books":
            self._send_json(network.books())
        elif path == "/faults":
            self._send_json(asdict(network.faults))
        elif path == "/transactions":
            self._send_json({"transactions": [self._told(each) for each in network.journal.all()]})
        elif found := _TRANSACTION.match(path):
            self._send_transaction(int(found[1]))
        elif found := _REGISTER.match(path):
            self._send_register(found[1])
        else:
            self._send(404, b"nothing here\n", "text/plain")

    def do_POST(self) -> None:
        path = urlsplit(self.path).path
        try:
            if path == "/":
                self._serve_payer()
            elif path == "/pay":
                self._send_json(self._pay(self._json()))
            elif path == "/check":
                self._send_json(self._check(self._json()))
            elif path == "/faults":
                self._send_json(self._switch(self._json()))
            elif path == "/hurry":
                self._body()  # or it would be read as the connection's next request
                self.network.hurry()
                self._send_json({})
            else:
                self.close_connection = True
                self._send(404, b"nothing here\n", "text/plain")
        except WrongRequest as problem:
            self._send_json({"problem": str(problem)}, status=422)
        except NoAnswer as problem:
            self._send_json({"problem": f"the provider does not answer: {problem}"}, status=502)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's own name
        """Say nothing: the journal has it."""

    def _pay(self, asked: Json) -> Json:
        kiosk, account, minor = _who_and_how_much(asked)
        served = self.network.pay(kiosk, account, minor, checked=bool(asked.get("check", True)))
        if served.transaction is None:
            assert served.check is not None
            return {"txn_id": served.txn_id, "state": "turned-away", "check": asdict(served.check)}
        wait = asked.get("wait_seconds", 0)
        if not isinstance(wait, int | float) or not 0 <= wait <= 120:
            raise WrongRequest("wait_seconds is from 0 to 120")
        found = self.network.wait(served.txn_id, wait)
        return self._told(found) | {"check": asdict(served.check) if served.check else None}

    def _check(self, asked: Json) -> Json:
        kiosk, account, minor = _who_and_how_much(asked)
        txn_id, reply = self.network.check(kiosk, account, minor)
        return {"txn_id": txn_id} | asdict(reply)

    def _switch(self, asked: Json) -> Json:
        known = {each.name: type(getattr(Faults(), each.name)) for each in fields(Faults)}
        for name, value in asked.items():
            if name not in known or type(value) is not known[name]:
                raise WrongRequest(
                    f"faults are {', '.join(f'{key} ({kind.__name__})' for key, kind in known.items())}"
                )
        self.network.faults = replace(self.network.faults, **asked)
        return asdict(self.network.faults)

    def _told(self, found: Transaction) -> Json:
        calls = self.network.journal.calls(found.txn_id)
        return asdict(found) | {"taken_at": found.taken_at.isoformat(), "calls": calls}

    def _send_transaction(self, txn_id: int) -> None:
        try:
            self._send_json(self._told(self.network.journal.get(txn_id)))
        except KeyError:
            self._send(404, b"no such payment\n", "text/plain")

    def _send_register(self, day: str) -> None:
        try:
            wanted = date.fromisoformat(day)
        except ValueError:
            self._send(404, b"no such day\n", "text/plain")
            return
        body = register_of(wanted, self.network.journal.all(), self.network.settings)
        self._send(200, body, "text/csv; charset=utf-8")

    def _serve_payer(self) -> None:
        form = {
            name: values[-1] for name, values in parse_qs(self._body().decode("utf-8", "replace")).items()
        }
        try:
            kiosk, account, minor = _who_and_how_much(form | {"kiosk": "screen"})
            said = self._at_the_screen(kiosk, account, minor, pays="pay" in form)
            self._send_page(said, form if minor else form | {"sum": _due(said)})
        except (WrongRequest, NoAnswer) as problem:
            self._send_page([("", str(problem))], form)

    def _at_the_screen(self, kiosk: str, account: str, minor: int, *, pays: bool) -> list[tuple[str, str]]:
        if not pays:
            _, reply = self.network.check(kiosk, account, minor)
            return _shown(reply)
        served = self.network.pay(kiosk, account, minor)
        if served.transaction is None:
            assert served.check is not None
            return [*_shown(served.check), ("", "Your money was not taken.")]
        found = self.network.wait(served.txn_id, 8)
        says = {
            "accepted": "Paid. Keep this slip.",
            "refused": "Refused: the network owes you this money.",
            "taken": "Taken. The provider will be told; keep this slip.",
        }
        return [
            ("Slip", str(found.txn_id)),
            ("Provider's number", found.prv_txn),
            ("", says[found.state.value]),
            ("Why", found.comment if found.state is State.REFUSED else ""),
        ]

    def _send_page(
        self, said: list[tuple[str, str]] | None = None, form: dict[str, str] | None = None
    ) -> None:
        page = resources.files("kiosk_network").joinpath("screen.html").read_text(encoding="utf-8")
        rows = "".join(
            f"<dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd>"
            for name, value in said or ()
            if value
        )
        values = form or {}
        for name, value in (("account", values.get("account", "")), ("sum", values.get("sum", "0.00"))):
            page = page.replace(f"%{name}%", html.escape(value, quote=True))
        self._send(200, page.replace("%said%", rows).encode(), "text/html; charset=utf-8")

    def _json(self) -> Json:
        try:
            read = json.loads(self._body())
        except ValueError as problem:
            raise WrongRequest("not JSON") from problem
        if not isinstance(read, dict):
            raise WrongRequest("not an object")
        return read

    def _body(self) -> bytes:
        length = int(self.headers.get("Content-Length") or 0)
        if length > _MOST:
            self.close_connection = True
            raise WrongRequest("too long")
        return self.rfile.read(length)

    def _send_json(self, body: Json, status: int = 200) -> None:
        self._send(status, json.dumps(body).encode(), "application/json")

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header(
            "Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'"
        )
        self.end_headers()
        self.wfile.write(body)


def _who_and_how_much(asked: Json | dict[str, str]) -> tuple[str, str, int]:
    """Kiosk, account, minor units. Raises: WrongRequest."""
    account, kiosk = str(asked.get("account", "")).strip(), str(asked.get("kiosk", "1"))
    found = _SUM.match(str(asked.get("sum", "0")).strip())
    if not account:
        raise WrongRequest("account is missing")
    if not found:
        raise WrongRequest("sum is an amount like 150.00")
    return kiosk, account, int(found[1]) * 100 + int((found[2] or "0").ljust(2, "0"))


def _due(said: list[tuple[str, str]]) -> str:
    """What is due, where the provider said an amount: who has put nothing in yet is offered it."""
    return dict(said).get("amount", "").partition(" ")[0] or "0.00"


def _shown(reply: Reply) -> list[tuple[str, str]]:
    return [*reply.fields.items(), ("", reply.comment if reply.result else "")]
