"""The seals and the chains that they cover, streamed in the order in which they are verified."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, islice
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, or_, select, true
from sqlalchemy.engine import Connection

from mpay_gateway.domain.seals import Chain, Head, SignedSeal
from mpay_gateway.storage.audit import AuditRow
from mpay_gateway.storage.chain import body_digest
from mpay_gateway.storage.engine import unhurried
from mpay_gateway.storage.evidence import EvidenceRow
from mpay_gateway.storage.seals import SEAL_COLUMNS, seal_of
from mpay_gateway.storage.tables import (
    audit,
    evidence,
    evidence_bodies,
    seal_certificates,
    seal_heads,
    seals,
)

_BATCH = 2000
_CHAINS_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Link:
    """A row of a chain and what its digest must be. `what`: in words. `altered_body`: the kept body is another."""

    seq: int
    at: datetime
    what: str
    previous: str
    digest: str
    computed: str
    erased_body: bool = False
    altered_body: bool = False


@dataclass(frozen=True, slots=True)
class SealedHead:
    """A head and the seal that covers it."""

    seal: int
    head: Head


@dataclass(frozen=True, slots=True)
class SealedChain:
    """One chain in order, and what seals said of it in order."""

    chain: Chain
    subject: str
    links: tuple[Link, ...]
    heads: tuple[SealedHead, ...]


@dataclass(frozen=True, slots=True)
class Scope:
    """Seals `first` to `last`, and the chains that they cover or that grew since `since` (UTC; None: all)."""

    first: int
    last: int
    since: datetime | None


class SealedChains:
    """Everything that is sealed or waits for it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        unhurried(connection)

    def scope(self, since: datetime | None) -> Scope:
        """What there is now. Seals that are made from now on are outside: their rows may not be seen yet."""
        last = self._connection.execute(select(func.coalesce(func.max(seals.c.number), 0))).scalar_one()
        if since is None:
            return Scope(1, last, None)
        first = self._connection.execute(select(func.min(seals.c.number)).where(seals.c.at >= since)).scalar()
        return Scope(last + 1 if first is None else first, last, since)

    def seal(self, number: int) -> SignedSeal | None:
        """The seal of this number."""
        row = self._connection.execute(select(*SEAL_COLUMNS).where(seals.c.number == number)).first()
        return None if row is None else seal_of(row)

    def certificates(self) -> tuple[str, ...]:
        """The certificates of all that ever sealed, PEM."""
        return tuple(self._connection.execute(select(seal_certificates.c.pem)).scalars())

    def seals(self, scope: Scope) -> Iterator[tuple[SignedSeal, tuple[Head, ...]]]:
        """Each seal with the heads that are stored under it."""
        numbers = self._stream(
            select(*SEAL_COLUMNS)
            .where(seals.c.number.between(scope.first, scope.last))
            .order_by(seals.c.number)
        )
        heads = self._stream(
            select(seal_heads)
            .where(seal_heads.c.seal_number.between(scope.first, scope.last))
            .order_by(seal_heads.c.seal_number)
        )
        covered = groupby(heads, key=lambda row: int(row.seal_number))
        number, rows = next(covered, (None, iter(())))
        for row in numbers:
            while number is not None and number < row.number:
                number, rows = next(covered, (None, iter(())))
            found = tuple(map(_head, rows)) if number == row.number else ()
            yield seal_of(row), found

    def links(self, chain: Chain, scope: Scope) -> int:
        """How many rows the chains of this kind have in this scope."""
        subject = _SUBJECT[chain]
        query = select(func.count()).select_from(subject.table).where(self._within(chain, scope))
        return int(self._connection.execute(query).scalar_one())

    def chains(self, chain: Chain, scope: Scope) -> Iterator[SealedChain]:
        """Each chain of this kind, then those of which seals tell and no row is left."""
        query, make = _ROWS[chain]
        subject = _SUBJECT[chain]
        rows = self._stream(query.where(self._within(chain, scope)).order_by(subject, subject.table.c.seq))
        groups = (
            (key, tuple(map(make, some))) for key, some in groupby(rows, key=lambda row: str(row.subject_))
        )
        while some := list(islice(groups, _CHAINS_AT_ONCE)):
            heads = self.heads_of(chain, [key for key, _ in some], scope)
            for key, links in some:
                yield SealedChain(chain, key, links, heads.get(key, ()))
        yield from self.lost(chain, scope)

    def heads_of(
        self, chain: Chain, subjects: Sequence[str], scope: Scope
    ) -> dict[str, tuple[SealedHead, ...]]:
        """What seals said of these chains, in order."""
        query = (
            select(seal_heads)
            .where(seal_heads.c.chain == chain, seal_heads.c.subject.in_(subjects))
            .where(seal_heads.c.seal_number <= scope.last)
            .order_by(seal_heads.c.subject, seal_heads.c.last_seq)
        )
        rows = self._connection.execute(query)
        return {
            key: tuple(map(_sealed, some)) for key, some in groupby(rows, key=lambda row: str(row.subject))
        }

    def lost(self, chain: Chain, scope: Scope) -> Iterator[SealedChain]:
        """Chains of which seals tell and no row is left."""
        subject = _SUBJECT[chain]
        query = (
            select(seal_heads)
            .where(
                seal_heads.c.chain == chain, seal_heads.c.seal_number.between(scope.first, scope.last),
                ~select(subject).where(subject == seal_heads.c.subject).exists(),
            )
            .order_by(seal_heads.c.subject, seal_heads.c.last_seq)
        )  # fmt: skip
        for key, rows in groupby(self._stream(query), key=lambda row: str(row.subject)):
            yield SealedChain(chain, key, (), tuple(map(_sealed, rows)))

    def _within(self, chain: Chain, scope: Scope) -> ColumnElement[bool]:
        """Whole chains: those that a seal of the scope covers, and those that grew since."""
        if scope.since is None:
            return true()
        subject = _SUBJECT[chain]
        covered = select(seal_heads.c.subject).where(
            seal_heads.c.chain == chain, seal_heads.c.seal_number.between(scope.first, scope.last)
        )
        grown = select(subject).where(subject.table.c.at >= scope.since)
        return or_(subject.in_(covered), subject.in_(grown))

    def _stream(self, query: Select[Any]) -> Iterator[Row[Any]]:
        return iter(self._connection.execute(query.execution_options(yield_per=_BATCH)))


def _head(row: Row[Any]) -> Head:
    return Head(row.chain, row.subject, row.first_seq, row.last_seq, row.digest)


def _sealed(row: Row[Any]) -> SealedHead:
    return SealedHead(row.seal_number, _head(row))


def _audit_link(row: Row[Any]) -> Link:
    kept = AuditRow(*tuple(row)[1:])
    what = f"{kept.machine} {kept.event}"
    return Link(kept.seq, kept.at, what, kept.previous, kept.digest, kept.computed_digest())


def _evidence_link(row: Row[Any]) -> Link:
    *fields, body = tuple(row)[1:]
    return evidence_link(EvidenceRow(*fields), body)


def evidence_link(kept: EvidenceRow, body: bytes | None) -> Link:
    """A message as a link of its chain. `body`: None when it was erased."""
    return Link(
        kept.seq, kept.at, f"{kept.direction} {kept.operation}", kept.previous, kept.digest,
        kept.computed_digest(), erased_body=body is None,
        altered_body=body is not None and body_digest(body) != kept.body_digest,
    )  # fmt: skip


_SUBJECT = {Chain.AUDIT: audit.c.payment_id, Chain.EVIDENCE: evidence.c.subject}
_ROWS: dict[Chain, tuple[Select[Any], Callable[[Row[Any]], Link]]] = {
    Chain.AUDIT: (
        select(
            audit.c.payment_id.label("subject_"), *(audit.c[name] for name in AuditRow.__dataclass_fields__)
        ),
        _audit_link,
    ),
    Chain.EVIDENCE: (
        select(
            evidence.c.subject.label("subject_"),
            *(evidence.c[name] for name in EvidenceRow.__dataclass_fields__),
            evidence_bodies.c.body,
        ).join_from(evidence, evidence_bodies, evidence_bodies.c.evidence_id == evidence.c.id, isouter=True),
        _evidence_link,
    ),
}
"""The rows of each kind of chain, with their subject before them, and what makes a link of one."""
