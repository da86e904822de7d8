"""A correct service whose parts can be bent. It signs and verifies by the e-Service kit, not by the code under test."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from lxml import etree

from eservice_kit import (
    Fault,
    FaultCode,
    NotVerified,
    OrderQuery,
    PaymentConfirmation,
    Refusal,
    Signer,
    Trust,
    names,
)
from eservice_kit.description import describe
from eservice_kit.sign import signed_message, unsigned_message
from eservice_kit.verify import verify_message
from eservice_kit.wire_read import read_request
from eservice_kit.wire_write import confirmation_answer, fault_answer, orders_answer
from tests.conformance.books import Books
from tests.conformance.stopwatch import Stopwatch

Element = etree._Element


@dataclass(frozen=True)
class Call:
    """An HTTP request."""

    method: str
    query: str
    headers: dict[str, str]
    body: bytes

    @property
    def operation(self) -> str:
        return "lookup" if b"GetOrderDetails" in self.body else "confirm"


@dataclass(frozen=True)
class Reply:
    """An HTTP answer."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "text/xml; charset=utf-8"})


NOT_BELIEVED = Fault(FaultCode.AUTHENTICATION_FAILED, "The message could not be verified")


class Service:
    """Its seams are its attributes, in the order in which a call passes them."""

    def __init__(self, signer: Signer, trust: Trust, stopwatch: Stopwatch) -> None:
        self.signer = signer
        self.trust = trust
        self.stopwatch = stopwatch
        self.url = ""
        self.books = Books()
        self.skew = timedelta(0)
        self.has_strange_key = False
        self.at_once = 1
        """How many calls the kit sends at the same time now: faults need not guess whether another one is coming."""
        self.intercept: Callable[[Call], Reply | None] = lambda _call: None
        self.refuses: Callable[[bytes], bool] = lambda _message: False
        self.believes: Callable[[NotVerified, bytes], Element | None] = lambda _refusal, _message: None
        self.read: Callable[[Element], OrderQuery | PaymentConfirmation] = read_request
        self.shapers: list[Callable[[Element], None]] = []
        self.seal: Callable[[Element], bytes] = lambda payload: signed_message(
            payload, self.signer, at=self.now()
        )
        self.seal_fault: Callable[[Element], bytes] | None = None
        self.fault_status = 500
        self.not_believed = NOT_BELIEVED
        self.replies: list[Callable[[Call, Reply], Reply]] = []
        self.wsdl: Callable[[bytes], bytes] = bytes

    def now(self) -> datetime:
        """What the service's clock says when it signs."""
        return datetime.now(UTC) + self.skew

    def respond(self, call: Call) -> Reply:
        reply = self.intercept(call)
        if reply is None:
            reply = self._get(call) if call.method == "GET" else self._post(call)
        for change in self.replies:
            reply = change(call, reply)
        return reply

    def answer(self, request: OrderQuery | PaymentConfirmation) -> Element:
        """What the shop says."""
        if isinstance(request, OrderQuery):
            return orders_answer(self.books.get_order_details(request))
        self.books.confirm_order_payment(request)
        return confirmation_answer()

    def fault(self, fault: Fault, *, signed: bool = True) -> Reply:
        payload = fault_answer(fault)
        return Reply(
            self.fault_status,
            (self.seal_fault or self.seal)(payload) if signed else unsigned_message(payload),
        )

    def _get(self, call: Call) -> Reply:
        if call.query.lower() == "wsdl":
            return Reply(200, self.wsdl(describe(self.url)))
        return Reply(200, b"IServiceProvider", {"Content-Type": "text/plain"})

    def _post(self, call: Call) -> Reply:
        if call.headers.get("content-type", "").partition(";")[0] != "text/xml":
            return Reply(415, b"text/xml is wanted", {"Content-Type": "text/plain"})
        try:
            body = self._body(call.body)
        except NotVerified:
            return self.fault(self.not_believed, signed=False)
        try:
            request = self.read(body)
            self._check_action(call, body)
            payload = self.answer(request)
        except Fault as fault:
            return self.fault(fault)
        for shape in self.shapers:
            shape(payload)
        return Reply(200, self.seal(payload))

    def _check_action(self, call: Call, body: Element) -> None:
        action = call.headers.get("soapaction", "").strip('"')
        if action not in ("", names.ACTION + etree.QName(body[0]).localname):
            raise Fault(FaultCode.INVALID_PARAMETER, "SOAPAction names another operation")

    def _body(self, message: bytes) -> Element:
        try:
            if self.refuses(message):
                raise Fault(FaultCode.INVALID_PARAMETER, "not understood")
            return verify_message(message, self.trust, at=datetime.now(UTC)).body
        except NotVerified as refusal:
            body = self.believes(refusal, message)
            if body is None:
                raise
            return body
        except Fault as fault:
            raise NotVerified(Refusal.STRUCTURE, fault.reason) from fault


def naive_body(message: bytes) -> Element:
    """The first Body below the Envelope, whoever signed it."""
    root = etree.fromstring(message, etree.XMLParser(resolve_entities=False, remove_comments=True))
    body = root.find(names.soap("Body"))
    assert body is not None
    return body


def wsgi(find: Callable[[str], Service | None]) -> Callable[..., Iterable[bytes]]:
    """Many services under one server: each under its own path."""

    def application(environ: dict[str, object], start_response: Callable[..., object]) -> Iterable[bytes]:
        service = find(str(environ["PATH_INFO"]))
        length = int(str(environ.get("CONTENT_LENGTH") or 0))
        body: bytes = environ["wsgi.input"].read(length)  # type: ignore[attr-defined]
        headers = {
            name.removeprefix("HTTP_").replace("_", "-").lower(): str(value)
            for name, value in environ.items()
            if name.startswith("HTTP_") or name == "CONTENT_TYPE"
        }
        call = Call(str(environ["REQUEST_METHOD"]), str(environ.get("QUERY_STRING", "")), headers, body)
        reply = Reply(404, b"nobody here", {}) if service is None else service.respond(call)
        sized = {"Content-Length": str(len(reply.body))} | reply.headers
        start_response(f"{reply.status} Answer", list(sized.items()))
        return [reply.body]

    return application
