"""``/ServiceProvider.svc``: the kit's ServiceProvider, broken on demand."""

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, assert_never

from lxml import etree

from demo_service.conduct import Conduct, Plan, plan_confirmation, plan_lookup
from demo_service.deviations import deviate, nil_result
from demo_service.fault_switch import FaultSwitch
from demo_service.journal import Journal
from demo_service.order_book import OrderBook
from demo_service.orders import Order
from eservice_kit import Fault, FaultCode, NotVerified, OrderQuery, PaymentConfirmation, ServiceProvider
from eservice_kit.provider import (
    Reply,
    ServiceFailed,
    describe_service,
    not_answered,
    not_believed,
    plain,
    read_message,
    unsealed,
)
from eservice_kit.wire_read import Request
from eservice_kit.wire_write import fault_answer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

DROP_CONNECTION = "demo_service.drop_connection"
_MAINTENANCE = (
    b"<!DOCTYPE html><html><head><title>Maintenance</title></head><body>Be right back.</body></html>"
)


class ConnectionDropped(Exception):
    """The call gets no answer at all."""


class Endpoint:
    """A WSGI application. The server may offer ``demo_service.drop_connection`` in the environment."""

    def __init__(
        self, provider: ServiceProvider, *, book: OrderBook, journal: Journal, switch: FaultSwitch
    ) -> None:
        self._provider = provider
        self._book = book
        self._journal = journal
        self._switch = switch

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """The WSGI entry."""
        try:
            reply = self._respond(environ)
        except ConnectionDropped:
            drop: Callable[[], None] | None = environ.get(DROP_CONNECTION)
            if drop is not None:
                drop()
            reply = plain("503 Service Unavailable", "The connection was to be dropped.")
        headers = [("Content-Type", reply.content_type), ("Content-Length", str(len(reply.body)))]
        start_response(reply.status, headers)
        return [reply.body]

    def _respond(self, environ: "WSGIEnvironment") -> Reply:
        match environ["REQUEST_METHOD"]:
            case "GET":
                return describe_service(environ)
            case "POST":
                message = read_message(environ)
                return message if isinstance(message, Reply) else self._respond_to(message, environ)
            case _:
                return plain("405 Method Not Allowed", "Use POST for SOAP 1.1, or GET with ?wsdl.")

    def _respond_to(self, message: bytes, environ: "WSGIEnvironment") -> Reply:
        try:
            request = self._provider.open(message, environ.get("HTTP_SOAPACTION", ""))
            return self._follow(self._plan(request), request)
        except NotVerified as refusal:
            return not_believed(refusal)
        except Fault as fault:
            return self._provider.seal(fault_answer(fault))
        except ServiceFailed as failure:
            return not_answered(failure)

    def _plan(self, request: Request) -> Plan:
        order = self._order(request.order_key)
        match request:
            case OrderQuery():
                return plan_lookup(order, self._switch.now)
            case PaymentConfirmation():
                return plan_confirmation(order, self._switch.now)
            case _:
                assert_never(request)

    def _order(self, order_key: str) -> Order | None:
        try:
            return self._book.get(order_key)
        except LookupError:
            return None

    def _follow(self, plan: Plan, request: Request) -> Reply:
        """Act as planned. Only DOWN, HTML and the two FAULTs leave the shop untouched."""
        match plan.conduct:
            case Conduct.OK | Conduct.SLOW | Conduct.DEVIATING | Conduct.NIL:
                time.sleep(plan.delay)
                return self._provider.seal(self._answer(plan, request))
            case Conduct.UNSIGNED:
                return unsealed(self._answer(plan, request))
            case Conduct.TIMEOUT_AFTER_EFFECT:
                self._answer(plan, request)
                time.sleep(plan.delay)
                raise ConnectionDropped
            case Conduct.DOWN | Conduct.HTML | Conduct.FAULT | Conduct.FAULT_UNSIGNED:
                self._note(request, plan.conduct, f"ignored: {plan.conduct.value}")
                return self._fail(plan)
            case _:
                assert_never(plan.conduct)

    def _fail(self, plan: Plan) -> Reply:
        match plan.conduct:
            case Conduct.DOWN:
                raise ConnectionDropped
            case Conduct.HTML:
                return Reply("200 OK", _MAINTENANCE, "text/html; charset=utf-8")
            case Conduct.FAULT_UNSIGNED:
                return unsealed(_planned_fault(plan))
            case _:
                return self._provider.seal(_planned_fault(plan))

    def _answer(self, plan: Plan, request: Request) -> etree._Element:
        """Ask the shop, write down what it said, and misspell it where planned."""
        answer = self._provider.answer(request)
        fault_code = answer.findtext("faultcode")
        if fault_code is None and plan.conduct is Conduct.DEVIATING:
            deviate(answer)
        if fault_code is None and plan.conduct is Conduct.NIL:
            nil_result(answer)
        if isinstance(request, OrderQuery) or fault_code is not None:
            self._note(request, plan.conduct, _outcome(answer, fault_code))
        return answer

    def _note(self, request: Request, conduct: Conduct, outcome: str) -> None:
        match request:
            case OrderQuery():
                self._journal.note_lookup(request, conduct=conduct.value, outcome=outcome)
            case PaymentConfirmation():
                self._journal.note_confirmation(request, outcome)
            case _:
                assert_never(request)


def _outcome(answer: etree._Element, fault_code: str | None) -> str:
    return f"refused: {fault_code}" if fault_code else f"found {len(answer[0])}"


def _planned_fault(plan: Plan) -> etree._Element:
    reasons = {
        FaultCode.UNKNOWN_ORDER: "The order is unknown",
        FaultCode.INVALID_PARAMETER: "OrderKey is not valid",
        FaultCode.INVOICE_EXPIRED: "The due date of the order has passed",
    }
    return fault_answer(Fault(plan.fault_code, reasons.get(plan.fault_code, "The service failed")))
