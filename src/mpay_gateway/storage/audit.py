"""The audit: one row for each change of a state, written in the transaction of the change, chained per payment."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, insert, select
from sqlalchemy.engine import Connection

from mpay_gateway.domain.seals import Chain
from mpay_gateway.storage.chain import BEGINNING, link
from mpay_gateway.storage.growth import Growth
from mpay_gateway.storage.tables import audit


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One change: which machine (payment, claim, capture, delivery, reversal), of which subject, by whom."""

    payment_id: str
    seq: int
    at: datetime
    actor: str
    machine: str
    subject: str
    event: str
    before: str
    after: str
    detail: str
    previous: str
    digest: str

    def computed_digest(self) -> str:
        """What the digest must be."""
        return link(
            self.previous, self.payment_id, self.seq, self.at, self.actor, self.machine, self.subject, self.event,
            self.before, self.after, self.detail,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """A change to write down. `actor`: `payer`, `machine`, `provider:<account>`, `service:<id>`, `operator:<name>`."""

    payment_id: str
    machine: str
    subject: str
    event: str
    before: str
    after: str
    actor: str
    at: datetime
    detail: str = ""


_FIELDS = tuple(AuditRow.__dataclass_fields__)
_ADD = insert(audit)
_HEAD = (
    select(audit.c.seq, audit.c.digest)
    .where(audit.c.payment_id == bindparam("of_payment"))
    .order_by(audit.c.seq.desc())
    .limit(1)
)


class Audit:
    """The rows of the audit."""

    def __init__(self, connection: Connection, growth: Growth) -> None:
        self._connection = connection
        self._growth = growth
        self._heads: dict[str, tuple[int, str]] = {}
        self._pending: list[dict[str, object]] = []

    def write(self, change: Change) -> None:
        """Append a row to the payment's chain, stored with the unit's other rows at its end.

        The payment's row is locked or new.
        """
        seq, previous = self._heads.get(change.payment_id) or self._head(change.payment_id)
        row = AuditRow(
            payment_id=change.payment_id, seq=seq + 1, at=change.at, actor=change.actor, machine=change.machine,
            subject=change.subject, event=change.event, before=change.before, after=change.after,
            detail=change.detail, previous=previous, digest="",
        )  # fmt: skip
        digest = row.computed_digest()
        self._pending.append({name: getattr(row, name) for name in _FIELDS} | {"digest": digest})
        self._heads[change.payment_id] = (row.seq, digest)
        self._growth.note(Chain.AUDIT, change.payment_id, change.at)

    def flush(self) -> None:
        """Store what was written down, in one statement."""
        if self._pending:
            self._connection.execute(_ADD, self._pending)
            self._pending = []

    def new_chain(self, payment_id: str) -> None:
        """Say that the payment is new, so that its chain need not be looked for."""
        self._heads[payment_id] = (0, BEGINNING)

    def of_payment(self, payment_id: str) -> tuple[AuditRow, ...]:
        """The payment's chain in order."""
        self.flush()
        columns = [audit.c[name] for name in _FIELDS]
        rows = self._connection.execute(
            select(*columns).where(audit.c.payment_id == payment_id).order_by(audit.c.seq)
        )
        return tuple(AuditRow(*row) for row in rows)

    def _head(self, payment_id: str) -> tuple[int, str]:
        row = self._connection.execute(_HEAD, {"of_payment": payment_id}).first()
        return (row.seq, row.digest) if row else (0, BEGINNING)
