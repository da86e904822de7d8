"""Seals of the audit and the evidence: what each says, and the digests that hold them together.

A seal covers the heads of the chains that grew since the seal before it. A head covers its whole chain, since
each row's digest covers the row before it. Source: architecture, section 6.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum

FIRST_PREVIOUS = "0" * 64
"""What the first seal names as the digest of the seal before it."""
FORMAT = "mpay-gateway seal 1"


class Chain(StrEnum):
    """Which rows a chain is made of. Both are sealed by the same seals."""

    AUDIT = "audit"
    EVIDENCE = "evidence"


@dataclass(frozen=True, slots=True, order=True)
class Head:
    """Where a chain ended when it was sealed: rows `first_seq` to `last_seq` are new, `digest` is the last one's.

    `chain` is a `Chain`, unless somebody changed what is stored.
    """

    chain: str
    subject: str
    first_seq: int
    last_seq: int
    digest: str

    @property
    def rows(self) -> int:
        """How many rows are new."""
        return self.last_seq - self.first_seq + 1

    def leaf(self) -> bytes:
        """What the Merkle tree holds of it."""
        return _canonical([self.chain, self.subject, self.first_seq, self.last_seq, self.digest])


@dataclass(frozen=True, slots=True)
class Seal:
    """One seal without its signature.

    `previous`: digest of the seal before. `first`, `last`: the first and the last row covered, as `audit ID SEQ`,
    in the order of chain and subject; empty when nothing is covered. `signer`: SHA-256 of the certificate (DER).
    """

    number: int
    at: datetime
    previous: str
    root: str
    chains: int
    rows: int
    first: str
    last: str
    signer: str

    def statement(self) -> bytes:
        """The bytes that are signed: canonical JSON in UTF-8."""
        return _canonical({"format": FORMAT} | asdict(self) | {"at": self.at.astimezone(UTC).isoformat()})


@dataclass(frozen=True, slots=True)
class SignedSeal:
    """`signature`: base64 of RSASSA-PKCS1-v1_5 with SHA-256 over the seal's statement."""

    seal: Seal
    signature: str

    def digest(self) -> str:
        """What the next seal names as the one before it."""
        return hashlib.sha256(self.seal.statement() + b"\n" + self.signature.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the chain of seals the next one stands."""

    number: int
    previous: str


def place_after(newest: SignedSeal | None) -> Place:
    """The place of the seal that follows `newest`."""
    if newest is None:
        return Place(1, FIRST_PREVIOUS)
    return Place(newest.seal.number + 1, newest.digest())


def seal_over(heads: Sequence[Head], place: Place, *, at: datetime, signer: str) -> Seal:
    """The seal over these heads, at its place. `heads` may be empty."""
    ordered = sorted(heads)
    first, last = (ordered[0], ordered[-1]) if ordered else (None, None)
    return Seal(
        number=place.number,
        at=at,
        previous=place.previous,
        root=merkle_root([head.leaf() for head in ordered]),
        chains=len(ordered),
        rows=sum(head.rows for head in ordered),
        first=f"{first.chain} {first.subject} {first.first_seq}" if first else "",
        last=f"{last.chain} {last.subject} {last.last_seq}" if last else "",
        signer=signer,
    )


def merkle_root(leaves: Sequence[bytes]) -> str:
    """The root of the Merkle tree over the leaves, hexadecimal SHA-256 (RFC 6962, section 2.1)."""
    if not leaves:
        return hashlib.sha256(b"").hexdigest()
    level = [hashlib.sha256(b"\x00" + leaf).digest() for leaf in leaves]
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        odd = level[-1:] if len(level) % 2 else []
        level = [hashlib.sha256(b"\x01" + left + right).digest() for left, right in pairs] + odd
    return level[0].hex()


def _canonical(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
