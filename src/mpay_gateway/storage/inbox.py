"""The inbox: authenticated callbacks, kept before they are answered, so that none is lost after its 2xx."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.engine import Connection

from mpay_gateway.domain.identifiers import AccountId, PaymentId
from mpay_gateway.storage.statements import insert_once
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


_FIELDS = tuple(InboxEntry.__dataclass_fields__)
_ADD = insert_once(inbox, ["account_id", "event_id"], returning=inbox.c.id)
_HEARD = update(inbox).where(
    inbox.c.payment_id == bindparam("of_payment"),
    inbox.c.state == bindparam("was"),
    inbox.c.received_at <= bindparam("asked_at"),
)
_WAITING = (
    select(inbox.c.id)
    .where(inbox.c.payment_id == bindparam("of_payment"), inbox.c.state == InboxState.NEW)
    .limit(1)
)
_CHANGE_ABOUT = update(inbox).where(
    inbox.c.account_id == bindparam("of_account"),
    inbox.c.state == bindparam("was"),
    (inbox.c.reference == bindparam("about"))
    | ((inbox.c.remote_reference == bindparam("remotely")) & (inbox.c.remote_reference != "")),
)


class Inbox:
    """The stored callbacks."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, entry: InboxEntry) -> bool:
        """Keep the callback once. False when its event is here already."""
        values = {name: getattr(entry, name) for name in _FIELDS}
        stored = self._connection.execute(_ADD.on(self._connection), values)
        return stored.first() is not None

    def heard(self, payment_id: PaymentId, *, before: datetime) -> None:
        """What woke us for this payment before the provider was asked has been heard."""
        values = {
            "of_payment": payment_id,
            "was": InboxState.NEW,
            "asked_at": before,
            "state": InboxState.DONE,
        }
        self._connection.execute(_HEARD, values)

    def waits(self, payment_id: PaymentId) -> bool:
        """Whether a callback of this payment came in that nobody has asked the provider about since."""
        return self._connection.execute(_WAITING, {"of_payment": payment_id}).first() is not None

    def adopt(
        self, account_id: AccountId, payment_id: PaymentId, *, reference: str, remote_reference: str
    ) -> bool:
        """Give the payment the orphans that were about it. True when there were any."""
        found = {
            "of_account": account_id, "was": InboxState.ORPHAN, "about": reference, "remotely": remote_reference,
        }  # fmt: skip
        done = self._connection.execute(
            _CHANGE_ABOUT, found | {"state": InboxState.NEW, "payment_id": payment_id}
        )
        return bool(done.rowcount)

    def count(self, state: InboxState) -> int:
        return int(self._connection.execute(select(func.count()).where(inbox.c.state == state)).scalar_one())
