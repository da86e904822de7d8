"""A good history passes; each invariant, broken by hand, is reported and no other that does not follow from it."""

from datetime import timedelta

import pytest
from sqlalchemy import event, text

from mpay_gateway.domain.confirmation import content_digest
from mpay_gateway.domain.errors import OutcomeUnknown, RemoteRefused
from mpay_gateway.domain.payment import DeliveryState, Payment, ReversalState
from mpay_gateway.domain.provider_answer import ProviderStatus
from mpay_gateway.flow.bookkeeping.books import INVARIANTS, check_books
from mpay_gateway.flow.settling import settle
from mpay_gateway.storage.audit import Change
from mpay_gateway.worker import Worker
from tests.unit.flow.scripted import IBANS, NOON, ScriptedGateway, lei


@pytest.fixture
def paid(gateway: ScriptedGateway) -> Payment:
    """One payment that went well, and was confirmed."""
    return gateway.pay("ORDER-1")


@pytest.fixture
def given_back(gateway: ScriptedGateway) -> Payment:
    """One payment that the service refused, whose money went back."""
    gateway.calls.delivery_answers.append(RemoteRefused("UnknownOrder"))
    payment = gateway.pay("ORDER-2")
    assert Worker(gateway.parts).run_due() == 1
    return payment


def by_hand(gateway: ScriptedGateway, statement: str, **values: object) -> None:
    """What somebody with a database client might do."""
    with gateway.parts.units.engine.execution_options(purpose="write").begin() as connection:
        assert connection.execute(text(statement), values).rowcount > 0


def broken(gateway: ScriptedGateway) -> set[int]:
    return {violation.invariant for violation in check_books(gateway.parts.units)}


def test_an_eventful_history_leaves_sound_books(gateway, paid, given_back):
    gateway.calls.delivery_answers.append(OutcomeUnknown("no answer"))
    late = gateway.pay("ORDER-3")
    twice = gateway.capture(paid, number=2)
    declined = gateway.start("ORDER-4")
    gateway.calls.status[declined.reference] = ProviderStatus.DECLINED
    settle(gateway.parts, declined.id)
    odd = gateway.capture(gateway.start("ORDER-5"), amount=lei("1.00"))
    gateway.clock.advance(minutes=2)
    Worker(gateway.parts).run_due()
    assert check_books(gateway.parts.units) == ()
    read = gateway.parts.units.read
    assert read(lambda work: work.deliveries.of_payment(late.id)).state is DeliveryState.CONFIRMED
    assert [each.state for each in read(lambda work: work.reversals.of_payment(twice.id))] == [
        ReversalState.DONE
    ]
    assert read(lambda work: work.deliveries.of_payment(odd.id)) is None


def test_a_capture_of_nothing_leaves_sound_books(gateway):
    """Nothing is another amount than asked: a person looks at it. A second one goes back without a posting."""
    payment = gateway.capture(gateway.start("ORDER-1"), amount=lei("0"))
    gateway.capture(payment, amount=lei("0"), number=2)
    gateway.work(turns=2, minutes=2)
    assert check_books(gateway.parts.units) == ()
    (reversal,) = gateway.parts.units.read(lambda work: work.reversals.of_payment(payment.id))
    assert reversal.state is ReversalState.DONE


def test_a_clock_that_goes_back_leaves_sound_books(gateway):
    """By NTP, or because another machine goes on with the payment."""
    payment = gateway.start("ORDER-1")
    gateway.clock.advance(minutes=-2)
    gateway.capture(payment)
    assert check_books(gateway.parts.units) == ()


def test_an_empty_database_is_sound(gateway):
    assert check_books(gateway.parts.units) == ()


def test_no_question_leaves_out_what_a_subquery_lists(gateway, paid):
    """PostgreSQL reads such a list anew for each row once no hash of it fits: hours over a million rows."""
    asked: list[str] = []
    engine = gateway.parts.units._readers  # where the questions pass
    event.listen(engine, "before_cursor_execute", lambda *args: asked.append(" ".join(args[2].split())))
    assert check_books(gateway.parts.units) == ()
    assert any("NOT (EXISTS (SELECT" in each for each in asked)
    assert not [each for each in asked if "NOT IN (SELECT" in each]


def test_progress_is_told_before_each_invariant(gateway):
    seen = []
    check_books(gateway.parts.units, seen.append)
    assert tuple(seen) == INVARIANTS
    assert [each.number for each in seen] == [*range(1, 13)]


TAMPERINGS = {
    "an entry is changed": (
        "UPDATE ledger_entries SET amount_minor = amount_minor - 1 WHERE amount_minor < 0", {1, 4},
    ),
    "entries are erased": ("DELETE FROM ledger_entries", {1, 2, 4}),
    "the provider's amount is changed": ("UPDATE captures SET amount_minor = amount_minor + 1", {2, 4}),
    "a posting is given to another": ("UPDATE ledger_transactions SET subject = 'nobody'", {2}),
    "content is changed": ("UPDATE deliveries SET content = replace(content, 'ORDER-1', 'ORDER-9')", {3}),
    "the payment was made after its call": (
        "UPDATE payments SET created_at = '2027-01-01 00:00:00.000000'", {3},
    ),
    "money moved to the payer without word": (
        "UPDATE captures SET state = 'surplus'", {6, 9},
    ),
    "the confirmation is lost": ("DELETE FROM deliveries", {3, 5, 6, 9}),
    "more was claimed than was due": ("UPDATE claims SET payable_minor = amount_minor - 1", {7}),
    "a state is changed": ("UPDATE payments SET state = 'declined'", {6, 9}),
    "an acknowledgement is forged": ("UPDATE claims SET state = 'captured'", {5, 9}),
    "an audit row is changed": ("UPDATE audit SET actor = 'operator:mallory' WHERE seq = 2", {9}),
    "the last audit row is erased": (
        "DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)", {9},
    ),
    "an audit row is erased": ("DELETE FROM audit WHERE event = 'start'", {8, 9}),
    "a message is changed": ("UPDATE evidence_bodies SET body = x'30'", {9}),
    "a message is erased": ("DELETE FROM evidence WHERE seq = 1", {9}),
    "another content was sent": (
        ("UPDATE evidence SET meta = replace(meta, '[\"content\",\"', '[\"content\",\"0') WHERE direction = 'sent'"
        " AND operation = 'ConfirmOrderPayment'"), {3, 9},
    ),
    "a payment was stored at another time": ("UPDATE payments SET created_at = '2026-11-23 09:00:00.000000'", {3}),
}  # fmt: skip


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_what_somebody_changes_by_hand_is_reported(gateway, paid, tampering):
    statement, invariants = TAMPERINGS[tampering]
    if "DELETE FROM evidence " in statement:
        by_hand(gateway, "DELETE FROM evidence_bodies")
    if gateway.parts.units.engine.dialect.name == "postgresql":
        statement = statement.replace("x'30'", "decode('30', 'hex')")
    by_hand(gateway, statement)
    found = check_books(gateway.parts.units)
    assert {violation.invariant for violation in found} == invariants
    assert any(violation.payment_id for violation in found)


REVERSAL = "(SELECT id FROM ledger_transactions WHERE kind = 'reversal')"
RELEASE = "(SELECT id FROM ledger_transactions WHERE kind = 'release')"
OTHER = "(SELECT max(id) FROM ledger_accounts WHERE name LIKE 'payable:%')"


@pytest.mark.parametrize(
    ("statement", "invariants"),
    [
        ("UPDATE reversals SET amount_minor = amount_minor * 2", {5}),
        ("UPDATE reversals SET ground = 'a-favour'", {5}),
        ("UPDATE reversals SET state = 'due'", {5, 9, 10}),
        ("UPDATE captures SET state = 'claimed'", {5, 9}),
        (f"UPDATE ledger_entries SET currency = 'EUR' WHERE transaction_id = {REVERSAL}", {5}),
        (f"UPDATE ledger_entries SET account_id = {OTHER} WHERE transaction_id = {REVERSAL}", {5}),
        (f"UPDATE ledger_entries SET account_id = {OTHER} WHERE transaction_id = {RELEASE}", {5}),
        ("UPDATE ledger_transactions SET kind = 'other' WHERE kind = 'release'", {5}),
        ("UPDATE ledger_transactions SET subject = 'nobody' WHERE kind = 'release'", {5}),
    ],
    ids=[
        "more goes back", "no known ground", "posted and not done", "of money that pays", "in another currency",
        "to another account", "released to another account", "owed to the service still", "a release of nothing",
    ],
)  # fmt: skip
def test_money_that_goes_back_wrongly_is_reported(gateway, given_back, statement, invariants):
    by_hand(gateway, statement)
    assert broken(gateway) == invariants


def test_more_that_is_posted_back_than_was_taken_is_reported_whatever_the_reversal_says(gateway, given_back):
    by_hand(
        gateway,
        f"UPDATE ledger_entries SET amount_minor = amount_minor * 2 WHERE transaction_id = {REVERSAL}",
    )
    by_hand(gateway, "UPDATE reversals SET state = 'refused'")
    assert broken(gateway) == {5, 9}


def test_lines_that_do_not_sum_to_the_money_are_reported_though_their_digest_is_right(gateway, paid):
    content = gateway.calls.delivered[-1].confirmation
    forged = content.to_json().replace('"amount":10000', '"amount":9000')
    assert forged != content.to_json()
    digest = content_digest(forged)
    by_hand(
        gateway, "UPDATE deliveries SET content = :text, content_digest = :digest", text=forged, digest=digest
    )
    found = check_books(gateway.parts.units)
    assert {(each.invariant, each.payment_id) for each in found} == {(3, paid.id), (4, paid.id)}


@pytest.mark.parametrize("shares", ['[["L0",10000]]', '[["L0",10000],["L1",5001]]', "[]"])
def test_shares_that_do_not_sum_to_the_claim_are_reported(gateway, paid, shares):
    by_hand(gateway, "UPDATE claims SET shares = :shares", shares=shares)
    assert broken(gateway) == {4, 7}


def test_other_parts_confirmed_to_the_lines_than_claimed_are_reported(gateway, paid):
    by_hand(gateway, """UPDATE claims SET shares = '[["L0",9000],["L1",6000]]'""")
    (violation,) = check_books(gateway.parts.units)
    assert (violation.invariant, violation.payment_id) == (4, paid.id)


def test_money_sent_to_another_account_is_reported_though_the_digest_is_right(gateway, paid):
    content = gateway.calls.delivered[-1].confirmation
    forged = content.to_json().replace("MD24AG", "MD24XX")
    digest = content_digest(forged)
    by_hand(
        gateway, "UPDATE deliveries SET content = :text, content_digest = :digest", text=forged, digest=digest
    )
    assert broken(gateway) == {3, 4}


def test_money_owed_to_another_account_than_was_confirmed_is_reported_though_all_sums_are_right(
    gateway, paid
):
    """Files are paid out by the ledger, and no service would see that one line's money goes to another's account."""
    first, second = (f"SELECT id FROM ledger_accounts WHERE name = 'payable:TEST01:{iban}'" for iban in IBANS)
    by_hand(gateway, f"UPDATE ledger_entries SET account_id = ({second}) WHERE account_id = ({first})")
    (violation,) = check_books(gateway.parts.units)
    assert (violation.invariant, violation.payment_id) == (4, paid.id)


def test_a_change_that_is_no_edge_is_reported_though_the_chain_is_whole(gateway, paid):
    read = gateway.parts.units.read
    *_, last = read(lambda work: work.audit.of_payment(paid.id))
    change = Change(paid.id, "payment", paid.id, "decline", "captured", "declined", "operator:x", last.at)
    gateway.parts.units.run("forge", lambda work: work.audit.write(change))
    by_hand(gateway, "UPDATE payments SET state = 'declined', captured_at = NULL")
    assert broken(gateway) == {6, 8}


def test_a_body_that_retention_erased_is_no_violation(gateway, paid):
    by_hand(gateway, "DELETE FROM evidence_bodies")
    assert check_books(gateway.parts.units) == ()


def test_only_payments_since_the_given_time_are_checked(gateway, paid):
    by_hand(gateway, "UPDATE audit SET actor = 'operator:mallory' WHERE seq = 2")
    by_hand(gateway, "UPDATE claims SET payable_minor = 0")
    assert check_books(gateway.parts.units, since=NOON + timedelta(days=1)) == ()
    assert {each.invariant for each in check_books(gateway.parts.units, since=NOON)} == {7, 9}
