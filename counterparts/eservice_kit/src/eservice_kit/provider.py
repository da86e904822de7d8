"""IServiceProvider as a WSGI application: POST for SOAP 1.1, GET ?wsdl for the description."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, assert_never
from wsgiref.util import request_uri

from lxml import etree

from eservice_kit import names
from eservice_kit.description import describe
from eservice_kit.envelope import LARGEST_MESSAGE
from eservice_kit.faults import Fault, FaultCode
from eservice_kit.messages import OrderQuery, PaymentConfirmation
from eservice_kit.refusal import NotVerified
from eservice_kit.service import EService
from eservice_kit.sign import Signer, signed_message, unsigned_message
from eservice_kit.verify import Trust, verify_message
from eservice_kit.wire_read import Request, read_request
from eservice_kit.wire_write import confirmation_answer, fault_answer, orders_answer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_log = logging.getLogger(__name__)
_NOT_BELIEVED = Fault(FaultCode.AUTHENTICATION_FAILED, "The message could not be verified")


def utc_now() -> datetime:
    return datetime.now(UTC)


class ServiceFailed(Exception):
    """A service raised what it should not; the cause is chained."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer: status line, body, content type."""

    status: str
    body: bytes
    content_type: str = "text/xml; charset=utf-8"


class ServiceProvider:
    """Joins a service with keys and the wire. Safe to call from many threads.

    ``signer`` signs every answer; ``trust`` names the gateway's registered certificates; ``clock`` gives UTC.
    """

    def __init__(
        self, service: EService, *, signer: Signer, trust: Trust, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._service = service
        self._signer = signer
        self._trust = trust
        self._clock = clock

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """The WSGI entry."""
        reply = self.respond(environ)
        start_response(
            reply.status, [("Content-Type", reply.content_type), ("Content-Length", str(len(reply.body)))]
        )
        return [reply.body]

    def respond(self, environ: "WSGIEnvironment") -> Reply:
        """Answer one HTTP request."""
        match environ["REQUEST_METHOD"]:
            case "GET":
                return describe_service(environ)
            case "POST":
                message = read_message(environ)
                return message if isinstance(message, Reply) else self._respond_to(message, environ)
            case _:
                return plain("405 Method Not Allowed", "Use POST for SOAP 1.1, or GET with ?wsdl.")

    def open(self, message: bytes, action: str) -> Request:
        """Verify and read a request; ``action`` is the SOAPAction header, empty when it was left out.

        Raises: NotVerified, Fault(InvalidParameter).
        """
        body = verify_message(message, self._trust, at=self._clock()).body
        request = read_request(body)
        if action.strip('"') not in ("", names.ACTION + etree.QName(body[0]).localname):
            raise Fault(FaultCode.INVALID_PARAMETER, "SOAPAction names another operation than the Body")
        return request

    def answer(self, request: Request) -> etree._Element:
        """Ask the service; a Fault of its own is an answer too. Raises: ServiceFailed."""
        try:
            match request:
                case OrderQuery():
                    return orders_answer(tuple(self._service.get_order_details(request)))
                case PaymentConfirmation():
                    self._service.confirm_order_payment(request)
                    return confirmation_answer()
                case _:
                    assert_never(request)
        except Fault as fault:
            return fault_answer(fault)
        except Exception as error:
            raise ServiceFailed(type(request).__name__) from error

    def seal(self, payload: etree._Element) -> Reply:
        """Sign an answer; a fault travels with HTTP status 500 (SOAP 1.1, section 6.2)."""
        return Reply(_status(payload), signed_message(payload, self._signer, at=self._clock()))

    def _respond_to(self, message: bytes, environ: "WSGIEnvironment") -> Reply:
        try:
            request = self.open(message, environ.get("HTTP_SOAPACTION", ""))
        except NotVerified as refusal:
            return not_believed(refusal)
        except Fault as fault:
            return self.seal(fault_answer(fault))
        try:
            return self.seal(self.answer(request))
        except ServiceFailed as failure:
            return not_answered(failure)


def not_believed(refusal: NotVerified) -> Reply:
    """One unsigned answer for every reason: a sender learns nothing, and nothing signed can be mistaken for a
    refusal of a payment."""
    _log.warning("message refused: %s", refusal)
    return unsealed(fault_answer(_NOT_BELIEVED))


def not_answered(failure: ServiceFailed) -> Reply:
    """InternalError without signature: the gateway tries again and never takes it for a refusal."""
    _log.error("the service failed on %s", failure, exc_info=failure.__cause__)
    return unsealed(fault_answer(Fault(FaultCode.INTERNAL_ERROR, "The service failed; try again later")))


def unsealed(payload: etree._Element) -> Reply:
    """An answer without signature."""
    return Reply(_status(payload), unsigned_message(payload))


def read_message(environ: "WSGIEnvironment") -> bytes | Reply:
    """The posted message, or the HTTP answer that says why it is not read."""
    if environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower() != "text/xml":
        return plain("415 Unsupported Media Type", "SOAP 1.1 messages are text/xml.")
    length = environ.get("CONTENT_LENGTH") or ""
    if not length.isdecimal():
        return plain("411 Length Required", "Send a Content-Length.")
    if int(length) > LARGEST_MESSAGE:
        return plain("413 Content Too Large", f"A message has at most {LARGEST_MESSAGE} bytes.")
    message: bytes = environ["wsgi.input"].read(int(length))
    return message


def describe_service(environ: "WSGIEnvironment") -> Reply:
    """The WSDL for ``?wsdl`` (in any case, also ``?singleWsdl``), else a line that tells where it is."""
    if environ.get("QUERY_STRING", "").lower() in ("wsdl", "singlewsdl"):
        return Reply("200 OK", describe(request_uri(environ, include_query=False)))
    return plain("200 OK", "IServiceProvider, SOAP 1.1. Its description is at ?wsdl.")


def plain(status: str, text: str) -> Reply:
    return Reply(status, (text + "\n").encode(), "text/plain; charset=utf-8")


def _status(payload: etree._Element) -> str:
    return "500 Internal Server Error" if payload.tag == names.soap("Fault") else "200 OK"
