"""How much of an order may be paid now: the service's answer less what was claimed since it was asked."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from mpay_gateway.domain.guards import guards
from mpay_gateway.domain.invoice import allocate
from mpay_gateway.domain.money import Money, sum_money
from mpay_gateway.domain.order import Order, OrderStatus
from mpay_gateway.domain.payment import Claim, ClaimState, Payment
from mpay_gateway.storage import Work
from mpay_gateway.storage.snapshots import Snapshot


class Standing(StrEnum):
    """Whether an order can be paid now, and why not. Each has texts in three languages."""

    PAYABLE = "payable"
    PAID = "paid"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"
    IN_PROGRESS = "in-progress"
    NOTHING_DUE = "nothing-due"


@dataclass(frozen=True, slots=True)
class Payable:
    """`most`: what is due now, zero when it cannot be paid or nobody knows it. `others`: claims in the way.

    `beyond`: more than `most` may be paid: the service takes advances, or does not know the amount yet.
    """

    standing: Standing
    most: Money
    others: tuple[Claim, ...] = ()
    beyond: bool = False

    @property
    def limit(self) -> Money | None:
        """What may be paid at most; None when there is no such bound."""
        return None if self.beyond else self.most

    def least(self, order: Order) -> Money:
        """The least that may be paid: one minor unit where parts are taken, else all that is due."""
        smallest = Money.from_minor(1, self.most.currency)
        if self.standing is not Standing.PAYABLE:
            return self.most
        return smallest if order.partial_allowed else max(smallest, self.most)


_CLOSED = {
    OrderStatus.PAID: Standing.PAID,
    OrderStatus.COMPLETED: Standing.PAID,
    OrderStatus.EXPIRED: Standing.EXPIRED,
    OrderStatus.CANCELLED: Standing.CANCELLED,
    OrderStatus.REFUNDING: Standing.REFUNDED,
    OrderStatus.REFUNDED: Standing.REFUNDED,
}


def closed_by_service(order: Order) -> Standing | None:
    """Why nothing of the order can be paid by what the service says of it; None when something can."""
    if (closed := _CLOSED.get(order.status)) is not None:
        return closed
    beyond = order.advance_allowed or order.total_due is None
    return None if order.total_due or beyond else Standing.NOTHING_DUE


def claim_for(payment: Payment, claim_id: str, order: Order, payable: Payable) -> Claim:
    """What a new payment claims of its order, as long as its session lasts."""
    return Claim(
        id=claim_id,
        service_id=payment.service_id,
        order_key=payment.order_key,
        snapshot_id=payment.snapshot_id,
        payment_id=payment.id,
        amount=payment.amount,
        state=ClaimState.HELD,
        until=payment.session_until,
        shares=shares(order, payable, payment.amount),
    )


@guards("claim.closed", "claim.outstanding")
def payable_now(
    work: Work, snapshot: Snapshot, *, besides: str = "", without: Collection[str] = ()
) -> Payable:
    """What may be paid of the snapshot's order. The order is locked when a claim is to follow.

    Payable = due - amounts claimed or captured that were not acknowledged before the snapshot was requested.
    Without partial payment the order is payable only if nothing is outstanding in that sense. Of an amount that the
    service does not know, and of an advance, the payer says how much; who pays all that is due once more by such a
    form has most likely pressed twice, so that others' claims on all of it are in the way of it, too.
    `besides`: a payment whose own claim does not count against it. `without`: payments whose claims are to yield.
    """
    order = snapshot.order
    nothing = Money.zero(order.currency)
    if (closed := closed_by_service(order)) is not None:
        return Payable(closed, nothing)
    beyond = order.advance_allowed or order.total_due is None
    others = work.claims.outstanding(snapshot, besides=besides)
    others = tuple(each for each in others if each.payment_id not in without)
    if any(claim.amount.currency != order.currency for claim in others):
        return Payable(Standing.IN_PROGRESS, nothing, others)  # the order is in another currency since
    if others and not order.partial_allowed:
        return Payable(Standing.IN_PROGRESS, nothing, others)
    if order.total_due is None:
        return Payable(Standing.PAYABLE, nothing, others, beyond)
    left = order.total_due - sum_money((claim.amount for claim in others), order.currency)
    if others and left <= nothing:
        return Payable(Standing.IN_PROGRESS, nothing, others)
    return Payable(Standing.PAYABLE, left, others, beyond)


@guards("claim.whole")
def fits(order: Order, payable: Payable, amount: Money) -> bool:
    """Whether the amount may be paid: all of it, a part where the order allows parts, more where it allows that."""
    if payable.standing is not Standing.PAYABLE or amount.currency != payable.most.currency or not amount:
        return False
    if payable.beyond and payable.most <= amount:
        return True
    return amount <= payable.most if order.partial_allowed else amount == payable.most


def shares(order: Order, payable: Payable, amount: Money) -> tuple[tuple[str, Money], ...]:
    """Which lines the amount pays, beside what the other claims pay already. `amount` fits."""
    taken: dict[str, Money] = {}
    for claim in payable.others:
        for line_id, part in claim.shares:
            taken[line_id] = taken.get(line_id, Money.zero(order.currency)) + part
    return tuple((each.line.line_id, each.amount) for each in allocate(order, amount, taken))
