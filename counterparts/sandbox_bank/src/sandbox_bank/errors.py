"""Why the bank refuses a request. Only `web.problems` knows how HTTP says it."""

from __future__ import annotations

from dataclasses import dataclass


class BankError(Exception):
    """A refusal in the caller's terms; `code` is stable, the text is for people."""

    code = "error"


class UnknownSession(BankError):
    """No session has that id or reference."""

    code = "unknown-session"


class IdempotencyConflict(BankError):
    """The key was used before for another request."""

    code = "idempotency-conflict"


class ReferenceTaken(BankError):
    """Another session has that reference; a reference names one session for ever."""

    code = "reference-taken"


class NotCapturable(BankError):
    """The session is not in a state from which money can be captured."""

    code = "not-capturable"


class NotReversible(BankError):
    """The session holds nothing that could be voided or given back."""

    code = "not-reversible"


class AmountTooHigh(BankError):
    """More was asked for than is authorised or captured."""

    code = "amount-too-high"


class ReversalRefused(BankError):
    """The bank refuses to give the money back (a fault that was switched on)."""

    code = "reversal-refused"


class UnknownCard(BankError):
    """The number is not one of the test cards."""

    code = "unknown-card"


@dataclass(frozen=True, slots=True)
class FieldError:
    """One field of a request and what is wrong with it."""

    field: str
    detail: str


class InvalidRequest(BankError):
    """The request breaks its schema; carries every field at fault."""

    code = "invalid-request"

    def __init__(self, errors: tuple[FieldError, ...]) -> None:
        super().__init__("; ".join(f"{error.field}: {error.detail}" for error in errors))
        self.errors = errors
