"""No wait for PostgreSQL is endless, but for migrations and for questions to the whole database."""

import socket
import time

import pytest
from sqlalchemy import select, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import OperationalError

from mpay_gateway.boundary import SystemClock
from mpay_gateway.storage import UnitOfWork, create_engine, unit_of_work
from mpay_gateway.storage import engine as storage_engine
from mpay_gateway.storage.questions import one_long_look
from mpay_gateway.storage.tables import operators
from tests.unit.databases import make_tables
from tests.unit.storage.test_unit_of_work import add, names


def shown(connection: Connection) -> dict[str, str]:
    return {
        name: str(connection.execute(text(f"SHOW {name}")).scalar_one())
        for name in storage_engine.POSTGRES_BOUNDS
    }


@pytest.fixture
def address(postgres_url) -> str:
    return postgres_url(prepare=make_tables)


def test_every_session_is_bounded_again_when_the_pool_gives_it_out_twice(address):
    units = UnitOfWork(create_engine(address), SystemClock())
    wanted = {"lock_timeout": "5s", "statement_timeout": "30s", "idle_in_transaction_session_timeout": "1min"}
    for _ in range(2):
        assert units.read(lambda work: shown(work.connection)) == wanted
        assert units.run("look", lambda work: shown(work.connection)) == wanted
    units.engine.dispose()


def test_a_look_at_the_whole_database_takes_its_time_and_the_next_unit_does_not(address):
    units = UnitOfWork(create_engine(address, pool_size=1), SystemClock())

    def look(work):
        one_long_look(work.connection)
        return shown(work.connection)

    found = units.read(look)
    assert (found["statement_timeout"], found["idle_in_transaction_session_timeout"]) == ("0", "0")
    assert units.read(lambda work: shown(work.connection))["statement_timeout"] == "30s"
    units.engine.dispose()


def test_a_row_that_somebody_holds_for_ever_is_waited_for_and_given_up(address, monkeypatch):
    monkeypatch.setitem(storage_engine.POSTGRES_BOUNDS, "lock_timeout", "50ms")
    monkeypatch.setattr(unit_of_work, "TRIES", 2)
    units = UnitOfWork(create_engine(address), SystemClock())
    units.run("add", add("ana"))
    tries = []

    def take(work):
        tries.append(1)
        work.connection.execute(select(operators).with_for_update())

    with units.engine.begin() as holder:
        holder.execute(select(operators).with_for_update())
        with pytest.raises(OperationalError, match="lock timeout"):
            units.run("take", take)
    assert len(tries) == 2
    assert names(units) == ["ana"]
    units.engine.dispose()


def test_a_server_that_does_not_answer_is_given_up(monkeypatch):
    monkeypatch.setattr(storage_engine, "CONNECT_SECONDS", 2)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        engine = create_engine(f"postgresql+psycopg://u@127.0.0.1:{deaf.getsockname()[1]}/gateway")
        began = time.monotonic()
        with pytest.raises(OperationalError, match="timeout"):
            engine.connect()
        assert time.monotonic() - began < 10
