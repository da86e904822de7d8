"""Ledger, claims and chains as rows: what they refuse, and what they say."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from mpay_gateway.domain.errors import Conflict, InvalidTransition
from mpay_gateway.domain.evidence import Direction, MessageMeta
from mpay_gateway.domain.identifiers import AccountId, OrderKey, PaymentId, ServiceId
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.order import Order, OrderLine, OrderStatus, PaymentAccount
from mpay_gateway.domain.payment import Capture, CaptureState, Claim, ClaimState, Payment, PaymentState
from mpay_gateway.domain.service import Channel
from mpay_gateway.domain.transitions import ClaimEvent, PaymentEvent
from mpay_gateway.storage.evidence import Message
from mpay_gateway.storage.invoices import InvoiceRow
from mpay_gateway.storage.ledger import SUSPENSE, Entry, receivable
from mpay_gateway.storage.snapshots import Snapshot

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
SERVICE, KEY, ACCOUNT = ServiceId("S1"), OrderKey("K-1"), AccountId("bank-main")


def lei(minor: int) -> Money:
    return Money.from_minor(minor, "MDL")


def snapshot(name: str, known: int = 0) -> Snapshot:
    line = OrderLine("L1", "thing", lei(1000), PaymentAccount(iban="MD24AG000225100013104168"))
    order = Order(SERVICE, KEY, "thing", OrderStatus.ACTIVE, "MDL", lei(1000), (line,))
    return Snapshot(name, order, NOW, NOW, known)


def payment(name: str) -> Payment:
    return Payment(
        id=PaymentId(name), invoice_id="1", snapshot_id="s0", service_id=SERVICE, order_key=KEY,
        instrument_id="card", account_id=ACCOUNT, channel=Channel.PORTAL, amount=lei(1000),
        state=PaymentState.CREATED, reference=f"ref-{name}", created_at=NOW, session_until=NOW,
        form_token=f"form-{name}", receipt_token=f"receipt-{name}",
    )  # fmt: skip


def claim(name: str) -> Claim:
    return Claim(f"c-{name}", SERVICE, KEY, "s0", PaymentId(name), lei(1000), ClaimState.HELD, NOW)


@pytest.fixture
def two_payments(units):
    """Two payments of one order, each with a claim."""

    def make(work):
        work.snapshots.add(snapshot("s0"))
        work.invoices.add(InvoiceRow("1", SERVICE, KEY, "s0", NOW, NOW, None))
        work.payments.use_account(ACCOUNT, "scripted", at=NOW)
        for name in ("P1", "P2"):
            work.payments.add(payment(name), redraw=str, actor="payer")
            work.claims.take(claim(name), payable=lei(1000), advance=False, actor="payer", at=NOW)

    units.run("make", make)


def test_a_posting_sums_to_zero_or_is_refused(units):
    def post(work, *entries):
        work.ledger.post("capture", "x", entries, payment_id=None, at=NOW)

    with pytest.raises(ValueError, match="does not sum to zero in MDL"):
        units.run(
            "post",
            lambda work: post(work, Entry.debit(receivable("a"), lei(5)), Entry.credit(SUSPENSE, lei(4))),
        )
    units.run(
        "post", lambda work: post(work, Entry.debit(receivable("a"), lei(5)), Entry.credit(SUSPENSE, lei(5)))
    )
    balances = units.read(lambda work: work.ledger.balances())
    assert {name: money.minor for (name, _), money in balances.items()} == {"receivable:a": 5, "suspense": -5}


def test_the_same_thing_is_posted_once(units):
    entries = (Entry.debit("a", lei(1)), Entry.credit("b", lei(1)))
    units.run("post", lambda work: work.ledger.post("capture", "x", entries, payment_id=None, at=NOW))
    with pytest.raises(IntegrityError):
        units.run("post", lambda work: work.ledger.post("capture", "x", entries, payment_id=None, at=NOW))


def test_a_provider_transaction_is_recorded_once(units, two_payments):
    capture = Capture("c1", PaymentId("P1"), ACCOUNT, "txn-1", lei(1000), CaptureState.CLAIMED, NOW)
    again = replace(capture, id="c2", payment_id=PaymentId("P2"))
    assert units.run("add", lambda work: work.payments.add_capture(capture, at=NOW, actor="x"))
    assert not units.run("add", lambda work: work.payments.add_capture(again, at=NOW, actor="x"))


def change_claim(units, name: str, *events: ClaimEvent, at: datetime = NOW) -> None:
    def change(work):
        current = work.claims.of_payment(name)
        for event in events:
            acknowledged = event is ClaimEvent.ACKNOWLEDGE
            values = {"acknowledged_at": at, "acknowledgement": 1} if acknowledged else {}
            current = work.claims.change(current, event, actor="x", at=at, **values)

    units.run("claim", change)


def outstanding(units, known: int = 0, besides: str = "") -> int:
    claims = units.read(lambda work: work.claims.outstanding(snapshot("later", known), besides=besides))
    return sum(each.amount.minor for each in claims)


def test_what_is_claimed_is_outstanding_until_it_is_released(units, two_payments):
    assert outstanding(units) == 2000
    assert outstanding(units, besides="P1") == 1000
    change_claim(units, "P1", ClaimEvent.RELEASE)
    assert outstanding(units) == 1000


def test_captured_money_is_outstanding_until_the_service_answered_after_it_knew(units, two_payments):
    change_claim(units, "P2", ClaimEvent.RELEASE)
    change_claim(units, "P1", ClaimEvent.CAPTURE, ClaimEvent.ACKNOWLEDGE, at=NOW - timedelta(days=1))
    assert outstanding(units, 0) == 1000  # asked before it knew, whatever the clocks say
    assert outstanding(units, 1) == 0


def test_a_claim_that_changed_under_us_is_a_conflict(units, two_payments):
    stale = units.read(lambda work: work.claims.of_payment("P1"))
    change_claim(units, "P1", ClaimEvent.CAPTURE)
    with pytest.raises(Conflict):
        units.run("late", lambda work: work.claims.change(stale, ClaimEvent.RELEASE, actor="x", at=NOW))


def test_a_payment_that_changed_under_us_is_a_conflict(units, two_payments):
    stale = units.read(lambda work: work.payments.get("P1"))
    units.run("start", lambda work: work.payments.change(stale, PaymentEvent.START, actor="x", at=NOW))
    with pytest.raises(Conflict):
        units.run("late", lambda work: work.payments.change(stale, PaymentEvent.EXPIRE, actor="x", at=NOW))


def test_a_change_that_is_no_edge_is_refused_and_not_written_down(units, two_payments):
    fresh = units.read(lambda work: work.payments.get("P1"))
    with pytest.raises(InvalidTransition):
        units.run(
            "decline", lambda work: work.payments.change(fresh, PaymentEvent.DECLINE, actor="x", at=NOW)
        )
    assert [row.event for row in units.read(lambda work: work.audit.of_payment("P1"))] == ["create", "take"]


def test_each_change_is_chained_to_the_one_before_it(units, two_payments):
    fresh = units.read(lambda work: work.payments.get("P1"))
    units.run("start", lambda work: work.payments.change(fresh, PaymentEvent.START, actor="machine", at=NOW))
    rows = units.read(lambda work: work.audit.of_payment("P1"))
    assert [(row.seq, row.event, row.before, row.after) for row in rows] == [
        (1, "create", "", "created"), (2, "take", "", "held"), (3, "start", "created", "started"),
    ]  # fmt: skip
    assert [row.previous for row in rows[1:]] == [row.digest for row in rows[:-1]]
    assert all(row.digest == row.computed_digest() for row in rows)


def test_a_changed_message_breaks_its_chain(units):
    message = Message(Direction.SENT, b"body", MessageMeta("start"), NOW)
    units.run("keep", lambda work: work.evidence.keep("P1", [message, message]))
    units.run("keep", lambda work: work.evidence.keep("P1", [message]))
    rows = units.read(lambda work: work.evidence.of_subject("P1"))
    assert [row.seq for row in rows] == [1, 2, 3]
    assert [row.previous for row in rows[1:]] == [row.digest for row in rows[:-1]]
    assert all(row.digest == row.computed_digest() for row in rows)
    assert units.read(lambda work: work.evidence.body(rows[0].id)) == b"body"
    units.run("forge", lambda work: work.connection.execute(text("UPDATE evidence SET operation = 'x'")))
    assert not any(
        row.digest == row.computed_digest() for row in units.read(lambda work: work.evidence.of_subject("P1"))
    )


def test_open_payments_are_counted_by_account(units, two_payments):
    assert units.read(lambda work: work.payments.open_by_account()) == {ACCOUNT: 2}
    for name in ("P1", "P2"):
        fresh = units.read(lambda work, name=name: work.payments.get(name))
        units.run(
            "expire",
            lambda work, fresh=fresh: work.payments.change(fresh, PaymentEvent.EXPIRE, actor="x", at=NOW),
        )
    assert units.read(lambda work: work.payments.open_by_account()) == {}
