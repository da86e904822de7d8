"""The oracle: what must hold of a gateway's books, and how they agree with the other sides' own."""

import time
from collections import Counter

from sqlalchemy import select

from mpay_gateway.domain.intake import IntakeState
from mpay_gateway.domain.payment import (
    CaptureState,
    DeliveryState,
    Payment,
    PaymentState,
    ReversalGround,
    ReversalState,
)
from mpay_gateway.domain.refund import RefundGround, RefundState
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.storage import Work
from mpay_gateway.storage.tables import intakes, payments
from tests.scene.form_records import stored_order
from tests.scene.gateway import Gateway


def assert_sound(gateway: Gateway) -> None:
    """The gateway's own books, then those of all against each other.

    What was looked at while something moved is looked at again: a bank calls back when it likes.
    """
    until = time.monotonic() + 15
    while True:
        gateway.settle_down()
        before = _history(gateway)
        try:
            _assert_agree(gateway)
        except AssertionError:
            gateway.settle_down()
            if _history(gateway) == before or time.monotonic() > until:
                raise
        else:
            return


def _history(gateway: Gateway) -> list[object]:
    return [
        (each, gateway.captures(each.id), gateway.delivery(each.id), gateway.reversals(each.id))
        for each in gateway.read(_payments)
    ]


def _assert_agree(gateway: Gateway) -> None:
    everyone = gateway.read(_payments)
    violations = check_books(gateway.parts.units)
    assert not violations, violations
    plugins = {each.id: gateway.parts.registry.accounts[each.account_id].plugin for each in everyone}
    _assert_agrees_with_bank(gateway, tuple(each for each in everyone if plugins[each.id] == "sandbox"))
    _assert_agrees_with_kiosks(gateway, tuple(each for each in everyone if plugins[each.id] == "osmp"))
    kept_here = {each.id for each in gateway.parts.services.all().values() if each.connector == "form"}
    _assert_agrees_with_forms(gateway, tuple(each for each in everyone if each.service_id in kept_here))
    _assert_agrees_with_shop(gateway, tuple(each for each in everyone if each.service_id not in kept_here))


def _payments(work: Work) -> tuple[Payment, ...]:
    ids = work.connection.execute(select(payments.c.id)).scalars().all()
    return tuple(work.payments.get(each) for each in ids)


def _assert_agrees_with_bank(gateway: Gateway, everyone: tuple[Payment, ...]) -> None:
    """Invariants 2 and 5: what the bank took is what we booked, what it gave back is what we asked for."""
    books = gateway.counterparts.bank.books()
    assert books["problems"] == []
    sessions = {each["reference"]: each for each in books["sessions"]}  # type: ignore[attr-defined]
    for payment in everyone:
        session = sessions.get(payment.reference)
        booked = {(each.transaction_id, each.amount.minor) for each in gateway.captures(payment.id)}
        taken = (
            {(each["transaction_id"], each["amount_minor"]) for each in session["captures"]}
            if session
            else set()
        )
        assert booked == taken or (not booked and payment.state.open), (payment.id, booked, taken)
        ours = {each.key: each for each in gateway.reversals(payment.id)}
        given = [each for each in session["reversals"] if each["key"] in ours] if session else []
        assert len(given) == len({each["key"] for each in given})
        for key, reversal in ours.items():
            if reversal.state is ReversalState.DONE and reversal.ground is not ReversalGround.BY_PROVIDER:
                assert [each["amount_minor"] for each in given if each["key"] == key] == [
                    reversal.amount.minor
                ]
        for refund in gateway.read(lambda work: work.refunds.of_payment(payment.id)):  # noqa: B023  called at once
            if refund.ground is not RefundGround.BY_PROVIDER and session:
                sent = [each["amount_minor"] for each in session["reversals"] if each["key"] == refund.key]
                assert len(sent) <= 1
                assert sum(sent) == refund.returned.minor or refund.state is RefundState.DUE


def _assert_agrees_with_kiosks(gateway: Gateway, everyone: tuple[Payment, ...]) -> None:
    """Accepted money is booked once with the network's own amount; refused money, and money untold, is not booked."""
    network = {str(each["txn_id"]): each for each in gateway.counterparts.kiosks.transactions()}
    booked = {each.transaction_id: each for payment in everyone for each in gateway.captures(payment.id)}
    for txn_id, capture in booked.items():
        assert capture.amount.minor == network[txn_id]["sum_minor"], (txn_id, capture)
        assert network[txn_id]["state"] != "refused", txn_id
    for txn_id, intake in gateway.read(_intakes).items():
        if txn_id in network and network[txn_id]["state"] == "accepted":
            assert intake is IntakeState.ACCEPTED, (txn_id, intake)
            assert txn_id in booked


def _assert_agrees_with_forms(gateway: Gateway, everyone: tuple[Payment, ...]) -> None:
    """An order that a form made says that it is paid by the one payment whose delivery was confirmed."""
    for payment in everyone:
        delivery = gateway.delivery(payment.id)
        if delivery is not None and delivery.state is DeliveryState.CONFIRMED:
            order = stored_order(gateway, payment.service_id, payment.order_key)
            assert order["paid"]["payment_id"] == payment.id, payment.id  # type: ignore[index]
            assert sum(each["minor"] for each in order["lines"]) == payment.amount.minor  # type: ignore[attr-defined]
            _assert_money_moved_once(gateway, payment)


def _intakes(work: Work) -> dict[str, IntakeState]:
    rows = work.connection.execute(select(intakes.c.key, intakes.c.state))
    return {row.key: IntakeState(row.state) for row in rows}


def _assert_agrees_with_shop(gateway: Gateway, everyone: tuple[Payment, ...]) -> None:
    """Invariants 3, 4 and 6: told of captured money only, applied once, always with the same content."""
    told = gateway.counterparts.shop.all_confirmations()
    by_payment: dict[str, list[dict[str, object]]] = {payment.id: [] for payment in everyone}
    for each in told:
        by_payment.get(str(each["payment_id"]), []).append(each)
    for payment in everyone:
        heard, delivery = by_payment[payment.id], gateway.delivery(payment.id)
        outcomes = Counter(str(each["outcome"]) for each in heard)
        assert outcomes["applied"] <= 1
        assert len({each["content_digest"] for each in heard}) <= 1
        if heard:
            assert payment.state is PaymentState.CAPTURED
            assert delivery is not None
            _assert_money_moved_once(gateway, payment)
        if delivery is not None and delivery.state is DeliveryState.CONFIRMED:
            assert outcomes["applied"] == 1, outcomes


def _assert_money_moved_once(gateway: Gateway, payment: Payment) -> None:
    """Money that was given back and money that was confirmed exclude each other."""
    delivery = gateway.delivery(payment.id)
    assert delivery is not None
    kept = [each for each in gateway.captures(payment.id) if each.state is CaptureState.CLAIMED]
    if delivery.state is DeliveryState.CONFIRMED:
        assert len(kept) == 1
