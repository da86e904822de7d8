"""Every message sent and received, byte for byte, chained per subject; bodies stand apart from digests."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from mpay_gateway.domain.evidence import Direction, MessageMeta
from mpay_gateway.storage.chain import BEGINNING, body_digest, canonical, link
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
        return link(
            self.previous, self.subject, self.seq, self.at, self.direction, self.operation, self.meta,
            self.body_digest, self.body_size,
        )  # fmt: skip


class EvidenceRows:
    """The kept messages."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def keep(self, subject: str, messages: Sequence[Message]) -> None:
        """Append messages to the chain of `subject` (a payment or a snapshot)."""
        seq, previous = self._head(subject)
        for message in messages:
            seq += 1
            previous = self._append(subject, seq, previous, message)

    def of_subject(self, subject: str) -> tuple[EvidenceRow, ...]:
        """The subject's chain in order."""
        columns = [evidence.c[name] for name in EvidenceRow.__dataclass_fields__]
        rows = self._session.execute(
            select(*columns).where(evidence.c.subject == subject).order_by(evidence.c.seq)
        )
        return tuple(EvidenceRow(*row) for row in rows)

    def body(self, evidence_id: int) -> bytes | None:
        """The body, None when retention erased it."""
        return self._session.execute(
            select(evidence_bodies.c.body).where(evidence_bodies.c.evidence_id == evidence_id)
        ).scalar()

    def _append(self, subject: str, seq: int, previous: str, message: Message) -> str:
        row = EvidenceRow(
            id=0, subject=subject, seq=seq, at=message.at, direction=message.direction.value,
            operation=message.meta.operation, meta=_meta_text(message.meta), body_digest=body_digest(message.body),
            body_size=len(message.body), previous=previous, digest="",
        )  # fmt: skip
        digest = row.computed_digest()
        values = {name: getattr(row, name) for name in EvidenceRow.__dataclass_fields__ if name != "id"}
        evidence_id = self._session.execute(
            insert(evidence).returning(evidence.c.id), values | {"digest": digest}
        ).scalar_one()
        self._session.execute(insert(evidence_bodies), {"evidence_id": evidence_id, "body": message.body})
        return digest

    def _head(self, subject: str) -> tuple[int, str]:
        row = self._session.execute(
            select(evidence.c.seq, evidence.c.digest)
            .where(evidence.c.subject == subject)
            .order_by(evidence.c.seq.desc())
            .limit(1)
        ).first()
        return (row.seq, row.digest) if row else (0, BEGINNING)


def _meta_text(meta: MessageMeta) -> str:
    return canonical(
        {
            "content_type": meta.content_type,
            "address": meta.address,
            "status": meta.status,
            "notes": [list(note) for note in meta.notes],
        }
    )
