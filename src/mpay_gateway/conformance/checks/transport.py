"""TRN: HTTP and TLS under the messages."""

from collections.abc import Iterator

from mpay_gateway.conformance import names
from mpay_gateway.conformance.bench import Bench
from mpay_gateway.conformance.caller import NotRun, Way
from mpay_gateway.conformance.transport import LARGEST_ANSWER, Sent, is_loopback
from mpay_gateway.conformance.verdict import Checks, Severity

CHECKS = Checks("transport")
_REDIRECTS = (301, 302, 303, 307, 308)


@CHECKS.add(
    "TRN-01", "The address answers a POST with a SOAP envelope", Severity.PAYMENTS,
    contract="The service takes SOAP 1.1 by POST at its address and answers in SOAP 1.1 (section 1).",
    mend="Give the address of the endpoint itself, not of a page, and see that nothing before it answers instead.",
)  # fmt: skip
def answers_soap(bench: Bench) -> Iterator[str]:
    answer = bench.shown(bench.target.order_keys[0])
    if answer.received.status in _REDIRECTS:
        raise NotRun("the address redirects: TRN-03")
    if len(answer.received.body) > LARGEST_ANSWER:
        raise NotRun("the answer is too large to be read: TRN-12")
    if answer.payload is None:
        yield f"no SOAP envelope came back: {answer.summary}"


@CHECKS.add(
    "TRN-02", "Answers are text/xml in UTF-8", Severity.INTEROPERABILITY,
    contract="Content-Type is text/xml; charset=utf-8 (section 1).",
    mend="Send Content-Type: text/xml; charset=utf-8 with every SOAP answer.",
)  # fmt: skip
def content_type(bench: Bench) -> Iterator[str]:
    said = bench.found().received.headers.get("content-type", "")
    kind, _, rest = said.lower().partition(";")
    if kind.strip() != "text/xml" or not any(
        name in rest.replace('"', "") for name in ("charset=utf-8", "charset=utf8")
    ):
        yield f"Content-Type is {said!r}"


@CHECKS.add(
    "TRN-03", "A POST is not redirected", Severity.PAYMENTS,
    contract="The gateway follows no redirect: a signed request goes to the registered address only (section 4).",
    mend="Register the address that answers, with its scheme, host and path; serve both spellings of a trailing slash.",
)  # fmt: skip
def no_redirect(bench: Bench) -> Iterator[str]:
    answer = bench.shown(bench.target.order_keys[0])
    if answer.received.status in _REDIRECTS:
        yield f"HTTP {answer.received.status} to {answer.received.headers.get('location', 'nowhere')}"


@CHECKS.add(
    "TRN-04", "An answer that is no fault has status 200", Severity.INTEROPERABILITY,
    contract="SOAP 1.1 over HTTP: success is 2xx, a fault is 500; intermediaries act on the status (section 4).",
    mend="Answer 200 for results, 500 for faults.",
)  # fmt: skip
def status_of_success(bench: Bench) -> Iterator[str]:
    status = bench.found().received.status
    if status != 200:
        yield f"an order came back with HTTP {status}"


@CHECKS.add(
    "TRN-05", "A second request on the same connection is answered", Severity.INTEROPERABILITY,
    contract="HTTP/1.1 connections stay open unless one side closes them; the gateway uses them again.",
    mend="Read the whole request, send Content-Length or chunks, and close the connection where you do not go on.",
)  # fmt: skip
def kept_connection(bench: Bench) -> Iterator[str]:
    bench.found_accepts()
    key = bench.target.order_keys[0]
    payload = bench.asking(key)
    requests = [bench.signed(names.LOOKUP, payload) for _ in range(2)]
    for answer in bench.in_a_row(requests, f"{names.LOOKUP} for {key!r}, two on one connection"):
        if not answer.orders:
            yield f"on a connection that was kept open: {answer.summary}"


@CHECKS.add(
    "TRN-06", "Answers are not compressed unasked", Severity.INTEROPERABILITY,
    contract="The gateway asks for no content coding and reads the bytes as they come: they are what was signed (section 4).",
    mend="Leave SOAP answers out of your server's or proxy's compression.",
)  # fmt: skip
def no_compression(bench: Bench) -> Iterator[str]:
    answer = bench.shown(bench.target.order_keys[0])
    coding = answer.received.headers.get("content-encoding", "identity")
    if coding.strip().lower() != "identity":
        yield f"Content-Encoding: {coding}"


@CHECKS.add(
    "TRN-07", "SOAPAction is read with and without quotes", Severity.ADVICE,
    contract="SOAPAction is a quoted URI (SOAP 1.1, section 6.1.1); the gateway quotes it, some tools do not.",
    mend="Drop quotes before you compare the header.",
)  # fmt: skip
def bare_action(bench: Bench) -> Iterator[str]:
    bench.found_accepts()
    answer = bench.look_up_with(Way("SOAPAction without quotes", action=names.action_of(names.LOOKUP)))
    if not answer.orders:
        yield f"without quotes: {answer.summary}"


@CHECKS.add(
    "TRN-08", "What is no text/xml is refused", Severity.ADVICE,
    contract="SOAP 1.1 messages are text/xml (section 1); other types do not belong to this endpoint.",
    mend="Answer 415 to other content types.",
)  # fmt: skip
def other_type(bench: Bench) -> Iterator[str]:
    bench.found_accepts()
    answer = bench.look_up_with(Way("as application/json", headers={"Content-Type": "application/json"}))
    if answer.orders:
        yield "a message sent as application/json was served"
    bench.need_life(answer)


@CHECKS.add(
    "TRN-09", "A GET does no harm", Severity.ADVICE,
    contract="Operations are asked for by POST alone (section 1); monitors and browsers send GET.",
    mend="Answer GET with the description, a line of text, or 405.",
)  # fmt: skip
def plain_get(bench: Bench) -> Iterator[str]:
    answer = bench.exchange(Sent("GET", bench.target.url), "GET of the address")
    if answer.received.failure or answer.received.status >= 500:
        yield f"GET of the address: {answer.summary}"


@CHECKS.add(
    "TRN-10", "The address is https", Severity.SECURITY,
    contract="Transport is TLS (section 4).",
    mend="Serve the endpoint over TLS and register the https address.",
)  # fmt: skip
def is_https(bench: Bench) -> Iterator[str]:
    url = bench.target.url
    if url.startswith("http:") and is_loopback(url):
        raise NotRun(
            "plain HTTP on this machine's own address leaves it: try the address that will be registered"
        )
    if not url.startswith("https:"):
        yield "names, personal codes and amounts travel unencrypted"


@CHECKS.add(
    "TRN-11", "The server's certificate holds", Severity.PAYMENTS,
    contract="The gateway verifies the server's certificate and name, by the system's authorities or its ca_file (section 4).",
    mend="Use a certificate of an authority that the gateway trusts, for this host name, with its intermediates.",
)  # fmt: skip
def tls_holds(bench: Bench) -> Iterator[str]:
    if not bench.target.url.startswith("https:"):
        raise NotRun("the address is not https")
    bench.shown(bench.target.order_keys[0])
    if bench.wire.tls_problem:
        yield bench.wire.tls_problem


@CHECKS.add(
    "TRN-12", "Answers are small enough to be read", Severity.PAYMENTS,
    contract=f"The gateway reads {LARGEST_ANSWER} bytes of an answer at most (section 4).",
    mend="Return the orders of this key only, and no documents in properties.",
)  # fmt: skip
def small_enough(bench: Bench) -> Iterator[str]:
    answer = bench.shown(bench.target.order_keys[0])
    if len(answer.received.body) > LARGEST_ANSWER:
        yield f"the answer has more than {LARGEST_ANSWER} bytes"


@CHECKS.add(
    "TRN-13", "Unknown HTTP headers are passed over", Severity.INTEROPERABILITY,
    contract="HTTP: headers that are not known are ignored; gateways and proxies add trace headers.",
    mend="Let your server and its firewall pass Traceparent, X-Request-Id and the like.",
)  # fmt: skip
def more_headers(bench: Bench) -> Iterator[str]:
    bench.found_accepts()
    way = Way(
        "with trace headers",
        headers={"Traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01", "X-Request-Id": "conformance"},
    )
    answer = bench.look_up_with(way)
    if not answer.orders:
        yield f"with trace headers: {answer.summary}"
