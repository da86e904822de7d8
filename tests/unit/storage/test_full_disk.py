"""B25, G89 on a disk that is really full: new payments are refused whole, reading goes on, and room ends it."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine as plain_engine
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.storage.refusals import FOR_SECONDS
from tests.left_out import PROPERTY
from tests.postgres import PostgresServer, unprivileged_user
from tests.unit.databases import make_tables
from tests.unit.flow.scripted import scripted_gateway

SIZE_MIB = 48
LEFT = 96 * 1024
"""Bytes that are left when the disk has been filled by somebody else."""


@pytest.fixture
def disk(request) -> Iterator[Path | None]:
    """A small disk of its own, in memory; None where this machine lets nobody mount one, which is said.

    Beside the folders of the tests, into which the server's user may not go.
    """
    with tempfile.TemporaryDirectory(prefix="mpay-disk-", dir="/tmp") as folder:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MIB}m,mode=755", "none", folder]
        if os.geteuid() != 0 or subprocess.run(mount, check=False).returncode != 0:
            request.node.user_properties.append((PROPERTY, "a right to mount disks"))
            yield None
            return
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "-l", folder], check=True)


@pytest.fixture
def postgresql() -> Iterator[PostgresServer]:
    server = PostgresServer(fsync=False)
    try:
        server.start()
        yield server
    finally:
        server.remove()


def test_sqlite_on_a_full_disk(disk):
    if disk is None:
        return
    url = f"sqlite:///{disk / 'gateway.sqlite'}"
    make_tables(url)
    _refuses_reads_and_goes_on(url, disk)


def test_postgresql_on_a_full_disk(disk, postgresql):
    """Its write-ahead log lies elsewhere: a server that cannot write that ends itself (the lost server is B21's)."""
    if disk is None:
        return
    owner = unprivileged_user()
    assert owner is not None
    os.chown(disk, owner.pw_uid, owner.pw_gid)
    _tell(postgresql.url("postgres"), f"CREATE TABLESPACE small LOCATION '{disk}'")
    _tell(postgresql.url("postgres"), "CREATE DATABASE full_disk TABLESPACE small")
    url = postgresql.url("full_disk")
    make_tables(url)
    _refuses_reads_and_goes_on(url, disk)


def _refuses_reads_and_goes_on(url: str, disk: Path) -> None:
    with scripted_gateway(url) as gateway:
        paid = gateway.pay("ORDER-0")
        filler = disk / "filler"
        _fill(disk, filler)
        number = _pay_until_refused(gateway)
        assert gateway.parts.units.refused == "the disk is full"
        assert gateway.now(paid).state.value == "captured"
        assert check_books(gateway.parts.units) == ()
        filler.unlink()
        gateway.clock.advance(seconds=FOR_SECONDS + 1)
        assert gateway.parts.units.refused == ""
        gateway.pay(f"ORDER-{number + 1}")
        gateway.work(turns=3, minutes=11)
        assert check_books(gateway.parts.units) == ()


def _pay_until_refused(gateway: object) -> int:
    """Begin payments until the database takes no more. The number of the one that was refused."""
    for number in range(1, 2000):
        try:
            gateway.start(f"ORDER-{number}")  # type: ignore[attr-defined]
        except DBAPIError:
            return number
    raise AssertionError("the disk was never full")


def _fill(disk: Path, filler: Path) -> None:
    room = os.statvfs(disk)
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, room.f_bavail * room.f_frsize - LEFT)


def _tell(url: str, statement: str) -> None:
    engine = plain_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
