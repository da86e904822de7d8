"""B24, B27: many processes write to one SQLite file, and each commit is on the disk before anybody hears of it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from mpay_gateway.boundary import SystemClock
from mpay_gateway.storage import UnitOfWork, create_engine
from mpay_gateway.storage.tables import ledger_accounts
from tests.unit.databases import make_tables

PROCESSES = 8
UNITS = 25
PROGRAM = """
import os, sys
from sqlalchemy import event, insert
from mpay_gateway.boundary import SystemClock
from mpay_gateway.storage import UnitOfWork, create_engine
from mpay_gateway.storage.tables import ledger_accounts
url, count, synchronous = sys.argv[1], int(sys.argv[2]), sys.argv[3]
engine = create_engine(url)
if synchronous:
    event.listen(engine, "connect", lambda raw, _: raw.execute(f"PRAGMA synchronous = {synchronous}"))
units = UnitOfWork(engine, SystemClock())
for number in range(count):
    name = f"{os.getpid()}-{number}"
    units.run("count", lambda work: work.connection.execute(insert(ledger_accounts), {"name": name}))
    os.write(1, f"{name}\\n".encode())
"""


@pytest.fixture
def url(tmp_path) -> str:
    address = f"sqlite:///{tmp_path / 'gateway.sqlite'}"
    make_tables(address)
    return address


def test_eight_processes_write_and_nobody_is_turned_away(url):
    """B24: whoever comes while another one writes waits for his turn; five tries and ten seconds are enough."""
    command = [sys.executable, "-c", PROGRAM, url, str(UNITS), ""]
    writers = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(PROCESSES)
    ]
    ends = [(writer, *writer.communicate(timeout=120)) for writer in writers]
    assert [writer.returncode for writer, *_ in ends] == [0] * PROCESSES, [errors for *_, errors in ends]
    acknowledged = {line for _, said, _ in ends for line in said.splitlines()}
    assert len(acknowledged) == PROCESSES * UNITS
    assert acknowledged == _stored(url)


def test_no_commit_is_acknowledged_before_it_is_on_the_disk(url, tmp_path, find_program):
    """B27: what a loss of power takes is what was written and not flushed; nothing of that was told to anybody."""
    strace = find_program("strace")
    if strace is None:
        return
    assert _unflushed([strace], url, tmp_path) == 0


def test_a_commit_that_is_acknowledged_too_early_is_seen(url, tmp_path, find_program):
    strace = find_program("strace")
    if strace is None:
        return
    assert _unflushed([strace], url, tmp_path, synchronous="NORMAL") > UNITS // 2


def _unflushed(strace: list[str], url: str, folder: Path, *, synchronous: str = "") -> int:
    """How many acknowledgements went out while the write-ahead log had bytes that were not flushed."""
    trace = folder / f"trace-{synchronous}"
    watch = ["-f", "-qq", "-y", "-o", str(trace), "-e", "trace=pwrite64,write,fsync,fdatasync"]
    program = [sys.executable, "-c", PROGRAM, url, str(UNITS), synchronous]
    done = subprocess.run([*strace, *watch, *program], capture_output=True, text=True, timeout=120, check=False,
                          env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"})  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    told, early, dirty = 0, 0, False
    for line in trace.read_text("utf-8", "replace").splitlines():
        if re.search(r"\b(pwrite64|write)\(\d+<[^>]*-wal>", line):
            dirty = True
        elif re.search(r"\b(fsync|fdatasync)\(\d+<[^>]*-wal>", line):
            dirty = False
        elif re.search(r"\bwrite\(1<", line):
            told, early = told + 1, early + dirty
    assert told == UNITS
    return early


def _stored(url: str) -> set[str]:
    units = UnitOfWork(create_engine(url), SystemClock())
    names = units.read(lambda work: work.connection.execute(select(ledger_accounts.c.name)).scalars().all())
    units.engine.dispose()
    return set(names)
