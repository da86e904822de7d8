"""Faults that a service answers with."""

from enum import StrEnum


class FaultCode(StrEnum):
    """Fault codes of the integration guide."""

    INTERNAL_ERROR = "InternalError"
    AUTHENTICATION_FAILED = "AuthenticationFailed"
    AUTHORIZATION_FAILED = "AuthorizationFailed"
    INVALID_PARAMETER = "InvalidParameter"
    UNKNOWN_SERVICE = "UnknownService"
    UNKNOWN_ORDER = "UnknownOrder"
    UNKNOWN_INVOICE = "UnknownInvoice"
    UNKNOWN_PAYMENT = "UnknownPayment"
    INVOICE_ALREADY_PAID = "InvoiceAlreadyPaid"
    INVOICE_EXPIRED = "InvoiceExpired"


class Fault(Exception):
    """A refusal, raised by a service and sent to the gateway as a SOAP fault.

    ``reason`` is plain English: operators of the gateway read it, payers do not.
    """

    def __init__(self, code: FaultCode, reason: str) -> None:
        super().__init__(f"{code.value}: {reason}")
        self.code = code
        self.reason = reason
