"""HTTP faults, and the fault of each TIM check."""

import gzip
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from lxml import etree

from eservice_kit import names
from tests.conformance import books
from tests.conformance.faults.registry import breaks
from tests.conformance.service import Call, Reply, Service

MAINTENANCE = b"<!DOCTYPE html><html><body>Be right back.</body></html>"
READ = f">{books.READ}<".encode()


def at_call(number: int, change: Callable[[Reply], Reply]) -> Callable[[Service], None]:
    """Change the answer to one POST, by its number."""

    def bend(service: Service) -> None:
        count = [0]

        def reply_to(call: Call, reply: Reply) -> Reply:
            count[0] += call.method == "POST"
            return change(reply) if call.method == "POST" and count[0] == number else reply

        service.replies.append(reply_to)

    return bend


def with_header(name: str, text: str) -> Callable[[Call, Reply], Reply]:
    def change(call: Call, reply: Reply) -> Reply:
        return replace(reply, headers=reply.headers | {name: text}) if call.method == "POST" else reply

    return change


@breaks("TRN-01")
def html_instead_of_soap(service: Service) -> None:
    service.intercept = lambda call: (
        Reply(200, MAINTENANCE, {"Content-Type": "text/html"}) if call.method == "POST" else None
    )


@breaks("TRN-02")
def wrong_content_type(service: Service) -> None:
    service.replies.append(with_header("Content-Type", "application/soap+xml"))


@breaks("TRN-03")
def redirects(service: Service) -> None:
    service.intercept = lambda call: (
        Reply(307, b"", {"Location": f"{service.url}/"}) if call.method == "POST" else None
    )


@breaks("TRN-04")
def created_instead_of_ok(service: Service) -> None:
    def change(call: Call, reply: Reply) -> Reply:
        return replace(reply, status=201) if call.method == "POST" and reply.status == 200 else reply

    service.replies.append(change)


def promise_more(reply: Reply) -> Reply:
    """The connection ends in the middle of the answer."""
    return replace(reply, headers=reply.headers | {"Content-Length": str(len(reply.body) + 10)})


breaks("TRN-05")(at_call(3, promise_more))


@breaks("TRN-06")
def compresses(service: Service) -> None:
    def change(call: Call, reply: Reply) -> Reply:
        if call.method == "GET":
            return reply
        return replace(
            reply, body=gzip.compress(reply.body), headers=reply.headers | {"Content-Encoding": "gzip"}
        )

    service.replies.append(change)


@breaks("TRN-07")
def wants_quotes(service: Service) -> None:
    def intercept(call: Call) -> Reply | None:
        bare = call.method == "POST" and not call.headers.get("soapaction", "").startswith('"')
        return Reply(400, b"quotes are wanted", {}) if bare else None

    service.intercept = intercept


@breaks("TRN-08")
def takes_every_type(service: Service) -> None:
    def intercept(call: Call) -> Reply | None:
        if call.headers.get("content-type", "").startswith("application/json"):
            return service.respond(replace(call, headers=call.headers | {"content-type": "text/xml"}))
        return None

    service.intercept = intercept


@breaks("TRN-09")
def crashes_on_get(service: Service) -> None:
    service.intercept = lambda call: (
        Reply(500, b"oops", {}) if call.method == "GET" and not call.query else None
    )


breaks("TRN-12")(at_call(1, lambda reply: replace(reply, body=reply.body + b" " * (1 << 20))))


@breaks("TRN-13")
def firewall_against_trace_headers(service: Service) -> None:
    service.intercept = lambda call: Reply(403, b"blocked", {}) if "traceparent" in call.headers else None


def slow(seconds: float, when: Callable[[Call], bool]) -> Callable[[Service], None]:
    """Let time go by before the answer to these calls."""

    def bend(service: Service) -> None:
        def change(call: Call, reply: Reply) -> Reply:
            if call.method == "POST" and when(call):
                service.stopwatch.push(seconds)
            return reply

        service.replies.append(change)

    return bend


breaks("TIM-01")(slow(6, lambda call: READ in call.body))
breaks("TIM-02")(slow(6, lambda call: b">NO-SUCH-" in call.body and call.operation == "lookup"))
breaks("TIM-03")(slow(6, lambda call: call.operation == "confirm"))


@breaks("TIM-05")
def clock_is_five_minutes_late(service: Service) -> None:
    service.skew = timedelta(minutes=-5)


def created_of(message: bytes) -> datetime:
    stamp = next(etree.fromstring(message).iter(names.wsu("Created"))).text or ""
    return datetime.fromisoformat(stamp[:19]).replace(tzinfo=UTC)


@breaks("TIM-06")
def tolerates_no_late_clock(service: Service) -> None:
    service.refuses = lambda message: (
        b"Created>" in message and datetime.now(UTC) - created_of(message) > timedelta(seconds=8)
    )


@breaks("TIM-07")
def tolerates_no_early_clock(service: Service) -> None:
    service.refuses = lambda message: (
        b"Created>" in message and created_of(message) - datetime.now(UTC) > timedelta(seconds=5)
    )
