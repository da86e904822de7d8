"""A payment session and the money that moved in it, as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """What the merchant sees of a session."""

    OPEN = "open"
    PROCESSING = "processing"
    AUTHORISED = "authorised"
    CAPTURED = "captured"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REVERSED = "reversed"


class Stage(StrEnum):
    """Where the payer stands: typing the card, proving who he is, waiting, or done."""

    CARD = "card"
    CHALLENGE = "challenge"
    WORKING = "working"
    FINISHED = "finished"


class Mode(StrEnum):
    """Whether an approval takes the money at once or only reserves it."""

    ONE_STEP = "one-step"
    TWO_STEP = "two-step"


class Kind(StrEnum):
    """What a transaction did: took money, released a reservation, or gave money back."""

    CAPTURE = "capture"
    VOID = "void"
    REVERSAL = "reversal"


class Language(StrEnum):
    """The languages of the payer's pages."""

    RO = "ro"
    RU = "ru"
    EN = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the merchant asks to be paid; `amount_minor` in minor units of `currency`."""

    reference: str
    amount_minor: int
    currency: str
    description: str
    language: Language
    mode: Mode
    return_url: str
    callback_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """One movement; `key` is the idempotency key of the call that asked for it, if a call did."""

    id: str
    kind: Kind
    key: str | None
    asked_minor: int
    amount_minor: int
    currency: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session as it was when it was read; times in milliseconds UTC, amounts in minor units."""

    id: str
    order: Order
    status: Status
    stage: Stage
    test_card: str | None
    masked_card: str | None
    decline_reason: str | None
    authorised_minor: int
    challenge_failures: int
    unknown_answers: int
    sequence: int
    created_at: int
    expires_at: int
    transactions: tuple[Transaction, ...]

    @property
    def captures(self) -> tuple[Transaction, ...]:
        """The captures, oldest first."""
        return tuple(item for item in self.transactions if item.kind is Kind.CAPTURE)

    @property
    def reversals(self) -> tuple[Transaction, ...]:
        """Voids and money given back, oldest first."""
        return tuple(item for item in self.transactions if item.kind is not Kind.CAPTURE)

    @property
    def reversible_minor(self) -> int:
        """How much could still be voided (when authorised) or given back (when captured)."""
        match self.status:
            case Status.AUTHORISED:
                return self.authorised_minor - self._total(Kind.VOID)
            case Status.CAPTURED:
                return self._total(Kind.CAPTURE) - self._total(Kind.REVERSAL)
            case _:
                return 0

    @property
    def reversed_minor(self) -> int:
        """The sum of `reversals`."""
        return sum(item.amount_minor for item in self.reversals)

    def _total(self, kind: Kind) -> int:
        return sum(item.amount_minor for item in self.transactions if item.kind is kind)
