"""What waits for a person: the operators' list."""

from mpay_gateway.domain.payment import Payment
from mpay_gateway.flow.held_deliveries import WITHHELD
from mpay_gateway.storage import UnitOfWork, Work
from mpay_gateway.storage.attention import Why, stuck_payments
from mpay_gateway.storage.bank_statements import StoredLine

MOST = 200
"""So many are listed at once: whoever has more begins with the oldest."""


def payments_for_people(units: UnitOfWork) -> tuple[tuple[Payment, Why], ...]:
    """Payments that nothing moves any more unless a person does, each with what it waits for; the oldest first."""

    def read(work: Work) -> tuple[tuple[Payment, Why], ...]:
        stuck = stuck_payments(work.connection, withheld=WITHHELD, limit=MOST)
        return tuple((work.payments.get(payment_id), why) for payment_id, why in stuck)

    return units.read(read)


def lines_for_people(units: UnitOfWork) -> tuple[StoredLine, ...]:
    """Lines of providers' statements, of all days, that nothing of ours explains; the oldest first."""
    return units.read(lambda work: work.bank_statements.unexplained(MOST))
