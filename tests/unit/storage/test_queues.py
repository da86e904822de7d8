"""What is due stands in a queue for each service: very many deliveries in one are no burden to the others."""

import time
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy
from sqlalchemy import Executable, text

from mpay_gateway.boundary import SystemClock
from mpay_gateway.storage import UnitOfWork, Work, create_engine
from mpay_gateway.storage.task_statements import CLAIM, IN_HAND, QUEUES
from mpay_gateway.storage.tasks import Lease, LeaseTime, TaskKind
from mpay_gateway.storage.waiting import _BY_SERVICE, waiting_by_service

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MANY = 100_000
BOUND_SECONDS = 2
"""Many times what it takes: nothing but a plan that reads the crowded queue comes near."""

_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :many)"
_FILL = (
    (
        f"INSERT INTO tasks (kind, subject, due, leased_by, fence, service_id) {_NUMBERS} SELECT 'deliver', 'd' || i,"
        " '2026-11-22 10:00:00.000000', '', 1, 'DEAD' FROM n"
    ),
    (
        "INSERT INTO tasks (kind, subject, due, leased_by, fence, service_id) VALUES"
        " ('deliver', 'alive', '2026-11-23 09:00:00.000000', '', 1, 'LIVE'),"
        " ('recheck', 'payment', '2026-11-23 09:30:00.000000', '', 1, ''),"
        " ('recheck', 'later', '2026-11-23 11:00:00.000000', '', 1, ''),"
        " ('deliver', 'told', NULL, '', 1, 'TOLD')"
    ),
)


@pytest.fixture
def crowded(migrated_url):
    """Deliveries to one service, all older than anything else that is due."""
    raw = sqlalchemy.create_engine(migrated_url)
    with raw.begin() as connection:
        for statement in _FILL:
            connection.execute(text(statement), {"many": MANY} if ":many" in statement else {})
        connection.execute(text("ANALYZE"))
    raw.dispose()
    units = UnitOfWork(create_engine(migrated_url), SystemClock(), lease_time=LeaseTime.CALLER)
    yield units
    units.engine.dispose()


def claim(work: Work, service_id: str, limit: int = 4) -> tuple[Lease, ...]:
    return work.tasks.claim_due(worker="w", now=NOW, until=NOW + MINUTE, limit=limit, service_id=service_id)


def test_every_queue_is_seen_however_much_waits_in_one(crowded):
    began = time.monotonic()
    for _ in range(20):
        queues = crowded.read(lambda work: work.tasks.queues(NOW))
    assert [queue.service_id for queue in queues] == ["DEAD", "LIVE", ""]
    assert time.monotonic() - began < BOUND_SECONDS


def test_each_queue_gives_its_own_oldest(crowded):
    leases = crowded.run("claim", lambda work: claim(work, "LIVE") + claim(work, "") + claim(work, "DEAD", 2))
    found = [(lease.kind, lease.subject, lease.service_id) for lease in leases]
    assert found[:2] == [(TaskKind.DELIVER, "alive", "LIVE"), (TaskKind.RECHECK, "payment", "")]
    assert [service_id for *_, service_id in found[2:]] == ["DEAD", "DEAD"]


def test_claimed_deliveries_are_counted_until_they_are_given_back(crowded):
    first, *_ = crowded.run("claim", lambda work: claim(work, "DEAD", 3))
    services = ("DEAD", "LIVE")

    def held(at: datetime) -> dict[str, int]:
        return crowded.read(lambda work: work.tasks.in_hand(services, now=at, span=MINUTE))

    assert held(NOW) == {"DEAD": 3}
    crowded.run("finish", lambda work: work.tasks.finish(first, due=NOW + MINUTE / 2))
    assert held(NOW) == {"DEAD": 2}
    assert held(NOW + 2 * MINUTE) == {}


def test_a_delivery_whose_worker_died_comes_after_all_that_was_due(crowded):
    """A19: what kills its worker is tried again when the others have had their turn."""
    poison = {lease.subject for lease in crowded.run("claim", lambda work: claim(work, "DEAD", 2))}
    again = NOW + 2 * MINUTE

    def rest(work: Work) -> tuple[Lease, ...]:
        return work.tasks.claim_due(
            worker="w", now=again, until=again + MINUTE, limit=MANY, service_id="DEAD"
        )

    order = crowded.read(
        lambda work: work.connection.execute(
            text("SELECT subject FROM tasks WHERE service_id = 'DEAD' ORDER BY due DESC LIMIT 2")
        ).scalars()
    )
    assert set(order) == poison
    assert {lease.subject for lease in crowded.run("claim", rest)} > poison


def test_what_is_due_later_at_a_service_is_due_now_and_what_is_held_stays(crowded):
    def scatter(work: Work) -> None:
        (held,) = claim(work, "DEAD", 1)
        work.connection.execute(
            text("UPDATE tasks SET due = '2026-11-23 10:40:00.000000' WHERE subject IN ('d5', 'd6', 'later')")
        )
        work.tasks.hurry_service("DEAD", NOW)
        work.tasks.check(held)
        assert work.tasks.due_at(TaskKind.DELIVER, held.subject) == NOW + MINUTE

    crowded.run("hurry", scatter)
    for subject in ("d5", "d6"):
        assert crowded.read(lambda work, each=subject: work.tasks.due_at(TaskKind.DELIVER, each)) == NOW
    assert crowded.read(lambda work: work.tasks.due_at(TaskKind.RECHECK, "later")) > NOW


def test_the_plans_of_claiming_read_no_queue_but_by_its_index(crowded):
    whose = LeaseTime.CALLER if crowded.engine.dialect.name == "sqlite" else LeaseTime.DATABASE
    given = {"free_at": NOW, "until": NOW + MINUTE} if whose is LeaseTime.CALLER else {"span": MINUTE}
    asked = {
        "queues": (QUEUES[whose], {"due_by": NOW}),
        "claim": (CLAIM[whose], {"due_by": NOW, "of_service": "DEAD", "most": 4, "by": "w"}),
        "in hand": (IN_HAND[whose], {"of_services": ["DEAD", "LIVE"]}),
    }
    for name, (statement, values) in asked.items():
        plan = explained(crowded, statement, values | given)
        assert "ix_tasks_queue" in plan, f"{name}: {plan}"
        assert "Seq Scan on tasks" not in plan, f"{name}: {plan}"
        assert "SCAN tasks" not in plan.replace("SCAN tasks USING COVERING INDEX", ""), f"{name}: {plan}"
        assert " Sort " not in plan, f"{name} sorts a queue: {plan}"
        assert "TEMP B-TREE FOR ORDER BY" not in plan, f"{name} sorts a queue: {plan}"


_TOLD = (
    "INSERT INTO deliveries (id, payment_id, service_id, state, attempts, unanswered, content, content_digest,"
    f" created_at, parked_reason, last_error) {_NUMBERS} SELECT 'd' || i, 'p' || i, 'LIVE',"
    " CASE WHEN i > 5 THEN 'confirmed' WHEN i > 1 THEN 'due' ELSE 'given-up' END, 1, 1, '{}', '',"
    " '2026-11-22 10:00:00.000000', '', '' FROM n"
)


def test_what_waits_is_counted_without_a_look_at_what_was_told(migrated_url):
    raw = sqlalchemy.create_engine(migrated_url)  # asks for no foreign keys on SQLite
    with raw.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text(_TOLD), {"many": 20_000})
        connection.execute(text("ANALYZE"))
    raw.dispose()
    units = UnitOfWork(create_engine(migrated_url), SystemClock())
    (waiting,) = units.read(lambda work: waiting_by_service(work.connection))
    assert (waiting.service_id, waiting.count, waiting.oldest) == ("LIVE", 4, NOW - timedelta(days=1))
    assert "ix_deliveries_waiting" in explained(units, _BY_SERVICE, {})
    units.engine.dispose()


def explained(units: UnitOfWork, statement: Executable, values: dict[str, object]) -> str:
    """The plan that the database makes of a statement, as one text."""
    lead = "EXPLAIN " if units.engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN "
    rows: list[str] = []

    def ask_for_the_plan(_connection, _cursor, sql, parameters, *_):
        return lead + sql, parameters

    def keep(_connection, cursor, *_):
        rows.extend(str(row) for row in cursor.fetchall())

    with units.engine.connect() as connection:
        sqlalchemy.event.listen(connection, "before_cursor_execute", ask_for_the_plan, retval=True)
        sqlalchemy.event.listen(connection, "after_cursor_execute", keep)
        connection.execute(statement, values)
    return "\n".join(rows)
