"""Refunds: confirmed money on its way back to the payer."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, case, insert, select, update
from sqlalchemy.engine import Connection

from mpay_gateway.domain.errors import Conflict, NotFound
from mpay_gateway.domain.identifiers import PaymentId
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.refund import Refund, RefundGround, RefundState
from mpay_gateway.domain.transitions import RefundEvent, next_state
from mpay_gateway.storage.audit import Audit, Change
from mpay_gateway.storage.tables import refunds


class Refunds:
    """The stored refunds."""

    def __init__(self, connection: Connection, audit: Audit) -> None:
        self._connection = connection
        self._audit = audit

    def add(self, refund: Refund, *, actor: str) -> None:
        """Store a refund with its audit row. The payment is locked: its parts may not sum to more than it took."""
        self._connection.execute(insert(refunds), _columns(refund))
        self._write_down(refund, "create", "", actor, refund.created_at)

    def get(self, refund_id: str) -> Refund:
        """Raises: NotFound."""
        return self._one(select(refunds).where(refunds.c.id == refund_id), refund_id)

    def lock(self, refund_id: str) -> Refund:
        """Read the refund and hold it until the unit of work ends. Raises: NotFound."""
        return self._one(select(refunds).where(refunds.c.id == refund_id).with_for_update(), refund_id)

    def of_payment(self, payment_id: str) -> tuple[Refund, ...]:
        """The payment's refunds, the oldest first."""
        return self._many(select(refunds).where(refunds.c.payment_id == payment_id))

    def unfinished(self, limit: int = 200) -> tuple[Refund, ...]:
        """Those of which something is still to come: money, the service's word, or a person's; the oldest first."""
        c = refunds.c
        withdrawn = (c.state == RefundState.REFUSED) & (c.attempts == 0)
        return self._many(select(refunds).where(c.acknowledged_at.is_(None), ~withdrawn).limit(limit))

    def list(self, limit: int) -> tuple[Refund, ...]:
        """All of them, the oldest first."""
        return self._many(select(refunds).limit(limit))

    def change(
        self, refund: Refund, event: RefundEvent, *, actor: str, at: datetime, detail: str = "", **values: Any
    ) -> Refund:
        """Move the refund along an edge and store `values` with it. Raises: InvalidTransition; Conflict."""
        after = next_state(refund.state, event)
        changed = self._store(refund, replace(refund, state=after, **values))
        self._write_down(changed, event.value, refund.state.value, actor, at, detail=detail)
        return changed

    def note(self, refund: Refund, *, last_error: str) -> Refund:
        """Store why nothing has happened yet: no change of state. Raises: Conflict."""
        return self._store(refund, replace(refund, last_error=last_error))

    def _store(self, before: Refund, after: Refund) -> Refund:
        c = refunds.c
        as_it_was = (c.id == before.id, c.state == before.state, c.attempts == before.attempts)
        changed = {name: value for name, value in _columns(after).items() if value != _columns(before)[name]}
        if changed and self._connection.execute(update(refunds).where(*as_it_was), changed).rowcount != 1:
            raise Conflict(f"refund {before.id}")
        return after

    def _write_down(
        self, refund: Refund, event: str, before: str, actor: str, at: datetime, *, detail: str = ""
    ) -> None:
        what = f"{refund.ground.value} {refund.amount}"
        self._audit.write(
            Change(
                refund.payment_id, "refund", refund.id, event, before, refund.state.value, actor, at,
                f"{what}: {detail}" if detail else what,
            )
        )  # fmt: skip

    def _one(self, query: Select[Any], refund_id: str) -> Refund:
        row = self._connection.execute(query).first()
        if row is None:
            raise NotFound(f"refund {refund_id}")
        return _refund(row)

    def _many(self, query: Select[Any]) -> tuple[Refund, ...]:
        rows = self._connection.execute(query.order_by(refunds.c.created_at, refunds.c.id))
        return tuple(_refund(row) for row in rows)


def held_minor() -> ColumnElement[int]:
    """`Refund.held` in minor units, as a column: what of the capture cannot be given back again."""
    c = refunds.c
    return case((c.state == RefundState.REFUSED, c.returned_minor), else_=c.amount_minor).label(
        "amount_minor"
    )


def _columns(refund: Refund) -> Mapping[str, Any]:
    plain = [name for name in Refund.__dataclass_fields__ if name not in {"amount", "returned"}]
    return {name: getattr(refund, name) for name in plain} | {
        "amount_minor": refund.amount.minor,
        "currency": refund.amount.currency,
        "returned_minor": refund.returned.minor,
    }


def _refund(row: Row[Any]) -> Refund:
    values = row._asdict()
    currency = values.pop("currency")
    amount = Money.from_minor(values.pop("amount_minor"), currency)
    returned = Money.from_minor(values.pop("returned_minor"), currency)
    return Refund(
        **values
        | {
            "payment_id": PaymentId(row.payment_id),
            "amount": amount,
            "returned": returned,
            "ground": RefundGround(row.ground),
            "state": RefundState(row.state),
        }
    )
