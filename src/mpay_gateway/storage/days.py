"""What our books say of one span of time: captures with what became of them, and money that went back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, exists, select, true, union_all
from sqlalchemy.engine import Connection

from mpay_gateway.domain.identifiers import AccountId, OrderKey, PaymentId, ServiceId
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.payment import CaptureState, DeliveryState, ReversalState
from mpay_gateway.domain.refund import RefundGround
from mpay_gateway.storage.tables import captures, deliveries, payments, refunds, reversals, statement_lines


@dataclass(frozen=True, slots=True)
class CaptureOfDay:
    """A capture, what was asked for, whether its service knows, went back, stands in a statement."""

    payment_id: PaymentId
    account_id: AccountId
    transaction_id: str
    service_id: ServiceId
    order_key: OrderKey
    amount: Money
    asked: Money
    state: CaptureState
    delivery: DeliveryState | None
    confirmed_at: datetime | None
    reversal: ReversalState | None
    stated: bool


@dataclass(frozen=True, slots=True)
class ReversalOfDay:
    """Money that went back of a capture that stands in a statement, while itself it stands in none."""

    payment_id: PaymentId
    account_id: AccountId
    transaction_id: str
    amount: Money


class Days:
    """Spans of time, [since, until). `account_id`: None for all accounts."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def captures(
        self, since: datetime, until: datetime, account_id: AccountId | None = None
    ) -> tuple[CaptureOfDay, ...]:
        """By the provider's time, in order."""
        c, line = captures.c, statement_lines.c
        query = (
            select(
                c.payment_id, c.account_id, c.transaction_id, c.amount_minor, c.currency, c.state,
                payments.c.service_id, payments.c.order_key, payments.c.amount_minor.label("asked_minor"),
                payments.c.currency.label("asked_currency"), deliveries.c.state.label("delivery"),
                deliveries.c.confirmed_at, reversals.c.state.label("reversal"),
                exists().where(line.capture_id == c.id).label("stated"),
            )
            .join_from(captures, payments, payments.c.id == c.payment_id)
            .join(deliveries, deliveries.c.payment_id == c.payment_id, isouter=True)
            .join(reversals, reversals.c.capture_id == c.id, isouter=True)
            .where(c.captured_at >= since, c.captured_at < until, _of(c.account_id, account_id))
            .order_by(c.captured_at, c.id)
        )  # fmt: skip
        return tuple(_capture(row) for row in self._connection.execute(query))

    def unstated_reversals(
        self, since: datetime, until: datetime, account_id: AccountId | None = None
    ) -> tuple[ReversalOfDay, ...]:
        """Reversals and refunds done in the span, by our word; no statement says that the money was given back."""
        line = statement_lines.c
        query = union_all(
            _unstated(reversals, line.reversal_id, since, until).where(
                _of(captures.c.account_id, account_id)
            ),
            _unstated(refunds, line.refund_id, since, until).where(
                refunds.c.ground != RefundGround.BY_PROVIDER, _of(captures.c.account_id, account_id)
            ),
        ).order_by("done_at", "went_back")
        return tuple(
            ReversalOfDay(
                PaymentId(row.payment_id), AccountId(row.account_id), row.transaction_id,
                Money.from_minor(row.amount_minor, row.currency),
            )
            for row in self._connection.execute(query)
        )  # fmt: skip


def _unstated(table: Table, stated: ColumnElement[Any], since: datetime, until: datetime) -> Select[Any]:
    """What went back of captures that stand in a statement. `stated`: by which a line names it."""
    c = table.c
    return (
        select(c.payment_id, captures.c.account_id, captures.c.transaction_id, c.amount_minor, c.currency,
               c.done_at, c.id.label("went_back"))
        .join_from(table, captures, captures.c.id == c.capture_id)
        .where(
            c.done_at >= since, c.done_at < until,
            exists().where(statement_lines.c.capture_id == captures.c.id), ~exists().where(stated == c.id),
        )
    )  # fmt: skip


def _of(column: ColumnElement[Any], account_id: AccountId | None) -> ColumnElement[bool]:
    return true() if account_id is None else column == account_id


def _capture(row: Any) -> CaptureOfDay:
    return CaptureOfDay(
        payment_id=PaymentId(row.payment_id),
        account_id=AccountId(row.account_id),
        transaction_id=row.transaction_id,
        service_id=ServiceId(row.service_id),
        order_key=OrderKey(row.order_key),
        amount=Money.from_minor(row.amount_minor, row.currency),
        asked=Money.from_minor(row.asked_minor, row.asked_currency),
        state=CaptureState(row.state),
        delivery=None if row.delivery is None else DeliveryState(row.delivery),
        confirmed_at=row.confirmed_at,
        reversal=None if row.reversal is None else ReversalState(row.reversal),
        stated=bool(row.stated),
    )
