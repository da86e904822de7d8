"""What two operators agree on about a line of a statement that nothing of ours explains: it needs nobody any more."""

from dataclasses import dataclass
from datetime import datetime

from mpay_gateway.domain.bank_statement import LineOutcome
from mpay_gateway.domain.decision import DecisionState

DISMISSIBLE = (LineOutcome.UNKNOWN, LineOutcome.DUPLICATE)
"""What a line may be that is dismissed: not posted, and looked at already."""


@dataclass(frozen=True, slots=True)
class Dismissal:
    """A proposal to dismiss a line, and what became of it.

    `outcome`: what the line was when it was proposed. Once it is something else, nobody has agreed on that.
    `opened_by`, `decided_by`: actors as the audit names them; they are never the same when it is approved. Times are
    UTC.
    """

    id: str
    line_id: int
    outcome: LineOutcome
    reason: str
    state: DecisionState
    opened_by: str
    opened_at: datetime
    decided_by: str = ""
    decided_at: datetime | None = None
