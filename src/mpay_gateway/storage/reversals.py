"""Reversals: captured money on its way back to the payer."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.engine import Connection

from mpay_gateway.domain.errors import Conflict, NotFound
from mpay_gateway.domain.identifiers import PaymentId
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.payment import Reversal, ReversalGround, ReversalState
from mpay_gateway.domain.transitions import ReversalEvent, next_state
from mpay_gateway.storage.audit import Audit, Change
from mpay_gateway.storage.tables import reversals


class Reversals:
    """The stored reversals."""

    def __init__(self, connection: Connection, audit: Audit) -> None:
        self._connection = connection
        self._audit = audit

    def add(self, reversal: Reversal, *, actor: str) -> None:
        values = {name: getattr(reversal, name) for name in Reversal.__dataclass_fields__ if name != "amount"}
        money = {"amount_minor": reversal.amount.minor, "currency": reversal.amount.currency}
        self._connection.execute(insert(reversals), values | money)
        self._write_down(reversal, "create", "", actor, reversal.created_at)

    def get(self, reversal_id: str) -> Reversal:
        """Raises: NotFound."""
        return self._one(select(reversals).where(reversals.c.id == reversal_id), reversal_id)

    def lock(self, reversal_id: str) -> Reversal:
        """Read the reversal and hold it until the unit of work ends. Raises: NotFound."""
        return self._one(
            select(reversals).where(reversals.c.id == reversal_id).with_for_update(), reversal_id
        )

    def _one(self, query: Any, reversal_id: str) -> Reversal:
        row = self._connection.execute(query).first()
        if row is None:
            raise NotFound(f"reversal {reversal_id}")
        return _reversal(row)

    def of_payment(self, payment_id: str) -> tuple[Reversal, ...]:
        query = select(reversals).where(reversals.c.payment_id == payment_id).order_by(reversals.c.created_at)
        return tuple(_reversal(row) for row in self._connection.execute(query))

    def change(
        self, reversal: Reversal, event: ReversalEvent, *, actor: str, at: datetime, **values: Any
    ) -> Reversal:
        """Move the reversal along an edge and store `values` with it. Raises: InvalidTransition; Conflict."""
        after = next_state(reversal.state, event)
        changed = replace(reversal, state=after, **values)
        done = self._connection.execute(
            update(reversals)
            .where(reversals.c.id == reversal.id, reversals.c.state == reversal.state)
            .values(state=after, **values)
        )
        if done.rowcount != 1:
            raise Conflict(f"reversal {reversal.id}")
        self._write_down(changed, event.value, reversal.state.value, actor, at)
        return changed

    def _write_down(self, reversal: Reversal, event: str, before: str, actor: str, at: datetime) -> None:
        detail = f"{reversal.ground.value} {reversal.amount}"
        self._audit.write(
            Change(
                reversal.payment_id,
                "reversal",
                reversal.id,
                event,
                before,
                reversal.state.value,
                actor,
                at,
                detail,
            )
        )


def _reversal(row: Row[Any]) -> Reversal:
    values = row._asdict()
    amount = Money.from_minor(values.pop("amount_minor"), values.pop("currency"))
    return Reversal(
        **values
        | {
            "payment_id": PaymentId(row.payment_id),
            "amount": amount,
            "ground": ReversalGround(row.ground),
            "state": ReversalState(row.state),
        }
    )
