"""What can go wrong in a world, and how often it does."""

from collections.abc import Mapping
from enum import StrEnum


class Fault(StrEnum):
    """A kind of fault. Each strikes a payment, an order with its payments, or everybody."""

    REQUEST_LOST = "request-lost"
    """A call left and never arrived: not known, and without effect."""
    ANSWER_LOST = "answer-lost"
    """A call had its effect and its answer did not come back."""
    REQUEST_LATE = "request-late"
    """A call was given up, and had its effect afterwards."""
    ANSWER_LATE = "answer-late"
    """The answer came long after its caller was told that none came."""
    UNREACHABLE = "unreachable"
    """Nothing could be sent."""
    GARBAGE = "garbage"
    """What came back could not be read, though the call had its effect."""
    REFUSED = "refused"
    """A definite no of a counterpart."""
    OUTAGE = "outage"
    """A counterpart is away for a while."""
    CALLBACK_DUPLICATE = "callback-duplicate"
    CALLBACK_LATE = "callback-late"
    """Minutes late, and so out of order with those that came after it."""
    CALLBACK_LOST = "callback-lost"
    CALLBACK_FORGED = "callback-forged"
    BROWSER_GONE = "browser-gone"
    SECOND_PRESS = "second-press"
    """The same form twice at once."""
    SECOND_PAYER = "second-payer"
    ORDER_CHANGED = "order-changed"
    """Amended, cancelled, or paid elsewhere while somebody pays."""
    SECOND_CAPTURE = "second-capture"
    WRONG_AMOUNT = "wrong-amount"
    LATE_MONEY = "late-money"
    """Money that is taken after the provider has said that none will be."""
    TAKEN_BACK = "taken-back"
    """The provider gives money back by itself."""
    CLOCK_AHEAD = "clock-ahead"
    CLOCK_BACK = "clock-back"
    CRASH = "crash"
    CRASH_ALL = "crash-all"
    STALE = "stale"
    """A process stands still until its leases have run out, then goes on."""
    OPERATOR = "operator"
    """Somebody acts by hand at the same time."""
    STATEMENT_LATE = "statement-late"
    """A statement that is read days after it was due, behind those of later days, or whole only then."""
    STATEMENT_TWICE = "statement-twice"
    """A statement that tells of a movement twice, or again in that of the next day."""
    STATEMENT_AMENDED = "statement-amended"
    """A statement that says something else of a movement than it did before."""


OF_STATEMENTS = (Fault.STATEMENT_LATE, Fault.STATEMENT_TWICE, Fault.STATEMENT_AMENDED)
"""Those that strike payments alone that a statement tells of."""
ELSEWHERE = tuple(each for each in Fault if each not in OF_STATEMENTS)
"""Those that strike in every world."""

IN_CALLS = (
    Fault.UNREACHABLE, Fault.REQUEST_LOST, Fault.ANSWER_LOST, Fault.REQUEST_LATE, Fault.ANSWER_LATE,
    Fault.GARBAGE, Fault.REFUSED,
)  # fmt: skip
"""Those that strike a call, drawn in this order."""
LOSSES = (
    Fault.UNREACHABLE, Fault.REQUEST_LOST, Fault.ANSWER_LOST, Fault.ANSWER_LOST, Fault.REQUEST_LATE, Fault.GARBAGE,
)  # fmt: skip
"""Those after which the caller does not know."""

USUAL: Mapping[Fault, float] = {
    Fault.UNREACHABLE: 0.02, Fault.REQUEST_LOST: 0.03, Fault.ANSWER_LOST: 0.05, Fault.REQUEST_LATE: 0.02,
    Fault.ANSWER_LATE: 0.02, Fault.GARBAGE: 0.02, Fault.REFUSED: 0.02,
    Fault.CALLBACK_DUPLICATE: 0.2, Fault.CALLBACK_LATE: 0.2, Fault.CALLBACK_LOST: 0.2,
}  # fmt: skip
"""How probable each is at each of its chances, in a world that is bent on nothing."""
