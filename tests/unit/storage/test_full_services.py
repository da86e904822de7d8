"""A service that takes no further call now, with very many deliveries due, slows nobody else's work."""

import time
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy
from sqlalchemy import text

from mpay_gateway.boundary import SystemClock
from mpay_gateway.storage import UnitOfWork, Work, create_engine
from mpay_gateway.storage.tasks import Lease, TaskKind

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FULL = frozenset({"DEAD"})
MANY = 100_000
BOUND_SECONDS = 10
"""A hundred times what it takes: nothing but a plan that rereads the full service's deliveries comes near."""

_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :many)"
_FILL = (
    (
        "INSERT INTO deliveries (id, payment_id, service_id, state, attempts, unanswered, content, content_digest,"
        f" created_at, parked_reason, last_error) {_NUMBERS} SELECT 'd' || i, 'p' || i, 'DEAD', 'due', 1, 1,"
        " '{}', '', '2026-11-22 10:00:00.000000', '', '' FROM n"
    ),
    (
        f"INSERT INTO tasks (kind, subject, due, leased_by, fence, service_id) {_NUMBERS} SELECT 'deliver', 'd' || i,"
        " '2026-11-22 10:00:00.000000', '', 1, 'DEAD' FROM n"
    ),
    (
        "INSERT INTO tasks (kind, subject, due, leased_by, fence) SELECT 'deliver', 'alive',"
        " '2026-11-23 09:00:00.000000', '', 1 WHERE :many > 0"
    ),
)


@pytest.fixture
def crowded(migrated_url):
    """Deliveries of a dead service, all older than the one task of somebody else."""
    raw = sqlalchemy.create_engine(migrated_url)  # asks for no foreign keys on SQLite
    with raw.begin() as connection:
        if raw.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            # A hash of so many subjects does not fit, as more of them do not fit into the usual 4 MB.
            name = connection.execute(text("SELECT current_database()")).scalar_one()
            connection.execute(text(f"ALTER DATABASE \"{name}\" SET work_mem = '1MB'"))
        for statement in _FILL:
            connection.execute(text(statement), {"many": MANY})
        connection.execute(text("ANALYZE"))
    raw.dispose()
    units = UnitOfWork(create_engine(migrated_url), SystemClock())
    yield units
    units.engine.dispose()


def claim(work: Work) -> tuple[Lease, ...]:
    return work.tasks.claim_due(worker="w", now=NOW, until=NOW + MINUTE, limit=8, full_services=FULL)


def test_anothers_delivery_is_claimed_behind_all_those_of_a_full_service(crowded):
    began = time.monotonic()
    assert crowded.read(lambda work: work.tasks.any_due(NOW, full_services=FULL))
    leases = crowded.run("claim", claim)
    assert [(lease.kind, lease.subject) for lease in leases] == [(TaskKind.DELIVER, "alive")]
    assert time.monotonic() - began < BOUND_SECONDS


def test_a_delivery_to_a_full_service_stays_and_one_to_another_is_claimed(units):
    raw = sqlalchemy.create_engine(units.engine.url)
    with raw.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(
            text(_FILL[0].replace("'DEAD'", "CASE i WHEN 1 THEN 'DEAD' ELSE 'ALIVE' END")), {"many": 2}
        )
    raw.dispose()

    def plan(work):
        work.tasks.lease(TaskKind.DELIVER, "d1", worker="w", now=NOW - MINUTE, until=NOW - MINUTE)
        work.tasks.schedule(TaskKind.DELIVER, "d2", NOW)
        work.tasks.schedule(TaskKind.RECHECK, "p1", NOW)

    units.run("plan", plan)
    leases = units.run("claim", claim)
    assert {(lease.kind, lease.subject) for lease in leases} == {
        (TaskKind.DELIVER, "d2"), (TaskKind.RECHECK, "p1")
    }  # fmt: skip
    assert not units.read(lambda work: work.tasks.any_due(NOW, full_services=FULL))
    assert units.read(lambda work: work.tasks.any_due(NOW))
