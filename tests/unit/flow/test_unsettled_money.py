"""Money that waits: of days that nobody settles, of no account, and what was accepted after its day."""

import csv
import io
from dataclasses import replace
from datetime import timedelta

import pytest

from mpay_gateway.domain.decision import Act
from mpay_gateway.domain.order import PaymentAccount
from mpay_gateway.domain.provider_answer import ProviderCapture
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.bookkeeping.settlement import homeless, preview, unsettled_days
from mpay_gateway.flow.decisions import approve, propose
from mpay_gateway.flow.settling import settle as ask_provider
from tests.unit.flow.paying_out import DAY, settled
from tests.unit.flow.refunding_scene import ANA, ION
from tests.unit.flow.scripted import IBANS, NOON, SERVICE, lei

NEXT, AFTER = DAY + timedelta(days=1), DAY + timedelta(days=2)


@pytest.fixture
def gateway(gateway):
    yield gateway
    assert check_books(gateway.parts.units) == ()


def lines(files):
    """All rows but the totals."""
    read = (csv.DictReader(io.StringIO(each.content, newline="")) for each in files)
    return [row for rows in read for row in rows if row["kind"] != "TOTAL"]


def pay_at(gateway, order_key, moment):
    """A payment whose provider says that it took the money at `moment`."""
    payment = gateway.start(order_key)
    gateway.clock.time = max(gateway.clock.time, moment)
    taken = ProviderCapture(f"txn-{order_key}", payment.amount, moment)
    gateway.calls.captured[payment.reference] = [taken]
    ask_provider(gateway.parts, payment.id)
    return payment


def left_of(gateway, day):
    return [
        (each.day, each.service_id, each.entries, each.amount)
        for each in unsettled_days(gateway.parts.units, day)
    ]


def test_money_dated_before_all_days_that_were_ever_settled_goes_into_the_next(gateway):
    """A device whose calendar is two days behind."""
    stray = pay_at(gateway, "ORDER-1", NOON - timedelta(days=2))
    gateway.pay("ORDER-2")
    assert stray.id not in {row["payment"] for row in lines(settled(gateway))}
    waiting = [(DAY - timedelta(days=2), SERVICE, 2, lei("150"))]
    assert (left_of(gateway, DAY), left_of(gateway, NEXT)) == (waiting, [])
    shown = preview(gateway.parts.units, NEXT)
    files = settled(gateway, NEXT)
    assert [each.content for each in shown] == [each.content for each in files]
    assert {row["payment"] for row in lines(files)} == {stray.id}
    assert (settled(gateway, NEXT), settled(gateway, AFTER)) == (files, ())


def test_a_day_that_was_passed_over_is_named_until_somebody_settles_it(gateway):
    gateway.pay("ORDER-1")
    settled(gateway)
    skipped = pay_at(gateway, "ORDER-2", NOON + timedelta(days=1))
    assert (settled(gateway, AFTER), left_of(gateway, AFTER)) == ((), [(NEXT, SERVICE, 2, lei("150"))])
    assert {row["payment"] for row in lines(settled(gateway, NEXT))} == {skipped.id}
    assert left_of(gateway, AFTER) == []


def destinations(gateway, monkeypatch, *accounts):
    order = gateway.calls.order

    def changed(key):
        made = order(key)
        given = zip(made.lines, accounts, strict=True)
        return replace(made, lines=tuple(replace(line, account=account) for line, account in given))

    monkeypatch.setattr(gateway.calls, "order", changed)


def test_money_of_a_service_that_names_no_iban_is_paid_to_nobody_and_named(gateway, monkeypatch):
    destinations(gateway, monkeypatch, PaymentAccount(treasury_account="TREZ-1"), PaymentAccount())
    gateway.pay("ORDER-1")
    assert (settled(gateway), settled(gateway, NEXT)) == ((), ())
    assert {(each.service_id, each.treasury_account, each.amount) for each in homeless(gateway.parts.units)} == {
        (SERVICE, "TREZ-1", lei("100")), (SERVICE, "", lei("50")),
    }  # fmt: skip
    assert left_of(gateway, AFTER) == []


def test_two_treasury_accounts_behind_one_iban_are_two_beneficiaries(gateway, monkeypatch):
    one, two = (PaymentAccount(iban=IBANS[0], treasury_account=number) for number in ("TREZ-1", "TREZ-2"))
    destinations(gateway, monkeypatch, one, two)
    gateway.pay("ORDER-1")
    files = settled(gateway)
    assert [(each.iban, each.amount) for each in files] == [(IBANS[0], lei("100")), (IBANS[0], lei("50"))]
    assert [(row["iban"], row["treasury_account"]) for row in lines(files)] == [
        (IBANS[0], "TREZ-1"), (IBANS[0], "TREZ-2"),
    ]  # fmt: skip
    assert homeless(gateway.parts.units) == ()


def test_money_that_people_accepted_counts_on_the_day_on_which_it_was_taken(gateway, monkeypatch):
    order = gateway.calls.order
    monkeypatch.setattr(gateway.calls, "order", lambda key: replace(order(key), allow_partial=True))
    payment = gateway.capture(gateway.start("ORDER-1"), amount=lei("100"))
    gateway.clock.advance(days=1)
    proposed = propose(gateway.parts, payment.id, Act.ACCEPT, "the payer agrees", actor=ANA)
    approve(gateway.parts, proposed.id, actor=ION)
    found = lines(settled(gateway))
    (capture,) = gateway.parts.units.read(lambda work: work.payments.captures_of(payment.id))
    assert {(row["kind"], row["transaction"]) for row in found} == {("accept", capture.transaction_id)}
    assert settled(gateway, NEXT) == ()
