"""The one way in: what a plugin with routes of its own calls when work starts elsewhere (architecture, section 5).

An instance finds its port in its context, bound to its account; `at_device` binds it to the device that the plugin has
authenticated. Authentication is the plugin's: whoever gets here is believed.
"""

from datetime import datetime
from typing import Protocol, Self, cast

from mpay_gateway.domain.intake import (
    Accepted,
    AlreadyAccepted,
    Claimed,
    CollectedPayment,
    DueOrder,
    InboundQuery,
    IntakeStatus,
    OrderName,
    Refused,
)
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.records import Record
from mpay_gateway.domain.service import Service


class Records(Protocol):
    """An instance's own data in the gateway's database; no other instance sees it. Each call is its own transaction.

    Keys are 1 to 128 printable ASCII characters without space, values 64 KiB at most, else ValueError.
    """

    def get(self, key: str) -> Record | None:
        """The record, None when there is none."""

    def put(self, key: str, value: bytes, expected_version: int) -> Record:
        """Store the value if the record is still at `expected_version`, 0 for one that is not there yet.

        Raises: Conflict when it is not: read it again, and decide anew.
        """

    def list(self, prefix: str, *, after: str = "", limit: int = 1000) -> tuple[Record, ...]:
        """Records whose keys begin with `prefix`, in the order of their bytes; `after`: where the last list ended."""


class Gateway(Protocol):
    """The inbound port of one instance. Every call may be repeated; keys are the caller's own.

    Not to be called from hooks without I/O. `records` is open to every instance, `service` to connectors. Besides what
    is said below, each other call raises NotAuthorised when the instance is no provider account that confirms by push.
    """

    @property
    def records(self) -> Records:
        """The instance's own data."""

    def service(self, service_id: str) -> Service:
        """A service of this connector as it is registered now, while it takes payments. Raises: UnknownService."""

    def at_device(self, device: str) -> Self:
        """The same port, bound to one device of the account (64 characters at most)."""

    def look_up(self, query: InboundQuery) -> DueOrder:
        """What is due under this key? The service is asked; its answer is kept for payments that follow.

        Raises: UnknownService, also where the service does not take this instrument's channel; UnknownOrder, alike for
        a key that cannot be, one that the service does not know, and a wrong second factor; RemoteError.
        """

    def claim(self, order: OrderName, key: str, amount: Money, until: datetime) -> Claimed | Refused:
        """Hold the order for this key's money until `until` (UTC, an hour at most).

        An earlier claim of the same device on the same order is let go: a payer who begins anew is not in his own way.
        Nothing is taken yet, so this Refused is not remembered.
        Raises: Conflict when the key says something else already; RemoteError when the service does not answer and no
        answer of the last minutes is there.
        """

    def release(self, key: str) -> None:
        """Let the claim go. Without effect on money that is accepted, and on keys without a claim."""

    def accept(self, payment: CollectedPayment) -> Accepted | AlreadyAccepted | Refused:
        """This money was taken. Once it is Accepted the service is told without further ado.

        Refused is final: the same key is refused again.
        Raises: Conflict when the key says something else already, which stays as it is; RemoteError when the service
        does not answer, nothing is claimed and no answer of the last minutes is there: nothing is decided, ask again.
        """

    def status(self, key: str) -> IntakeStatus:
        """What became of this key?"""


class _NoGateway:
    """Stands in a context that no gateway runs behind."""

    def __getattr__(self, name: str) -> object:
        raise RuntimeError(f"no gateway runs behind this plugin: {name}")


NO_GATEWAY = cast("Gateway", _NoGateway())
