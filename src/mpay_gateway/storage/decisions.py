"""Decisions of operators: proposals, and what became of them."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, insert, select, update
from sqlalchemy.engine import Connection

from mpay_gateway.domain.decision import Act, Decision, DecisionState
from mpay_gateway.domain.errors import Conflict, NotFound
from mpay_gateway.domain.identifiers import PaymentId
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.transitions import DecisionEvent, next_state
from mpay_gateway.storage.audit import Audit, Change
from mpay_gateway.storage.tables import decisions


class Decisions:
    """The stored decisions."""

    def __init__(self, connection: Connection, audit: Audit) -> None:
        self._connection = connection
        self._audit = audit

    def add(self, decision: Decision) -> None:
        """Store a proposal. The payment is locked. Raises: Conflict when one is open for the same subject."""
        already = select(decisions.c.id).where(
            decisions.c.subject == decision.subject, decisions.c.state == DecisionState.PROPOSED
        )
        if (open_one := self._connection.execute(already).scalar()) is not None:
            raise Conflict(f"decision {open_one} is open for the same")
        values = {name: getattr(decision, name) for name in Decision.__dataclass_fields__ if name != "amount"}
        money = {"amount_minor": decision.amount.minor, "currency": decision.amount.currency}
        self._connection.execute(insert(decisions), values | money)
        self._write_down(decision, "create", "", decision.opened_by, decision.opened_at)

    def get(self, decision_id: str) -> Decision:
        """Raises: NotFound."""
        return self._one(select(decisions).where(decisions.c.id == decision_id), decision_id)

    def lock(self, decision_id: str) -> Decision:
        """Read the decision and hold it until the unit of work ends. Raises: NotFound."""
        query = select(decisions).where(decisions.c.id == decision_id).with_for_update()
        return self._one(query, decision_id)

    def of_payment(self, payment_id: str) -> tuple[Decision, ...]:
        """The payment's decisions, the oldest first."""
        return self._many(select(decisions).where(decisions.c.payment_id == payment_id))

    def open(self, limit: int = 200) -> tuple[Decision, ...]:
        """Proposals that wait for a second operator, the oldest first."""
        return self._many(select(decisions).where(decisions.c.state == DecisionState.PROPOSED).limit(limit))

    def decide(self, decision: Decision, event: DecisionEvent, *, actor: str, at: datetime) -> Decision:
        """Move the decision along an edge. Raises: InvalidTransition; Conflict."""
        after = next_state(decision.state, event)
        done = self._connection.execute(
            update(decisions)
            .where(decisions.c.id == decision.id, decisions.c.state == decision.state)
            .values(state=after, decided_by=actor, decided_at=at)
        )
        if done.rowcount != 1:
            raise Conflict(f"decision {decision.id}")
        changed = replace(decision, state=after, decided_by=actor, decided_at=at)
        self._write_down(changed, event.value, decision.state.value, actor, at)
        return changed

    def _write_down(self, decision: Decision, event: str, before: str, actor: str, at: datetime) -> None:
        detail = f"{decision.act.value} {decision.subject} {decision.amount}: {decision.reason}"
        self._audit.write(
            Change(
                decision.payment_id, "decision", decision.id, event, before, decision.state.value, actor, at,
                detail,
            )
        )  # fmt: skip

    def _one(self, query: Select[Any], decision_id: str) -> Decision:
        row = self._connection.execute(query).first()
        if row is None:
            raise NotFound(f"decision {decision_id}")
        return _decision(row)

    def _many(self, query: Select[Any]) -> tuple[Decision, ...]:
        rows = self._connection.execute(query.order_by(decisions.c.opened_at, decisions.c.id))
        return tuple(_decision(row) for row in rows)


def _decision(row: Row[Any]) -> Decision:
    values = row._asdict()
    amount = Money.from_minor(values.pop("amount_minor"), values.pop("currency"))
    return Decision(
        **values
        | {
            "payment_id": PaymentId(row.payment_id),
            "act": Act(row.act),
            "amount": amount,
            "state": DecisionState(row.state),
        }
    )
