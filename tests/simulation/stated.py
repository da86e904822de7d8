"""What must hold of payments that a statement tells of: each line counts once, as it is said, and nothing beside it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mpay_gateway.domain.bank_statement import POSTED as _POSTED_OUTCOMES
from mpay_gateway.domain.bank_statement import LineOutcome
from mpay_gateway.domain.provider_answer import StatementLine
from tests.simulation.coverage import Change
from tests.simulation.plugins import ONE_STEP, TREASURY, TWO_STEP
from tests.simulation.shop import CURRENCY
from tests.simulation.treasury import Movement

if TYPE_CHECKING:
    from tests.simulation.world import World

POSTED = {each.value for each in _POSTED_OUTCOMES}
_POSTED = "(" + ", ".join(f"'{each.value}'" for each in _POSTED_OUTCOMES) + ")"
FOR_PEOPLE = {LineOutcome.UNKNOWN.value, LineOutcome.DUPLICATE.value}
"""Lines that are not posted, and that operators read of."""
_TWICE = f"""
    SELECT transaction_id, count(*) FROM statement_lines WHERE outcome IN {_POSTED}
    GROUP BY account_id, transaction_id, gross_minor > 0 HAVING count(*) > 1
"""
_LINES = "SELECT transaction_id, reference, kind, gross_minor, fee_minor, outcome FROM statement_lines"
_HOLDS = f"""
    SELECT p.id FROM claims c JOIN payments p ON p.id = c.payment_id
    WHERE p.account_id = '{TREASURY}' AND c.state = 'held'
"""
_OF_PAYMENT = "SELECT account_id, order_key, state FROM payments WHERE id = ?"
_CAPTURED = f"SELECT transaction_id, payment_id FROM captures WHERE account_id = '{TREASURY}'"
_BACK = """
    SELECT (SELECT coalesce(sum(returned_minor), 0) FROM refunds WHERE payment_id = ?1) + (
        SELECT coalesce(sum(CASE state WHEN 'done' THEN amount_minor ELSE returned_minor END), 0) FROM reversals
        WHERE payment_id = ?1 AND capture_id IS NOT NULL)
"""
_OUT = f"""
    SELECT p.id, coalesce(-sum(CASE WHEN l.outcome IN {_POSTED} THEN l.gross_minor END), 0),
        coalesce(-sum(CASE WHEN l.outcome = 'unknown' THEN l.gross_minor END), 0)
    FROM payments p LEFT JOIN statement_lines l ON l.payment_id = p.id AND l.gross_minor < 0
    WHERE p.account_id = '{TREASURY}' GROUP BY p.id
"""
"""What posted lines say was sent back of each payment, and lines that people are to look at."""
_BALANCES = """
    SELECT a.name, sum(e.amount_minor) FROM ledger_entries e JOIN ledger_accounts a ON a.id = e.account_id
    WHERE a.name LIKE 'bank:%' OR a.name IN (?, ?) GROUP BY a.name
"""
_CAPTURED_IN_ALL = f"SELECT coalesce(sum(amount_minor), 0) FROM captures WHERE account_id = '{TREASURY}'"
_UNDER_LEASE = {
    f"{unit}:before-commit" for unit in ("store-statement", "capture-stated", "post-statement-lines")
}
"""What a statement says is written down here."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A line as the database has it."""

    transaction_id: str
    reference: str
    kind: str
    gross: int
    fee: int
    outcome: str

    @property
    def posted(self) -> bool:
        return self.outcome in POSTED

    def says(self, line: StatementLine) -> bool:
        """Whether it is this line."""
        said = (line.transaction_id, line.reference, line.kind, line.gross.minor, line.fee.minor)
        return said == (self.transaction_id, self.reference, self.kind, self.gross, self.fee)


def is_written_under_lease(point: str) -> bool:
    """Whether a crash point is where something of a statement is about to be committed."""
    return point in _UNDER_LEASE


def at_commit(world: "World", changes: tuple[Change, ...]) -> Iterator[str]:
    """What is wrong with what the last commit has made of lines and of the payments that they name."""
    rows = world.store.rows
    yield from (f"I11 {each}: a movement is posted more than once" for each in rows(_TWICE))
    yield from (f"22 {each} is a number, and holds the order" for each in rows(_HOLDS))
    said = [line for each in world.treasury.movements for line in each.said]
    for stored in _lines(world):
        if not any(stored.says(line) for line in said):
            yield f"I11 no statement says {stored}"
    for change in changes:
        yield from _yielded(world, change, changes)
        if change.machine in {"reversal", "refund"}:
            yield from _beyond(world, change.payment_id)


def _lines(world: "World") -> list[Stored]:
    return [Stored(*row) for row in world.store.rows(_LINES)]


def _yielded(world: "World", change: Change, changes: tuple[Change, ...]) -> Iterator[str]:
    """Whose claim yields while he pays: his money could go back by itself, and money that is there takes its place."""
    if (change.machine, change.event, change.before) != ("claim", "release", "held"):
        return
    ((account, key, state),) = world.store.rows(_OF_PAYMENT, change.payment_id)
    if state not in {"started", "authorised"}:
        return
    winners = [
        each.payment_id
        for each in changes
        if (each.machine, each.event) == ("claim", "retake")
        and world.store.rows(_OF_PAYMENT, each.payment_id)[0][:2] == (TREASURY, key)
    ]
    if account not in {ONE_STEP, TWO_STEP} or not winners:
        yield f"22 {change.payment_id} yields, and no money is there for its order"


def _beyond(world: "World", payment_id: str) -> Iterator[str]:
    """No more is written down as back than the treasury has sent."""
    ((account, _, _),) = world.store.rows(_OF_PAYMENT, payment_id)
    ((back,),) = world.store.rows(_BACK, payment_id)
    sent = world.treasury.back(payment_id, CURRENCY).minor
    if account == TREASURY and back > sent:
        yield f"I5 {payment_id}: {back} is called back, the treasury sent {sent}"


def disagreements(world: "World") -> Iterator[str]:
    """Where the treasury's last statements and our books part, but for what people are told of."""
    captured, lines = dict(world.store.rows(_CAPTURED)), _lines(world)
    for movement in world.treasury.movements:
        transaction = movement.line.transaction_id
        of_it = [line for line in lines if line.transaction_id == transaction]
        came = f"{transaction}: {movement.amount} came for {movement.payment_id}"
        due = bool(movement.payment_id) and movement.amount.minor > 0
        if due and captured.get(transaction) != movement.payment_id:
            yield f"L7 {came}, nobody booked it"
        if due and not any(line.posted for line in of_it):
            yield f"L7 {came}, and is not posted"
        if not _is_heard(movement, of_it):
            yield f"L7 {movement.line} is neither posted nor shown to people: {of_it}"
    yield from _in_the_ledger(world, [line for line in lines if line.posted])


def _is_heard(movement: Movement, lines: list[Stored]) -> bool:
    """Whether what is said last of a movement is posted, or waits for people."""
    return any(line.says(movement.line) and (line.posted or line.outcome in FOR_PEOPLE) for line in lines)


def _in_the_ledger(world: "World", posted: list[Stored]) -> Iterator[str]:
    """Our bank has what the posted lines say, and the treasury owes us what was captured and is in none of them."""
    balances = dict(world.store.rows(_BALANCES, f"fees:{TREASURY}", f"receivable:{TREASURY}"))
    gross, fee = sum(line.gross for line in posted), sum(line.fee for line in posted)
    bank = sum(minor for name, minor in balances.items() if name.startswith("bank:"))
    if (bank, balances.get(f"fees:{TREASURY}", 0)) != (gross - fee, fee):
        yield f"L4 lines of {gross} with fees of {fee} are posted, our books have {balances}"
    ((captured,),) = world.store.rows(_CAPTURED_IN_ALL)
    back = 0
    for payment_id, out, unknown in world.store.rows(_OUT):
        ((gone,),) = world.store.rows(_BACK, payment_id)
        back += gone
        if not out <= gone <= out + unknown:  # of a sum that fits nothing people say what of it went back
            yield f"L7 {payment_id}: {out} went out by its statements, we booked {gone}"
    owes = captured - back - gross
    if balances.get(f"receivable:{TREASURY}", 0) != owes:
        yield f"L4 the treasury owes {owes} by captures and lines, our books have {balances}"
