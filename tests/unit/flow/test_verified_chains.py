"""Every row that somebody with access to the database changes is found, and named by payment and row."""

import pytest

from mpay_gateway.domain.payment import Payment
from mpay_gateway.domain.seals import Chain
from mpay_gateway.storage import Work
from mpay_gateway.storage.sealed_chains import SealedChains
from mpay_gateway.storage.tables import audit, evidence
from tests.unit.flow.scripted import ScriptedGateway
from tests.unit.flow.tampering import by_hand, chain_anew, insert_row, remove_row
from tests.unit.flow.verifying import paid, problem, verify

__all__ = ["paid"]


def last_row(gateway: ScriptedGateway, payment: Payment, table: object = audit) -> int:
    def count(work: Work) -> int:
        kept = work.audit.of_payment if table is audit else work.evidence.of_subject
        return len(kept(payment.id))

    return gateway.parts.units.read(count)


def covered(gateway: ScriptedGateway, payment: Payment, chain: Chain = Chain.AUDIT) -> list[int]:
    """The last row that each seal covers."""

    def read(work: Work) -> list[int]:
        stored = SealedChains(work.connection)
        every = stored.seals(stored.scope(None))
        return [
            head.last_seq
            for _, heads in every
            for head in heads
            if (head.chain, head.subject) == (chain, payment.id)
        ]

    return gateway.parts.units.read(read)


def test_what_was_sealed_is_sound(gateway, paid):
    report = verify(gateway)
    assert report.problems == ()
    assert (report.seals, report.newest, report.audit_chains) == (3, 3, 3)
    assert report.audit_rows > report.audit_chains
    assert report.evidence_rows > report.evidence_chains > 3
    assert (report.unsealed_rows, report.erased_bodies) == (0, 0)


def test_an_empty_database_is_sound(gateway):
    report = verify(gateway)
    assert (report.problems, report.seals, report.newest, report.newest_at) == ((), 0, 0, None)


@pytest.mark.parametrize("column", ["actor", "event", "before", "after", "detail", "machine", "subject"])
def test_an_altered_audit_row_is_named(gateway, paid, column):
    by_hand(gateway, f'UPDATE audit SET "{column}" = :value WHERE payment_id = :id AND seq = 2',
            value="other", id=paid.id)  # fmt: skip
    found = problem(gateway)
    assert (found.chain, found.subject, found.row) == (Chain.AUDIT, paid.id, 2)
    assert "was altered" in found.detail


def test_an_altered_audit_row_is_found_though_its_chain_was_made_anew(gateway, paid):
    by_hand(
        gateway, "UPDATE audit SET actor = 'operator:mallory' WHERE payment_id = :id AND seq = 2", id=paid.id
    )
    chain_anew(gateway, audit, paid.id)
    found = problem(gateway)
    first, *_ = covered(gateway, paid)
    assert (found.chain, found.subject, found.row) == (Chain.AUDIT, paid.id, first)
    assert f"rows 1 to {first} are not what seal 1 covers" in found.detail


def test_the_seal_tells_which_rows_of_a_chain_made_anew_are_others(gateway, paid):
    first, second = covered(gateway, paid)
    by_hand(
        gateway,
        "UPDATE audit SET actor = 'x' WHERE payment_id = :id AND seq = :seq",
        id=paid.id,
        seq=first + 1,
    )
    chain_anew(gateway, audit, paid.id)
    assert f"rows {first + 1} to {second} are not what seal 2 covers" in problem(gateway).detail


@pytest.mark.parametrize("table", [audit, evidence], ids=["audit", "evidence"])
def test_a_removed_row_is_named(gateway, paid, table):
    remove_row(gateway, table, paid.id, 2)
    found = problem(gateway)
    assert (found.chain, found.subject, found.row) == (table.name, paid.id, 2)
    assert found.detail == "row 2 is missing"


@pytest.mark.parametrize("table", [audit, evidence], ids=["audit", "evidence"])
def test_a_removed_row_is_found_though_its_chain_was_made_anew(gateway, paid, table):
    remove_row(gateway, table, paid.id, 2)
    chain_anew(gateway, table, paid.id)
    found = problem(gateway)
    assert (found.chain, found.subject) == (table.name, paid.id)
    assert "is not what seal" in found.detail or "are not what seal" in found.detail


@pytest.mark.parametrize("table", [audit, evidence], ids=["audit", "evidence"])
def test_an_inserted_row_is_found_though_its_chain_was_made_anew(gateway, paid, table):
    insert_row(gateway, table, paid.id, after=1)
    found, *others = verify(gateway).problems
    assert others == []
    assert (found.chain, found.subject) == (table.name, paid.id)
    assert "not what seal 1 covers" in found.detail


def test_an_inserted_row_that_does_not_fit_is_named(gateway, paid):
    insert_row(gateway, audit, paid.id, after=last_row(gateway, paid))
    last = last_row(gateway, paid)
    by_hand(gateway, "UPDATE audit SET previous = :no WHERE payment_id = :id AND seq = :seq",
            no="f" * 64, id=paid.id, seq=last)  # fmt: skip
    found = problem(gateway)
    assert (found.subject, found.row) == (paid.id, last)
    assert "does not follow the row before it" in found.detail


def test_a_row_inserted_at_the_end_is_not_sealed_and_soon_a_problem(gateway, paid):
    insert_row(gateway, audit, paid.id, after=last_row(gateway, paid))
    report = verify(gateway)
    assert (report.problems, report.unsealed_rows) == ((), 1)
    gateway.clock.advance(minutes=11)
    found = problem(gateway)
    assert (found.chain, found.subject, found.row) == (Chain.AUDIT, paid.id, last_row(gateway, paid))
    assert "no seal since" in found.detail


@pytest.mark.parametrize("table", [audit, evidence], ids=["audit", "evidence"])
def test_a_truncated_tail_is_named(gateway, paid, table):
    last = last_row(gateway, paid, table)
    remove_row(gateway, table, paid.id, last)
    chain_anew(gateway, table, paid.id)
    found = problem(gateway)
    assert (found.chain, found.subject, found.row) == (table.name, paid.id, last)
    assert found.detail == f"row {last} is missing that seal 2 covers"


def test_a_tail_that_was_replaced_is_found(gateway, paid):
    last = last_row(gateway, paid)
    remove_row(gateway, audit, paid.id, last)
    insert_row(gateway, audit, paid.id, after=last - 1)
    found = problem(gateway)
    assert (found.subject, found.row) == (paid.id, last)
    assert "not what seal 2 covers" in found.detail


def test_a_chain_that_was_removed_whole_is_named(gateway, paid):
    by_hand(gateway, "DELETE FROM audit WHERE payment_id = :id", id=paid.id)
    found = problem(gateway)
    assert (found.chain, found.subject, found.row) == (Chain.AUDIT, paid.id, 1)
    assert found.detail.endswith("are missing that seal 1 covers")


def test_a_chain_that_was_given_to_another_payment_is_found_under_both(gateway, paid):
    by_hand(gateway, "UPDATE audit SET payment_id = 'OTHER' WHERE payment_id = :id", id=paid.id)
    assert {(each.subject, each.row) for each in verify(gateway).problems} == {(paid.id, 1), ("OTHER", 1)}


@pytest.mark.parametrize("column", ["operation", "meta", "direction", "body_digest"])
def test_an_altered_message_is_named(gateway, paid, column):
    by_hand(gateway, f"UPDATE evidence SET {column} = 'x' WHERE subject = :id AND seq = 2", id=paid.id)
    found = problem(gateway)
    assert (found.chain, found.subject, found.row) == (Chain.EVIDENCE, paid.id, 2)
    assert "was altered" in found.detail


OF_ROW_2 = "evidence_id = (SELECT id FROM evidence WHERE subject = :id AND seq = 2)"


def test_an_altered_body_is_named(gateway, paid):
    by_hand(gateway, f"UPDATE evidence_bodies SET body = :body WHERE {OF_ROW_2}", body=b"0", id=paid.id)
    found = problem(gateway)
    assert (found.chain, found.subject, found.row) == (Chain.EVIDENCE, paid.id, 2)
    assert found.detail.startswith("the body of")


def test_a_body_that_nobody_erased_and_is_gone_is_named(gateway, paid):
    by_hand(gateway, f"DELETE FROM evidence_bodies WHERE {OF_ROW_2}", id=paid.id)
    found = problem(gateway)
    assert (found.chain, found.subject, found.row) == (Chain.EVIDENCE, paid.id, 2)
    assert found.detail.endswith("is missing, and nobody erased it")
