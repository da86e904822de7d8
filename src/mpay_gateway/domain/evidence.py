"""What leaves for a counterpart and what comes back, byte for byte, kept beside the fact it led to."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class Direction(StrEnum):
    SENT = "sent"
    RECEIVED = "received"


@dataclass(frozen=True, slots=True)
class MessageMeta:
    """What is worth knowing of a message without its body. No secret, no personal data."""

    operation: str
    content_type: str = ""
    address: str = ""
    status: int | None = None
    notes: tuple[tuple[str, str], ...] = field(default=())


CONTENT_NOTE = "content"
"""Name of the note by which the core says what a message tells: the digest of its business content."""


class EvidenceSink(Protocol):
    """Where a plugin reports every message of a call that has an effect, as it happens.

    What a hook only returns is lost when the process dies; what it reports here is not.
    """

    def sent(self, body: bytes, meta: MessageMeta) -> None:
        """Keep the message. Returns when it is durable; only then may the bytes leave.

        Raises: Conflict when this process no longer holds the lease of the work: nothing may be sent.
        """

    def received(self, body: bytes, meta: MessageMeta) -> None:
        """Keep the answer, before it is parsed."""
