"""Confirmed money that goes back: who asked for it, whether its service released the debt, how much came back."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from mpay_gateway.domain.identifiers import PaymentId
from mpay_gateway.domain.money import Money, sum_money
from mpay_gateway.domain.payment import Capture


class RefundState(StrEnum):
    """`due`: the money may leave, or waits for the service's word. `refused`: a person decides."""

    DUE = "due"
    DONE = "done"
    REFUSED = "refused"


class RefundGround(StrEnum):
    """Why confirmed money goes back. `by-provider`: it took it back by itself; we only write it down."""

    OPERATORS = "operators"
    SERVICE = "service"
    BY_PROVIDER = "by-provider"


@dataclass(frozen=True, slots=True)
class Refund:
    """Confirmed money on its way back. `key` is the idempotency key that the provider is given at every try.

    `decision_id`: what two operators decided; None when the provider took the money by itself. `returned`: what
    the provider says that it gave back. `released_at`: since when money may leave, by the service's signed word or
    by two operators who do without it. `acknowledged_at`: when the service called the order refunded, or, where
    the provider took the money by itself, when an operator has seen to it. Times are UTC.
    """

    id: str
    payment_id: PaymentId
    capture_id: str
    key: str
    amount: Money
    returned: Money
    ground: RefundGround
    state: RefundState
    created_at: datetime
    decision_id: str | None = None
    attempts: int = 0
    released_at: datetime | None = None
    done_at: datetime | None = None
    acknowledged_at: datetime | None = None
    last_error: str = ""

    @property
    def held(self) -> Money:
        """What of the capture cannot be given back again: all that may leave still, or what has left."""
        return self.returned if self.state is RefundState.REFUSED else self.amount

    @property
    def waits(self) -> bool:
        """Whether no money may leave yet: the service has not said that it released the debt."""
        return self.state is RefundState.DUE and self.released_at is None


def came_back(refunds: Iterable[Refund], currency: str) -> Money:
    """What has gone back to the payer, as providers say."""
    return sum_money((each.returned for each in refunds), currency)


def left_to_refund(capture: Capture, refunds: Iterable[Refund]) -> Money:
    """What of a capture may still be given back. `refunds`: those of its payment."""
    of_capture = [each.held for each in refunds if each.capture_id == capture.id]
    return capture.amount - sum_money(of_capture, capture.amount.currency)
