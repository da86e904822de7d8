"""B23: PostgreSQL ends one of two units that wait for each other, and the unit of work runs it again."""

import threading
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import insert, select, update

from mpay_gateway.boundary import SystemClock
from mpay_gateway.storage import UnitOfWork, create_engine
from mpay_gateway.storage.tables import ledger_accounts
from tests.unit.databases import make_tables

PATIENCE = 60


def test_of_two_units_that_wait_for_each_other_one_runs_again(postgres_url):
    units = UnitOfWork(create_engine(postgres_url(prepare=make_tables)), SystemClock())
    for name in ("left", "right"):
        units.run(
            "make", lambda work, name=name: work.connection.execute(insert(ledger_accounts), {"name": name})
        )
    met, tries = threading.Barrier(2), []

    def cross(first: str, second: str, mark: str) -> None:
        def work_on(work):
            tries.append(mark)
            lock(work, first)
            if tries.count(mark) == 1:
                met.wait(PATIENCE)  # each holds one by now
            lock(work, second)
            work.connection.execute(insert(ledger_accounts), {"name": mark})

        units.run("cross", work_on)

    with ThreadPoolExecutor(2) as pool:
        ends = [pool.submit(cross, "left", "right", "one"), pool.submit(cross, "right", "left", "two")]
        for end in ends:
            end.result(PATIENCE)
    assert len(tries) == 3
    query = select(ledger_accounts.c.name)
    names = units.read(lambda work: work.connection.execute(query).scalars().all())
    assert sorted(names) == ["left", "one", "right", "two"]
    units.engine.dispose()


def lock(work, name: str) -> None:
    row = ledger_accounts.c.name == name
    work.connection.execute(update(ledger_accounts).where(row).values(name=name))
