"""What two operators decide together about money that no rule can decide on."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mpay_gateway.domain.identifiers import PaymentId
from mpay_gateway.domain.money import Money


class Act(StrEnum):
    """What is done when the second operator agrees.

    `accept`: money in review pays the order with the amount that was taken. `give-back`: money in review goes
    back. `release`: the confirmation of a parked delivery is given up and its money goes back; `release-although`:
    although the service may have applied a try that was not answered. `refund`: confirmed money goes back;
    `service-refund`: because its service asks for it. `override`: a refund's money leaves without the service's word.
    `end`: a payment of which its provider never said what became of it is over. `acknowledge`: what is left of a
    refused reversal went back by another way. `went-back`: so did the money of a refund that was never answered.
    `dismiss`: money that went back in another currency than was taken needs nobody any more.
    """

    ACCEPT = "accept"
    GIVE_BACK = "give-back"
    RELEASE = "release"
    RELEASE_ALTHOUGH = "release-although"
    REFUND = "refund"
    SERVICE_REFUND = "service-refund"
    OVERRIDE = "override"
    END = "end"
    ACKNOWLEDGE = "acknowledge"
    WENT_BACK = "went-back"
    DISMISS = "dismiss"


class DecisionState(StrEnum):
    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is to be decided on: the act, the row that it is about, and the money of it."""

    act: Act
    subject: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Decision:
    """A proposal and what became of it.

    `subject`: the capture, delivery, refund, reversal or payment that it is about. `opened_by`, `decided_by`: actors
    as the audit names them; they are never the same when it is approved. Times are UTC.
    """

    id: str
    payment_id: PaymentId
    act: Act
    subject: str
    amount: Money
    reason: str
    state: DecisionState
    opened_by: str
    opened_at: datetime
    decided_by: str = ""
    decided_at: datetime | None = None
