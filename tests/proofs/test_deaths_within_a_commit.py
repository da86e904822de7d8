"""A9: a process dies inside the commits that move money, before each of their statements: all of it, or nothing."""

import os
from collections.abc import Callable
from itertools import count, product

import pytest

from tests.proofs.conftest import REPORT
from tests.proofs.death_report import PROPERTY
from tests.proofs.matrix import chance
from tests.proofs.newborn import STATEMENT
from tests.proofs.scenarios import books, holds, kiosks, worker
from tests.proofs.stage import Stage

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
FEWEST = 5
"""Each of these commits has so many statements at least."""
PARTS = 4
"""Into so many tests the statements of a commit are dealt out."""
SHARE = 3
"""So many deaths, within one commit on SQLite, are in the share of every run."""
WHOLE = bool(os.environ.get(REPORT))
PLAYED = (
    list(product(COMMITS, ("sqlite", "postgresql"), range(PARTS))) if WHOLE else [("settle", "sqlite", 0)]
)


@pytest.mark.parametrize(("unit", "engine", "part"), PLAYED)
def test_a_commit_is_whole_whichever_statement_it_dies_before(unit, engine, part, stage_for, record_property):
    numbers = count(part + 1, PARTS) if WHOLE else chance().sample(range(1, FEWEST + 1), SHARE)
    what = f"before each statement, part {part + 1} of {PARTS}"
    for played, number in enumerate(numbers, 1):
        with stage_for(f"{STATEMENT}{unit}:{number}", engine) as stage:
            COMMITS[unit](stage)
        if stage.survived:
            assert number > FEWEST
            break
        record_property(PROPERTY, f"within {unit}|{what}|{engine}|{stage.died}|{played}")
