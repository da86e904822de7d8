"""A9: a process dies inside the commits that move money, before each of their statements: all of it, or nothing."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product

import pytest
from sqlalchemy import event

from mpay_gateway import boundary
from tests.proofs.conftest import REPORT
from tests.proofs.death_report import PROPERTY
from tests.proofs.dying import Served, Worker
from tests.proofs.matrix import chance
from tests.proofs.newborn import STATEMENT
from tests.proofs.scenarios import books, holds, kiosks, worker
from tests.proofs.stage import Dying, Stage
from tests.scene.gateway import served
from tests.scene.processes import START_SECONDS
from tests.scene.waiting import eventually

COMMITS: dict[str, Callable[[Stage], None]] = {
    "settle": worker.a_worker_hears_of_money_and_tells_the_service,
    "captured": holds.held_money_is_taken,
    "reversal-done": worker.a_second_capture_goes_back,
    "delivery-confirmed": worker.a_worker_hears_of_money_and_tells_the_service,
    "accept-payment": kiosks.a_payer_puts_his_money_into_a_kiosk,
    # Of a file with one line: the bank's own statement has those of every other test.
    "capture-stated": books.a_worker_takes_the_line_of_a_statement_as_the_truth,
    "post-statement-lines": books.a_worker_takes_the_line_of_a_statement_as_the_truth,
}
WHOLE = bool(os.environ.get(REPORT))
SHARE = 3
"""So many statements, of one commit on SQLite, are in the share of every run."""
PARTS = 4
"""Into so many tests the statements of a commit are dealt out."""
PLAYED = (
    list(product(COMMITS, ("sqlite", "postgresql"), range(PARTS))) if WHOLE else [("settle", "sqlite", 0)]
)


class Rehearsal(Stage):
    """A stage where nothing dies: what would have is done in this process, and the unit's statements are counted."""

    counted = 0

    def dies(self, running: Dying) -> None:
        with _counting(self.gateway.parts.units.engine, self.point) as counted:
            match running:
                case Worker():
                    self.gateway.work()
                    self.gateway.settle_down()
                case Served():
                    with served(self.gateway):
                        running.visit(self.gateway)
                        eventually(lambda: counted.commits, within=START_SECONDS)
        self.counted = counted.statements
        self.died = "nothing"


@pytest.mark.parametrize(("unit", "engine", "part"), PLAYED)
def test_a_commit_is_whole_whichever_statement_it_dies_before(unit, engine, part, stage_for, record_property):
    with stage_for(unit, engine) as stage:
        rehearsal = Rehearsal(**vars(stage) | {"_gateway": None})
        COMMITS[unit](rehearsal)
    assert rehearsal.counted > SHARE, rehearsal.counted
    numbers = range(1, rehearsal.counted + 1)
    chosen = numbers[part::PARTS] if WHOLE else chance().sample(numbers, SHARE)
    for played, number in enumerate(chosen, 1):
        with stage_for(f"{STATEMENT}{unit}:{number}", engine) as stage:
            COMMITS[unit](stage)
        record_property(
            PROPERTY,
            f"within {unit}|before each statement, part {part + 1} of {PARTS}|{engine}|{stage.died}|{played}",
        )


@dataclass
class _Counted:
    """What one unit of work did so far."""

    statements: int = 0
    commits: int = 0


@contextmanager
def _counting(engine: object, unit: str) -> Iterator[_Counted]:
    """Count the statements and the commits of the unit meanwhile."""
    counted = _Counted()

    def execute(*_: object) -> None:
        counted.statements += boundary._open_unit.get() == unit

    def commit(_: object) -> None:
        counted.commits += boundary._open_unit.get() == unit

    listeners = (("before_cursor_execute", execute), ("commit", commit))
    for name, listener in listeners:
        event.listen(engine, name, listener)
    try:
        yield counted
    finally:
        for name, listener in listeners:
            event.remove(engine, name, listener)
