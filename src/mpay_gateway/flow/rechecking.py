"""Ask again about payments whose outcome is not known: nobody came back and nobody called."""

from mpay_gateway.domain.guards import guards
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.settling import settle
from mpay_gateway.storage.tasks import Lease


@guards("settle.janitor")
def recheck(parts: Parts, lease: Lease) -> None:
    """A worker's check of one payment, settled or not: a callback may have been heard about a settled one.

    Settling schedules the next check, or none.
    """
    settle(parts, lease.subject)
