"""How transactions begin on SQLite, and what an engine must not carry along."""

import threading

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoTurn

from mpay_gateway.storage import create_engine
from mpay_gateway.storage.engine import FairLock, readers


@pytest.fixture
def engine(tmp_path):
    made = create_engine(f"sqlite:///{tmp_path / 'gateway.sqlite'}")
    with made.begin() as connection:
        connection.execute(text("CREATE TABLE notes (body TEXT)"))
    yield made
    made.dispose()


def count(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.execute(text("SELECT count(*) FROM notes")).scalar_one()


def test_a_reader_waits_for_no_writer_and_sees_what_was_committed(engine):
    reading = readers(engine)
    with engine.begin() as writer:
        writer.execute(text("INSERT INTO notes VALUES ('x')"))
        assert count(reading) == 0
    assert count(reading) == 1


def test_a_writer_holds_the_database_from_its_beginning(engine):
    with engine.begin(), readers(engine).connect() as other:
        other.exec_driver_sql("PRAGMA busy_timeout=10")
        with pytest.raises(OperationalError, match="locked"):
            other.execute(text("INSERT INTO notes VALUES ('x')"))


def test_what_a_reader_writes_is_lost(engine):
    with readers(engine).connect() as connection:
        connection.execute(text("INSERT INTO notes VALUES ('x')"))
    assert count(engine) == 0


def test_no_listener_is_asked_at_every_execution(engine):
    assert not engine._has_events
    assert not readers(engine)._has_events


def test_whoever_waits_too_long_for_his_turn_gives_up_and_the_next_gets_it():
    lock, entered, leave = FairLock(patience=0.05), threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            entered.set()
            assert leave.wait(20)

    holder = threading.Thread(target=hold)
    holder.start()
    assert entered.wait(20)
    with pytest.raises(NoTurn, match="no turn"), lock:
        raise AssertionError("the lock is held")
    leave.set()
    holder.join(20)
    with lock:
        pass


def test_errors_of_the_database_repeat_no_values(engine):
    with pytest.raises(OperationalError) as raised, engine.begin() as connection:
        connection.execute(text("INSERT INTO nowhere VALUES (:name)"), {"name": "Popescu"})
    assert "Popescu" not in str(raised.value)
