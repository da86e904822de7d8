"""Claims: who is paying how much of which answer of the service. Read and written under the order's lock."""

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, bindparam, insert, or_, select, update
from sqlalchemy.engine import Connection

from mpay_gateway.domain.errors import Conflict
from mpay_gateway.domain.guards import guards
from mpay_gateway.domain.identifiers import OrderKey, PaymentId, ServiceId
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.payment import Claim, ClaimState
from mpay_gateway.domain.transitions import ClaimEvent, next_state
from mpay_gateway.storage.audit import Audit, Change
from mpay_gateway.storage.chain import canonical
from mpay_gateway.storage.snapshots import Snapshot
from mpay_gateway.storage.tables import claims

_COUNTED = and_(
    claims.c.service_id == bindparam("of_service"),
    claims.c.order_key == bindparam("of_key"),
    or_(
        claims.c.state.in_([ClaimState.HELD, ClaimState.CAPTURED]),
        (claims.c.state == ClaimState.ACKNOWLEDGED) & (claims.c.acknowledgement > bindparam("known")),
    ),
    claims.c.payment_id != bindparam("besides"),
)
"""Claims that the service cannot have taken into account when it was asked for the snapshot: by their number among
the acknowledgements of the order, since hosts' clocks may differ.
"""
_IN_THE_WAY = select(claims).where(_COUNTED).order_by(claims.c.created_at)
_ADD = insert(claims)
_OF_PAYMENT = select(claims).where(claims.c.payment_id == bindparam("of_payment"))
_CHANGE = update(claims).where(claims.c.id == bindparam("of_id"), claims.c.state == bindparam("was"))


class Claims:
    """The stored claims."""

    def __init__(self, connection: Connection, audit: Audit) -> None:
        self._connection = connection
        self._audit = audit

    @guards("claim.acknowledged")
    def outstanding(self, snapshot: Snapshot, *, besides: str = "") -> tuple[Claim, ...]:
        """What is claimed or captured for the order and was not acknowledged before the snapshot was asked for.

        The service cannot have taken it into account. Oldest first. `besides`: a payment whose own claim does
        not count.
        """
        rows = self._connection.execute(_IN_THE_WAY, _counted(snapshot, besides))
        return tuple(_claim(row) for row in rows)

    def take(self, claim: Claim, *, payable: Money | None, advance: bool, actor: str, at: datetime) -> None:
        """Store a new claim with what was payable at this moment."""
        self._connection.execute(
            _ADD,
            {
                "id": claim.id,
                "service_id": claim.service_id,
                "order_key": claim.order_key,
                "snapshot_id": claim.snapshot_id,
                "payment_id": claim.payment_id,
                "amount_minor": claim.amount.minor,
                "currency": claim.amount.currency,
                "payable_minor": _minor(payable),
                "advance": advance,
                "shares": _shares_text(claim),
                "state": claim.state,
                "until": claim.until,
                "created_at": at,
            },
        )
        self._write_down(claim, "take", "", actor, at)

    def share(
        self, claim: Claim, shares: tuple[tuple[str, Money], ...], *, actor: str, at: datetime
    ) -> Claim:
        """Fix anew which lines the claim pays: late money may find other lines open. Raises: InvalidTransition."""
        changed = replace(claim, shares=shares)
        if changed == claim:
            return claim
        self.change(
            claim,
            ClaimEvent.SHARE,
            actor=actor,
            at=at,
            detail=_shares_text(changed),
            shares=_shares_text(changed),
        )
        return changed

    def resize(
        self, claim: Claim, as_taken: Claim, *, payable: Money | None, actor: str, at: datetime
    ) -> Claim:
        """Let the claim have the amount and the shares of `as_taken`: of what was taken, where operators accept it.

        Raises: InvalidTransition.
        """
        shares = _shares_text(as_taken)
        self.change(
            claim, ClaimEvent.RESIZE, actor=actor, at=at, detail=f"{as_taken.amount} {shares}",
            amount_minor=as_taken.amount.minor, payable_minor=_minor(payable), shares=shares,
        )  # fmt: skip
        return as_taken

    def of_payment(self, payment_id: str) -> Claim:
        """The payment's claim; every payment has one."""
        return _claim(self._connection.execute(_OF_PAYMENT, {"of_payment": payment_id}).one())

    def change(
        self, claim: Claim, event: ClaimEvent, *, actor: str, at: datetime, detail: str = "", **values: Any
    ) -> Claim:
        """Move the claim along an edge. Raises: InvalidTransition; Conflict."""
        after = next_state(claim.state, event)
        done = self._connection.execute(
            _CHANGE, {"of_id": claim.id, "was": claim.state, "state": after} | values
        )
        if done.rowcount != 1:
            raise Conflict(f"claim {claim.id}")
        changed = replace(claim, state=after)
        self._write_down(changed, event.value, claim.state.value, actor, at, detail=detail)
        return changed

    def _write_down(
        self, claim: Claim, event: str, before: str, actor: str, at: datetime, *, detail: str = ""
    ) -> None:
        self._audit.write(
            Change(
                claim.payment_id,
                "claim",
                claim.id,
                event,
                before,
                claim.state.value,
                actor,
                at,
                detail or str(claim.amount),
            )
        )


def _minor(amount: Money | None) -> int | None:
    return None if amount is None else amount.minor


def _shares_text(claim: Claim) -> str:
    return canonical([[line, amount.minor] for line, amount in claim.shares])


def _counted(snapshot: Snapshot, besides: str) -> dict[str, object]:
    order = snapshot.order
    return {
        "of_service": order.service_id,
        "of_key": order.order_key,
        "known": snapshot.known,
        "besides": besides,
    }


def _claim(row: Row[Any]) -> Claim:
    return Claim(
        id=row.id,
        service_id=ServiceId(row.service_id),
        order_key=OrderKey(row.order_key),
        snapshot_id=row.snapshot_id,
        payment_id=PaymentId(row.payment_id),
        amount=Money.from_minor(row.amount_minor, row.currency),
        state=ClaimState(row.state),
        until=row.until,
        shares=tuple((line, Money.from_minor(minor, row.currency)) for line, minor in json.loads(row.shares)),
        acknowledged_at=row.acknowledged_at,
    )
