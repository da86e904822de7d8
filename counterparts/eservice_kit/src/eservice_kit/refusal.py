"""Why a message is not believed."""

from enum import StrEnum


class Refusal(StrEnum):
    """Stable codes, for logs and tests; a sender is never told which one it was."""

    TOO_LARGE = "too-large"
    NOT_XML = "not-xml"
    FORBIDDEN_CONTENT = "forbidden-content"
    NOT_AN_ENVELOPE = "not-an-envelope"
    NOT_SIGNED = "not-signed"
    STRUCTURE = "structure"
    DUPLICATE_ID = "duplicate-id"
    ALGORITHM = "algorithm"
    REFERENCE = "reference"
    COVERAGE = "coverage"
    UNKNOWN_CERTIFICATE = "unknown-certificate"
    CERTIFICATE_DATES = "certificate-dates"
    DIGEST = "digest"
    SIGNATURE = "signature"
    TIMESTAMP = "timestamp"


class NotVerified(Exception):
    """The message is refused. ``detail`` is for the service's own log."""

    def __init__(self, code: Refusal, detail: str) -> None:
        super().__init__(f"{code.value}: {detail}")
        self.code = code
        self.detail = detail
