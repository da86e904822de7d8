"""Migrations: they may be repeated, and they make exactly the tables that the program uses."""

import io
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import select, text

from mpay_gateway.boundary import SystemClock
from mpay_gateway.domain.bank_statement import movement_key
from mpay_gateway.domain.errors import ConfigurationError
from mpay_gateway.domain.identifiers import AccountId
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.provider_answer import StatementLine
from mpay_gateway.domain.seals import Chain
from mpay_gateway.storage import UnitOfWork, create_engine
from mpay_gateway.storage.migrate import _config, migrate
from mpay_gateway.storage.revision import current_revision, newest_revision, reachable_revision
from mpay_gateway.storage.tables import audit, metadata, tasks

ALEMBIC_INI = Path(__file__).parents[3] / "config" / "alembic.ini"


def test_an_empty_database_is_brought_to_the_newest_shape_once(database_url):
    engine = create_engine(database_url)
    assert current_revision(engine) is None
    assert migrate(engine) == (None, newest_revision())
    assert migrate(engine) == (newest_revision(), newest_revision())
    assert current_revision(engine) == newest_revision()
    engine.dispose()


def test_the_newest_revision_is_the_head_of_the_migrations():
    assert newest_revision() == ScriptDirectory.from_config(_config()).get_current_head()


def test_migrations_make_the_tables_of_the_program(units):
    with units.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_developers_compare_tables_and_migrations_by_alembics_own_command(tmp_path):
    said = io.StringIO()
    config = Config(ALEMBIC_INI, stdout=said)
    config.set_main_option("sqlalchemy.url", f"sqlite:///{tmp_path / 'migrations.sqlite'}")
    command.upgrade(config, "head")
    command.check(config)
    assert "No new upgrade operations detected" in said.getvalue()


def test_chains_that_are_older_than_seals_are_marked_to_be_sealed(database_url):
    engine = create_engine(database_url)
    with engine.begin() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        audited = audit.insert().values({column.name: "x" for column in audit.c if column.name != "id"})
        for seq in (1, 2):
            connection.execute(
                audited.values(payment_id="PAID", seq=seq, at=datetime(2026, 11, 23, seq, tzinfo=UTC))
            )
    migrate(engine)
    units = UnitOfWork(engine, SystemClock())
    (mark,) = units.read(lambda work: work.growth.marks(10))
    assert (mark.chain, mark.subject) == (Chain.AUDIT, "PAID")
    assert units.read(lambda work: work.growth.oldest()) == datetime(2026, 11, 23, 1, tzinfo=UTC)
    engine.dispose()


def test_a_try_that_is_under_way_at_an_upgrade_may_have_reached_its_service(tmp_path):
    """Older programs counted a lost try when it was taken over, newer ones when it leaves."""
    path = tmp_path / "older.sqlite"
    config = Config(ALEMBIC_INI, stdout=io.StringIO())
    config.set_main_option("sqlalchemy.url", f"sqlite:///{path}")
    command.upgrade(config, "0001")
    with closing(sqlite3.connect(path)) as older, older:  # which knows no foreign keys unless it is told
        older.executemany(
            "INSERT INTO deliveries VALUES (?, ?, 'S', ?, 1, 0, '{}', '', '2026-11-23', NULL, '', '')",
            [("D1", "P1", "leased"), ("D2", "P2", "due"), ("D3", "P3", "parked")],
        )
    command.upgrade(config, "head")
    with closing(sqlite3.connect(path)) as newer:
        found = newer.execute("SELECT id, unanswered FROM deliveries ORDER BY id").fetchall()
    assert found == [("D1", 1), ("D2", 0), ("D3", 0)]


@pytest.mark.parametrize(
    "url", ["sqlite:////proc/no/such/folder/x.sqlite", "postgresql+psycopg://nobody@/none?host=/proc/none"]
)
def test_a_database_that_cannot_be_reached_is_a_clear_error(url):
    with pytest.raises(ConfigurationError, match="the database cannot be used: "):
        reachable_revision(create_engine(url))


def test_another_database_is_refused():
    with pytest.raises(ValueError, match="no such database: mysql"):
        create_engine("mysql://x/y")


def test_tasks_of_deliveries_learn_whose_they_are(database_url):
    engine = create_engine(database_url)
    with engine.begin() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    raw = sqlalchemy.create_engine(database_url)  # asks for no foreign keys on SQLite
    with raw.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(
            text(
                "INSERT INTO deliveries (id, payment_id, service_id, state, attempts, unanswered, content,"
                " content_digest, created_at, parked_reason, last_error)"
                " VALUES ('d1', 'p1', 'S', 'due', 1, 1, '{}', '', '2026-11-22 10:00:00.000000', '', '')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO tasks (kind, subject, leased_by, fence)"
                " VALUES ('deliver', 'd1', '', 1), ('recheck', 'p1', '', 1), ('deliver', 'gone', '', 1)"
            )
        )
    raw.dispose()
    migrate(engine)
    with engine.connect() as connection:
        found = connection.execute(
            select(tasks.c.subject, tasks.c.service_id).order_by(tasks.c.subject)
        ).all()
    assert found == [("d1", "S"), ("gone", ""), ("p1", "")]
    engine.dispose()


def test_what_was_parked_for_good_is_given_up_and_operators_words_become_notes(database_url):
    engine = create_engine(database_url)
    with engine.begin() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0013")
    raw = sqlalchemy.create_engine(database_url)  # asks for no foreign keys on SQLite
    with raw.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        for number, reason in enumerate(("reversed", "refused", "wait for monday", "reversed"), 1):
            connection.execute(
                text(
                    "INSERT INTO deliveries (id, payment_id, service_id, state, attempts, unanswered, content,"
                    " content_digest, created_at, parked_reason, last_error) VALUES"
                    f" ('d{number}', 'p{number}', 'S', 'parked', 1, 0, '{{}}', '', '2026-11-22 10:00:00.000000',"
                    f" '{reason}', '')"
                )
            )
        connection.execute(
            text(
                "INSERT INTO captures VALUES ('c4', 'p4', 'A', 't4', 1, 'MDL', 'claimed',"
                " '2026-11-22 10:00:00.000000', '2026-11-22 10:00:00.000000')"
            )
        )
    raw.dispose()
    migrate(engine)
    with engine.connect() as connection:
        found = connection.execute(
            text("SELECT state, parked_reason, note FROM deliveries ORDER BY id")
        ).all()
        audited = connection.execute(text("SELECT payment_id, event, before, after FROM audit")).all()
    engine.dispose()
    assert found == [
        ("given-up", "refused", ""), ("parked", "refused", ""), ("parked", "withheld", "wait for monday"),
        ("parked", "withheld", "reversed"),
    ]  # fmt: skip
    assert audited == [("p1", "give-up", "parked", "given-up")]


def test_lines_that_are_not_posted_get_the_key_of_their_movement_and_posted_ones_keep_theirs(database_url):
    engine = create_engine(database_url)
    with engine.begin() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0017")
    raw = sqlalchemy.create_engine(database_url)  # asks for no foreign keys on SQLite
    at = "2026-11-23 10:00:00.000000"
    with raw.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        for number, (outcome, gross) in enumerate(
            [("fee", 0), ("unknown", 5), ("duplicate", -5), ("superseded", 0), ("waiting", 7)], 1
        ):
            connection.execute(
                text(
                    "INSERT INTO statement_lines (id, statement_id, account_id, day, digest, occurrence, movement,"
                    " transaction_id, reference, kind, gross_minor, fee_minor, currency, at, outcome) VALUES"
                    f" ({number}, 's', 'bank', '2026-11-23', '{number}', 0, 'old', 'Ș-1', '', 'k', {gross}, 0, 'MDL',"
                    f" '{at}', '{outcome}')"
                )
            )
    raw.dispose()
    migrate(engine)
    with engine.connect() as connection:
        found = connection.execute(text("SELECT movement FROM statement_lines ORDER BY id")).scalars().all()
    engine.dispose()
    stated = [
        StatementLine("Ș-1", "", "", lei, Money.zero("MDL"), lei, datetime(2026, 11, 23, tzinfo=UTC))
        for lei in (Money.from_minor(minor, "MDL") for minor in (5, -5, 0, 7))
    ]
    assert found == ["old", *(movement_key(AccountId("bank"), line) for line in stated)]
