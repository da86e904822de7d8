"""Ask again about payments whose outcome is not known: nobody came back and nobody called."""

from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.settling import settle
from mpay_gateway.storage.tasks import Lease


def recheck(parts: Parts, lease: Lease) -> None:
    """A worker's check of one payment. Settling schedules the next one, or none when the payment is settled.

    A settled payment is asked about too when a callback of it was heard: money may have turned up.
    """
    settle(parts, lease.subject)
    payment = parts.units.read(lambda work: work.payments.get(lease.subject))
    if not payment.state.open:
        parts.units.run("recheck-done", lambda work: work.tasks.schedule(lease.kind, lease.subject, None))
