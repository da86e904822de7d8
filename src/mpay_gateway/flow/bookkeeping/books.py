"""The invariants of the architecture (section 6) and those of each day, checked over everything that is stored.

They hold after any crash. A violation is a fault of the program or a change by hand; nothing here repairs.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from typing import Any

from mpay_gateway.domain.payment import ReversalGround
from mpay_gateway.domain.transitions import EDGES
from mpay_gateway.flow.bookkeeping.claims_in_books import within_what_is_due
from mpay_gateway.flow.bookkeeping.confirmations_in_books import confirmed_in_full, identical
from mpay_gateway.flow.bookkeeping.settlement import file_total
from mpay_gateway.storage import UnitOfWork, Work
from mpay_gateway.storage.books import Books
from mpay_gateway.storage.chain import BEGINNING, body_digest
from mpay_gateway.storage.claim_books import ClaimBooks
from mpay_gateway.storage.day_books import DayBooks
from mpay_gateway.storage.histories import Histories, History, Subject
from mpay_gateway.storage.hold_doubts import HoldDoubts
from mpay_gateway.storage.ledger_books import LedgerBooks
from mpay_gateway.storage.questions import Doubt, one_long_look
from mpay_gateway.storage.refund_books import RefundBooks
from mpay_gateway.storage.task_books import TaskBooks

MOST = 1000
"""So many violations are reported of each look at an invariant; more say nothing new."""
BIRTHS = {
    "payment": "create",
    "claim": "take",
    "capture": "record",
    "delivery": "create",
    "intent": "create",
    "reversal": "create",
    "refund": "create",
    "decision": "create",
}
"""The event that makes a row of each machine; what state it is born in is the row's own affair."""
_EDGES = {(edge.machine, edge.source.value, edge.event.value, edge.target.value) for edge in EDGES}


@dataclass(frozen=True, slots=True)
class Violation:
    """Which invariant is broken, by which payment (empty when by none), and how."""

    invariant: int
    payment_id: str
    detail: str


@dataclass(frozen=True, slots=True)
class Rows:
    """Where the checks read."""

    ledger: LedgerBooks
    books: Books
    claims: ClaimBooks
    histories: Histories
    holds: HoldDoubts
    days: DayBooks
    refunds: RefundBooks
    tasks: TaskBooks


Look = Callable[[Rows], Iterator[Doubt]]


@dataclass(frozen=True, slots=True)
class Invariant:
    """`sentence`: what holds, in the words of the architecture. `looks`: each for itself finds a part of the doubts."""

    number: int
    sentence: str
    looks: tuple[Look, ...]


Progress = Callable[[Invariant], object]


def check_books(
    units: UnitOfWork, progress: Progress = lambda _: None, *, since: datetime | None = None
) -> tuple[Violation, ...]:
    """Every violation, by invariant. The gateway may go on beside: each check sees one state of the database.

    `progress` is called before each invariant is checked. `since`: only payments made since then (UTC).
    """
    found: list[Violation] = []
    for invariant in INVARIANTS:
        progress(invariant)
        for look in invariant.looks:
            found += violations(units, invariant, look, since=since)
    return tuple(found)


def violations(
    units: UnitOfWork, invariant: Invariant, look: Look, *, since: datetime | None = None
) -> tuple[Violation, ...]:
    """What one look finds of an invariant."""
    doubts = units.read(lambda work: tuple(islice(look(_rows(work, since)), MOST)))
    return tuple(Violation(invariant.number, doubt.payment_id, doubt.detail) for doubt in doubts)


def _rows(work: Work, since: datetime | None) -> Rows:
    where = work.connection
    one_long_look(where)
    return Rows(
        LedgerBooks(where, since), Books(where, since), ClaimBooks(where, since), Histories(where, since),
        HoldDoubts(where, since), DayBooks(where, since), RefundBooks(where, since),
        TaskBooks(where, since),
    )  # fmt: skip


def _balanced(rows: Rows) -> Iterator[Doubt]:
    return rows.ledger.unbalanced()


def _posted(rows: Rows) -> Iterator[Doubt]:
    return rows.ledger.misposted_captures()


def _identical(rows: Rows) -> Iterator[Doubt]:
    return identical(rows.books)


def _confirmed_in_full(rows: Rows) -> Iterator[Doubt]:
    return confirmed_in_full(rows.books, rows.ledger)


def _given_back_once(rows: Rows) -> Iterator[Doubt]:
    books, ledger = rows.books, rows.ledger
    known = {ground.value for ground in ReversalGround}
    groundless = (
        Doubt(payment_id, f"goes back on the unknown ground {ground!r}")
        for payment_id, ground in books.grounds()
        if ground not in known
    )
    return chain(
        books.given_back_too_much(),
        ledger.misposted_reversals(),
        ledger.given_back_beyond(),
        ledger.misposted_releases(),
        books.confirmed_and_reversed(),
        rows.holds.given_up_and_taken(),
        groundless,
        rows.refunds.doubts(),
    )


def _money_first(rows: Rows) -> Iterator[Doubt]:
    return rows.books.told_without_money()


def _claimed(rows: Rows) -> Iterator[Doubt]:
    return within_what_is_due(rows.claims)


def _on_the_graph(rows: Rows) -> Iterator[Doubt]:
    for payment_id, changes in rows.histories.of_changes():
        yield from _off_the_graph(payment_id, changes)


def _off_the_graph(payment_id: str, changes: Iterator[Any]) -> Iterator[Doubt]:
    """Changes that are no edge, or that do not begin where the one before them ended."""
    states: dict[Subject, str] = {}
    for row in changes:
        subject = (row.machine, row.subject)
        change = f"{row.machine} {row.event}: {row.before or 'new'} -> {row.after}"
        if row.before != states.get(subject, ""):
            yield Doubt(payment_id, f"{change}, and it was {states.get(subject) or 'not there'}")
        elif not _is_edge(row):
            yield Doubt(payment_id, f"{change} is no edge")
        states[subject] = row.after


def _is_edge(row: Any) -> bool:
    if not row.before:
        return bool(BIRTHS.get(row.machine) == row.event)
    return (row.machine, row.before, row.event, row.after) in _EDGES


def _written_down(rows: Rows) -> Iterator[Doubt]:
    for history in rows.histories.of_payments():
        yield from _broken_audit(history)
        yield from _unwritten(history)


def _kept(rows: Rows) -> Iterator[Doubt]:
    for subject, messages in rows.histories.of_messages():
        yield from _broken_evidence(subject, messages)


def _broken_audit(history: History) -> Iterator[Doubt]:
    previous = BEGINNING
    for place, row in enumerate(history.rows, 1):
        if (row.seq, row.previous, row.computed_digest()) != (place, previous, row.digest):
            yield Doubt(
                history.payment_id, f"the audit's chain breaks at row {row.seq}: {row.machine} {row.event}"
            )
            return
        previous = row.digest


def _unwritten(history: History) -> Iterator[Doubt]:
    """Rows whose state is not the one that the audit last told of."""
    told = {(row.machine, row.subject): row.after for row in history.rows}
    for machine, subject in sorted(told.keys() | history.states.keys()):
        state, last = history.states.get((machine, subject)), told.get((machine, subject))
        if state != last:
            yield Doubt(
                history.payment_id,
                f"{machine} {subject} is {state or 'missing'}, the audit says {last or 'nothing'}",
            )


def _broken_evidence(subject: str, messages: Iterator[tuple[Any, bytes | None]]) -> Iterator[Doubt]:
    previous = BEGINNING
    for place, (row, body) in enumerate(messages, 1):
        intact = (row.seq, row.previous, row.computed_digest()) == (place, previous, row.digest)
        if not intact or (body is not None and body_digest(body) != row.body_digest):
            yield Doubt(
                subject, f"the evidence's chain breaks at message {row.id}: {row.direction} {row.operation}"
            )
            return
        previous = row.digest


def _under_way(rows: Rows) -> Iterator[Doubt]:
    return rows.tasks.abandoned()


def _settled_as_stated(rows: Rows) -> Iterator[Doubt]:
    return chain(rows.days.misposted_lines(), rows.days.mismatched_lines())


def _settled_once(rows: Rows) -> Iterator[Doubt]:
    yield from rows.days.missettled()
    for row in rows.days.settlement_files():
        if file_total(row.content, row.currency) != row.amount_minor:
            yield Doubt("", f"the file of {row.day} for {row.account} does not sum to what is posted")


INVARIANTS = (
    Invariant(1, "each ledger transaction sums to zero per currency", (_balanced,)),
    Invariant(2, "one capture posting per provider transaction, with the provider's amount", (_posted,)),
    Invariant(
        3, "a payment is stored before any call, and always sent with identical content", (_identical,)
    ),
    Invariant(
        4,
        "confirmed lines sum to the captured amount, and are owed to the accounts of the paid order",
        (_confirmed_in_full,),
    ),
    Invariant(
        5,
        "no more goes back than was captured, of confirmed money by refunds alone, each with its ground",
        (_given_back_once,),
    ),
    Invariant(6, "only captured money is confirmed, and all that pays an order", (_money_first,)),
    Invariant(7, "claims stay within what was payable when they were taken", (_claimed,)),
    Invariant(8, "states change along edges of the published graph only", (_on_the_graph,)),
    Invariant(9, "each change of a state has its audit row, and the chains verify", (_written_down, _kept)),
    Invariant(10, "what is under way is due: some worker comes to it", (_under_way,)),
    Invariant(
        11, "each line of a statement is posted once, as the provider states it", (_settled_as_stated,)
    ),
    Invariant(12, "what is owed is settled once, and the files sum to the ledger", (_settled_once,)),
)
