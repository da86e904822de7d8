"""The inbox: authenticated callbacks, kept before they are answered, so that none is lost after its 2xx."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from mpay_gateway.domain.identifiers import AccountId, PaymentId
from mpay_gateway.storage.tables import inbox


class InboxState(StrEnum):
    """`orphan`: about no payment that we know; an operator sees it."""

    NEW = "new"
    DONE = "done"
    ORPHAN = "orphan"


@dataclass(frozen=True, slots=True)
class InboxEntry:
    id: str
    account_id: AccountId
    event_id: str
    reference: str
    remote_reference: str
    payment_id: PaymentId | None
    state: InboxState
    received_at: datetime
    body: bytes


class Inbox:
    """The stored callbacks."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, entry: InboxEntry) -> bool:
        """Keep the callback once. False when its event is here already."""
        dialect = self._session.get_bind().dialect.name
        upsert = (postgresql if dialect == "postgresql" else sqlite).insert(inbox)
        values = {name: getattr(entry, name) for name in InboxEntry.__dataclass_fields__}
        stored = self._session.execute(
            upsert.on_conflict_do_nothing(index_elements=["account_id", "event_id"]).returning(inbox.c.id),
            values,
        )
        return stored.first() is not None

    def done(self, payment_id: PaymentId) -> None:
        """Everything that woke us for this payment has been heard."""
        self._session.execute(
            update(inbox)
            .where(inbox.c.payment_id == payment_id, inbox.c.state == InboxState.NEW)
            .values(state=InboxState.DONE)
        )

    def adopt(
        self, account_id: AccountId, payment_id: PaymentId, *, reference: str, remote_reference: str
    ) -> bool:
        """Give the payment the orphans that were about it. True when there were any."""
        about = inbox.c.reference == reference
        if remote_reference:
            about = about | (inbox.c.remote_reference == remote_reference)
        done = self._session.execute(
            update(inbox)
            .where(inbox.c.account_id == account_id, inbox.c.state == InboxState.ORPHAN, about)
            .values(state=InboxState.NEW, payment_id=payment_id)
        )
        return bool(done.rowcount)  # type: ignore[attr-defined]

    def count(self, state: InboxState) -> int:
        return int(self._session.execute(select(func.count()).where(inbox.c.state == state)).scalar_one())
