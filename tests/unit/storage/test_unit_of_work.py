"""The unit of work: it commits or it leaves nothing, it does not nest, and nothing leaves the process inside it."""

import sqlite3
import threading
from contextlib import nullcontext
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from structlog.testing import capture_logs

from mpay_gateway.boundary import refuse_inside_unit_of_work
from mpay_gateway.domain.errors import OutboundCallRefused
from mpay_gateway.storage.tables import ledger_accounts, operators
from mpay_gateway.storage.unit_of_work import TRIES

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)


def add(name: str):
    """Work that adds an operator by a bare Core insert."""
    values = {"name": name, "token_hash": "x", "created_at": NOW}
    return lambda work: work.connection.execute(insert(operators), values)


def names(units) -> list[str]:
    query = select(operators.c.name).order_by(operators.c.name)
    return list(units.read(lambda work: work.connection.execute(query).scalars().all()))


def test_a_bare_core_insert_commits(units):
    units.run("add", add("ana"))
    assert names(units) == ["ana"]


def test_an_error_leaves_nothing_and_passes(units):
    def fail(work):
        add("ana")(work)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        units.run("fail", fail)
    assert names(units) == []


def test_reading_changes_nothing(units):
    refused = units.engine.dialect.name == "postgresql"
    with pytest.raises(DBAPIError, match="read-only") if refused else nullcontext():
        units.read(add("ana"))
    assert names(units) == []


def test_units_do_not_nest(units):
    with pytest.raises(RuntimeError, match="'inner' inside 'outer'"):
        units.run("outer", lambda _: units.run("inner", add("ana")))
    with pytest.raises(RuntimeError, match="'read' inside 'outer'"):
        units.run("outer", lambda _: units.read(add("ana")))
    assert names(units) == []


def test_nothing_leaves_the_process_inside_a_unit(units):
    with pytest.raises(OutboundCallRefused, match="confirm inside unit of work 'outer'"):
        units.run("outer", lambda _: refuse_inside_unit_of_work("confirm"))
    refuse_inside_unit_of_work("confirm")


def test_what_follows_a_commit_runs_after_it_and_outside(units):
    seen = []

    def work_then(work):
        add("ana")(work)
        work.after_commit(lambda: refuse_inside_unit_of_work("confirm"))
        work.after_commit(lambda: seen.append(names(units)))

    units.run("add", work_then)
    assert seen == [["ana"]]


def test_what_follows_a_commit_does_not_follow_an_abort(units):
    seen = []

    def fail(work):
        work.after_commit(lambda: seen.append("followed"))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        units.run("fail", fail)
    assert seen == []


class Transient(Exception):
    """What a driver raises when it asks to try again."""

    sqlstate = "40001"


def trouble(units) -> DBAPIError:
    """The error of each database that asks for another try."""
    if units.engine.dialect.name == "postgresql":
        return DBAPIError("SELECT 1", {}, Transient("could not serialize access"))
    return OperationalError("SELECT 1", {}, sqlite3.OperationalError("database is locked"))


def test_work_runs_again_when_the_database_asks_and_counts_once(units):
    tries = []

    def work_at_last(work):
        tries.append(1)
        add("ana")(work)
        if len(tries) < TRIES:
            raise trouble(units)
        return "done"

    assert units.run("busy", work_at_last) == "done"
    assert len(tries) == TRIES
    assert names(units) == ["ana"]


def test_work_is_given_up_after_its_tries(units):
    tries = []

    def never(_):
        tries.append(1)
        raise trouble(units)

    with pytest.raises(DBAPIError, match=r"serialize|locked"):  # what callers know as trouble of the database
        units.run("busy", never)
    assert len(tries) == TRIES
    assert names(units) == []


def test_an_error_that_no_repetition_mends_is_not_repeated(units):
    tries = []

    def twice(work):
        tries.append(1)
        add("ana")(work)
        add("ana")(work)

    with pytest.raises(IntegrityError):
        units.run("twice", twice)
    assert len(tries) == 1


def test_what_follows_runs_once_although_the_work_ran_twice(units):
    tries, followed = [], []

    def again(work):
        tries.append(1)
        work.after_commit(lambda: followed.append(1))
        if len(tries) == 1:
            raise trouble(units)

    units.run("again", again)
    assert (len(tries), len(followed)) == (2, 1)


def test_many_threads_lose_no_update(units):
    units.run("first", lambda work: work.connection.execute(insert(ledger_accounts), {"name": "0"}))

    def count_up(work):
        query = select(func.count()).select_from(ledger_accounts)
        # A lock that both databases know: the row that every thread reads first.
        work.connection.execute(
            select(ledger_accounts).where(ledger_accounts.c.name == "0").with_for_update()
        )
        number = work.connection.execute(query).scalar_one()
        work.connection.execute(insert(ledger_accounts), {"name": str(number)})

    def many():
        for _ in range(10):
            units.run("count", count_up)

    threads = [threading.Thread(target=many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    query = select(func.count()).select_from(ledger_accounts)
    assert units.read(lambda work: work.connection.execute(query).scalar_one()) == 41


def test_a_follower_that_fails_stops_no_other_and_makes_no_commit_look_failed(units):
    heard = []

    def follow_up(work):
        add("ana")(work)
        work.after_commit([].pop)
        work.after_commit(lambda: heard.append("second"))
        return "stored"

    with capture_logs() as logs:
        assert units.run("add", follow_up) == "stored"
    assert (heard, names(units)) == (["second"], ["ana"])
    assert [(each["event"], each["unit"]) for each in logs] == [("follower_failed", "add")]
