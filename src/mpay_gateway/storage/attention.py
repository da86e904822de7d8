"""Payments that nothing moves any more unless a person does, or that a provider has kept waiting for long."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, bindparam, exists, literal, or_, select, union_all
from sqlalchemy.engine import Connection

from mpay_gateway.domain.decision import Act, DecisionState
from mpay_gateway.domain.identifiers import PaymentId
from mpay_gateway.domain.payment import (
    CaptureState,
    DeliveryState,
    IntentState,
    PaymentState,
    ReversalState,
)
from mpay_gateway.domain.refund import RefundGround, RefundState
from mpay_gateway.storage.tables import (
    capture_intents,
    captures,
    decisions,
    deliveries,
    heard_returns,
    payments,
    refunds,
    reversals,
    tasks,
)
from mpay_gateway.storage.tasks import TaskKind
from mpay_gateway.storage.types import UtcDateTime

_OPEN = [state for state in PaymentState if state.open]


class Why(StrEnum):
    """What a person has to decide or find out, in the words that operators read."""

    REVIEW = "another amount was taken than asked"
    REVIEW_TAKEN_BACK = "the provider gave money in review back by itself"
    UNKNOWN = "the provider never said what became of it"
    NOT_GIVEN_BACK = "the provider refuses to give the money back"
    NOT_ANSWERED = "the provider does not say whether it took money, or gave it back; it is asked on"
    PARKED = "the service refuses the confirmation"
    HELD = "an operator holds the confirmation back"
    NOT_REFUNDED = "the provider refuses the refund, or gave back another amount"
    NOT_RELEASED = "its refund waits, and the service does not release the debt"
    NOT_ACKNOWLEDGED = "it is refunded, and the service does not say so"
    TAKEN_BACK = "the provider took confirmed money back by itself"
    TAKEN_BACK_FOREIGN = "the provider took confirmed money back in another currency: not booked"


def _because(why: Why, *conditions: ColumnElement[bool]) -> Select[tuple[str, str]]:
    return select(payments.c.id, literal(why.name).label("why")).where(*conditions)


_REFUND_FOR_PEOPLE = (refunds.c.payment_id == payments.c.id, refunds.c.acknowledged_at.is_(None))
_BY_PROVIDER = refunds.c.ground == RefundGround.BY_PROVIDER
_RESTS = ~exists().where(
    tasks.c.kind == TaskKind.REFUND, tasks.c.subject == refunds.c.id, tasks.c.due.is_not(None)
)
_MAY_BE_PAID = exists().where(
    tasks.c.kind == TaskKind.EXPIRE, tasks.c.subject == payments.c.id, tasks.c.due.is_not(None)
)  # under a number that a statement brings back: nobody is asked
_STILL_HELD = exists().where(
    tasks.c.kind == TaskKind.FINISH, tasks.c.subject == payments.c.id, tasks.c.due.is_not(None)
)  # what people ended is asked for no more
_PARKED = (deliveries.c.payment_id == payments.c.id, deliveries.c.state == DeliveryState.PARKED)
_WITHHELD = deliveries.c.parked_reason == bindparam("withheld")
_CONFIRMED = (
    captures.c.payment_id == payments.c.id, captures.c.state == CaptureState.CLAIMED,
    deliveries.c.payment_id == payments.c.id, deliveries.c.state == DeliveryState.CONFIRMED,
)  # fmt: skip
_DISMISSED = exists().where(
    decisions.c.payment_id == payments.c.id, decisions.c.act == Act.DISMISS,
    decisions.c.state == DecisionState.APPROVED, decisions.c.amount_minor == heard_returns.c.amount_minor,
    decisions.c.currency == heard_returns.c.currency,
)  # fmt: skip
_FOR_LONG = bindparam("unheard_since", type_=UtcDateTime())
_IN_REVIEW = (captures.c.payment_id == payments.c.id, captures.c.state == CaptureState.REVIEW)
_STUCK = union_all(
    _because(Why.REVIEW, *_IN_REVIEW),
    _because(Why.UNKNOWN, payments.c.state.in_(_OPEN), payments.c.next_check_at.is_(None), ~_MAY_BE_PAID),
    _because(
        Why.NOT_GIVEN_BACK, reversals.c.payment_id == payments.c.id,
        reversals.c.capture_id.is_not(None), reversals.c.state == ReversalState.REFUSED,
    ),
    _because(
        Why.NOT_ANSWERED, reversals.c.payment_id == payments.c.id, reversals.c.state == ReversalState.DUE,
        reversals.c.created_at < _FOR_LONG, or_(reversals.c.capture_id.is_not(None), _STILL_HELD),
    ),
    _because(
        Why.NOT_ANSWERED, refunds.c.payment_id == payments.c.id, refunds.c.state == RefundState.DUE,
        refunds.c.released_at < _FOR_LONG,
    ),
    _because(
        Why.NOT_ANSWERED, capture_intents.c.payment_id == payments.c.id,
        capture_intents.c.state == IntentState.DUE, capture_intents.c.created_at < _FOR_LONG, _STILL_HELD,
    ),
    _because(Why.PARKED, *_PARKED, ~_WITHHELD),
    _because(Why.HELD, *_PARKED, _WITHHELD),
    _because(
        Why.NOT_REFUNDED, *_REFUND_FOR_PEOPLE, refunds.c.state == RefundState.REFUSED, refunds.c.attempts > 0
    ),
    _because(
        Why.NOT_RELEASED, *_REFUND_FOR_PEOPLE, refunds.c.state == RefundState.DUE, _RESTS
    ),
    _because(
        Why.NOT_ACKNOWLEDGED, *_REFUND_FOR_PEOPLE, refunds.c.state == RefundState.DONE, ~_BY_PROVIDER, _RESTS
    ),
    _because(Why.TAKEN_BACK, *_REFUND_FOR_PEOPLE, _BY_PROVIDER),
    _because(
        Why.TAKEN_BACK_FOREIGN, *_CONFIRMED, heard_returns.c.payment_id == payments.c.id,
        heard_returns.c.amount_minor > 0, heard_returns.c.currency != captures.c.currency, ~_DISMISSED,
    ),
).subquery()  # fmt: skip


def stuck_payments(
    connection: Connection, *, withheld: str, unheard_since: datetime, limit: int
) -> tuple[tuple[PaymentId, Why], ...]:
    """Payments with what each waits for; the oldest first. Of money in review, whatever of it went back.

    `withheld`: the reason of deliveries that an operator parked. `unheard_since`: what was asked for before then, under
    a key, and not answered since, waits too long (UTC).
    """
    query = (
        select(_STUCK.c.id, _STUCK.c.why)
        .join(payments, payments.c.id == _STUCK.c.id)
        .order_by(payments.c.created_at, _STUCK.c.id, _STUCK.c.why)
        .limit(limit)
    )
    rows = connection.execute(query, {"withheld": withheld, "unheard_since": unheard_since})
    return tuple((PaymentId(row.id), Why[row.why]) for row in rows)
