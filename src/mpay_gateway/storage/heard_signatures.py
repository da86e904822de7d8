"""Signatures of services by which something was believed, kept as long as a copy of them would be fresh."""

from datetime import datetime

from sqlalchemy import bindparam, delete, select, tuple_
from sqlalchemy.engine import Connection

from mpay_gateway.domain.proof import Proof
from mpay_gateway.storage.statements import insert_once
from mpay_gateway.storage.tables import heard_signatures

_PLACE = (heard_signatures.c.service_id, heard_signatures.c.digest)
_ADD = insert_once(heard_signatures, ["service_id", "digest"], returning=heard_signatures.c.digest)
_GET = select(heard_signatures.c.subject, heard_signatures.c.heard_at).where(
    heard_signatures.c.service_id == bindparam("of_service"),
    heard_signatures.c.digest == bindparam("of_digest"),
)
_OVER = (
    select(*_PLACE)
    .where(heard_signatures.c.until < bindparam("now"))
    .order_by(heard_signatures.c.until)
    .limit(100)
    .with_for_update(skip_locked=True)  # nobody waits for another who tidies up
)
_FORGET = delete(heard_signatures).where(tuple_(*_PLACE).in_(_OVER))


class HeardSignatures:
    """The stored signatures."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def once(
        self, service_id: str, proof: Proof, *, subject: str, at: datetime, asked_at: datetime | None = None
    ) -> bool:
        """Whether the signature tells of `subject` (a payment, a snapshot) alone; it is kept with it from now on.

        The same subject may hear it again. `asked_at`: when the question was sent to which it is the answer; then
        another who asked at the same time may have heard it, and only one that was heard before is a copy.
        """
        row = {
            "service_id": service_id, "digest": proof.digest, "subject": subject, "heard_at": at, "until": proof.until,
        }  # fmt: skip
        if self._connection.execute(_ADD.on(self._connection), row).first() is not None:
            self._tidy_up(proof, at)
            return True
        found = {"of_service": service_id, "of_digest": proof.digest}
        first = self._connection.execute(_GET, found).one()
        return bool(first.subject == subject or (asked_at is not None and first.heard_at >= asked_at))

    def _tidy_up(self, proof: Proof, now: datetime) -> None:
        """One in sixteen forgets what no copy can be fresh of any more."""
        if proof.digest.startswith("0"):
            self._connection.execute(_FORGET, {"now": now})
