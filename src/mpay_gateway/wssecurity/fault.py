"""SOAP faults: what an e-Service says when it does not do what it was asked.

A fault may be signed or not, and travel under HTTP 500 or HTTP 200: the Body decides, not the status.
"""

from dataclasses import dataclass

from lxml import etree

from mpay_gateway.wssecurity import names
from mpay_gateway.wssecurity.envelope import read_envelope
from mpay_gateway.wssecurity.parsing import DEFAULT_MAX_BYTES, parse
from mpay_gateway.wssecurity.refusal import Refused


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault as it was sent: text of the other side, to be escaped and shortened before it is shown."""

    code: str
    """The local part of faultcode: prefixes are bound to SOAP, to something else or to nothing."""
    reason: str


def is_fault(operation: etree._Element) -> bool:
    """Whether the child of a Body is a SOAP 1.1 fault."""
    return bool(operation.tag == names.FAULT)


def fault_of(operation: etree._Element) -> Fault:
    """Read a fault. A missing faultcode or faultstring reads as the empty string.

    Raises: ValueError when the element is no fault; ask ``is_fault`` first.
    """
    if not is_fault(operation):
        raise ValueError(f"{operation.tag} is not a SOAP fault")
    code = _text(operation, "faultcode")
    return Fault(code=code.rpartition(":")[2].strip(), reason=_text(operation, "faultstring"))


def read_unsigned_fault(message: bytes, *, max_bytes: int = DEFAULT_MAX_BYTES) -> Fault | None:
    """The fault that a message claims, without believing it; None when it holds no readable fault.

    For telling the retryable from the hopeless after ``verify`` refused. Whoever sits on the wire can have
    written it: never a success, and never ground for undoing a payment.
    """
    try:
        operation = read_envelope(parse(message, max_bytes=max_bytes)).operation
    except Refused:
        return None
    return fault_of(operation) if is_fault(operation) else None


def _text(fault: etree._Element, local_name: str) -> str:
    found = next((child for child in fault if etree.QName(child).localname == local_name), None)
    return "" if found is None else "".join(str(text) for text in found.itertext()).strip()
