"""The seals, the certificates of their signers, and the heads of chains that each covers. Insert only."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import func, insert, select, tuple_
from sqlalchemy.engine import Connection, Row

from mpay_gateway.domain.seals import Chain, Head, Seal, SignedSeal
from mpay_gateway.storage.statements import insert_once
from mpay_gateway.storage.tables import audit, evidence, seal_certificates, seal_heads, seals

_AT_ONCE = 1000
_SEAL_FIELDS = tuple(Seal.__dataclass_fields__)
SEAL_COLUMNS = [seals.c[name] for name in (*_SEAL_FIELDS, "signature")]
"""The columns that `seal_of` reads."""
_ADD = insert(seals)
_ADD_CERTIFICATE = insert_once(seal_certificates, ["fingerprint"])
_ADD_HEADS = insert(seal_heads)
_SUBJECTS = {Chain.AUDIT: audit.c.payment_id, Chain.EVIDENCE: evidence.c.subject}


class Seals:
    """The stored seals."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def newest(self) -> SignedSeal | None:
        """The seal with the highest number, None before the first."""
        row = self._connection.execute(select(*SEAL_COLUMNS).order_by(seals.c.number.desc()).limit(1)).first()
        return None if row is None else seal_of(row)

    def grown(self, chain: Chain, subjects: Sequence[str]) -> Iterator[Head]:
        """The heads of these chains as they are now, those that are sealed already left out."""
        for start in range(0, len(subjects), _AT_ONCE):
            some = subjects[start : start + _AT_ONCE]
            sealed = self._sealed(chain, some)
            for row in self._heads(chain, some):
                before = sealed.get(row.of, 0)
                if row.seq > before:
                    yield Head(chain, row.of, before + 1, row.seq, row.digest)

    def add(self, signed: SignedSeal, certificate_pem: str, heads: Sequence[Head]) -> None:
        """Store a seal with what it covers."""
        seal = signed.seal
        certificate = {"fingerprint": seal.signer, "pem": certificate_pem}
        self._connection.execute(_ADD_CERTIFICATE.on(self._connection), certificate)
        row = {name: getattr(seal, name) for name in _SEAL_FIELDS}
        self._connection.execute(_ADD, row | {"signature": signed.signature})
        if heads:
            self._connection.execute(_ADD_HEADS, [_head_row(seal.number, head) for head in heads])

    def _sealed(self, chain: Chain, subjects: Sequence[str]) -> dict[str, int]:
        """The last sealed row of each of these chains that was ever sealed."""
        query = (
            select(seal_heads.c.subject, func.max(seal_heads.c.last_seq))
            .where(seal_heads.c.chain == chain, seal_heads.c.subject.in_(subjects))
            .group_by(seal_heads.c.subject)
        )
        return {subject: int(seq) for subject, seq in self._connection.execute(query)}

    def _heads(self, chain: Chain, subjects: Sequence[str]) -> Iterator[Row[Any]]:
        subject = _SUBJECTS[chain]
        table = subject.table
        last = select(subject, func.max(table.c.seq)).where(subject.in_(subjects)).group_by(subject)
        query = select(subject.label("of"), table.c.seq, table.c.digest).where(
            tuple_(subject, table.c.seq).in_(last)
        )
        return iter(self._connection.execute(query))


def seal_of(row: Row[Any]) -> SignedSeal:
    """A seal from a row of `SEAL_COLUMNS`."""
    return SignedSeal(Seal(*tuple(row)[:-1]), row.signature)


def _head_row(number: int, head: Head) -> dict[str, object]:
    return {
        "seal_number": number, "chain": head.chain, "subject": head.subject, "first_seq": head.first_seq,
        "last_seq": head.last_seq, "digest": head.digest,
    }  # fmt: skip
