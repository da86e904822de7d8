"""What a verification looks at, what waits for its seal, and how it is reported."""

import dataclasses
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from mpay_gateway.flow.audit.audit_verification import Terms, trusted_signatories, verify_audit
from mpay_gateway.flow.audit.seal_verification import head_line, read_anchor
from tests.unit.flow.scripted import NOON
from tests.unit.flow.tampering import by_hand
from tests.unit.flow.verifying import paid, problem, remove_seal, seal, verify

__all__ = ["paid"]


def test_rows_newer_than_the_last_seal_are_reported_and_no_problem_at_first(gateway, paid):
    gateway.pay("ORDER-C")
    report = verify(gateway)
    assert report.problems == ()
    assert report.unsealed_rows > 5
    assert NOON < report.oldest_unsealed < gateway.clock.now()
    gateway.clock.advance(minutes=9)
    assert verify(gateway).problems == ()
    gateway.clock.advance(minutes=2)
    late = verify(gateway)
    assert late.problems
    assert all("does a worker run?" in each.detail for each in late.problems)
    assert verify(gateway, late=timedelta(hours=1)).problems == ()


def test_many_chains_that_wait_too_long_are_counted_and_not_all_named(gateway, monkeypatch):
    monkeypatch.setattr("mpay_gateway.flow.audit.chain_verification.MOST_NAMED", 2)
    for number in range(2):
        gateway.pay(f"ORDER-{number}")
    gateway.clock.advance(minutes=11)
    *named, last = verify(gateway).problems
    assert len(named) == 2
    assert last.detail.endswith("more chains wait too long for their seal: does a worker run?")


def test_marks_that_were_erased_leave_rows_that_wait_too_long(gateway, paid):
    gateway.pay("ORDER-C")
    by_hand(gateway, "DELETE FROM unsealed_chains")
    gateway.clock.advance(minutes=61)
    seal(gateway)
    assert all("no seal since" in each.detail for each in verify(gateway).problems)
    assert verify(gateway).problems


def test_only_what_was_sealed_since_then_is_verified(gateway, paid):
    by_hand(gateway, "UPDATE audit SET actor = 'x' WHERE payment_id = :id", id=paid.id)
    gateway.clock.advance(minutes=5)
    since = gateway.clock.now()
    recent = gateway.pay("ORDER-C")
    seal(gateway)
    report = verify(gateway, since=since)
    assert (report.problems, report.seals, report.audit_chains) == ((), 1, 1)
    by_hand(gateway, "DELETE FROM audit WHERE payment_id = :id", id=recent.id)
    assert problem(gateway, since=since).subject == recent.id
    assert {each.subject for each in verify(gateway).problems} == {paid.id, recent.id}


def test_the_seal_before_those_that_are_verified_must_be_there(gateway, paid):
    gateway.clock.advance(minutes=5)
    since = gateway.clock.now()
    gateway.pay("ORDER-C")
    seal(gateway)
    remove_seal(gateway, 3)
    assert "seal 3 is missing" in [each.detail for each in verify(gateway, since=since).problems]


def test_nothing_since_then_is_sound(gateway, paid):
    report = verify(gateway, since=gateway.clock.now() + timedelta(days=1))
    assert (report.problems, report.seals, report.newest, report.audit_rows) == ((), 0, 3, 0)


def test_progress_ends_with_every_row(gateway, paid):
    seen: list[tuple[int, int]] = []
    terms = Terms(gateway.clock.now(), trusted_signatories(gateway.parts.settings))
    report = verify_audit(gateway.parts.units, terms, lambda done, total: seen.append((done, total)))
    rows = report.audit_rows + report.evidence_rows
    assert seen[-1] == (rows, rows)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_no_more_problems_are_reported_than_can_be_read(gateway, paid, monkeypatch):
    monkeypatch.setattr("mpay_gateway.flow.audit.audit_verification.MOST", 2)
    by_hand(gateway, "UPDATE audit SET actor = 'x' WHERE seq > 0")
    assert len(verify(gateway).problems) == 2


def test_what_a_head_line_says_is_read_back(gateway, paid):
    newest = gateway.parts.units.read(lambda work: work.seals.newest())
    kept = read_anchor(head_line(newest))
    assert (kept.number, kept.root, kept.signature) == (3, newest.seal.root, newest.signature)
    with pytest.raises(ValueError, match="number, time, root and signature"):
        read_anchor("3 yesterday")


def test_a_seal_cannot_be_rewritten_by_a_later_one(gateway, paid):
    """One number, one seal: whoever comes second is refused by the database itself."""
    newest = gateway.parts.units.read(lambda work: work.seals.newest())
    again = dataclasses.replace(newest, seal=dataclasses.replace(newest.seal, rows=0))
    with pytest.raises(IntegrityError):
        gateway.parts.units.run("again", lambda work: work.seals.add(again, "", ()))
