"""Every seal that somebody with access to the database changes, removes or forges is found."""

from dataclasses import replace

import pytest

from mpay_gateway.domain.seals import Chain, place_after, seal_over
from mpay_gateway.flow.audit.seal_signing import Signatory, Signer
from mpay_gateway.flow.audit.seal_verification import head_line, read_anchor
from mpay_gateway.storage import Work
from mpay_gateway.storage.sealed_chains import SealedChains
from mpay_gateway.storage.tables import audit, evidence
from tests.unit.flow.own_keys import gateway_section
from tests.unit.flow.scripted import NOON, ScriptedGateway
from tests.unit.flow.tampering import by_hand, chain_anew
from tests.unit.flow.verifying import paid, problem, remove_seal, seal, verify
from tests.unit.wssecurity.identities import identity

__all__ = ["paid"]


def test_a_missing_seal_is_named(gateway, paid):
    remove_seal(gateway, 2)
    assert "seal 2 is missing" in [each.detail for each in verify(gateway).problems]


def test_a_missing_first_seal_is_named(gateway, paid):
    remove_seal(gateway, 1)
    assert "seal 1 is missing" in [each.detail for each in verify(gateway).problems]


def test_seals_that_were_numbered_anew_over_a_gap_are_found(gateway, paid):
    by_hand(
        gateway, "DELETE FROM seal_heads WHERE seal_number >= 2", "DELETE FROM seals WHERE number = 2",
        "UPDATE seals SET number = 2 WHERE number = 3",
    )  # fmt: skip
    details = [each.detail for each in verify(gateway).problems if each.chain == "seals"]
    assert any("seal 2 was altered" in detail for detail in details)


def test_seals_removed_from_the_end_are_found_by_what_they_covered(gateway, paid):
    remove_seal(gateway, 3)
    assert verify(gateway).unsealed_rows > 0
    gateway.clock.advance(minutes=11)
    assert all("no seal since" in each.detail for each in verify(gateway).problems)
    assert len(verify(gateway).problems) > 1


def test_empty_seals_removed_from_the_end_are_found_by_their_silence(gateway, paid):
    gateway.clock.advance(minutes=61)
    seal(gateway)
    gateway.clock.advance(minutes=60)
    by_hand(gateway, "DELETE FROM seals WHERE number = 4")
    found = problem(gateway)
    assert (found.chain, found.subject) == ("seals", "3")
    assert "no seal for 121 minutes after seal 3" in found.detail


def anchor(gateway: ScriptedGateway) -> object:
    return read_anchor(head_line(gateway.parts.units.read(lambda work: work.seals.newest())))


def test_a_seal_that_was_anchored_outside_cannot_go_unseen(gateway, paid):
    kept = anchor(gateway)
    assert verify(gateway, anchors=(kept,)).problems == ()
    remove_seal(gateway, 3)
    assert problem(gateway, anchors=(kept,)).detail == "seal 3 is missing: it was anchored"


def test_another_seal_in_the_place_of_an_anchored_one_is_found(gateway, paid):
    """Even when it is signed with the gateway's own key: the end was removed and sealed again."""
    kept = anchor(gateway)
    remove_seal(gateway, 3)
    gateway.pay("ORDER-C")
    seal(gateway)
    found = verify(gateway, anchors=(kept,)).problems
    assert [each.detail for each in found] == ["seal 3 is not the one that was anchored"]


def test_all_seals_removed_leave_rows_that_wait_too_long(gateway, paid):
    by_hand(gateway, "DELETE FROM seal_heads", "DELETE FROM seals")
    gateway.clock.advance(minutes=11)
    report = verify(gateway)
    assert report.unsealed_rows == report.audit_rows + report.evidence_rows
    assert len(report.problems) == report.audit_chains + report.evidence_chains


@pytest.mark.parametrize(
    "change",
    ["root = '%s'" % ("0" * 64), "rows = rows + 1", "chains = 0", '"first" = \'\'', '"last" = \'x\'',
     "at = '2026-01-01 00:00:00.000000'"],
    ids=["root", "rows", "chains", "first", "last", "time"],
)  # fmt: skip
def test_an_altered_seal_is_named(gateway, paid, change):
    by_hand(gateway, f"UPDATE seals SET {change} WHERE number = 2")
    found = verify(gateway).problems
    assert {each.subject for each in found} == {"2"}
    assert "seal 2 was altered: its signature is not of what it says" in {each.detail for each in found}


def test_a_seal_that_names_another_before_it_is_named(gateway, paid):
    by_hand(gateway, "UPDATE seals SET previous = :other WHERE number = 3", other="e" * 64)
    assert {each.subject for each in verify(gateway).problems} == {"3"}


def test_a_seal_replaced_by_one_of_the_same_key_is_found_by_the_next(gateway, paid):
    own = gateway.parts.settings.gateway
    second = gateway.parts.units.read(lambda work: SealedChains(work.connection).seal(2)).seal
    other = Signer.load(own.signing_key, own.signing_certificate).sign(replace(second, at=NOON))
    by_hand(
        gateway, "UPDATE seals SET at = '2026-11-23 10:00:00.000000', signature = :signature WHERE number = 2",
        signature=other.signature,
    )  # fmt: skip
    found = problem(gateway)
    assert (found.subject, found.detail) == ("3", "seal 3 does not follow seal 2: one of them is another")


@pytest.mark.parametrize("signature", ["", "AAAA", "not base64 ž"])
def test_a_signature_that_is_none_is_named(gateway, paid, signature):
    by_hand(gateway, "UPDATE seals SET signature = :signature WHERE number = 2", signature=signature)
    assert problem(gateway).subject == "2"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE seal_heads SET digest = :digest WHERE seal_number = 2 AND chain = 'audit'",
        "DELETE FROM seal_heads WHERE seal_number = 2 AND chain = 'audit' AND :digest = :digest",
        "INSERT INTO seal_heads VALUES (2, 'nonsense', 'x', 1, 1, :digest)",
    ],
    ids=["altered", "removed", "inserted"],
)
def test_heads_that_a_seal_does_not_cover_are_found(gateway, paid, statement):
    by_hand(gateway, statement, digest="d" * 64)
    found = [each for each in verify(gateway).problems if each.chain == "seals"]
    assert [each.subject for each in found] == ["2"]
    assert "other heads are stored under it" in found[0].detail


def forge_all(gateway: ScriptedGateway, signer: Signer) -> None:
    """Seal the chains as they are now with another key, in the place of every seal."""
    by_hand(gateway, "DELETE FROM seal_heads", "DELETE FROM seals")

    def forge(work: Work) -> None:
        rows = {Chain.AUDIT: audit.c.payment_id, Chain.EVIDENCE: evidence.c.subject}
        heads = []
        for chain, column in rows.items():
            subjects = [
                row[0] for row in work.connection.execute(column.table.select().with_only_columns(column))
            ]
            heads += work.seals.grown(chain, sorted(set(subjects)))
        made = seal_over(
            heads, place_after(None), at=gateway.clock.now(), signer=signer.signatory.fingerprint
        )
        work.seals.add(signer.sign(made), signer.signatory.pem, heads)

    gateway.parts.units.run("forge", forge)


def test_seals_that_somebody_else_signed_are_not_believed(gateway, paid):
    by_hand(gateway, "UPDATE audit SET actor = 'x' WHERE payment_id = :id", id=paid.id)
    chain_anew(gateway, audit, paid.id)
    mallory = identity("mallory")
    forge_all(gateway, Signer.load(mallory.key_pem, mallory.certificate_pem))
    found = problem(gateway)
    assert "signed by a certificate that is not trusted: CN=mallory" in found.detail


def rotate(gateway: ScriptedGateway, *earlier: str) -> None:
    """From now on another key signs."""
    settings = gateway.parts.settings
    settings.gateway = gateway_section("successor", *earlier)  # type: ignore[misc]


def test_seals_of_an_earlier_key_stay_good_while_its_certificate_is_trusted(gateway, paid):
    rotate(gateway, "gateway")
    gateway.pay("ORDER-C")
    seal(gateway)
    assert verify(gateway).problems == ()
    rotate(gateway)
    found = problem(gateway)
    assert "3 seals from 1 to 3" in found.detail
    assert "earlier_certificates" in found.detail


def test_who_is_trusted_can_be_pinned(gateway, paid):
    pinned = Signatory.load(identity("gateway").certificate_pem)
    assert verify(gateway, trusted=(pinned,)).problems == ()
    other = Signatory.load(identity("mallory").certificate_pem)
    assert "not trusted" in problem(gateway, trusted=(other,)).detail


def test_a_stored_certificate_that_was_altered_proves_nothing(gateway, paid):
    by_hand(
        gateway, "UPDATE seal_certificates SET pem = :pem", pem=identity("mallory").certificate_pem.decode()
    )
    assert verify(gateway).problems == ()
    rotate(gateway)
    assert {each.subject for each in verify(gateway).problems} == {"1", "2", "3"}
