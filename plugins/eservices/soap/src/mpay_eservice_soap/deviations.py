"""Every deviation that this connector accepts, and what the contract says: one place for all of them.

Sections are those of the IServiceProvider contract; its types are in the packaged XSD.
"""

from datetime import timedelta

from lxml import etree

from mpay_gateway.api import Deviation, DeviationKind

TOLERATED_SKEW = timedelta(seconds=10)
"""A clock that NTP keeps is right to a second, and an answer is stamped when it is made."""
_ENVELOPE, _SOAP = "Envelope", "http://schemas.xmlsoap.org/soap/envelope/"

_MEMBERS = (
    DeviationKind(
        "unknown-member", "A message has the members of the contract and no others.", "section 2, Types",
        "Leave the element out, or put it into the namespace https://mpay.gov.md under its name in the contract.",
    ),
    DeviationKind(
        "misplaced-member", "Members stand in alphabetical order, as a WCF DataContract writes them.",
        "section 1, Service", "Write the elements in the order of the XSD.",
    ),
    DeviationKind(
        "spelling", "Members and values of enumerations are spelt as in the XSD.", "section 3, Newer members",
        "AllowPartialPayments, AllowAdvancePayments, Cancelled, Organization.",
    ),
    DeviationKind(
        "missing-member", "Reason has a value on the order and on each line.", "section 2, OrderDetails",
        "Say what is paid: the payer reads it.",
    ),
    DeviationKind(
        "nil-item", "An array holds items, not nil.", "section 2, Types", "Leave the item out.",
    ),
    DeviationKind(
        "nameless-property", "A property has a Name.", "section 2, OrderProperty",
        "Give it one: without it, it can be neither shown nor sent back.",
    ),
    DeviationKind(
        "required-and-closed", "What is required and has no value can be filled in by the payer.",
        "section 3, OrderProperty", "Set Modifiable, and IsVisible; or send a Value.",
    ),
    DeviationKind(
        "account-as-text", "DestinationAccount holds the members of a PaymentAccount.", "section 3, PaymentAccount",
        "Send BankAccount, BankCode, BankFiscalCode, BeneficiaryName; or register the service as of 2016.",
    ),
    DeviationKind(
        "unclean-text", "Texts are plain: no control characters, none that change the direction of writing.",
        "section 3, Lengths", "Clean texts before they are sent.",
    ),
    DeviationKind(
        "too-long", "Texts keep to the lengths of the guide.", "section 3, Lengths",
        "Shorten the text to the length that the example names.",
    ),
)  # fmt: skip
_TIMES_AND_AMOUNTS = (
    DeviationKind(
        "unset-date", "A date that is not known is left out or nil.", "section 2, OrderDetails",
        "Leave the element out instead of sending the platform's smallest or largest date.",
    ),
    DeviationKind(
        "time-occurs-twice", "Times without a zone are local time in Chisinau; one hour in autumn occurs twice.",
        "section 3, Dates", "Send such times with an offset.",
    ),
    DeviationKind(
        "time-does-not-exist", "Times without a zone are local time in Chisinau; one hour in spring is left out.",
        "section 3, Dates", "Send times with an offset, or correct the conversion.",
    ),
    DeviationKind(
        "sum-of-lines", "The lines' AmountDue add up to TotalAmountDue.", "section 8, Rules",
        "Send amounts that add up. In an order that can be paid this is refused.",
    ),
    DeviationKind(
        "total-from-lines", "TotalAmountDue is sent when the amount is known.", "section 3, TotalAmountDue",
        "Send the sum of the lines.",
    ),
    DeviationKind(
        "zero-for-unknown", "An amount that is not known yet has no value.", "section 3, TotalAmountDue",
        "Leave AmountDue out, or send nil, instead of zero.",
    ),
)  # fmt: skip
_FAULTS = (
    DeviationKind(
        "fault-for-unknown-order", "An order that is not known is an empty array, not a fault.", "section 5, Faults",
        "Answer GetOrderDetails with an empty GetOrderDetailsResult.",
    ),
    DeviationKind(
        "unsigned-fault", "Every answer is signed, faults too.", "section 4, WS-Security",
        "Sign Body and Timestamp of faults: an unsigned one is never believed, the question is repeated.",
    ),
    DeviationKind(
        "fault-with-http-200", "A fault travels under HTTP 500.", "SOAP 1.1, section 6.2", "Answer faults with 500.",
    ),
    DeviationKind(
        "unknown-fault-code", "Faults have one of the codes of the guide.", "section 5, Faults",
        "Use the guide's code that comes nearest; InternalError where none fits.",
    ),
    DeviationKind(
        "fault-code-spelling", "The code is UnknownPayment.", "section 5, Faults", "Correct UknownPayment.",
    ),
)  # fmt: skip
_ENVELOPES = (
    DeviationKind(
        "reply-with-http-error", "A reply that is no fault travels under HTTP 200.", "SOAP 1.1, section 6.2",
        "Answer replies with 200.",
    ),
    DeviationKind(
        "content-type", "Messages have the content type text/xml; charset=utf-8.", "section 1, Service",
        "Send the header Content-Type: text/xml; charset=utf-8.",
    ),
    DeviationKind(
        "header-after-body", "The Header is the first child of the Envelope.", "SOAP 1.1, section 4.1.1",
        "Write the Header before the Body.",
    ),
    DeviationKind(
        "reformatted-after-signing", "A message leaves as it was signed, byte for byte.", "section 4, WS-Security",
        "Don't indent or otherwise rewrite the envelope after it was signed.",
    ),
    DeviationKind(
        "clock-skew", "Timestamps are right: both sides keep their clocks by NTP.", "section 4, WS-Security",
        "Set the clock by NTP, and stamp the answer when it is made.",
    ),
)  # fmt: skip
KINDS = (*_MEMBERS, *_TIMES_AND_AMOUNTS, *_FAULTS, *_ENVELOPES)
FAULT_CODES = frozenset(
    {
        "AuthenticationFailed", "AuthorizationFailed", "InternalError", "InvalidParameter", "InvoiceAlreadyPaid",
        "InvoiceExpired", "UnknownInvoice", "UnknownOrder", "UnknownPayment", "UnknownService",
    }
)  # fmt: skip
"""The guide's (contract, section 5)."""


def http_deviations(status: int, content_type: str, *, is_fault: bool) -> tuple[Deviation, ...]:
    """What is off in how an answer travelled. `content_type`: as sent, fit for a log."""
    found = []
    if is_fault and status == 200:
        found.append(Deviation("fault-with-http-200", _ENVELOPE))
    if not is_fault and status != 200:
        found.append(Deviation("reply-with-http-error", _ENVELOPE, f"HTTP {status}"))
    if content_type.partition(";")[0].strip().lower() != "text/xml":
        found.append(Deviation("content-type", _ENVELOPE, content_type))
    return tuple(found)


def envelope_deviations(
    body_element: etree._Element, skew: timedelta, *, whitespace_ignored: bool
) -> tuple[Deviation, ...]:
    """What is off in a verified envelope, whatever its Body says."""
    found = []
    if whitespace_ignored:
        found.append(Deviation("reformatted-after-signing", _ENVELOPE))
    if abs(skew) > TOLERATED_SKEW:
        found.append(
            Deviation("clock-skew", f"{_ENVELOPE}/Timestamp/Created", f"{skew.total_seconds():+.0f} s")
        )
    body = body_element.getparent()
    if body is not None and any(each.tag == f"{{{_SOAP}}}Header" for each in body.itersiblings()):
        found.append(Deviation("header-after-body", _ENVELOPE))
    return tuple(found)


def fault_deviations(code: str) -> tuple[Deviation, ...]:
    """What is off in the code of a fault; `code`: fit for a log."""
    if code == "UknownPayment":
        return (Deviation("fault-code-spelling", "Fault/faultcode", code),)
    return () if code in FAULT_CODES else (Deviation("unknown-fault-code", "Fault/faultcode", code),)
