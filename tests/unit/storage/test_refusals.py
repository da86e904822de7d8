"""A full disk refuses whole units and is said aloud; a disk that loses what it took ends the process."""

import os
import sqlite3
import subprocess
import sys
from types import SimpleNamespace

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from mpay_gateway.boundary import SystemClock
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.storage import UnitOfWork, create_engine, refusals
from mpay_gateway.storage.refusals import FOR_SECONDS, UNTRUSTED_DISK, Refusals
from mpay_gateway.storage.tables import ledger_accounts
from tests.unit.databases import make_tables
from tests.unit.flow.scripted import scripted_gateway


@pytest.fixture
def url(tmp_path) -> str:
    address = f"sqlite:///{tmp_path / 'gateway.sqlite'}"
    make_tables(address)
    return address


def fill(engine) -> None:
    """From now on the database may not grow: SQLite's own way to say that the disk is full."""
    engine.dispose()

    def bound(connection, _record):
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")

    event.listen(engine, "connect", bound)


def make_room(engine) -> None:
    engine.dispose()
    event.listen(
        engine, "connect", lambda connection, _: connection.execute("PRAGMA max_page_count = 1000000")
    )


def test_a_full_disk_refuses_new_payments_keeps_reading_and_leaves_nothing_half(url):
    """B25."""
    with scripted_gateway(url) as gateway:
        paid = gateway.pay("ORDER-0")
        assert gateway.parts.units.refused == ""
        fill(gateway.parts.units.engine)
        with capture_logs() as logs:
            begun = fill_up(gateway)
        assert [each["reason"] for each in logs if each["event"] == "database_refuses_writes"] == [
            "the disk is full"
        ]
        assert gateway.parts.units.refused == "the disk is full"
        assert gateway.now(paid).state.value == "captured"
        assert check_books(gateway.parts.units) == ()
        make_room(gateway.parts.units.engine)
        gateway.clock.advance(seconds=FOR_SECONDS + 1)
        assert gateway.parts.units.refused == ""
        gateway.pay(f"ORDER-{begun + 1}")
        assert check_books(gateway.parts.units) == ()


def fill_up(gateway) -> int:
    """Begin payments until the disk takes no more. The number of the one that was refused."""
    for number in range(1, 500):
        try:
            gateway.start(f"ORDER-{number}")
        except DBAPIError as error:
            return number if error.orig.sqlite_errorcode & 0xFF == sqlite3.SQLITE_FULL else 0
    raise AssertionError("the disk was never full")


@pytest.mark.parametrize(
    ("code", "reason"), [("53100", "the disk is full"), ("25006", "the database is read-only"), ("57P01", "")]
)
def test_what_postgresql_says(code, reason):
    kept = Refusals()
    kept.note(DBAPIError("INSERT", {}, _Said(code)), "unit", now=1000.0)
    assert kept.standing(1000.0 + FOR_SECONDS - 1) == reason
    assert kept.standing(1000.0 + FOR_SECONDS) == ""


class _Said(Exception):
    def __init__(self, sqlstate: str) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate


@pytest.mark.parametrize("name", ["SQLITE_IOERR_FSYNC", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_DIR_FSYNC"])
def test_a_disk_that_lost_what_it_took_ends_the_process(name, monkeypatch):
    ended: list[int] = []
    monkeypatch.setattr(refusals, "os", SimpleNamespace(_exit=ended.append))
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = getattr(sqlite3, name)
    Refusals().note(DBAPIError("COMMIT", {}, error), "settle", now=0.0)
    assert ended == [UNTRUSTED_DISK]


PROGRAM = """
import sys
from sqlalchemy import insert
from mpay_gateway.boundary import SystemClock
from mpay_gateway.storage import UnitOfWork, create_engine
from mpay_gateway.storage.tables import ledger_accounts
units = UnitOfWork(create_engine(sys.argv[1]), SystemClock())
for number in range(100):
    units.run("count", lambda work: work.connection.execute(insert(ledger_accounts), {"name": f"n{number}"}))
    print(number, flush=True)
"""


def test_a_real_failure_of_fsync_ends_the_process_and_loses_nothing_that_was_acknowledged(url, find_program):
    """B26, by the kernel's own error (strace)."""
    strace = find_program("strace")
    if strace is None:
        return
    inject = "inject=fsync,fdatasync:error=EIO:when=20+"
    command = [strace, "-f", "-qq", "-o", os.devnull, "-e", "trace=fsync,fdatasync", "-e", inject]
    done = subprocess.run([*command, sys.executable, "-c", PROGRAM, url], capture_output=True, text=True,
                          timeout=300, check=False)  # fmt: skip
    assert done.returncode == UNTRUSTED_DISK, done.stderr[-2000:]
    assert "disk_cannot_be_trusted" in done.stdout + done.stderr
    acknowledged = [int(line) for line in done.stdout.splitlines() if line.isdigit()]
    units = UnitOfWork(create_engine(url), SystemClock())
    stored = units.read(lambda work: work.connection.execute(select(ledger_accounts.c.name)).scalars().all())
    assert {f"n{number}" for number in acknowledged} <= set(stored)
    assert acknowledged
    units.engine.dispose()
