"""What waits for a person: the operators' list."""

from datetime import timedelta

from mpay_gateway.domain.bank_statement import LineOutcome
from mpay_gateway.domain.payment import Payment
from mpay_gateway.flow.held_deliveries import WITHHELD
from mpay_gateway.flow.reviewed_returns import went_by_itself
from mpay_gateway.storage import UnitOfWork, Work
from mpay_gateway.storage.attention import Why, stuck_payments
from mpay_gateway.storage.bank_statements import StoredLine
from mpay_gateway.storage.strange_lines import strange_lines

MOST = 200
"""So many are listed at once: whoever has more begins with the oldest."""
UNANSWERED = timedelta(days=1)
"""So long a provider may say nothing of what it is asked for under a key before people hear of it; it is asked on."""
WHY_NOT_POSTED = {
    LineOutcome.UNKNOWN: "no capture, reversal or refund of ours: not posted",
    LineOutcome.DUPLICATE: "its transaction is posted, and says something else: not posted",
}
"""What a line of a statement waits for, in the words that operators read."""


def payments_for_people(units: UnitOfWork) -> tuple[tuple[Payment, Why], ...]:
    """Payments that nothing moves any more unless a person does, each with what it waits for; the oldest first.

    Also those of which a provider has not said for a day whether it took money, or gave it back: it may never say.
    """

    def read(work: Work) -> tuple[tuple[Payment, Why], ...]:
        unheard_since = work.clock.now() - UNANSWERED
        stuck = stuck_payments(work.connection, withheld=WITHHELD, unheard_since=unheard_since, limit=MOST)
        found = ((work.payments.get(payment_id), why) for payment_id, why in stuck)
        return tuple((payment, _what_of_review(work, payment, why)) for payment, why in found)

    return units.read(read)


def _what_of_review(work: Work, payment: Payment, why: Why) -> Why:
    """Money in review that went back by itself can only go back: another case for people."""
    return Why.REVIEW_TAKEN_BACK if why is Why.REVIEW and went_by_itself(work, payment) else why


def lines_for_people(units: UnitOfWork) -> tuple[StoredLine, ...]:
    """Lines of statements, of all days, that are not posted and that nothing of ours explains; the oldest first."""
    return units.read(lambda work: strange_lines(work.connection, MOST))
