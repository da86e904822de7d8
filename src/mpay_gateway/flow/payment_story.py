"""Everything that is known of one payment, for those who must explain or repair it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from mpay_gateway.domain.counted import counted
from mpay_gateway.domain.decision import Decision
from mpay_gateway.domain.payment import Capture, Claim, Delivery, Payment, Reversal
from mpay_gateway.domain.refund import Refund
from mpay_gateway.storage import UnitOfWork, Work
from mpay_gateway.storage.audit import AuditRow
from mpay_gateway.storage.evidence import EvidenceRow
from mpay_gateway.storage.heard_returns import HeardReturn
from mpay_gateway.storage.tasks import TaskKind


@dataclass(frozen=True, slots=True)
class Event:
    """One point of the timeline: a change of a state, or a message. `evidence_id`: number of the message."""

    at: datetime
    what: str
    actor: str
    detail: str
    evidence_id: int | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """`delivery_due`: when the confirmation is sent next, None when it is not to be. `heard_return`: what its
    provider said went back, in all, while money of it was in review.
    """

    payment: Payment
    claim: Claim
    captures: tuple[Capture, ...]
    heard_return: HeardReturn | None
    delivery: Delivery | None
    delivery_due: datetime | None
    reversals: tuple[Reversal, ...]
    refunds: tuple[Refund, ...]
    decisions: tuple[Decision, ...]
    events: tuple[Event, ...]


def tell_story(units: UnitOfWork, payment_id: str) -> Story:
    """The whole story of a payment, its events in the order of time. Raises: UnknownPayment."""
    return units.read(lambda work: _story(work, payment_id))


def _story(work: Work, payment_id: str) -> Story:
    payment = work.payments.get(payment_id)
    delivery = work.deliveries.of_payment(payment.id)
    events = [*_changes(work.audit.of_payment(payment.id)), *_messages(work, payment)]
    return Story(
        payment=payment,
        claim=work.claims.of_payment(payment.id),
        captures=work.payments.captures_of(payment.id),
        heard_return=work.heard_returns.of_payment(payment.id),
        delivery=delivery,
        delivery_due=work.tasks.due_at(TaskKind.DELIVER, delivery.id) if delivery else None,
        reversals=work.reversals.of_payment(payment.id),
        refunds=work.refunds.of_payment(payment.id),
        decisions=work.decisions.of_payment(payment.id),
        events=tuple(sorted(events, key=lambda event: event.at)),
    )


def _changes(rows: tuple[AuditRow, ...]) -> Iterator[Event]:
    """The changes in the order of their chain: two of one commit may have been timed the other way round."""
    at = rows[0].at
    for row in rows:
        at = max(at, row.at)
        what = f"{row.machine} {row.event}: {row.before or 'new'} -> {row.after}"
        yield Event(at, what, row.actor, row.detail)


def _messages(work: Work, payment: Payment) -> Iterator[Event]:
    """The messages about the payment, and those of the look-up that it was made from."""
    for subject in (payment.snapshot_id, payment.id):
        yield from map(_message, work.evidence.of_subject(subject))


def _message(row: EvidenceRow) -> Event:
    return Event(row.at, f"{row.direction} {row.operation}", "", counted(row.body_size, "byte"), row.id)
