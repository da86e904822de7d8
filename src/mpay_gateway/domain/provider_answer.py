"""What a provider is asked and what it says, in the gateway's own words."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mpay_gateway.domain.evidence import EvidenceSink
from mpay_gateway.domain.identifiers import PaymentId
from mpay_gateway.domain.language import Language
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.payment import DeclineReason


class Confirms(StrEnum):
    """Whose word is taken: what we ask for, what an authenticated caller says, or the statement."""

    PULL = "pull"
    PUSH = "push"
    STATEMENT = "statement"


class ProviderStatus(StrEnum):
    """The provider's view of one payment."""

    AUTHORISED = "authorised"
    CONFIRMED = "confirmed"
    PENDING = "pending"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    REVERSED = "reversed"
    NOT_FOUND = "not-found"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class PaymentRequest:
    """Everything that a provider needs to start a payment. `payment_id` and `reference` never change.

    `session_until`: when the payer's time ends (UTC).
    """

    payment_id: PaymentId
    reference: str
    amount: Money
    description: str
    language: Language
    return_url: str
    callback_url: str
    session_until: datetime
    details: tuple[tuple[str, str], ...]
    evidence: EvidenceSink


@dataclass(frozen=True, slots=True)
class Redirect:
    """The payer goes to the provider's page by a link."""

    url: str
    remote_reference: str


@dataclass(frozen=True, slots=True)
class PostForm:
    """The payer's browser posts these fields to the provider's page."""

    url: str
    fields: tuple[tuple[str, str], ...]
    remote_reference: str


@dataclass(frozen=True, slots=True)
class ShowQr:
    """The payer scans `content`; on a phone `app_url` opens the bank's app."""

    content: str
    app_url: str
    until: datetime
    remote_reference: str


@dataclass(frozen=True, slots=True)
class Instructions:
    """The payer pays elsewhere, under `number`, until `until`."""

    number: str
    until: datetime
    remote_reference: str


NextStep = Redirect | PostForm | ShowQr | Instructions


@dataclass(frozen=True, slots=True)
class PaymentToCheck:
    """What identifies a started payment at its provider. `remote_reference` is empty when no answer ever came."""

    payment_id: PaymentId
    reference: str
    remote_reference: str
    amount: Money
    evidence: EvidenceSink


@dataclass(frozen=True, slots=True)
class ProviderCapture:
    """One transaction by which the provider took money: its id, its amount, its time (UTC)."""

    transaction_id: str
    amount: Money
    at: datetime


@dataclass(frozen=True, slots=True)
class ProviderConfirmation:
    """The provider's answer about one payment.

    `captures` lists every transaction that took money, whether or not it was given back since;
    `reversed` is what was given back in all. `method`: what the payer used, fit for a receipt ("Visa 4000 •••• 0002").
    """

    status: ProviderStatus
    captures: tuple[ProviderCapture, ...] = ()
    authorised: Money | None = None
    reversed: Money | None = None
    decline_reason: DeclineReason | None = None
    method: str = ""


class CallbackKind(StrEnum):
    """`return`: the payer's browser comes back. `notification`: the provider's server calls."""

    RETURN = "return"
    NOTIFICATION = "notification"


@dataclass(frozen=True, slots=True)
class Callback:
    """A request to one of an account's two fixed addresses, raw. Header names are lower case."""

    kind: CallbackKind
    method: str
    query: tuple[tuple[str, str], ...]
    headers: tuple[tuple[str, str], ...]
    body: bytes
    received_at: datetime

    def header(self, name: str) -> str:
        """The value of a header, empty when absent. `name` in lower case."""
        return next((value for key, value in self.headers if key == name), "")


@dataclass(frozen=True, slots=True)
class CallbackReading:
    """Which payment a callback is about, and the event's own id (for telling duplicates), nothing more.

    A callback only wakes the gateway; the provider is asked before anything is believed.
    """

    reference: str = ""
    remote_reference: str = ""
    event_id: str = ""


@dataclass(frozen=True, slots=True)
class ReversalAnswer:
    """The provider gave `amount` back under the key, now or at an earlier try."""

    amount: Money
    remote_reference: str = ""


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One line of a provider's statement. Amounts as the provider writes them; `net` is what reaches our bank."""

    transaction_id: str
    reference: str
    kind: str
    gross: Money
    fee: Money
    net: Money
    at: datetime


@dataclass(frozen=True, slots=True)
class StatementReading:
    """What could be read of one day. `problems`: sources that were refused whole, in words for an operator.

    While there are any, the day is read again as if it had not been, and lines that it lacks are no surprise.
    """

    lines: tuple[StatementLine, ...]
    problems: tuple[str, ...] = ()
