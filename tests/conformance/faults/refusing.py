"""The fault of each check of how the service says no."""

from collections.abc import Callable

from lxml import etree

from eservice_kit import Fault, FaultCode, names
from eservice_kit.sign import signed_message
from eservice_kit.wire_read import read_request
from eservice_kit.wire_write import confirmation_answer
from tests.conformance import books
from tests.conformance.faults.registry import breaks
from tests.conformance.faults.shaping import C
from tests.conformance.service import Call, Element, Reply, Service

TRACE = 'Traceback (most recent call last):\n  File "/srv/shop/views.py", line 12, in look_up'


def reading(change: Callable[[Element], object]) -> Callable[[Service], None]:
    """Look at a Body before it is read."""

    def bend(service: Service) -> None:
        def read(body: Element) -> object:
            found = change(body)
            return read_request(body) if found is None else found

        service.read = read  # type: ignore[assignment]

    return bend


def has_no_key(body: Element) -> bool:
    query = body[0].find(C("query"))
    return query is not None and len(query) > 0 and query.find(C("OrderKey")) is None


def crash(when: Callable[[Element], bool]) -> Callable[[Service], None]:
    def change(body: Element) -> None:
        if when(body):
            raise Fault(FaultCode.INTERNAL_ERROR, "Object reference not set to an instance of an object.")

    return reading(change)


breaks("FLT-01")(crash(has_no_key))
breaks("FLT-11")(crash(lambda body: body[0].tag == C("GetOrderDetails") and not len(body[0][0])))


def faults(change: Callable[[Element], None]) -> Callable[[Service], None]:
    """Bend the faults that are made for unknown services."""

    def bend(service: Service) -> None:
        def seal(payload: Element) -> bytes:
            if "service" in (payload.findtext("faultstring") or ""):
                change(payload)
            return signed_message(payload, service.signer, at=service.now())

        service.seal_fault = seal

    return bend


def set_child(name: str, text: str) -> Callable[[Element], None]:
    def change(fault: Element) -> None:
        for child in fault.findall(name):
            child.text = text

    return change


def as_soap_12(fault: Element) -> None:
    """Code and reason in the namespace of the envelope."""
    for child in fault:
        child.tag = names.soap(str(child.tag))


def without_reason(fault: Element) -> None:
    for child in fault.findall("faultstring"):
        child.text = None


breaks("FLT-02")(faults(set_child("faultcode", "Client")))
breaks("FLT-03")(faults(without_reason))
breaks("FLT-04")(faults(as_soap_12))


@breaks("FLT-05")
def faults_with_200(service: Service) -> None:
    service.fault_status = 200


@breaks("FLT-07")
def trace_in_a_fault(service: Service) -> None:
    service.not_believed = Fault(FaultCode.AUTHENTICATION_FAILED, TRACE)


@breaks("FLT-08")
def dies_of_half_a_message(service: Service) -> None:
    """After half a message one request is lost."""
    broken = [False]

    def intercept(call: Call) -> Reply | None:
        if broken[0] and call.method == "POST":
            broken[0] = False
            return Reply(503, b"restarting", {})
        if call.method == "POST" and b"Envelope" in call.body and b"Envelope>" not in call.body[-12:]:
            broken[0] = True
        return None

    service.intercept = intercept


@breaks("FLT-09")
def any_operation_is_a_lookup(service: Service) -> None:
    def change(body: Element) -> object:
        if body[0].tag != C("CancelOrder"):
            return None
        return read_request(etree.fromstring(_LOOKUP))

    reading(change)(service)
    service._check_action = lambda _call, _body: None  # type: ignore[method-assign]


_LOOKUP = (
    f'<b><GetOrderDetails xmlns="{names.CONTRACT}"><query><OrderKey>{books.READ}</OrderKey>'
    f"<ServiceID>{books.SERVICE_ID}</ServiceID></query></GetOrderDetails></b>"
)


@breaks("FLT-10")
def invalid_parameter_for_a_forgery(service: Service) -> None:
    service.not_believed = Fault(FaultCode.INVALID_PARAMETER, "The message could not be verified")


@breaks("FLT-12")
def dispatches_by_soap_action(service: Service) -> None:
    """What the header names is done, whatever was signed."""

    def intercept(call: Call) -> Reply | None:
        if call.operation == "lookup" and "ConfirmOrderPayment" in call.headers.get("soapaction", ""):
            return Reply(200, service.seal(confirmation_answer()))
        return None

    service.intercept = intercept
