"""The reverse proxy's example: what it must say is there, and nginx, where it is on the machine, does what it says."""

import http.client
import re
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import urllib3
from cryptography.hazmat.primitives import serialization

from mpay_gateway.web.admission import MACHINE_LIMIT
from tests.architecture import checkout
from tests.left_out import FindProgram
from tests.scene.waiting import eventually
from tests.unit.cli.conftest import KEY, certificate

EXAMPLE = checkout.ROOT / "config" / "proxy" / "nginx.conf"
NOT_BELIEVED = ("Forwarded", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Proxy")
"""What a client may write and the gateway must not see."""


def directives() -> dict[str, list[str]]:
    """Each directive of the example with its values, comments left out."""
    text = re.sub(r"#.*", "", EXAMPLE.read_text("utf-8"))
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r"([a-z_]+)\s+([^;{}]*?)\s*;", text):
        found.setdefault(name, []).append(value)
    return found


def header_sets() -> list[set[str]]:
    """The headers that each block sets or removes: a location with one of its own inherits none."""
    text = re.sub(r"#.*", "", EXAMPLE.read_text("utf-8"))
    location = r"location [^{]+\{((?:[^{}]|\{[^{}]*\})*)\}"
    blocks = [*re.findall(r"server\s*\{([^{}]*)\}", re.sub(location, "", text)), *re.findall(location, text)]
    sets = [set(re.findall(r"proxy_set_header (\S+)", each)) for each in blocks]
    return [each for each in sets if each]


def test_every_block_that_sets_a_header_removes_all_that_is_not_believed():
    wanted = {*NOT_BELIEVED, "Host", "X-Forwarded-For", "X-Client-Certificate", "Connection"}
    assert len(header_sets()) == 3
    assert all(each == wanted for each in header_sets())


def test_sizes_and_times_are_bounded_and_nothing_is_kept():
    said = directives()
    assert said["client_max_body_size"] == [f"{MACHINE_LIMIT // 1024**2}m"]
    for name in (
        "client_header_timeout",
        "client_body_timeout",
        "proxy_connect_timeout",
        "proxy_read_timeout",
    ):
        assert re.fullmatch(r"\d+s", said[name][0]), name
    assert (said["proxy_request_buffering"], said["proxy_cache"]) == (["on"], ["off"])
    assert said["proxy_next_upstream"] == ["error"]  # a request that may have arrived goes to nobody else
    assert not any("SSL" in each or "TLSv1.1" in each for each in said["ssl_protocols"])


class Seen(ThreadingHTTPServer):
    """A gateway's place behind the proxy: keeps what arrives."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.thread = threading.Thread(target=self.serve_forever, daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.shutdown()
        self.server_close()
        self.thread.join(10)


class _Handler(BaseHTTPRequestHandler):
    server: Seen

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.requests.append((self.command, self.path, dict(self.headers.items())))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    do_GET = do_POST = _answer  # noqa: N815  the names of the base class

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def upstreams() -> Iterator[list[Seen]]:
    servers = [Seen(), Seen()]
    yield servers
    for each in servers:
        each.close()


@pytest.fixture
def proxy(upstreams: list[Seen], tmp_path: Path, find_program: FindProgram) -> Iterator[int | None]:
    """The port of nginx with the example, between files of the test; None where there is no nginx."""
    program = find_program("nginx")
    if program is None:
        yield None
        return
    port = free_port()
    config = write(upstreams, tmp_path, port)
    tested = subprocess.run(
        [program, "-t", "-p", tmp_path, "-c", config], capture_output=True, text=True, check=False
    )
    assert tested.returncode == 0, tested.stderr
    assert "warn" not in tested.stderr.replace('the "user" directive', "")
    running = subprocess.Popen([program, "-p", tmp_path, "-c", config, "-g", "daemon off;"])
    try:
        eventually(lambda: is_open(port), within=30)
        yield port
    finally:
        running.terminate()
        running.wait(30)


def write(upstreams: list[Seen], folder: Path, port: int) -> Path:
    """The example with the test's ports and files, inside what Debian's nginx.conf puts around it."""
    (folder / "tls").mkdir()
    (folder / "tls" / "mpay.example.key").write_bytes(KEY.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    ))  # fmt: skip
    for name in ("mpay.example.crt", "networks-ca.crt"):
        (folder / "tls" / name).write_bytes(certificate(10))
    text = EXAMPLE.read_text("utf-8").replace("/etc/nginx/tls", str(folder / "tls"))
    for number, server in enumerate(upstreams):
        text = text.replace(f"127.0.0.1:{6543 + number}", f"127.0.0.1:{server.server_address[1]}")
    text = re.sub(r"    listen \[::\].*\n", "", text).replace(
        "listen 443 ssl", f"listen 127.0.0.1:{port} ssl"
    )
    text = text.replace("listen 80;", f"listen 127.0.0.1:{free_port()};")
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config = folder / "nginx.conf"
    config.write_text(
        f"pid {folder}/pid; error_log {folder}/error.log; events {{}}\n"
        f"http {{ access_log off; {temporary}\n{text}\n}}\n", "utf-8",
    )  # fmt: skip
    return config


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def client(proxy: int | None) -> urllib3.HTTPSConnectionPool | None:
    if proxy is None:
        return None
    return urllib3.HTTPSConnectionPool(
        "127.0.0.1", proxy, cert_reqs="CERT_NONE", assert_hostname=False, timeout=20, retries=False
    )


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_what_a_client_says_of_itself_does_not_pass(client, upstreams):
    if client is None:
        return
    forged = dict.fromkeys((*NOT_BELIEVED, "X-Forwarded-For", "X-Client-Certificate"), "forged")
    assert client.request("GET", "/pay/x", headers=forged | {"Host": "evil.example"}).status == 200
    ((_, _, headers),) = upstreams[0].requests + upstreams[1].requests
    assert headers["Host"] == "mpay.example"
    assert headers["X-Forwarded-For"] == "127.0.0.1"
    assert "forged" not in " ".join(headers.values())


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_a_closed_door_costs_nobody_anything_and_big_bodies_and_own_addresses_stay_outside(client, upstreams):
    if client is None:
        return
    upstreams[0].close()
    statuses = [client.request("POST", "/service/pay", body=b"a=b").status for _ in range(6)]
    assert statuses == [200] * 6
    assert len(upstreams[1].requests) == 6
    assert client.request("POST", "/service/pay", body=b"x" * (MACHINE_LIMIT + 1)).status == 413
    for address in ("/metrics", "/readyz", "/healthz"):
        assert client.request("GET", address).status == 404
    for address in ("/x/kiosk-network/osmp", "/api/invoices", "/API/Invoices", "/PosTerminal/Configure"):
        assert client.request("GET", address).status == 403
    assert len(upstreams[1].requests) == 6


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_a_body_that_does_not_arrive_reaches_no_gateway(client, upstreams, proxy):
    """A request is read whole before it is passed on: slow senders hold none of the gateway's threads."""
    if client is None:
        return
    context = ssl._create_unverified_context()
    slow = http.client.HTTPSConnection("127.0.0.1", proxy, context=context, timeout=30)
    slow.putrequest("POST", "/service/pay")
    slow.putheader("Content-Length", "100")
    slow.endheaders(b"half")
    assert client.request("GET", "/pay/x").status == 200
    assert [method for each in upstreams for method, _, _ in each.requests] == ["GET"]
    slow.close()
