"""Services that are right and built in another way: the kit has nothing to say against them, or advice alone."""

import socketserver
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, timedelta
from decimal import Decimal
from http.client import parse_headers

import pytest
from lxml import etree

from eservice_kit import Fault, FaultCode, KeyInfoForm, NotVerified, OrderQuery, SignatureAlgorithm, names
from eservice_kit.sign import unsigned_message
from mpay_gateway.conformance import CATALOGUE, Check, Report, Status
from tests.conformance import books
from tests.conformance.bench import Host, judge
from tests.conformance.books import Entry
from tests.conformance.faults.asking import asked
from tests.conformance.faults.shaping import C, bent, each, resigned
from tests.conformance.faults.signing import with_knobs
from tests.conformance.faults.talking import with_header
from tests.conformance.service import Call, Element, Reply, Service

Bend = Callable[[Service], None]
CHISINAU_IN_SUMMER = "+03:00"
OPTIONAL = (
    "AllowAdvancePayments", "AllowPartialPayments", "CustomerID", "CustomerName", "CustomerType", "DueDate", "IssuedAt",
    "Properties",
)  # fmt: skip


def of_read(change: Callable[[Element], None]) -> Bend:
    """Change the order that is only read."""

    def of_order(order: Element) -> None:
        if order.findtext(C("OrderKey")) == books.READ:
            change(order)

    return each("OrderDetails", of_order)


def without_optional_members(order: Element) -> None:
    for holder in [order, *order.iter(C("OrderLine"))]:
        for member in list(holder):
            if etree.QName(member).localname in OPTIONAL:
                holder.remove(member)


def with_nil_members(order: Element) -> None:
    for name in ("CustomerID", "CustomerName", "DueDate", "IssuedAt"):
        for member in order.findall(C(name)):
            member.text = None
            member.set(f"{{{names.XSI}}}nil", "1")


def with_empty_accounts(order: Element) -> None:
    for account in order.iter(C("DestinationAccount")):
        for member in account:
            member.text = None


def with_written_zones(order: Element) -> None:
    for name in ("DueDate", "IssuedAt"):
        for member in order.findall(C(name)):
            member.text = (member.text or "")[:19] + CHISINAU_IN_SUMMER


def with_platform_dates(order: Element) -> None:
    for name, text in (("IssuedAt", "0001-01-01T00:00:00"), ("DueDate", "9999-12-31T23:59:59.9999999")):
        for member in order.findall(C(name)):
            member.text = text


def with_a_passport(order: Element) -> None:
    for member in order.findall(C("CustomerID")):
        member.text = "053728164"


def with_a_strange_extension(order: Element) -> None:
    etree.SubElement(order, "{urn:shop}Warehouse").text = "4"


def header_last(root: Element) -> None:
    root.append(root[0])


def with_status(status: int) -> Bend:
    def bend(service: Service) -> None:
        service.fault_status = status

    return bend


def unsigned_faults(service: Service) -> None:
    service.seal_fault = unsigned_message


def signs(**how: object) -> Bend:
    def bend(service: Service) -> None:
        service.signer = replace(service.signer, **how)  # type: ignore[arg-type]

    return bend


def byte_order_mark(service: Service) -> None:
    service.replies.append(lambda _, reply: replace(reply, body=b"\xef\xbb\xbf" + reply.body))


def quoted_charset(service: Service) -> None:
    service.replies.append(with_header("Content-Type", 'text/xml;charset="UTF-8"'))


def neighbours(service: Service) -> None:
    """Keys are numbers in a row: what is a part of ours, or longer by a digit, is somebody's own."""
    for key in (books.READ[:-1], f"{books.READ}0"):
        service.books.orders[key] = Entry(due=[Decimal(7), Decimal(8)])


def judges_keys_by_form(service: Service) -> None:
    def change(query: OrderQuery) -> OrderQuery:
        if service.books.find(query.order_key) is None:
            raise Fault(FaultCode.INVALID_PARAMETER, "OrderKey has another form")
        return query

    asked(change)(service)


def knows_no_other_service(fault: FaultCode | None) -> Bend:
    """An unknown service has no orders; or the gateway may not ask for it."""

    def bend(service: Service) -> None:
        def change(query: OrderQuery) -> OrderQuery:
            if query.service_id == books.SERVICE_ID:
                return query
            if fault is not None:
                raise Fault(fault, "not yours")
            return replace(query, service_id=books.SERVICE_ID, order_key="nothing of ours")

        asked(change)(service)

    return bend


def a_framework_before_it(service: Service) -> None:
    """A message without a member never reaches the service: the framework's own fault is not signed."""

    def intercept(call: Call) -> Reply | None:
        if b"<OrderKey>" in call.body or b"<query>" not in call.body:
            return None
        return Reply(500, unsigned_message(_client_fault()))

    service.intercept = intercept


def _client_fault() -> Element:
    fault = etree.Element(names.soap("Fault"), nsmap={"soap": names.SOAP})
    etree.SubElement(fault, "faultcode").text = "soap:Client"
    etree.SubElement(fault, "faultstring").text = "Unmarshalling Error: OrderKey is expected, see /app/help"
    return fault


def dispatches_by_body(service: Service) -> None:
    service._check_action = lambda _call, _body: None  # type: ignore[method-assign]


def penalty_by_the_minute(service: Service) -> None:
    """The amount rises once, between two looks."""
    looks = [0]

    def change(query: OrderQuery) -> OrderQuery:
        looks[0] += query.order_key == books.READ
        if looks[0] == 40:
            service.books.orders[books.READ].due[0] += Decimal("0.10")
        return query

    asked(change)(service)


def reads_what_was_signed(service: Service) -> None:
    """Other elements than the signed Body are not looked at, whatever they are."""
    verify = service._body

    def body(message: bytes) -> Element:
        try:
            return verify(message)
        except NotVerified:
            root = etree.fromstring(message)
            wrapped = root.find(f".//{{urn:wrap}}Wrap/{names.soap('Body')}")
            bodies = root.findall(names.soap("Body"))
            if wrapped is None and len(bodies) == 2:
                wrapped = bodies[1]
            if wrapped is None:
                raise
            return wrapped

    service._body = body  # type: ignore[method-assign]


def takes_nothing_for_nothing(service: Service) -> None:
    """A payment of nothing gets a yes and changes nothing."""

    def intercept(call: Call) -> Reply | None:
        if b"<TotalAmount>0.00</TotalAmount>" in call.body:
            return Reply(200, service.seal(etree.Element(C("ConfirmOrderPaymentResponse"))))
        return None

    service.intercept = intercept


def slow_within_limits(service: Service) -> None:
    """Together, too: the watch is pushed on for every one of four calls at the same time."""
    service.replies.append(lambda call, reply: service.stopwatch.push(1.2) or reply)  # type: ignore[func-returns-value]


def described_in_parts(service: Service) -> None:
    """Types, messages and service are documents of their own, each with its address."""

    def intercept(call: Call) -> Reply | None:
        if call.method != "GET" or not call.query:
            return None
        return Reply(200, _part(etree.fromstring(_described(service)), call.query, service.url))

    service.intercept = intercept


def _described(service: Service) -> bytes:
    from eservice_kit.description import describe

    return describe(service.url)


WSDL, XS = "http://schemas.xmlsoap.org/wsdl/", "http://www.w3.org/2001/XMLSchema"


def _part(root: Element, query: str, url: str) -> bytes:
    types = root.find(f"{{{WSDL}}}types")
    assert types is not None
    schema = types[0]
    if query == "xsd=1":
        return etree.tostring(schema)
    outer = {f"{{{WSDL}}}{name}" for name in ("binding", "service")}
    for child in list(root):
        if (child.tag in outer) is (query == "wsdl=1"):
            root.remove(child)
    if query == "wsdl=1":
        types.remove(schema)
        holder = etree.SubElement(types, f"{{{XS}}}schema")
        holder.append(etree.Element(f"{{{XS}}}import", namespace=names.CONTRACT, schemaLocation="?xsd=1"))
    else:
        imported = etree.Element(f"{{{WSDL}}}import", namespace=names.CONTRACT, location=f"{url}?wsdl=1")
        root.insert(0, imported)
    return etree.tostring(root)


BUILT: dict[str, tuple[Bend, set[str]]] = {
    "optional members absent": (of_read(without_optional_members), set()),
    "nil members": (of_read(with_nil_members), set()),
    "accounts with nothing in them": (of_read(with_empty_accounts), set()),
    "zones are written": (of_read(with_written_zones), set()),
    "dates that were never set": (of_read(with_platform_dates), set()),
    "a foreigner's passport": (of_read(with_a_passport), set()),
    "a member of somebody else's": (of_read(with_a_strange_extension), {"SHP-07"}),
    "the Header after the Body": (resigned(header_last), set()),
    "other prefixes, an embedded certificate": (with_knobs(), set()),
    "an offset in the Timestamp": (
        with_knobs(created=lambda at: at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.1234567+00:00")), set(),
    ),
    "an hour of life": (with_knobs(lifetime=timedelta(hours=1)), set()),
    "faults with 200": (with_status(200), {"FLT-05"}),
    "faults unsigned": (unsigned_faults, {"FLT-06"}),
    "key identifiers": (signs(key_info=KeyInfoForm.SKI), set()),
    "tokens and rsa-sha256": (
        signs(key_info=KeyInfoForm.BST, algorithm=SignatureAlgorithm.RSA_SHA256), set(),
    ),
    "a byte order mark": (byte_order_mark, set()),
    "a quoted charset": (quoted_charset, set()),
    "keys in a row": (neighbours, set()),
    "keys judged by their form": (judges_keys_by_form, set()),
    "nothing of other services": (knows_no_other_service(None), set()),
    "other services are not the gateway's": (knows_no_other_service(FaultCode.AUTHORIZATION_FAILED), set()),
    "a framework before it": (a_framework_before_it, set()),
    "dispatches by the Body": (dispatches_by_body, set()),
    "a penalty by the minute": (penalty_by_the_minute, set()),
    "reads what was signed": (reads_what_was_signed, set()),
    "nothing for nothing": (takes_nothing_for_nothing, set()),
    "slow within limits": (slow_within_limits, set()),
    "described in parts": (described_in_parts, set()),
}  # fmt: skip


def of_groups(*groups: str) -> list[Check]:
    return [check for check in CATALOGUE if check.group in groups]


def failed(report: Report) -> dict[str, str]:
    return {each.check.id: each.detail for each in report.results if each.status is Status.FAILED}


@pytest.mark.parametrize("name", BUILT)
def test_nothing_is_said_against_a_right_service(host: Host, name: str) -> None:
    bend, remarks = BUILT[name]
    service = host.service(name.replace(" ", "-"))
    bend(service)
    found = failed(judge(host, service))
    assert set(found) == remarks, found


def test_rsa_sha1_alone_is_advised_against_and_no_more(host: Host) -> None:
    service = host.service("basic256")
    service.refuses = lambda message: b"#rsa-sha256" in message
    report = judge(host, service, [check for check in CATALOGUE if check.group == "signature"])
    assert set(failed(report)) == {"SIG-45"}
    assert report.passes


def test_a_service_that_is_down_has_refused_nothing(host: Host) -> None:
    """After some calls a proxy answers for it: whatever it would have believed, nobody knows."""
    service = host.service("down")
    calls = [0]

    def intercept(call: Call) -> Reply | None:
        calls[0] += call.method == "POST"
        return Reply(429, b"too many", {"Content-Type": "text/plain"}) if calls[0] > 20 else None

    service.intercept = intercept
    report = judge(host, service, [check for check in CATALOGUE if "SIG-20" <= check.id <= "SIG-37"])
    late = [each.status for each in report.results if each.check.id > "SIG-31"]
    assert set(late) == {Status.NOT_RUN}
    assert "was not answered either" in report.results[-1].detail


@pytest.mark.parametrize("content_length", ["7", "99"])
def test_when_it_falls_over_after_the_first_answer_nothing_that_was_asked_later_has_passed(
    host: Host, content_length: str
) -> None:
    """A proxy says that it is busy, or the connection breaks: neither proves that something was refused."""
    service = host.service(f"one-answer-{content_length}")
    calls = [0]

    def intercept(call: Call) -> Reply | None:
        calls[0] += call.method == "POST"
        if call.method == "GET" or calls[0] == 1:
            return None
        return Reply(503, b"is busy", {"Content-Type": "text/plain", "Content-Length": content_length})

    service.intercept = intercept
    report = judge(host, service, CATALOGUE, replace(host.target(service), pay_order_keys=()))
    passed = [each for each in report.results if each.status is Status.PASSED]
    late = {each.check.id for each in passed if any(seen.number > 1 for seen in each.exchanges)}
    asked_by_get = {each.check.id for each in passed if each.check.group == "wsdl"} | {"TRN-09"}
    assert sorted(late - asked_by_get) == []
    assert calls[0] > 50


def test_where_there_is_nothing_to_judge_nothing_has_passed(host: Host) -> None:
    """An order of two lines in English, and nothing else in it."""
    service = host.service("bare")

    def shape(payload: Element) -> None:
        for order in payload.iter(C("OrderDetails")):
            without_optional_members(order)
            for member in [*order.iter(C("DestinationAccount"))]:
                member.getparent().remove(member)  # type: ignore[union-attr]
            for member in order.iter(C("Reason")):
                member.text = "Fee"

    bent(shape)(service)
    target = replace(host.target(service), pay_order_keys=())
    report = judge(
        host, service, [each for each in CATALOGUE if each.group in ("shape", "lookup", "encodings")], target
    )
    left = {each.check.id for each in report.results if each.status is Status.NOT_RUN}
    assert left == {
        "SHP-05", "SHP-06", "SHP-10", "SHP-11", "SHP-12", "LOK-21", "LOK-27", "LOK-28", "LOK-29", "LOK-31", "LOK-33",
        "LOK-34", "LOK-35", "ENC-02", "ENC-03",
    }  # fmt: skip
    assert set(failed(report)) == {"LOK-12", "LOK-32"}


def test_a_description_of_which_a_part_is_missing_is_not_judged_by_what_is_there(host: Host) -> None:
    service = host.service("in-parts-lost")
    described_in_parts(service)
    whole = service.intercept
    service.intercept = lambda call: Reply(404, b"", {}) if call.query == "wsdl=1" else whole(call)
    report = judge(host, service, [check for check in CATALOGUE if check.group == "wsdl"])
    assert set(failed(report)) == {"WSD-02"}


def chunks(reply: Reply) -> bytes:
    body = b"".join(b"%x\r\n%b\r\n" % (1, reply.body[at : at + 1]) for at in range(len(reply.body)))
    return _head(reply, b"Transfer-Encoding: chunked") + body + b"0\r\n\r\n"


def until_closed(reply: Reply) -> bytes:
    return _head(reply, b"X-Length: none").replace(b"HTTP/1.1", b"HTTP/1.0") + reply.body


def closed_unsaid(reply: Reply) -> bytes:
    """As if the connection stayed open."""
    return _head(reply, b"Content-Length: %d" % len(reply.body)) + reply.body


def _head(reply: Reply, framing: bytes) -> bytes:
    lines = [f"{name}: {text}".encode() for name, text in reply.headers.items()]
    return b"\r\n".join([b"HTTP/1.1 %d Answer" % reply.status, framing, *lines, b"", b""])


@pytest.mark.parametrize("frame", [chunks, until_closed, closed_unsaid])
def test_answers_may_be_framed_in_every_way_of_http(host: Host, frame: Callable[[Reply], bytes]) -> None:
    service = host.service(f"framed-{frame.__name__}")

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            method, target, _ = self.rfile.readline().decode().split()
            headers = {name.lower(): text for name, text in parse_headers(self.rfile).items()}
            body = self.rfile.read(int(headers.get("content-length", 0)))
            call = Call(method, target.partition("?")[2], headers, body)
            self.wfile.write(frame(service.respond(call)))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        service.url = f"http://127.0.0.1:{server.server_address[1]}/"
        report = judge(
            host,
            service,
            [each for each in CATALOGUE if each.group in ("transport", "lookup", "concurrency")],
        )
        server.shutdown()
    assert failed(report) == {}
