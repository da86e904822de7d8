"""The plugin of docs/writing-plugins.md, taken from the page as it stands: built, installed, listed, paid with."""

import hashlib
import hmac
import importlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from eservice_kit.make_certificate import write_certificate
from mpay_gateway.api import (
    AccountId,
    Callback,
    CallbackKind,
    InvalidCallback,
    Language,
    Money,
    PaymentId,
    PaymentRequest,
    PaymentToCheck,
    ProviderStatus,
    Redirect,
)
from mpay_gateway.boundary import SystemClock
from mpay_gateway.flow.gateway import load_host
from mpay_gateway.settings import read_settings
from tests.unit.docs.pages import blocks_in, files_in

PAGE = "writing-plugins.md"
SECRET = "the key of the marks"
ACCOUNT = AccountId("teller-main")
GATEWAY = """
[gateway]
public_url = "http://127.0.0.1:6543"
signing_key = "gateway.key"
signing_certificate = "gateway.crt"
database = "sqlite:///gateway.sqlite"

[outbound]
allow_http = true
allow_networks = ["127.0.0.0/8"]
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The distribution's folder, as the page lays it out."""
    folder = tmp_path_factory.mktemp("plugin") / "teller"
    for name, content in files_in(PAGE).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, "utf-8")
    return folder


@pytest.fixture(scope="module")
def installed(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that it is installed into; pip fetches nothing."""
    target = tmp_path_factory.mktemp("installed")
    run([sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation",
         "--disable-pip-version-check", "--target", str(target), str(source)])  # fmt: skip
    return target


class Teller(BaseHTTPRequestHandler):
    """The bank of the page, in memory."""

    payments: dict[str, dict[str, str]] = {}  # noqa: RUF012  the server's own

    def do_PUT(self) -> None:
        number = self.path.rpartition("/")[2]
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.payments.setdefault(number, told | {"number": number, "state": "waiting"})
        self._answer(200, {"page": f"http://{self.headers['Host']}/pay/{number}"})

    def do_GET(self) -> None:
        found = self.payments.get(self.path.rpartition("/")[2])
        self._answer(200 if found else 404, found or {})

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self, status: int, body: object) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture
def bank() -> Iterator[str]:
    """The bank's address; `Teller.payments` is what it knows."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Teller)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Teller.payments.clear()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


class Evidence:
    def __init__(self) -> None:
        self.kept: list[str] = []

    def sent(self, body: bytes, meta: object) -> None:
        self.kept.append("sent")

    def received(self, body: bytes, meta: object) -> None:
        self.kept.append("received")


def configuration(folder: Path, bank: str) -> Path:
    """An ini and the TOML that it names: the page's tables, with this bank's address."""
    write_certificate("gateway", folder / "gateway.key", folder / "gateway.crt")
    tables = blocks_in(PAGE, "toml")[0].replace("https://teller.example", bank)
    (folder / "gateway.toml").write_text(GATEWAY + tables, "utf-8")
    ini = folder / "gateway.ini"
    ini.write_text("[app:main]\nmpay.settings = %(here)s/gateway.toml\n", "utf-8")
    return ini


def run(command: list[str], **environment: str) -> str:
    """Run a program to its end. Its output, when it succeeded."""
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, env=os.environ | environment
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_page_prints_seven_files() -> None:
    files = files_in(PAGE)
    assert len(files) == 7
    assert all(content.strip() for content in files.values())


def test_its_tests_pass(source: Path, installed: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    said = run([*command, "--rootdir", str(source), str(source / "tests")], PYTHONPATH=str(installed))
    assert "8 passed" in said


def test_mpay_plugins_lists_it(installed: Path, tmp_path: Path) -> None:
    mpay = str(Path(sys.executable).with_name("mpay"))
    ini = configuration(tmp_path, "https://teller.example")
    said = run([mpay, "--config", str(ini), "plugins"], PYTHONPATH=str(installed), TELLER_SECRET=SECRET)
    for expected in ("mpay-provider-teller", "0.1.0", "mpay_fetch_confirmation", "teller-main"):
        assert expected in said, said


def test_it_takes_a_payment(
    installed: Path, bank: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Start, pay, be told, ask: through the gateway's plugin host, over HTTP."""
    monkeypatch.syspath_prepend(str(installed))
    monkeypatch.setenv("TELLER_SECRET", SECRET)
    importlib.invalidate_caches()
    configuration(tmp_path, bank)
    calls = load_host(read_settings(tmp_path / "gateway.toml"), SystemClock()).calls
    evidence = Evidence()
    amount = Money.from_minor(15000, "MDL")
    request = PaymentRequest(
        PaymentId("0000000000000000"), "700000000001", amount, "a permit", Language.RO, "http://back",
        "http://call", datetime(2026, 3, 31, tzinfo=UTC), (), evidence,
    )  # fmt: skip
    to_check = PaymentToCheck(request.payment_id, request.reference, "", amount, evidence)

    step = calls.start_payment(ACCOUNT, request)
    assert step == Redirect(f"{bank}/pay/700000000001", "700000000001")
    assert calls.start_payment(ACCOUNT, request) == step
    assert len(Teller.payments) == 1

    body = b'{"number": "700000000001"}'
    with pytest.raises(InvalidCallback):
        calls.read_callback(ACCOUNT, notification(body, "another key"))
    reading = calls.read_callback(ACCOUNT, notification(body, SECRET))
    assert calls.fetch_confirmation(ACCOUNT, to_check, reading).status is ProviderStatus.PENDING

    paid = {"state": "paid", "transaction": "T-1", "paid_at": "2026-03-31T12:00:00+03:00"}
    Teller.payments["700000000001"] |= paid
    answer = calls.fetch_confirmation(ACCOUNT, to_check, reading)
    assert answer.status is ProviderStatus.CONFIRMED
    assert [(each.transaction_id, each.amount) for each in answer.captures] == [("T-1", amount)]
    assert evidence.kept == ["sent", "received"] * 4


def notification(body: bytes, key: str) -> Callback:
    """A notification with the mark of this key."""
    mark = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
    headers = (("teller-mark", mark),)
    return Callback(CallbackKind.NOTIFICATION, "POST", (), headers, body, datetime.now(UTC))
