"""The HTTP client against servers that break every rule."""

import ipaddress
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from mpay_gateway.boundary import unit_of_work_open
from mpay_gateway.domain.errors import OutboundCallRefused, OutcomeUnknown, RemoteUnavailable
from mpay_gateway.outbound import AddressPolicy, GuardedHttpClient, HttpAnswer, HttpRequest, idle
from tests.unit.outbound.scripted_server import Peer, ScriptedServer, polite, serving

LOOPBACK = AddressPolicy(allow_http=True, allow_networks=(ipaddress.ip_network("127.0.0.0/8"),))


@pytest.fixture
def client() -> Iterator[GuardedHttpClient]:
    made = GuardedHttpClient(LOOPBACK)
    yield made
    made.close()


def get(client: GuardedHttpClient, server: ScriptedServer, **options: object) -> HttpAnswer:
    return client.send(HttpRequest("GET", server.url(), **({"deadline": 2.0} | options)))


def post(client: GuardedHttpClient, server: ScriptedServer, **options: object) -> HttpAnswer:
    return client.send(
        HttpRequest("POST", server.url("/a?b=c"), **({"deadline": 2.0, "body": b"x"} | options))
    )


def test_an_exchange_carries_method_path_headers_and_body_both_ways(client: GuardedHttpClient) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.answer(b"\x00done", status="409 Conflict", headers=b"X-A: 1\r\nX-A: 2\r\n")

    with serving(script) as server:
        answer = post(client, server, headers=(("Content-Type", "text/xml"), ("Host", "evil.example")))
    assert (answer.status, answer.body) == (409, b"\x00done")
    assert [value for name, value in answer.headers if name == "x-a"] == ["1", "2"]
    request = server.requests[0]
    assert request.startswith(b"POST /a?b=c HTTP/1.1\r\n")
    assert request.endswith(b"\r\n\r\nx")
    assert b"Content-Type: text/xml\r\n" in request
    assert f"Host: 127.0.0.1:{server.port}\r\n".encode() in request
    assert b"evil" not in request


def test_chunked_answers_and_answers_that_end_with_the_connection_are_read(client: GuardedHttpClient) -> None:
    def chunked(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")

    def unending(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.0 200 OK\r\n\r\nabcdef")

    with serving(chunked) as server:
        assert get(client, server).body == b"abcde"
    with serving(unending) as server:
        assert get(client, server).body == b"abcdef"


def test_a_connection_is_kept_and_used_again(client: GuardedHttpClient) -> None:
    with serving(polite) as server:
        for _ in range(5):
            assert post(client, server).body == b"ok"
        assert (server.connections, len(server.requests)) == (1, 5)


def test_threads_never_share_a_connection(client: GuardedHttpClient) -> None:
    def echo(peer: Peer) -> None:
        while request := peer.read_request():
            peer.answer(request.split(b" ")[1])

    wrong: list[str] = []

    def ask(number: int) -> None:
        for step in range(20):
            path = f"/{number}/{step}"
            if client.send(HttpRequest("GET", server.url(path))).body.decode() != path:
                wrong.append(path)

    with serving(echo) as server:
        crowd = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
        for thread in crowd:
            thread.start()
        for thread in crowd:
            thread.join()
    assert wrong == []
    assert server.connections <= 8 + 8


def test_a_connection_that_the_server_closed_while_idle_is_not_used(client: GuardedHttpClient) -> None:
    def once(peer: Peer) -> None:
        peer.read_request()
        peer.answer()

    with serving(once) as server:
        assert post(client, server).status == 200
        time.sleep(0.05)
        assert post(client, server).status == 200
    assert len(server.requests) == 2


def test_a_connection_idle_for_long_is_not_used(
    client: GuardedHttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idle, "IDLE_SECONDS", 0.01)
    with serving(polite) as server:
        post(client, server)
        time.sleep(0.02)
        post(client, server)
        assert server.connections == 2


def reset_on_second_request(peer: Peer) -> None:
    peer.read_request()
    peer.answer()
    peer.read_request()
    peer.reset()


def test_a_post_on_a_kept_connection_that_dies_after_it_was_sent_is_unknown(
    client: GuardedHttpClient,
) -> None:
    with serving(reset_on_second_request, polite) as server:
        post(client, server)
        with pytest.raises(OutcomeUnknown):
            post(client, server)
        assert (server.connections, len(server.requests)) == (1, 2)


def test_a_get_on_a_kept_connection_that_dies_is_asked_again(client: GuardedHttpClient) -> None:
    with serving(reset_on_second_request, polite) as server:
        get(client, server)
        assert get(client, server).status == 200
        assert (server.connections, len(server.requests)) == (2, 3)


def test_a_post_of_which_nothing_left_goes_out_on_a_fresh_connection(
    client: GuardedHttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(polite) as server:
        post(client, server)
        kept = client._idle._kept["http", "127.0.0.1", server.port][0]
        monkeypatch.setattr(kept, "still_open", lambda: True)
        kept._link.plain.shutdown(socket.SHUT_WR)  # the first write fails, as after a reset that we have seen
        assert post(client, server).status == 200
        assert (server.connections, len(server.requests)) == (2, 2)


@pytest.mark.parametrize(
    "script",
    [
        lambda peer: (peer.read_request(), peer.reset()),
        lambda peer: peer.read_request(),
        lambda peer: (peer.read_request(), peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")),
        lambda peer: (
            peer.read_request(),
            peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"),
        ),
        lambda peer: (peer.read_request(), peer.send(b"SSH-2.0-OpenSSH_9.2\r\n")),
        lambda peer: (peer.read_request(), peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n")),
        lambda peer: (peer.read_request(), peer.send(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 500 + b"\r\n")),
    ],
    ids=["reset", "closed", "half body", "half chunk", "not HTTP", "no length", "500 headers"],
)
def test_what_is_no_whole_answer_is_unknown(client: GuardedHttpClient, script: object) -> None:
    with serving(script) as server, pytest.raises(OutcomeUnknown):
        post(client, server)


@pytest.mark.parametrize(
    "script",
    [
        lambda peer: (peer.read_request(), time.sleep(5)),
        lambda peer: (peer.read_request(), peer.drip(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 99, 0.05)),
        lambda peer: (
            peer.read_request(),
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n"),
            peer.drip(b"x" * 9000, 0.05),
        ),
        lambda peer: (peer.read_request(), peer.drip(b"HTTP/1.1 100 Continue\r\n\r\n" * 99, 0.01)),
    ],
    ids=["silence", "dripped headers", "dripped body", "endless 100 Continue"],
)
def test_the_deadline_cuts_whatever_the_server_does(client: GuardedHttpClient, script: object) -> None:
    with serving(script) as server:
        began = time.monotonic()
        with pytest.raises(OutcomeUnknown, match=r"deadline|timed out"):
            post(client, server, deadline=1)
        assert 0.9 < time.monotonic() - began < 10


def test_a_server_that_reads_nothing_is_cut_at_the_deadline(client: GuardedHttpClient) -> None:
    with serving(lambda peer: time.sleep(30)) as server:
        began = time.monotonic()
        with pytest.raises(OutcomeUnknown):
            post(client, server, body=b"x" * 30_000_000, deadline=3)
        assert time.monotonic() - began < 15


@pytest.mark.parametrize(
    "script",
    [
        lambda peer: (peer.read_request(), peer.answer(b"x" * 1001)),
        lambda peer: (
            peer.read_request(),
            peer.send(b"HTTP/1.0 200 OK\r\n\r\n"),
            peer.send(b"x" * 10_000_000),
        ),
    ],
    ids=["announced", "unannounced"],
)
def test_an_answer_that_is_too_large_is_unknown(client: GuardedHttpClient, script: object) -> None:
    with serving(script) as server, pytest.raises(OutcomeUnknown, match="too large"):
        post(client, server, largest_answer=1000)


def test_an_answer_of_exactly_the_cap_is_read(client: GuardedHttpClient) -> None:
    with serving(lambda peer: (peer.read_request(), peer.answer(b"x" * 1000))) as server:
        assert len(post(client, server, largest_answer=1000).body) == 1000


def test_a_redirect_is_an_answer_like_any_other(client: GuardedHttpClient) -> None:
    with serving(polite) as other:

        def script(peer: Peer) -> None:
            peer.read_request()
            peer.answer(status="302 Found", headers=f"Location: {other.url()}\r\n".encode())

        with serving(script) as server:
            assert get(client, server).status == 302
        assert other.connections == 0


def test_proxies_of_the_environment_are_not_used(
    client: GuardedHttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(polite) as proxy, serving(polite) as server:
        monkeypatch.setenv("HTTP_PROXY", proxy.url())
        monkeypatch.setenv("http_proxy", proxy.url())
        assert get(client, server).status == 200
        assert (proxy.connections, server.connections) == (0, 1)


def test_a_refused_connection_is_unavailable(client: GuardedHttpClient) -> None:
    with serving(polite) as server:
        pass
    time.sleep(0.05)
    with pytest.raises(RemoteUnavailable, match=r"refused|reset"):
        post(client, server)


def test_an_unknown_name_is_unavailable(client: GuardedHttpClient) -> None:
    with pytest.raises(RemoteUnavailable, match="name not resolved"):
        client.send(HttpRequest("GET", "http://no-such-host.invalid:8080/"))


@pytest.mark.parametrize("headers", [(("X", "a\r\nY: b"),), (("X\n", "b"),)])
def test_what_cannot_be_a_header_is_not_sent(client: GuardedHttpClient, headers: object) -> None:
    with serving(polite) as server:
        with pytest.raises(RemoteUnavailable, match="nothing sent"):
            post(client, server, headers=headers)
        assert server.requests == []


def test_nothing_is_sent_inside_a_unit_of_work(client: GuardedHttpClient) -> None:
    with serving(polite) as server:
        with unit_of_work_open("claim"), pytest.raises(OutboundCallRefused):
            get(client, server)
        assert server.connections == 0


@pytest.mark.parametrize(
    ("point", "requests"), [("call:elsewhere:before-send", 0), ("call:elsewhere:after-answer", 1)]
)
def test_the_process_can_be_made_to_die_around_an_exchange(point: str, requests: int) -> None:
    program = (
        "import ipaddress, sys\n"
        "from mpay_gateway.outbound import *\n"
        "policy = AddressPolicy(True, (ipaddress.ip_network('127.0.0.0/8'),))\n"
        "GuardedHttpClient(policy).send(HttpRequest('GET', sys.argv[1]))\n"
    )
    with serving(polite) as server:
        done = subprocess.run(
            [sys.executable, "-c", program, server.url()],
            env={**os.environ, "MPAY_CRASHPOINT": point},
            timeout=30,
            check=False,
        )
        assert done.returncode == -9
        assert len(server.requests) == requests
