"""The network against a scripted provider: money is told of until a final answer, and the books say whose it is."""

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

import pytest

from kiosk_network.client import NoAnswer, read
from kiosk_network.network import CRASH_STATUS


class Provider:
    """Answers each pay with the next of `results`, the last one for ever; `asked` are the parameters."""

    def __init__(self) -> None:
        self.results: list[str] = ["0"]
        self.check_result = "0"
        self.asked: list[dict[str, str]] = []
        self._lock = threading.Lock()
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.answer(self, dict(parse_qsl(urlsplit(self.path).query)))

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/payment"

    def pays(self) -> list[dict[str, str]]:
        return [each for each in self.asked if each["command"] == "pay"]

    def answer(self, handler: BaseHTTPRequestHandler, asked: dict[str, str]) -> None:
        with self._lock:
            self.asked.append(asked)
            if asked["command"] == "check":
                result = self.check_result
            else:
                result = self.results.pop(0) if len(self.results) > 1 else self.results[0]
        if not result.isdigit():
            handler.send_error(503)
            return
        fields = '<fields><field1 name="amount" type="disp">150.00 MDL</field1></fields>'
        body = (
            f'<?xml version="1.0" encoding="UTF-8"?><response><osmp_txn_id>{asked["txn_id"]}</osmp_txn_id>'
            f"<prv_txn>P{asked['txn_id']}</prv_txn><result>{result}</result><comment>said</comment>{fields}</response>"
        ).encode()
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)


class Network:
    """The program as a process."""

    def __init__(self, folder: Path, provider: Provider) -> None:
        self._folder, self._provider = folder, provider
        self.process: subprocess.Popen[str] | None = None
        self.port = 0

    def start(self) -> None:
        command = Path(sys.executable).with_name("kiosk-network")
        self.process = subprocess.Popen(
            [command, "--port", "0", "--database", self._folder / "kiosks.sqlite", "--prefix", "S:",
             "--provider-url", self._provider.url, "--retry-seconds", "0.2", "--fee-minor", "100"],
            env=os.environ | {"KIOSK_PASSWORD": "secret"}, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        self.port = urlsplit(self.process.stdout.readline().split()[-1]).port or 0
        assert self.port

    def stop(self) -> int:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(20)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return status

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def post(self, path: str, **body: object) -> dict[str, object]:
        status, said = self.ask("POST", path, body)
        assert status == 200, said
        return json.loads(said)

    def get(self, path: str) -> dict[str, object]:
        return json.loads(self.ask("GET", path)[1])

    def pay(self, **how: object) -> dict[str, object]:
        return self.post("/pay", **{"account": "K-1", "sum": "150.00", "wait_seconds": 20} | how)


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def network(tmp_path: Path, provider: Provider) -> Iterator[Network]:
    made = Network(tmp_path, provider)
    made.start()
    yield made
    made.stop()


def eventually(true: Callable[[], object]) -> None:
    until = time.monotonic() + 20
    while not true():
        assert time.monotonic() < until
        time.sleep(0.03)


def test_money_is_checked_taken_and_told(network: Network, provider: Provider) -> None:
    paid = network.pay(kiosk="K7")
    assert (paid["state"], paid["prv_txn"]) == ("accepted", f"P{paid['txn_id']}")
    check, pay = provider.asked
    assert check == {
        "command": "check", "txn_id": str(paid["txn_id"]), "account": "S:K-1", "sum": "150.00", "trm_id": "K7",
    }  # fmt: skip
    local = datetime.strptime(pay["txn_date"], "%Y%m%d%H%M%S").replace(tzinfo=ZoneInfo("Europe/Chisinau"))
    assert abs((datetime.now(UTC) - local).total_seconds()) < 60
    assert network.get("/books") == {
        "taken": 0, "accepted": 15000, "refused": 0, "boxes": 15000, "owed_to_payers": 0,
    }  # fmt: skip


@pytest.mark.parametrize("again", ["1", "90", "no answer"])
def test_without_a_final_answer_the_same_number_is_told_again(
    network: Network, provider: Provider, again: str
) -> None:
    provider.results = [again, again, "0"]
    paid = network.pay()
    assert paid["state"] == "accepted"
    assert {each["txn_id"] for each in provider.pays()} == {str(paid["txn_id"])}
    assert len({each["txn_date"] for each in provider.pays()}) == 1
    assert len(provider.pays()) == 3


def test_a_final_refusal_is_a_debt_to_the_payer(network: Network, provider: Provider) -> None:
    provider.results = ["7"]
    assert network.pay()["state"] == "refused"
    assert network.get("/books")["owed_to_payers"] == 15000
    assert len(provider.pays()) == 1


def test_who_is_turned_away_keeps_his_money(network: Network, provider: Provider) -> None:
    provider.check_result = "5"
    assert network.pay()["state"] == "turned-away"
    assert (provider.pays(), network.get("/books")["boxes"]) == ([], 0)


def test_a_lost_answer_is_asked_for_again(network: Network, provider: Provider) -> None:
    network.post("/faults", lose_answers=1)
    paid = network.pay()
    outcomes = [each["outcome"] for each in paid["calls"] if each["command"] == "pay"]
    assert (paid["state"], outcomes) == ("accepted", ["lost", "0"])


def test_a_pay_goes_out_twice_at_once(network: Network, provider: Provider) -> None:
    network.post("/faults", send_twice=True)
    network.pay()
    eventually(lambda: len(provider.pays()) == 2)


def test_money_that_is_held_back_is_told_later(network: Network, provider: Provider) -> None:
    network.post("/faults", hold=True)
    paid = network.pay(wait_seconds=0)
    assert (paid["state"], provider.pays()) == ("taken", [])
    network.post("/faults", hold=False)
    eventually(lambda: network.get(f"/transactions/{paid['txn_id']}")["state"] == "accepted")


@pytest.mark.parametrize("place", ["before-pay", "after-answer"])
def test_money_outlives_the_process(network: Network, provider: Provider, place: str) -> None:
    network.post("/faults", crash=place)
    with pytest.raises((OSError, http.client.HTTPException)):
        network.pay(wait_seconds=20)
    assert network.stop() == CRASH_STATUS
    network.start()
    eventually(
        lambda: [each["state"] for each in network.get("/transactions")["transactions"]] == ["accepted"]
    )
    assert len({each["txn_id"] for each in provider.pays()}) == 1


def test_the_register_lists_what_was_accepted(network: Network, provider: Provider) -> None:
    paid = network.pay()
    provider.results = ["7"]
    network.pay()
    day = datetime.fromisoformat(str(paid["taken_at"])).astimezone(ZoneInfo("Europe/Chisinau")).date()
    lines = network.ask("GET", f"/register/{day}.csv")[1].decode().splitlines()
    assert lines[0] == "txn_id;txn_date;account;sum;fee"
    assert lines[1].startswith(f"{paid['txn_id']};")
    assert lines[1].endswith(";S:K-1;150.00;1.00")
    assert lines[2:] == ["TOTAL;1;150.00;1.00"]


def test_a_payer_pays_at_the_screen(network: Network) -> None:
    status, page = network.ask("GET", "/")
    assert status == 200
    assert b"Put the money in" in page
    shown = at_the_screen(network, "account=%3Cb%3E&sum=150.00&check=1")
    assert b"150.00 MDL" in shown
    assert b"<b>" not in shown


def at_the_screen(network: Network, form: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", network.port, timeout=30)
    connection.request("POST", "/", form, {"Content-Type": "application/x-www-form-urlencoded"})
    shown = connection.getresponse().read()
    connection.close()
    return shown


def test_the_screen_offers_what_is_due_and_says_why_money_is_refused(
    network: Network, provider: Provider
) -> None:
    assert b'name="sum" value="150.00"' in at_the_screen(network, "account=K-1&sum=0.00&check=1")
    assert b'name="sum" value="20.00"' in at_the_screen(network, "account=K-1&sum=20.00&check=1")
    provider.results = ["300"]
    assert b"<dt>Why</dt><dd>said</dd>" in at_the_screen(network, "account=K-1&sum=20.00&pay=1")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/pay", {"sum": "1.00"}),
        ("/pay", {"account": "K", "sum": "-1"}),
        ("/pay", {"account": "K", "sum": "1.00", "wait_seconds": "x"}),
        ("/faults", {"lose_answer": 1}),
        ("/faults", {"hold": 1}),
        ("/check", []),
    ],
)
def test_a_request_that_cannot_be_used_is_told_why(network: Network, path: str, body: object) -> None:
    status, said = network.ask("POST", path, body)
    assert status == 422
    assert json.loads(said)["problem"]


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"<response><result>0</result></response>",
     b"<response><osmp_txn_id>8</osmp_txn_id><result>0</result></response>",
     b"<response><osmp_txn_id>7</osmp_txn_id><result>ok</result></response>"],
)  # fmt: skip
def test_an_answer_that_is_not_the_protocols_is_no_answer(body: bytes) -> None:
    with pytest.raises(NoAnswer):
        read(body, 7)


def test_wrong_use_is_a_clear_error(tmp_path: Path) -> None:
    command = [
        Path(sys.executable).with_name("kiosk-network"),
        "--database",
        tmp_path / "x",
        "--provider-url",
        "x",
    ]
    environment = {name: value for name, value in os.environ.items() if name != "KIOSK_PASSWORD"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "KIOSK_PASSWORD must hold the password" in done.stderr
