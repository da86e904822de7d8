"""Very many captured payments that a service was not told of.

One is stored as the flow stores it, as if its process had died right after the capture: the first delivery is leased,
and nothing was sent. The others are copies of its rows with ids and digests of their own.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from copying import Copies

from mpay_gateway.domain.identifiers import (
    AccountId,
    OrderKey,
    ServiceId,
    new_invoice_id,
    new_payment_id,
    new_reference,
)
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.order import Order, OrderLine, OrderStatus, PaymentAccount
from mpay_gateway.domain.payment import Claim, ClaimState, Payment, PaymentState
from mpay_gateway.domain.provider_answer import ProviderCapture, ProviderConfirmation, ProviderStatus
from mpay_gateway.domain.service import Channel
from mpay_gateway.domain.transitions import PaymentEvent
from mpay_gateway.flow.background import Background
from mpay_gateway.flow.captures import record_captures
from mpay_gateway.flow.parts import Parts
from mpay_gateway.storage import Work
from mpay_gateway.storage.invoices import InvoiceRow
from mpay_gateway.storage.snapshots import Snapshot

BATCH = 200
_PRICE = Money.from_minor(15_000, "MDL")
_LINE = OrderLine("1", "Taxa", _PRICE, PaymentAccount(iban="MD22AG000000022512345678"))
_SESSION = timedelta(minutes=30)


class _Died(Background):
    """The process that captured is gone: nothing is sent beside the commit."""

    def start(self, *_: object, **__: object) -> None:  # type: ignore[override]
        return

    def tell(self, job: Callable[[], object]) -> None:  # noqa: ARG002
        return


def fill(parts: Parts, service_id: str, account_id: str, count: int) -> float:
    """Store so many captured payments; returns the seconds that it took."""
    began = time.perf_counter()
    model = _Model(replace(parts, background=_Died()), ServiceId(service_id), AccountId(account_id))
    payment = parts.units.run("fill", model.store)
    copies = parts.units.read(lambda work: Copies(work.connection, payment.id))
    for first in range(1, count, BATCH):
        numbers = range(first, min(first + BATCH, count))
        parts.units.run("fill", lambda work, numbers=numbers: copies.store(work.connection, numbers))
    return time.perf_counter() - began


class _Model:
    """The captured payment of which the others are copies."""

    def __init__(self, parts: Parts, service_id: ServiceId, account_id: AccountId) -> None:
        self._parts = parts
        self._service_id = service_id
        self._account = parts.registry.accounts[account_id]

    def store(self, work: Work) -> Payment:
        """One order, looked up, agreed to, paid and captured."""
        order_key = OrderKey("DRAIN-0000000")
        snapshot, payment = self._shown_and_started(work, order_key)
        taken = ProviderCapture(f"t-{payment.reference}", _PRICE, self._parts.clock.now())
        answer = ProviderConfirmation(ProviderStatus.CONFIRMED, (taken,), method="Visa")
        claim = Claim(
            self._parts.ids.token(), self._service_id, order_key, snapshot.id, payment.id, _PRICE,
            ClaimState.HELD, payment.session_until, (("1", _PRICE),),
        )  # fmt: skip
        now = self._parts.clock.now()
        work.claims.take(claim, payable=_PRICE, advance=False, actor="payer", at=now)
        started = work.payments.change(payment, PaymentEvent.START, actor="machine", at=now)
        return record_captures(self._parts, work, started, answer, actor=f"provider:{self._account.id}")

    def _shown_and_started(self, work: Work, order_key: OrderKey) -> tuple[Snapshot, Payment]:
        parts, now = self._parts, self._parts.clock.now()
        order = Order(
            self._service_id, order_key, "Taxa de stat", OrderStatus.ACTIVE, "MDL", _PRICE, (_LINE,)
        )
        snapshot = Snapshot(parts.ids.token(), order, requested_at=now, received_at=now, known=0)
        work.snapshots.add(snapshot)
        work.snapshots.lock_order(self._service_id, order_key, at=now)
        invoice_id = new_invoice_id(parts.ids.below)
        work.invoices.add(InvoiceRow(invoice_id, self._service_id, order_key, snapshot.id, now, now, None))
        work.payments.use_account(self._account.id, self._account.plugin, at=now)
        payment = Payment(
            id=new_payment_id(parts.ids.below), invoice_id=invoice_id, snapshot_id=snapshot.id,
            service_id=self._service_id, order_key=order_key, instrument_id="instant",
            account_id=self._account.id, channel=Channel.PORTAL, amount=_PRICE, state=PaymentState.CREATED,
            reference=self._reference(), created_at=now, session_until=now + _SESSION, description="Taxa",
            details="[]", next_check_at=now + _SESSION, visit_token="", form_token="",
            receipt_token=parts.ids.token(), language="ro",
        )  # fmt: skip
        return snapshot, work.payments.add(payment, redraw=self._reference, actor="payer")

    def _reference(self) -> str:
        return new_reference(self._account.reference_form, self._parts.ids.below)
