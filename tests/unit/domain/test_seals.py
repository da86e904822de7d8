"""What a seal says: its Merkle root is the standard's, its statement one text, its digest of all of it."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from mpay_gateway.domain.seals import (
    FIRST_PREVIOUS,
    Chain,
    Head,
    Place,
    SignedSeal,
    merkle_root,
    place_after,
    seal_over,
)

NOON = datetime(2026, 11, 23, 10, tzinfo=UTC)
HEADS = (Head(Chain.EVIDENCE, "B", 1, 2, "2" * 64), Head(Chain.AUDIT, "A", 3, 5, "1" * 64))
SEAL = seal_over(HEADS, Place(1, FIRST_PREVIOUS), at=NOON, signer="f" * 64)


def rfc_6962(leaves: list[bytes]) -> bytes:
    """The definition as it stands in the standard, recursive."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return hashlib.sha256(b"\x01" + rfc_6962(leaves[:half]) + rfc_6962(leaves[half:])).digest()


@pytest.mark.parametrize("count", range(20))
def test_the_root_is_the_one_of_the_standard(count):
    leaves = [bytes([number]) for number in range(count)]
    assert merkle_root(leaves) == rfc_6962(leaves).hex()


def test_a_root_that_others_have_computed():
    """Certificate transparency's own test tree of eight leaves (RFC 6962 reference implementation)."""
    leaves = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ]
    root = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
    assert merkle_root([bytes.fromhex(leaf) for leaf in leaves]) == root


def test_a_seal_counts_and_names_first_and_last_row():
    assert (SEAL.chains, SEAL.rows, SEAL.first, SEAL.last) == (2, 5, "audit A 3", "evidence B 2")


def test_the_order_in_which_heads_are_found_is_no_matter():
    assert seal_over(HEADS[::-1], Place(1, FIRST_PREVIOUS), at=NOON, signer="f" * 64) == SEAL


@pytest.mark.parametrize(
    "change",
    [{"chain": Chain.AUDIT}, {"subject": "C"}, {"first_seq": 2}, {"last_seq": 3}, {"digest": "3" * 64}],
    ids=lambda change: next(iter(change)),
)
def test_everything_in_a_head_is_covered(change):
    changed = (replace(HEADS[0], **change), HEADS[1])
    assert merkle_root([head.leaf() for head in changed]) != merkle_root([head.leaf() for head in HEADS])


@pytest.mark.parametrize("name", sorted(SEAL.__dataclass_fields__))
def test_everything_in_a_seal_is_signed(name):
    value = getattr(SEAL, name)
    other = value + (1 if isinstance(value, int) else timedelta(1) if isinstance(value, datetime) else "x")
    assert replace(SEAL, **{name: other}).statement() != SEAL.statement()


def test_one_instant_is_one_statement_in_whatever_zone():
    east = NOON.astimezone(timezone(timedelta(hours=2)))
    assert replace(SEAL, at=east).statement() == SEAL.statement()


def test_the_next_seal_names_statement_and_signature_of_the_one_before():
    assert place_after(None) == Place(1, FIRST_PREVIOUS)
    signed = SignedSeal(SEAL, "AAAA")
    assert place_after(signed).number == 2
    assert place_after(signed).previous != place_after(SignedSeal(SEAL, "AAAB")).previous
