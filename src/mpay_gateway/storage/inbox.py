"""The inbox: authenticated callbacks, kept before they are answered, so that none is lost after its 2xx."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import bindparam, func, literal_column, select, update
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


@dataclass(frozen=True, slots=True)
class Waiting:
    """A callback that nobody has asked the provider about since, as it came in, by its own host's clock."""

    id: str
    received_at: datetime


_FIELDS = tuple(InboxEntry.__dataclass_fields__)
_ADD = insert_once(inbox, ["account_id", "event_id"], returning=inbox.c.id)
_HEARD = update(inbox).where(
    inbox.c.id == bindparam("of_id"),
    inbox.c.state == bindparam("was"),
    inbox.c.received_at == bindparam("came_at"),
)
_WAKE = update(inbox).where(
    inbox.c.account_id == bindparam("of_account"),
    inbox.c.event_id == bindparam("of_event"),
    inbox.c.state == bindparam("was"),
)
_NEW_OF = select(inbox.c.id, inbox.c.received_at).where(
    inbox.c.payment_id == bindparam("of_payment"), inbox.c.state == InboxState.NEW
)
_WAITING = select(func.min(inbox.c.received_at)).where(
    inbox.c.payment_id == bindparam("of_payment"), inbox.c.state == InboxState.NEW
)
# In the words of the indexes, which they are not used without.
_ORPHANS = (inbox.c.account_id == bindparam("of_account"), inbox.c.state == literal_column("'orphan'"))
_ADOPT = update(inbox).where(*_ORPHANS, inbox.c.reference == bindparam("about"))
_ADOPT_REMOTE = update(inbox).where(
    *_ORPHANS,
    inbox.c.remote_reference == bindparam("about"),
    inbox.c.remote_reference != literal_column("''"),
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

    def waiting(self, payment_id: PaymentId) -> tuple[Waiting, ...]:
        """What woke us for this payment: to be read before the provider is asked."""
        rows = self._connection.execute(_NEW_OF, {"of_payment": payment_id})
        return tuple(Waiting(row.id, row.received_at) for row in rows)

    def heard(self, entries: tuple[Waiting, ...]) -> None:
        """The provider was asked after these had come in. One that was woken again since waits for the next answer."""
        values = {"was": InboxState.NEW, "state": InboxState.DONE}
        for each in entries:
            self._connection.execute(_HEARD, values | {"of_id": each.id, "came_at": each.received_at})

    def wake(self, account_id: AccountId, event_id: str, *, at: datetime) -> bool:
        """Let a callback that was heard wait again, as one that came in at `at`. False when it was not heard yet."""
        found = {"of_account": account_id, "of_event": event_id, "was": InboxState.DONE}
        woken = self._connection.execute(_WAKE, found | {"state": InboxState.NEW, "received_at": at})
        return bool(woken.rowcount)

    def waits(self, payment_id: PaymentId) -> bool:
        """Whether a callback of this payment came in that nobody has asked the provider about since."""
        return self.waits_since(payment_id) is not None

    def waits_since(self, payment_id: PaymentId) -> datetime | None:
        """When the oldest such callback came in, None when there is none."""
        found = self._connection.execute(_WAITING, {"of_payment": payment_id}).scalar()
        return found if isinstance(found, datetime) else None

    def adopt(
        self, account_id: AccountId, payment_id: PaymentId, *, reference: str, remote_reference: str
    ) -> bool:
        """Give the payment the orphans that were about it. True when there were any."""
        given = {"of_account": account_id, "state": InboxState.NEW, "payment_id": payment_id}
        found = self._connection.execute(_ADOPT, given | {"about": reference}).rowcount
        if remote_reference:
            found += self._connection.execute(_ADOPT_REMOTE, given | {"about": remote_reference}).rowcount
        return bool(found)

    def count(self, state: InboxState) -> int:
        return int(self._connection.execute(select(func.count()).where(inbox.c.state == state)).scalar_one())
