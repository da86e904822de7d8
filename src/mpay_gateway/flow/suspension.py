"""When nothing new may begin: what is under way goes on."""

from mpay_gateway.domain.errors import PaymentsSuspended
from mpay_gateway.storage import Work


def refuse_while_restoring(work: Work) -> None:
    """To be called where something new would begin, in its own unit of work too. Raises: PaymentsSuspended.

    A database that went back to a backup does not know what was paid since: it would take money for it again.
    """
    restoration = work.restorations.open()
    if restoration is not None:
        raise PaymentsSuspended(f"the database went back to {restoration.since:%Y-%m-%d %H:%M:%S} UTC")
