"""Capture intents: decisions to take held money, one per payment at most. Read and written under the payment's lock."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, insert, select, update
from sqlalchemy.engine import Connection

from mpay_gateway.domain.errors import Conflict
from mpay_gateway.domain.identifiers import PaymentId
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.payment import CaptureIntent, IntentState
from mpay_gateway.domain.transitions import IntentEvent, next_state
from mpay_gateway.storage.audit import Audit, Change
from mpay_gateway.storage.tables import capture_intents

_ADD = insert(capture_intents)
_OF_PAYMENT = select(capture_intents).where(capture_intents.c.payment_id == bindparam("of_payment"))
_CHANGE = update(capture_intents).where(
    capture_intents.c.id == bindparam("of_id"), capture_intents.c.state == bindparam("was")
)


class CaptureIntents:
    """The stored intents."""

    def __init__(self, connection: Connection, audit: Audit) -> None:
        self._connection = connection
        self._audit = audit

    def add(self, intent: CaptureIntent, *, actor: str) -> None:
        """Store a new intent: from now on the provider may have taken the money."""
        values = {
            name: getattr(intent, name) for name in CaptureIntent.__dataclass_fields__ if name != "amount"
        }
        money = {"amount_minor": intent.amount.minor, "currency": intent.amount.currency}
        self._connection.execute(_ADD, values | money)
        self._write_down(intent, "create", "", actor, intent.created_at)

    def of_payment(self, payment_id: str) -> CaptureIntent | None:
        row = self._connection.execute(_OF_PAYMENT, {"of_payment": payment_id}).first()
        return None if row is None else _intent(row)

    def change(
        self, intent: CaptureIntent, event: IntentEvent, *, actor: str, at: datetime, **values: Any
    ) -> CaptureIntent:
        """Move the intent along an edge and store `values` with it. Raises: InvalidTransition; Conflict."""
        after = next_state(intent.state, event)
        changed = replace(intent, state=after, **values)
        found = {"of_id": intent.id, "was": intent.state}
        done = self._connection.execute(_CHANGE, found | {"state": after} | values)
        if done.rowcount != 1:
            raise Conflict(f"capture intent {intent.id}")
        self._write_down(changed, event.value, intent.state.value, actor, at)
        return changed

    def _write_down(self, intent: CaptureIntent, event: str, before: str, actor: str, at: datetime) -> None:
        detail = intent.last_error or f"{intent.key} {intent.amount}"
        if event == IntentEvent.WISH:
            detail = f"{intent.key} {intent.amount} is {'wanted' if intent.wanted else 'not wanted any more'}"
        self._audit.write(
            Change(
                intent.payment_id, "intent", intent.id, event, before, intent.state.value, actor, at, detail
            )
        )


def _intent(row: Row[Any]) -> CaptureIntent:
    values = row._asdict()
    amount = Money.from_minor(values.pop("amount_minor"), values.pop("currency"))
    return CaptureIntent(
        **values
        | {"payment_id": PaymentId(row.payment_id), "amount": amount, "state": IntentState(row.state)}
    )
