"""A service that means harm: the run ends in time, nothing breaks, nothing passes, no escape reaches a terminal."""

import gzip
import json
import re
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from lxml import etree

from mpay_gateway.boundary import SystemClock
from mpay_gateway.conformance import CATALOGUE, Limits, Report, Status, Target, Timeouts, run_checks
from mpay_gateway.conformance.answer import Answer
from mpay_gateway.conformance.plain_text import plain
from mpay_gateway.conformance.reports import html_report, json_report, junit_report, text_report
from mpay_gateway.conformance.transport import LARGEST_ANSWER, Received, Sent
from tests.conformance.bench import Host

Write = Callable[[bytes], None]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\n"
ESCAPES = "\x1b[2J\x9b31m\u202e<script>alert(1)</script>&\x07"


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


@contextmanager
def misbehaving(answer: Callable[[Write], None]) -> Iterator[str]:
    """A server that reads a request and then does this; its address."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                self.request.recv(1 << 16)
                answer(self.request.sendall)

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()
            thread.join(10)


def for_ever(start: bytes, again: bytes, pause: float = 0.0) -> Callable[[Write], None]:
    """Begin so, and go on and on."""

    def answer(write: Write) -> None:
        write(start)
        while True:
            write(again)
            time.sleep(pause)

    return answer


def once(content: bytes) -> Callable[[Write], None]:
    return lambda write: write(content)


def whole(body: bytes, *headers: bytes) -> Callable[[Write], None]:
    head = HEAD + b"".join(header + b"\r\n" for header in headers)
    return once(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)


def envelope(payload: bytes, header: bytes = b"") -> Callable[[Write], None]:
    """An answer to a look-up as far as its outside goes."""
    around = (
        b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" xmlns="https://mpay.gov.md"'
        b' xmlns:d="http://www.w3.org/2000/09/xmldsig#"><s:Header>%s</s:Header><s:Body><GetOrderDetailsResponse>'
        b"<GetOrderDetailsResult>%s</GetOrderDetailsResult></GetOrderDetailsResponse></s:Body></s:Envelope>"
    )
    return whole(around % (header, payload))


def signed_by(references: bytes) -> bytes:
    return b"<d:Signature><d:SignedInfo>" + references + b"</d:SignedInfo></d:Signature>"


LAUGHS = b"".join(b'<!ENTITY l%d "%s">' % (level, b"&l%d;" % (level - 1) * 20) for level in range(1, 12))
BEHAVIOURS: dict[str, Callable[[Write], None]] = {
    "silence": lambda _: time.sleep(5),
    "closes at once": lambda _: None,
    "no HTTP": once(b"220 mail.example ESMTP ready\r\n"),
    "a body that drips": for_ever(HEAD + b"Content-Length: 100000\r\n\r\n", b" ", 0.05),
    "a head that drips": for_ever(b"HTTP/1.1 200 OK\r\nX: ", b"x", 0.05),
    "an endless body": for_ever(HEAD + b"\r\n", b" " * 65_536),
    "endless chunks": for_ever(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "endless headers": for_ever(HEAD, b"X-More: more\r\n"),
    "endless trailers": for_ever(HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X-More: more\r\n"),
    "a header without end": for_ever(b"HTTP/1.1 200 OK\r\nX: ", b"x" * 65_536),
    "go on, and on": for_ever(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a body cut short": once(HEAD + b"Content-Length: 1000\r\n\r\n<a/>"),
    "a length that is none": once(HEAD + b"Content-Length: -1\r\n\r\n<a/>"),
    "a status that is none": once(b"HTTP/1.1 999999 OK\r\n\r\n"),
    "a page": whole(b"<!DOCTYPE html><html><body>" + ESCAPES.encode() + b"</body></html>"),
    "an XML bomb": whole(b'<!DOCTYPE x [<!ENTITY l0 "ha">' + LAUGHS + b"]><x>&l11;</x>"),
    "a local file": whole(b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><x a="1">&f;</x>'),
    "too deep": whole(b"<a>" * 100_000),
    "a packed bomb": whole(gzip.compress(b" " * 200_000_000, 9), b"Content-Encoding: gzip"),
    "packed wrongly": whole(b"\x1f\x8bnot at all", b"Content-Encoding: gzip"),
    "escapes": whole(b"<x/>", b"X-Powered-By: " + ESCAPES.encode()),
}

ENDLESS: dict[str, Callable[[Write], None]] = {
    "endless orders": envelope(b"<OrderDetails/>" * 60_000),
    "endless members": envelope(b"<OrderDetails>" + b"<Reason>x</Reason>" * 50_000 + b"</OrderDetails>"),
    "endless lines": envelope(
        b"<OrderDetails><Lines>" + b"<OrderLine/>" * 70_000 + b"</Lines></OrderDetails>"
    ),
    "an endless number": envelope(
        b"<OrderDetails><TotalAmountDue>" + b"9" * 900_000 + b"</TotalAmountDue></OrderDetails>"
    ),
    "endless attributes": envelope(
        b"<OrderDetails " + b" ".join(b'a%d="1"' % n for n in range(60_000)) + b"/>"
    ),
    "endless References": envelope(b"", signed_by(b'<d:Reference URI="#a"/>' * 30_000)),
    "endless Signatures": envelope(b"", signed_by(b"") * 15_000),
    "endless Ids": envelope(b"".join(b'<a Id="i"/>' for _ in range(60_000)), signed_by(b"")),
}


def judged(host: Host, url: str, *, run: float = 4.0) -> Report:
    target = replace(
        host.target(host.service("hostile")), url=url, timeouts=Timeouts(connect=0.5, answer=0.5),
        limits=Limits(run=timedelta(seconds=run)),
    )  # fmt: skip
    return run_checks(target, SystemClock(), CATALOGUE, kept=lambda *_: None, progress=lambda *_: None)


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_the_run_ends_and_reports_whatever_comes(host: Host, name: str) -> None:
    started = time.monotonic()
    with misbehaving(BEHAVIOURS[name]) as url:
        report = judged(host, url)
    assert time.monotonic() - started < 30
    wrong = [each for each in report.results if "a fault of its own" in each.detail]
    assert wrong == []
    passed = {each.check.group for each in report.results if each.status is Status.PASSED}
    assert passed <= {"transport", "signature"}, "only the address and the registered certificate can be good"
    for written in (html_report(report), json_report(report), junit_report(report), *text_report(report)):
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", written)


@pytest.mark.parametrize("name", ENDLESS)
def test_the_run_ends_however_much_stands_in_an_answer(host: Host, name: str) -> None:
    started = time.monotonic()
    with misbehaving(ENDLESS[name]) as url:
        report = judged(host, url)
    assert time.monotonic() - started < 30
    assert [each for each in report.results if "a fault of its own" in each.detail] == []
    assert report.cut_short or not report.passes


def test_an_answer_is_waited_for_no_longer_than_said_however_it_drips(host: Host) -> None:
    with misbehaving(BEHAVIOURS["a body that drips"]) as url:
        report = judged(host, url)
    assert not report.reached
    assert "in time" in report.results[0].detail


def test_when_the_time_of_the_run_is_over_what_is_left_is_not_run(host: Host) -> None:
    service = host.service("tired")
    target = replace(host.target(service), limits=Limits(run=timedelta(seconds=20)))
    service.intercept = lambda _call: service.stopwatch.push(1)  # type: ignore[func-returns-value]
    report = run_checks(target, service.stopwatch, CATALOGUE, kept=lambda *_: None, progress=lambda *_: None)
    assert report.results[0].status is Status.PASSED
    late = [each for each in report.results if each.check.id.startswith("CNF")]
    assert {each.status for each in late} == {Status.NOT_RUN}
    assert late[0].detail == "the run was over after 20 s"


def test_a_packed_answer_is_unpacked_no_further_than_it_would_be_read() -> None:
    received = Received(200, {"content-encoding": "GZIP"}, gzip.compress(b" " * 50_000_000), 0.1)
    assert len(Answer(1, "", Sent("GET", "http://x/"), received).body) == LARGEST_ANSWER + 1


def test_what_is_shown_is_one_short_line_without_escapes() -> None:
    assert plain(f"a\nb\t{ESCAPES}") == "a b �[2J�31m�<script>alert(1)</script>&�"
    assert plain("x" * 5000) == "x" * 400 + "… (5000 characters)"
    assert plain("\ud800\uffff") == "��"


def test_a_report_holds_no_markup_of_the_service(host: Host) -> None:
    service = host.service("markup")
    service.intercept = lambda call: None
    with misbehaving(whole(b"<x/>", b"Content-Type: <script>alert(1)</script>\x1b[2J")) as url:
        report = judged(host, url)
    assert "<script" not in html_report(report)
    assert '<a href="#TRN-01">' in html_report(report)
    assert "There are failed checks above advice." in html_report(report)
    assert "&lt;script&gt;alert(1)" in html_report(report)
    etree.fromstring(junit_report(report).encode())
    assert "\x1b" not in json.dumps(json_report(report), ensure_ascii=False)


def test_nobody_else_is_asked_where_a_service_points(host: Host, tmp_path: Path) -> None:
    asked: list[bytes] = []

    def elsewhere(write: Write) -> None:
        asked.append(b"somebody")
        write(b"HTTP/1.1 200 OK\r\n\r\n")

    with misbehaving(elsewhere) as other:
        place = other.encode()
        head = b"HTTP/1.1 307 There\r\nContent-Length: 0\r\nLocation: " + place + b"\r\n\r\n"
        with misbehaving(once(head)) as url:
            report = judged(host, url)
        wsdl = (
            b'<definitions xmlns="http://schemas.xmlsoap.org/wsdl/"><import location="' + place + b'?wsdl"/>'
            b'<import location="file:///etc/passwd"/><import location="//[/x"/></definitions>'
        )
        with misbehaving(whole(wsdl)) as url:
            described = judged(host, url)
    assert asked == []
    assert {each.check.id for each in report.results if each.status is Status.FAILED} >= {"TRN-03"}
    assert "WSD-02" in {each.check.id for each in described.results if each.status is Status.FAILED}


def test_a_target_names_its_limits() -> None:
    assert Target.__dataclass_fields__["limits"].default.run == timedelta(minutes=15)
