"""Why a message is refused: one closed list of codes, one exception."""

from enum import Enum


class RefusalCode(Enum):
    """The reason for a refusal; the value is the slug that logs and the command line show."""

    TOO_LARGE = "too-large"
    NOT_XML = "not-xml"
    ENCODING_NOT_ACCEPTED = "encoding-not-accepted"
    DOCTYPE = "doctype"
    PROCESSING_INSTRUCTION = "processing-instruction"
    COMMENT = "comment"
    TOO_DEEP = "too-deep"
    TOO_MANY_ATTRIBUTES = "too-many-attributes"

    NOT_SOAP_11 = "not-soap-11"
    ENVELOPE_STRUCTURE = "envelope-structure"
    BODY_CONTENT = "body-content"
    TWO_HEADERS = "two-headers"
    TWO_BODIES = "two-bodies"
    TWO_SECURITIES = "two-securities"
    TWO_SIGNATURES = "two-signatures"
    TWO_TIMESTAMPS = "two-timestamps"
    DUPLICATE_ID = "duplicate-id"

    UNSIGNED = "unsigned"
    SIGNATURE_STRUCTURE = "signature-structure"
    ALGORITHM_NOT_ACCEPTED = "algorithm-not-accepted"
    TRANSFORM_NOT_ACCEPTED = "transform-not-accepted"
    REFERENCE_NOT_ACCEPTED = "reference-not-accepted"
    BODY_NOT_SIGNED = "body-not-signed"
    TIMESTAMP_MISSING = "timestamp-missing"
    TIMESTAMP_NOT_SIGNED = "timestamp-not-signed"
    TIMESTAMP_UNREADABLE = "timestamp-unreadable"

    KEY_INFO_NOT_ACCEPTED = "key-info-not-accepted"
    UNKNOWN_CERTIFICATE = "unknown-certificate"
    CERTIFICATE_EXPIRED = "certificate-expired"
    CERTIFICATE_NOT_YET_VALID = "certificate-not-yet-valid"
    BAD_SIGNATURE = "bad-signature"

    LIFETIME_TOO_LONG = "lifetime-too-long"
    EXPIRED = "expired"
    FROM_THE_FUTURE = "from-the-future"
    WRONG_KIND = "wrong-kind"


class Refused(Exception):
    """A message that must not be believed, or an envelope that must not be signed.

    ``detail`` is one English sentence for a log or an operator. It may quote names and identifiers out
    of the message, shortened, but never values of the Body.
    """

    def __init__(self, code: RefusalCode, detail: str) -> None:
        super().__init__(f"{code.value}: {detail}")
        self.code = code
        self.detail = detail


def quoted(text: str | None, limit: int = 80) -> str:
    """Text out of a hostile message, made safe for one line of a log or terminal."""
    shown = "" if text is None else text[:limit]
    return ascii(shown) + ("..." if text is not None and len(text) > limit else "")
