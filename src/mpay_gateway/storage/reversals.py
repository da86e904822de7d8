"""Reversals: captured money on its way back to the payer."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, case, insert, select, update
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
        self._connection.execute(insert(reversals), _columns(reversal))
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
        return self._many(select(reversals).where(reversals.c.payment_id == payment_id))

    def unfinished(self, limit: int) -> tuple[Reversal, ...]:
        """Those of captures whose money is not known to be back, the oldest first."""
        going = (reversals.c.capture_id.is_not(None), reversals.c.state != ReversalState.DONE)
        return self._many(select(reversals).where(*going).limit(limit))

    def list(self, limit: int) -> tuple[Reversal, ...]:
        """All of captures, the oldest first."""
        return self._many(select(reversals).where(reversals.c.capture_id.is_not(None)).limit(limit))

    def change(
        self,
        reversal: Reversal,
        event: ReversalEvent,
        *,
        actor: str,
        at: datetime,
        detail: str = "",
        **values: Any,
    ) -> Reversal:
        """Move the reversal along an edge and store `values` with it. Raises: InvalidTransition; Conflict."""
        changed = replace(reversal, state=next_state(reversal.state, event), **values)
        written = {"state", *values}
        done = self._connection.execute(
            update(reversals)
            .where(reversals.c.id == reversal.id, reversals.c.state == reversal.state)
            .values(
                {
                    name: value
                    for name, value in _columns(changed).items()
                    if name.removesuffix("_minor") in written
                }
            )
        )
        if done.rowcount != 1:
            raise Conflict(f"reversal {reversal.id}")
        self._write_down(changed, event.value, reversal.state.value, actor, at, detail=detail)
        return changed

    def _write_down(
        self, reversal: Reversal, event: str, before: str, actor: str, at: datetime, *, detail: str = ""
    ) -> None:
        what = f"{reversal.ground.value} {reversal.amount}"
        self._audit.write(
            Change(
                reversal.payment_id, "reversal", reversal.id, event, before, reversal.state.value, actor, at,
                f"{what}: {detail}" if detail else what,
            )
        )  # fmt: skip

    def _many(self, query: Select[Any]) -> tuple[Reversal, ...]:
        rows = self._connection.execute(query.order_by(reversals.c.created_at, reversals.c.id))
        return tuple(_reversal(row) for row in rows)


def gone_minor() -> ColumnElement[int]:
    """`Reversal.gone` in minor units, as a column."""
    c = reversals.c
    return case((c.state == ReversalState.DONE, c.amount_minor), else_=c.returned_minor)


def going_minor() -> ColumnElement[int]:
    """`Reversal.held` in minor units, as a column."""
    c = reversals.c
    return case((c.state == ReversalState.REFUSED, c.returned_minor), else_=c.amount_minor).label(
        "amount_minor"
    )


def _columns(reversal: Reversal) -> Mapping[str, Any]:
    plain = [name for name in Reversal.__dataclass_fields__ if name not in {"amount", "returned"}]
    return {name: getattr(reversal, name) for name in plain} | {
        "amount_minor": reversal.amount.minor,
        "currency": reversal.amount.currency,
        "returned_minor": reversal.returned.minor,
    }


def _reversal(row: Row[Any]) -> Reversal:
    values = row._asdict()
    currency = values.pop("currency")
    amount = Money.from_minor(values.pop("amount_minor"), currency)
    returned = Money.from_minor(values.pop("returned_minor"), currency)
    return Reversal(
        **values
        | {
            "payment_id": PaymentId(row.payment_id),
            "amount": amount,
            "returned": returned,
            "ground": ReversalGround(row.ground),
            "state": ReversalState(row.state),
        }
    )
