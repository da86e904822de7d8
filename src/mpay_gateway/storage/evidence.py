"""Every message sent and received, byte for byte, chained per subject; bodies stand apart from digests."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select
from sqlalchemy.engine import Connection

from mpay_gateway.domain.evidence import Direction, MessageMeta
from mpay_gateway.domain.seals import Chain
from mpay_gateway.storage.chain import BEGINNING, body_digest, canonical, link, link_text
from mpay_gateway.storage.growth import Growth
from mpay_gateway.storage.tables import evidence, evidence_bodies


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it was when it passed."""

    direction: Direction
    body: bytes
    meta: MessageMeta
    at: datetime


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """A kept message without its body."""

    id: int
    subject: str
    seq: int
    at: datetime
    direction: str
    operation: str
    meta: str
    body_digest: str
    body_size: int
    previous: str
    digest: str

    def computed_digest(self) -> str:
        """What the digest must be."""
        return link(*self._linked())

    @property
    def text(self) -> str:
        """What the digest is of, for those who compute it themselves."""
        return link_text(*self._linked())

    def _linked(self) -> tuple[Any, ...]:
        return (
            self.previous, self.subject, self.seq, self.at, self.direction, self.operation, self.meta,
            self.body_digest, self.body_size,
        )  # fmt: skip


LOOKUP = "lookup:"
"""Begins the subject of messages that led to no order; the others' subjects are payments and snapshots."""
RESTORATION = "restoration:"
"""Begins the subject of what we note down ourselves about a database that went back in time."""
SETTLED = "settled:"
"""Begins the subject of what we note down about a day that was paid out to services."""
OPERATOR = "operator:"
"""Begins the subject of what we note down about a person who may act on money."""
POS_TERMINAL = "pos-terminal:"
"""Begins the subject of what we note down about a POS terminal that was registered, changed or disabled."""
ERASURES = "erasures"
"""The subject of what we note down about bodies that were erased."""
_FIELDS = tuple(EvidenceRow.__dataclass_fields__)
_ADD = insert(evidence).returning(evidence.c.id)
_ADD_BODIES = insert(evidence_bodies)
_HEAD = (
    select(evidence.c.seq, evidence.c.digest)
    .where(evidence.c.subject == bindparam("of_subject"))
    .order_by(evidence.c.seq.desc())
    .limit(1)
)


class EvidenceRows:
    """The kept messages."""

    def __init__(self, connection: Connection, growth: Growth) -> None:
        self._connection = connection
        self._growth = growth
        self._new: set[str] = set()

    def new_chain(self, subject: str) -> None:
        """Say that the subject is new, so that its chain need not be looked for."""
        self._new.add(subject)

    def keep(self, subject: str, messages: Sequence[Message]) -> None:
        """Append messages to the chain of `subject` (a payment or a snapshot)."""
        seq, previous = (0, BEGINNING) if subject in self._new else self._head(subject)
        self._new.discard(subject)
        bodies = []
        for message in messages:  # one by one: to match the ids of many rows costs more than some statements
            seq += 1
            row = _row(subject, seq, previous, message)
            previous = row["digest"]
            evidence_id = self._connection.execute(_ADD, row).scalar_one()
            bodies.append({"evidence_id": evidence_id, "body": message.body})
        self._connection.execute(_ADD_BODIES, bodies)
        self._growth.note(Chain.EVIDENCE, subject, messages[0].at)

    def of_subject(self, subject: str) -> tuple[EvidenceRow, ...]:
        """The subject's chain in order."""
        columns = [evidence.c[name] for name in _FIELDS]
        rows = self._connection.execute(
            select(*columns).where(evidence.c.subject == subject).order_by(evidence.c.seq)
        )
        return tuple(EvidenceRow(*row) for row in rows)

    def subjects(self, prefix: str, since: datetime | None) -> tuple[str, ...]:
        """The subjects that begin so and have messages since then (UTC; None: ever)."""
        query = (
            select(evidence.c.subject)
            .where(evidence.c.subject.startswith(prefix, autoescape=True))
            .distinct()
        )
        return tuple(
            self._connection.execute(
                query if since is None else query.where(evidence.c.at >= since)
            ).scalars()
        )

    def body(self, evidence_id: int) -> bytes | None:
        """The body, None when retention erased it."""
        return self._connection.execute(
            select(evidence_bodies.c.body).where(evidence_bodies.c.evidence_id == evidence_id)
        ).scalar()

    def _head(self, subject: str) -> tuple[int, str]:
        row = self._connection.execute(_HEAD, {"of_subject": subject}).first()
        return (row.seq, row.digest) if row else (0, BEGINNING)


def _row(subject: str, seq: int, previous: str, message: Message) -> dict[str, Any]:
    row = EvidenceRow(
        id=0, subject=subject, seq=seq, at=message.at, direction=message.direction.value,
        operation=message.meta.operation, meta=_meta_text(message.meta), body_digest=body_digest(message.body),
        body_size=len(message.body), previous=previous, digest="",
    )  # fmt: skip
    values = {name: getattr(row, name) for name in _FIELDS if name != "id"}
    return values | {"digest": row.computed_digest()}


def _meta_text(meta: MessageMeta) -> str:
    return canonical(
        {
            "content_type": meta.content_type,
            "address": meta.address,
            "status": meta.status,
            "notes": [list(note) for note in meta.notes],
        }
    )
