"""Payments and their captures. Every change of a state goes through the transition table and leaves an audit row."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, bindparam, func, literal_column, select, union_all, update
from sqlalchemy.engine import Connection

from mpay_gateway.domain.errors import Conflict, UnknownPayment
from mpay_gateway.domain.identifiers import AccountId, PaymentId
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.payment import (
    Capture,
    CaptureState,
    DeclineReason,
    IntentState,
    Payment,
    PaymentState,
    ReversalState,
)
from mpay_gateway.domain.refund import RefundState
from mpay_gateway.domain.service import Channel
from mpay_gateway.domain.transitions import CaptureEvent, PaymentEvent, next_state
from mpay_gateway.storage.audit import Audit, Change
from mpay_gateway.storage.statements import insert_once
from mpay_gateway.storage.tables import (
    capture_intents,
    captures,
    payments,
    provider_accounts,
    refunds,
    reversals,
)

_PLAIN = tuple(name for name in Payment.__dataclass_fields__ if name != "amount")
_OPEN = tuple(state for state in PaymentState if state.open)

_ADD = insert_once(payments, ["account_id", "reference"], returning=payments.c.id)
_GET = select(payments).where(payments.c.id == bindparam("of_id"))
_LOCK = _GET.with_for_update()
_HOLD = select(payments.c.id).where(payments.c.id == bindparam("of_id")).with_for_update()
_BY_FORM = select(payments).where(
    payments.c.form_token == bindparam("form"),
    payments.c.form_token != literal_column("''"),  # the words of the index, which it is not used without
)
_BY_RECEIPT = select(payments).where(payments.c.receipt_token == bindparam("receipt"))
_BY_REFERENCE = select(payments).where(
    payments.c.account_id == bindparam("of_account"), payments.c.reference == bindparam("about")
)
_BY_REMOTE_REFERENCE = select(payments).where(
    payments.c.account_id == bindparam("of_account"), payments.c.remote_reference == bindparam("about")
)
_OF_ORDER = (
    select(payments)
    .where(payments.c.service_id == bindparam("of_service"), payments.c.order_key == bindparam("of_key"))
    .order_by(payments.c.created_at.desc())
)
_CHANGE = update(payments).where(payments.c.id == bindparam("of_id"), payments.c.version == bindparam("was"))
_NOTE_ACCOUNT = insert_once(provider_accounts)
_ADD_CAPTURE = insert_once(captures, ["account_id", "transaction_id"], returning=captures.c.id)
_CAPTURES_OF = (
    select(captures)
    .where(captures.c.payment_id == bindparam("of_payment"))
    .order_by(captures.c.recorded_at, captures.c.id)
)

DRAWS = 50
"""So often a reference is drawn for one payment: a form with so few left free is too short for its account."""


class Payments:
    """The stored payments."""

    def __init__(self, connection: Connection, audit: Audit) -> None:
        self._connection = connection
        self._audit = audit

    def add(self, payment: Payment, *, redraw: Callable[[], str], actor: str) -> Payment:
        """Store a new payment with its first audit row, and return it with the reference that it got.

        `redraw` gives another reference when the account has used this one. Raises: Conflict when it uses them all.
        """
        for _ in range(DRAWS):
            stored = self._connection.execute(_ADD.on(self._connection), _columns(payment))
            if stored.first() is not None:
                self._audit.new_chain(payment.id)
                self._write_down(payment, "create", "", actor, payment.created_at, detail=str(payment.amount))
                return payment
            payment = replace(payment, reference=redraw())
        raise Conflict(f"account {payment.account_id}: no free reference in {DRAWS} draws")

    def use_account(self, account_id: AccountId, plugin: str, *, at: datetime) -> None:
        """Note that the account has been used: from now on the configuration may not lose it."""
        row = {"id": account_id, "plugin": plugin, "first_used_at": at}
        self._connection.execute(_NOTE_ACCOUNT.on(self._connection), row)

    def get(self, payment_id: str) -> Payment:
        """Raises: UnknownPayment."""
        return self._one(_GET, payment_id)

    def lock(self, payment_id: str) -> Payment:
        """Read the payment and hold it until the unit of work ends. Raises: UnknownPayment."""
        return self._one(_LOCK, payment_id)

    def hold(self, payment_id: str) -> None:
        """Hold the payment until the unit of work ends, without reading it. Raises: UnknownPayment."""
        if self._connection.execute(_HOLD, {"of_id": payment_id}).first() is None:
            raise UnknownPayment(payment_id)

    def find_by_form(self, form_token: str) -> Payment | None:
        """The payment that this form already started."""
        return self._maybe(_BY_FORM, {"form": form_token})

    def find_by_receipt(self, receipt_token: str) -> Payment | None:
        return self._maybe(_BY_RECEIPT, {"receipt": receipt_token})

    def find_remote(self, account_id: AccountId, *, reference: str, remote_reference: str) -> Payment | None:
        """The payment that a provider's words are about: by our reference, else by its own."""
        if reference:
            return self._maybe(_BY_REFERENCE, {"of_account": account_id, "about": reference})
        if not remote_reference:
            return None
        return self._maybe(_BY_REMOTE_REFERENCE, {"of_account": account_id, "about": remote_reference})

    def of_visit(self, visit_token: str) -> tuple[Payment, ...]:
        """The visit's payments, newest first."""
        query = select(payments).where(payments.c.visit_token == visit_token)
        return self._many(query.order_by(payments.c.created_at.desc()))

    def of_order(self, service_id: str, order_key: str) -> tuple[Payment, ...]:
        """The order's payments, newest first."""
        return self._many(_OF_ORDER, {"of_service": service_id, "of_key": order_key})

    def open_by_account(self) -> dict[AccountId, int]:
        """How many payments of each account may still move money: open, or with a call about money under way."""
        moving = union_all(
            select(reversals.c.payment_id).where(reversals.c.state == ReversalState.DUE),
            select(refunds.c.payment_id).where(refunds.c.state == RefundState.DUE),
            select(capture_intents.c.payment_id).where(capture_intents.c.state == IntentState.DUE),
        )
        rows = self._connection.execute(
            select(payments.c.account_id, func.count())
            .where(payments.c.state.in_(_OPEN) | payments.c.id.in_(moving))
            .group_by(payments.c.account_id)
        )
        return {AccountId(account): count for account, count in rows}

    def search(self, words: str, limit: int = 50) -> tuple[Payment, ...]:
        """Payments whose id, order key, invoice or reference at the provider is `words`, newest first."""
        query = select(payments).where(
            (payments.c.id == words.upper().replace(" ", ""))
            | (payments.c.order_key == words)
            | (payments.c.invoice_id == words.replace(" ", ""))
            | (payments.c.reference == words)
            | (payments.c.remote_reference == words)
        )
        return self._many(query.order_by(payments.c.created_at.desc()).limit(limit))

    def change(
        self, payment: Payment, event: PaymentEvent, *, actor: str, at: datetime, **values: Any
    ) -> Payment:
        """Move the payment along an edge of the table and store `values` with it.

        Raises: InvalidTransition; Conflict when the row is no longer as `payment` shows it.
        """
        after = next_state(payment.state, event)
        changed = self._store(payment, replace(payment, state=after, **values))
        self._write_down(changed, event.value, payment.state.value, actor, at)
        return changed

    def amend(self, payment: Payment, **values: Any) -> Payment:
        """Store what is no change of state: schedules, what the provider said of itself.

        Raises: Conflict when the row is no longer as `payment` shows it.
        """
        return self._store(payment, replace(payment, **values))

    def add_capture(self, capture: Capture, *, at: datetime, actor: str) -> bool:
        """Store a provider transaction once. False when it is known already."""
        stored = self._connection.execute(
            _ADD_CAPTURE.on(self._connection),
            {
                "id": capture.id,
                "payment_id": capture.payment_id,
                "account_id": capture.account_id,
                "transaction_id": capture.transaction_id,
                "amount_minor": capture.amount.minor,
                "currency": capture.amount.currency,
                "state": capture.state,
                "captured_at": capture.captured_at,
                "recorded_at": at,
            },
        ).first()
        if stored is None:
            return False
        self._write_down_capture(capture, "record", "", actor, at)
        return True

    def captures_of(self, payment_id: str) -> tuple[Capture, ...]:
        """The payment's captures in the order in which they became known."""
        rows = self._connection.execute(_CAPTURES_OF, {"of_payment": payment_id})
        return tuple(_capture(row) for row in rows)

    def change_capture(self, capture: Capture, event: CaptureEvent, *, actor: str, at: datetime) -> Capture:
        """Move a capture along an edge. Raises: InvalidTransition; Conflict."""
        after = next_state(capture.state, event)
        done = self._connection.execute(
            update(captures)
            .where(captures.c.id == capture.id, captures.c.state == capture.state)
            .values(state=after)
        )
        if done.rowcount != 1:
            raise Conflict(f"capture {capture.id}")
        changed = replace(capture, state=after)
        self._write_down_capture(changed, event.value, capture.state.value, actor, at)
        return changed

    def _store(self, old: Payment, new: Payment) -> Payment:
        new = replace(new, version=old.version + 1)
        before, after = _columns(old), _columns(new)
        differing = {name: value for name, value in after.items() if value != before[name]}
        found = {"of_id": old.id, "was": old.version}
        done = self._connection.execute(_CHANGE, found | differing)
        if done.rowcount != 1:
            raise Conflict(f"payment {old.id}")
        return new

    def _write_down(
        self, payment: Payment, event: str, before: str, actor: str, at: datetime, *, detail: str = ""
    ) -> None:
        self._audit.write(
            Change(payment.id, "payment", payment.id, event, before, payment.state.value, actor, at, detail)
        )

    def _write_down_capture(
        self, capture: Capture, event: str, before: str, actor: str, at: datetime
    ) -> None:
        detail = f"{capture.transaction_id} {capture.amount}"
        self._audit.write(
            Change(
                capture.payment_id,
                "capture",
                capture.id,
                event,
                before,
                capture.state.value,
                actor,
                at,
                detail,
            )
        )

    def _one(self, query: Select[Any], payment_id: str) -> Payment:
        found = self._maybe(query, {"of_id": payment_id})
        if found is None:
            raise UnknownPayment(payment_id)
        return found

    def _maybe(self, query: Select[Any], values: dict[str, str]) -> Payment | None:
        row = self._connection.execute(query, values).first()
        return _payment(row) if row else None

    def _many(self, query: Select[Any], values: dict[str, str] | None = None) -> tuple[Payment, ...]:
        return tuple(_payment(row) for row in self._connection.execute(query, values or {}))


def _columns(payment: Payment) -> dict[str, Any]:
    values = {name: getattr(payment, name) for name in _PLAIN}
    return values | {"amount_minor": payment.amount.minor, "currency": payment.amount.currency}


def _payment(row: Row[Any]) -> Payment:
    values = row._asdict()
    amount = Money.from_minor(values.pop("amount_minor"), values.pop("currency"))
    reason = values.pop("decline_reason")
    return Payment(
        **values
        | {
            "id": PaymentId(row.id),
            "amount": amount,
            "state": PaymentState(row.state),
            "channel": Channel(row.channel),
            "decline_reason": DeclineReason(reason) if reason else None,
        }
    )


def _capture(row: Row[Any]) -> Capture:
    return Capture(
        id=row.id,
        payment_id=PaymentId(row.payment_id),
        account_id=AccountId(row.account_id),
        transaction_id=row.transaction_id,
        amount=Money.from_minor(row.amount_minor, row.currency),
        state=CaptureState(row.state),
        captured_at=row.captured_at,
    )
