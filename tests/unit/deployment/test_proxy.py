"""The reverse proxy's example: what it must say is there, and nginx, where it is on the machine, does what it says."""

import http.client
import re
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import urllib3
from cryptography.hazmat.primitives import serialization

from mpay_gateway.web.admission import MACHINE_LIMIT
from tests.architecture import checkout
from tests.left_out import FindProgram
from tests.scene.certified_front import Certificates, make_certificates
from tests.scene.waiting import eventually
from tests.unit.cli.conftest import KEY, certificate

EXAMPLE = checkout.ROOT / "config" / "proxy" / "nginx.conf"
NOT_BELIEVED = ("Forwarded", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Proxy")
FORGED = (*NOT_BELIEVED, "X-Forwarded-For", "X-Client-Certificate")
"""What a client may write and the gateway must not see."""


def directives() -> dict[str, list[str]]:
    """Each directive of the example with its values, comments left out."""
    text = re.sub(r"#.*", "", EXAMPLE.read_text("utf-8"))
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r"([a-z_]+)\s+([^;{}]*?)\s*;", text):
        found.setdefault(name, []).append(value)
    return found


_LOCATION = r"location [^{]+\{((?:[^{}]|\{[^{}]*\})*)\}"


def blocks(text: str) -> list[str]:
    """What stands in each server, without its locations, and in each location."""
    plain = re.sub(r"#.*", "", text)
    return [
        *re.findall(r"server\s*\{([^{}]*)\}", re.sub(_LOCATION, "", plain)),
        *re.findall(_LOCATION, plain),
    ]


def headers(block: str) -> dict[str, str]:
    """The headers that a block sets, or removes by setting nothing: one with any of its own inherits none."""
    return dict(re.findall(r"proxy_set_header (\S+) ([^;]+);", block))


def forgeable(text: str) -> list[str]:
    """The blocks that let a client certificate be told that was not checked."""

    def holds(block: str) -> bool:
        asks = re.search(r"ssl_verify_client +on;", block) is not None
        return headers(block)["X-Client-Certificate"] == ("$ssl_client_s_dn" if asks else '""')

    setting = [each for each in blocks(text) if headers(each)]
    passing = [each for each in blocks(text) if "listen" in each and "return" not in each]
    return [
        each
        for each in {*setting, *passing}
        if "X-Client-Certificate" not in headers(each) or not holds(each)
    ]


def test_every_block_that_sets_a_header_removes_all_that_is_not_believed():
    wanted = {*NOT_BELIEVED, "Host", "X-Forwarded-For", "X-Client-Certificate", "Connection"}
    found = [set(headers(each)) for each in blocks(EXAMPLE.read_text("utf-8")) if headers(each)]
    assert found == [wanted, wanted], "the public port, and that of callers with a certificate"


def test_a_header_that_is_spelt_with_underscores_is_dropped():
    """A server of WSGI reads `X_Client_Certificate` for `X-Client-Certificate`, and the later one for both."""
    ports = [each for each in blocks(EXAMPLE.read_text("utf-8")) if re.search(r"listen \d+ ssl;", each)]
    assert len(ports) == 2
    assert all("underscores_in_headers off;" in each for each in ports)


def test_no_client_can_forge_a_certificate():
    """On the public port the header is removed, and nobody is asked for a certificate: browsers would ask payers."""
    text = EXAMPLE.read_text("utf-8")
    assert forgeable(text) == []
    public, callers = (each for each in blocks(text) if "listen" in each and "return" not in each)
    assert ("listen 443 ssl" in public, "ssl_verify_client" in public) == (True, False)
    assert "listen 8443 ssl" in callers


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('proxy_set_header X-Client-Certificate "";', ""),
        ('proxy_set_header X-Client-Certificate "";', "proxy_set_header X-Client-Certificate $ssl_client_s_dn;"),
        ('proxy_set_header X-Client-Certificate "";',
         "proxy_set_header X-Client-Certificate $http_x_client_certificate;"),
        ("ssl_verify_client on;", "ssl_verify_client optional;"),
        ("location /providers/ {", "location /providers/ { proxy_set_header Host mpay.example;"),
    ],
)  # fmt: skip
def test_an_example_by_which_a_certificate_could_be_forged_is_found_out(right: str, wrong: str):
    text = EXAMPLE.read_text("utf-8")
    assert right in text
    assert forgeable(text.replace(right, wrong)) != []


def test_sizes_and_times_are_bounded_and_nothing_is_kept():
    said = directives()
    assert said["client_max_body_size"] == [f"{MACHINE_LIMIT // 1024**2}m"] * 2
    for name in (
        "client_header_timeout",
        "client_body_timeout",
        "proxy_connect_timeout",
        "proxy_read_timeout",
    ):
        assert len(said[name]) == 2
        assert all(re.fullmatch(r"\d+s", each) for each in said[name]), name
    assert (said["proxy_request_buffering"], said["proxy_cache"]) == (["on"] * 2, ["off"] * 2)
    assert said["proxy_next_upstream"] == ["error"] * 2  # a request that may have arrived goes to nobody else
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


@dataclass(frozen=True)
class Ports:
    """Where nginx listens: for everybody, and for those who show a certificate."""

    public: int
    callers: int


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return make_certificates(tmp_path, "shop")


@pytest.fixture
def proxy(
    upstreams: list[Seen], tmp_path: Path, find_program: FindProgram, certificates: Certificates
) -> Iterator[Ports | None]:
    """nginx with the example, between files of the test; None where there is no nginx."""
    program = find_program("nginx")
    if program is None:
        yield None
        return
    ports = Ports(free_port(), free_port())
    config = write(upstreams, tmp_path, ports, certificates)
    tested = subprocess.run(
        [program, "-t", "-p", tmp_path, "-c", config], capture_output=True, text=True, check=False
    )
    assert tested.returncode == 0, tested.stderr
    assert "warn" not in tested.stderr.replace('the "user" directive', "")
    running = subprocess.Popen([program, "-p", tmp_path, "-c", config, "-g", "daemon off;"])
    try:
        eventually(lambda: is_open(ports.public) and is_open(ports.callers), within=30)
        yield ports
    finally:
        running.terminate()
        running.wait(30)


def write(upstreams: list[Seen], folder: Path, ports: Ports, certificates: Certificates) -> Path:
    """The example with the test's ports and files, inside what Debian's nginx.conf puts around it."""
    (folder / "tls").mkdir()
    (folder / "tls" / "mpay.example.key").write_bytes(KEY.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    ))  # fmt: skip
    (folder / "tls" / "mpay.example.crt").write_bytes(certificate(10))
    (folder / "tls" / "callers-ca.crt").write_bytes(certificates.authority.read_bytes())
    text = EXAMPLE.read_text("utf-8").replace("/etc/nginx/tls", str(folder / "tls"))
    for number, server in enumerate(upstreams):
        text = text.replace(f"127.0.0.1:{6543 + number}", f"127.0.0.1:{server.server_address[1]}")
    text = re.sub(r"    listen \[::\].*\n", "", text)
    for named, port in (("443", ports.public), ("8443", ports.callers)):
        text = text.replace(f"listen {named} ssl", f"listen 127.0.0.1:{port} ssl")
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
def client(proxy: Ports | None) -> urllib3.HTTPSConnectionPool | None:
    return None if proxy is None else at(proxy.public)


def at(port: int, certificate: Path | None = None) -> urllib3.HTTPSConnectionPool:
    """A client of nginx, with a certificate of its own or none."""
    return urllib3.HTTPSConnectionPool(
        "127.0.0.1", port, cert_file=certificate and str(certificate), cert_reqs="CERT_NONE", assert_hostname=False,
        timeout=20, retries=False,
    )  # fmt: skip


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_what_a_client_says_of_itself_does_not_pass(client, upstreams):
    if client is None:
        return
    forged = dict.fromkeys((*FORGED, *(each.replace("-", "_") for each in FORGED)), "forged")
    assert client.request("GET", "/pay/x", headers=forged | {"Host": "evil.example"}).status == 200
    ((_, _, headers),) = upstreams[0].requests + upstreams[1].requests
    assert headers["Host"] == "mpay.example"
    assert headers["X-Forwarded-For"] == "127.0.0.1"
    assert "forged" not in " ".join(headers.values())


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_who_shows_a_certificate_at_the_port_of_callers_is_told_by_it_and_by_nothing_that_he_wrote(
    proxy, upstreams, certificates
):
    if proxy is None:
        return
    forged = dict.fromkeys((*FORGED, *(each.replace("-", "_") for each in FORGED)), "forged")
    caller = at(proxy.callers, certificates.of("shop"))
    for address in ("/api/invoices", "/PosTerminal/Configure", "/x/kiosk-network/osmp", "/pay/x"):
        assert caller.request("GET", address, headers=forged | {"Host": "evil.example"}).status == 200
    seen = [headers for each in upstreams for _, _, headers in each.requests]
    assert [headers["X-Client-Certificate"] for headers in seen] == ["CN=shop"] * 4
    assert {headers["Host"] for headers in seen} == {"mpay.example:8443"}
    assert not any("forged" in headers.values() for headers in seen)
    for shown in (None, certificates.of("stranger")):
        assert at(proxy.callers, shown).request("GET", "/api/invoices", headers=forged).status == 400
    assert sum(len(each.requests) for each in upstreams) == 4


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
    slow = http.client.HTTPSConnection("127.0.0.1", proxy.public, context=context, timeout=30)
    slow.putrequest("POST", "/service/pay")
    slow.putheader("Content-Length", "100")
    slow.endheaders(b"half")
    assert client.request("GET", "/pay/x").status == 200
    assert [method for each in upstreams for method, _, _ in each.requests] == ["GET"]
    slow.close()
