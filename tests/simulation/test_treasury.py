"""A treasury's statements as they go wrong, and that a world notices when its books and ours part."""

import itertools
from collections.abc import Iterator
from datetime import timedelta

import pytest

from mpay_gateway.domain.errors import RemoteUnavailable
from mpay_gateway.domain.money import Money
from tests.simulation import stated
from tests.simulation.bending import bent_of
from tests.simulation.coverage import Change
from tests.simulation.ending import end
from tests.simulation.faults import Fault
from tests.simulation.plan import plan_of
from tests.simulation.plugins import TREASURY
from tests.simulation.run import rig
from tests.simulation.shop import CURRENCY
from tests.simulation.stage import NOON
from tests.simulation.stated_bending import is_stated
from tests.simulation.treasury import Treasury, said_otherwise
from tests.simulation.world import World

TODAY, TOMORROW = NOON.date(), NOON.date() + timedelta(days=1)


SAME = {"statement_id", "account_id", "transaction_id"}


class Books:
    """A treasury at a time that the test sets. `struck`: what it says of faults as somebody reads."""

    def __init__(self) -> None:
        self.now = NOON
        self.struck: list[Fault] = []
        self.treasury = Treasury(lambda: self.now, lambda _, fault: self.struck.append(fault))

    def transactions(self, day=TODAY) -> list[str]:
        return [line.transaction_id for line in self.treasury.statement(day).lines]


@pytest.fixture
def books() -> Books:
    return Books()


def lei(minor: int) -> Money:
    return Money.from_minor(minor, CURRENCY)


def test_a_statement_that_is_late_is_not_there_until_then(books):
    books.treasury.receive("PAYMENT", "1", lei(100))
    books.treasury.hold_back(TODAY, NOON + timedelta(days=2), cut=False)
    with pytest.raises(RemoteUnavailable):
        books.treasury.statement(TODAY)
    books.now += timedelta(days=2)
    assert (books.transactions(), books.struck) == (["trs-1"], [Fault.STATEMENT_LATE])


def test_of_a_statement_that_is_cut_off_half_is_read_and_the_rest_is_named(books):
    for _ in range(2):
        books.treasury.receive("PAYMENT", "1", lei(100))
    books.treasury.hold_back(TODAY, NOON + timedelta(days=1), cut=True)
    assert books.treasury.statement(TODAY).problems
    assert books.transactions() == ["trs-1"]
    books.now += timedelta(days=1)
    assert books.transactions() == ["trs-1", "trs-2"]


def test_a_movement_is_told_of_twice_in_one_statement_or_in_that_of_the_next_day(books):
    movement = books.treasury.receive("PAYMENT", "1", lei(100))
    movement.twice = movement.again = True
    books.now += timedelta(days=1)
    assert (books.transactions(), books.transactions(TOMORROW)) == (["trs-1", "trs-1"], ["trs-1"])
    assert books.struck == [Fault.STATEMENT_TWICE] * 2


def test_a_line_that_was_wrong_is_mended_and_all_that_was_said_is_kept(books):
    movement = books.treasury.receive("PAYMENT", "1", lei(100))
    movement.wrong = said_otherwise(movement.line, amount=lei(50))
    books.transactions()
    books.treasury.heal()
    books.transactions()
    assert books.struck == [Fault.STATEMENT_AMENDED]
    assert books.treasury.amounts("trs-1") == {(50, CURRENCY), (100, CURRENCY)}


def test_no_more_is_sent_than_is_there(books):
    books.treasury.receive("PAYMENT", "1", lei(100))
    assert books.treasury.send("PAYMENT", "1", lei(101), itself=True) is None
    assert books.treasury.send("PAYMENT", "1", lei(60), itself=True) is not None
    assert books.treasury.send("PAYMENT", "1", lei(60), itself=False) is None
    assert books.treasury.back("PAYMENT", CURRENCY) == lei(60)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """One that is over and healed, and in which money of the treasury came and went."""
    for seed in itertools.count(1):
        if is_stated(seed):
            made = World(rig(), plan_of(seed, bent_of(seed)))
            made.play(6000)
            end(made)
            assert made.watch.violations == []
            if {("settled",), ("given-back",)} <= set(made.store.rows("SELECT outcome FROM statement_lines")):
                break
            made.close()
    yield made
    made.close()


@pytest.fixture
def tampered(world) -> Iterator[World]:
    """The same, mended after the test."""
    kept, movements = world.store.raw.serialize(), list(world.treasury.movements)
    yield world
    world.store.raw.deserialize(kept)
    world.treasury.movements = movements


def found(world: World, *changes: Change) -> str:
    return "\n".join((*stated.at_commit(world, changes), *stated.disagreements(world)))


def some_payment(world: World) -> tuple[str, str]:
    return world.store.rows(
        f"SELECT id, reference FROM payments WHERE account_id = '{TREASURY}' AND state = 'captured'"
    )[0]


def test_a_world_that_is_over_has_nothing_to_object_to(world):
    assert found(world) == ""


def test_money_that_came_and_that_nobody_booked_is_missed(tampered):
    tampered.treasury.receive(*some_payment(tampered), lei(100))
    assert "nobody booked it" in found(tampered)


@pytest.mark.parametrize(
    ("change", "objection"),
    [
        ("UPDATE statement_lines SET gross_minor = gross_minor + 1", "no statement says"),
        ("UPDATE statement_lines SET outcome = 'waiting'", "neither posted nor shown to people"),
        ("UPDATE statement_lines SET outcome = 'waiting' WHERE gross_minor > 0", "is not posted"),
        ("UPDATE statement_lines SET fee_minor = 0", "are posted, our books have"),
        ("UPDATE reversals SET amount_minor = amount_minor + 100000000", "the treasury sent"),
        ("UPDATE reversals SET amount_minor = amount_minor - 1", "went out by its statements"),
        ("UPDATE claims SET state = 'held'", "is a number, and holds the order"),
        ("UPDATE captures SET amount_minor = amount_minor + 1", "the treasury owes"),
    ],
)
def test_books_that_part_from_the_statements_are_noticed(tampered, change, objection):
    tampered.store.raw.execute("PRAGMA foreign_keys=OFF")
    tampered.store.raw.execute(change)
    back = Change(some_returned(tampered), "reversal", "done", "due", "done")
    assert objection in found(tampered, back)


def some_returned(world: World) -> str:
    return world.store.rows(
        f"""SELECT r.payment_id FROM reversals r JOIN payments p ON p.id = r.payment_id
        WHERE p.account_id = '{TREASURY}' AND r.capture_id IS NOT NULL AND r.state = 'done'"""
    )[0][0]


def test_a_movement_that_is_posted_twice_is_noticed(tampered):
    columns = [row[1] for row in tampered.store.rows("PRAGMA table_info(statement_lines)") if row[1] != "id"]
    copied = ", ".join(
        "NULL" if each.endswith("_id") and each not in SAME else "occurrence + 7" if each == "occurrence" else each
        for each in columns
    )  # fmt: skip
    tampered.store.raw.execute(
        f"INSERT INTO statement_lines ({', '.join(columns)}) SELECT {copied} FROM statement_lines"
        " WHERE outcome = 'given-back'"
    )
    assert "posted more than once" in found(tampered)


def test_who_yields_to_nobody_is_noticed(tampered):
    payment_id, _ = some_payment(tampered)
    tampered.store.raw.execute("UPDATE payments SET state = 'started'")
    yielded = Change(payment_id, "claim", "release", "held", "released")
    assert "yields, and no money is there" in found(tampered, yielded)
