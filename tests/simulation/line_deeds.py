"""What operators do about lines of statements that nothing explains: two agree that one needs nobody any more."""

from mpay_gateway.flow.bookkeeping.dismissing import approve_dismissal, propose_dismissal, reject_dismissal
from tests.simulation.processes import Process
from tests.simulation.refund_deeds import Deed

LINES = """
    UNION ALL SELECT 'line', '', id FROM statement_lines WHERE outcome IN ('unknown', 'duplicate')
    UNION ALL SELECT 'dismissal', '', id FROM dismissals WHERE state = 'proposed'
"""
"""What there is to do, beside everything else."""


def _dismiss(process: Process, subject: str, actor: str) -> object:
    return propose_dismissal(process.parts, int(subject), "a reason", actor=actor)


def _agree(process: Process, subject: str, actor: str) -> object:
    return approve_dismissal(process.parts, subject, actor=actor)


def _refuse(process: Process, subject: str, actor: str) -> object:
    return reject_dismissal(process.parts, subject, actor=actor)


LINE_DEEDS: dict[str, tuple[Deed, ...]] = {"line": (_dismiss,), "dismissal": (_agree, _agree, _refuse)}
"""By what the operators find."""
