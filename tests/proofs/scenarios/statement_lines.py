"""Two operators dismiss a line that nothing explains: each of their commands dies, and is given again."""

from mpay_gateway.domain.decision import DecisionState
from mpay_gateway.domain.dismissal import Dismissal
from mpay_gateway.flow.attention import lines_for_people
from mpay_gateway.flow.bookkeeping.reconciliation import statement_days
from mpay_gateway.flow.bookkeeping.statement_intake import fetch_statement
from tests.proofs.dying import Command
from tests.proofs.scenarios.books import ACCOUNT, today
from tests.proofs.stage import Stage, scenario


@scenario(units=("propose-dismissal",))
def an_operator_proposes_to_dismiss_a_line(stage: Stage) -> None:
    propose, _, ion = _unexplained(stage)
    posted = stage.gateway.balances()
    stage.dies(propose)
    if not _open(stage):
        stage.mpay(*propose.arguments, token=propose.token)
    (proposal,) = _open(stage)
    stage.mpay("statement", "approve", proposal.id, "--operator", "ion", token=ion)
    _assert_dismissed(stage, proposal, posted)


@scenario(units=("approve-dismissal",))
def another_operator_agrees_to_dismiss_a_line(stage: Stage) -> None:
    propose, _, ion = _unexplained(stage)
    posted = stage.gateway.balances()
    stage.mpay(*propose.arguments, token=propose.token)
    (proposal,) = _open(stage)
    approve = ("statement", "approve", proposal.id, "--operator", "ion")
    stage.dies(Command(approve, token=ion))
    if _open(stage):
        stage.mpay(*approve, token=ion)
    _assert_dismissed(stage, proposal, posted)


@scenario(units=("reject-dismissal",))
def another_operator_does_not_agree_to_dismiss_a_line(stage: Stage) -> None:
    propose, line_id, ion = _unexplained(stage)
    stage.mpay(*propose.arguments, token=propose.token)
    (proposal,) = _open(stage)
    reject = ("statement", "reject", proposal.id, "--operator", "ion")
    stage.dies(Command(reject, token=ion))
    if _open(stage):
        stage.mpay(*reject, token=ion)
    stage.recover()
    assert line_id in {each.id for each in lines_for_people(stage.gateway.parts.units)}


def _unexplained(stage: Stage) -> tuple[Command, int, str]:
    """A command to propose the dismissal of a line, the line, and the token of a second operator."""
    tokens = [stage.mpay("operator", "add", name).strip().splitlines()[-1] for name in ("ana", "ion")]
    stage.payer.pay(stage.shop.order(amount="100.00"))
    stage.gateway.settle_down()
    stage.bank.break_down(statements="unknown-line")
    for day in statement_days(today()):
        fetch_statement(stage.gateway.parts, ACCOUNT, day)
    stage.bank.repair()
    line, *_ = lines_for_people(stage.gateway.parts.units)
    propose = ("statement", "dismiss", str(line.id), "--reason", "a test", "--operator", "ana")
    return Command(propose, token=tokens[0]), line.id, tokens[1]


def _open(stage: Stage) -> tuple[Dismissal, ...]:
    return stage.gateway.read(lambda work: work.dismissals.open())


def _assert_dismissed(stage: Stage, proposal: Dismissal, posted: dict[str, int]) -> None:
    """Nobody waits for the line any more, and the books are what they were."""
    stage.recover()
    kept = stage.gateway.read(lambda work: work.dismissals.get(proposal.id))
    assert (kept.state, kept.decided_by) == (DecisionState.APPROVED, "operator:ion")
    assert proposal.line_id not in {each.id for each in lines_for_people(stage.gateway.parts.units)}
    assert stage.gateway.balances() == posted
