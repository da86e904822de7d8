"""G90: while processes are replaced one by one, those of before work on the newest shape of the database.

Two halves: every migration only adds what statements of before need not know, and a running program does its whole work
on a shape to which just that was added.
"""

import io

import pytest
import sqlalchemy
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Inspector, text

from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.storage.migrate import _config
from tests.unit.flow.scripted import scripted_gateway

OTHERWISE = {"0010": {"statement_lines('capture_id',) must be unique now"}}
"""What migrations did that a program of before might stumble over. No version was released before these: add none."""


def revisions() -> list[str]:
    script = ScriptDirectory.from_config(_config())
    return [each.revision for each in reversed(list(script.walk_revisions()))]


def upgraded(engine: sqlalchemy.Engine, revision: str) -> Inspector:
    config = Config(stdout=io.StringIO())
    config.set_main_option("script_location", str(_config().get_main_option("script_location")))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    return sqlalchemy.inspect(engine)


def shape(inspector: Inspector) -> dict[str, dict[str, dict]]:
    """Columns by table and name."""
    return {
        table: {each["name"]: each for each in inspector.get_columns(table)} for table in inspector.get_table_names()
    }  # fmt: skip


def bounds(inspector: Inspector) -> set[tuple[str, tuple[str, ...]]]:
    """What must be unique, by table and columns."""
    unique = set()
    for table in inspector.get_table_names():
        unique |= {(table, tuple(each["column_names"])) for each in inspector.get_unique_constraints(table)}
        unique |= {
            (table, tuple(each["column_names"])) for each in inspector.get_indexes(table) if each["unique"]
        }
    return unique


def not_added(before: dict, after: dict) -> set[str]:
    """In which columns a statement of before would fail or be read otherwise."""
    found = set()
    for table, columns in before.items():
        for name, column in columns.items():
            now = after.get(table, {}).get(name)
            if now is None:
                found.add(f"{table}.{name} is gone")
            elif str(now["type"]) != str(column["type"]) or (column["nullable"] and not now["nullable"]):
                found.add(f"{table}.{name} is another")
        for name, column in after.get(table, {}).items():
            if name not in columns and not column["nullable"] and column["default"] is None:
                found.add(f"{table}.{name} is demanded")
    return found


@pytest.mark.parametrize("revision", revisions()[1:])
def test_a_migration_adds_only_what_programs_of_before_need_not_know(tmp_path, revision):
    engine = sqlalchemy.create_engine(f"sqlite:///{tmp_path / 'upgraded.sqlite'}")
    known = revisions()
    before = upgraded(engine, known[known.index(revision) - 1])
    columns, unique = shape(before), bounds(before)
    after = upgraded(engine, revision)
    found = not_added(columns, shape(after))
    found |= {
        f"{table}{names} must be unique now"
        for table, names in bounds(after) - unique
        if set(names) <= columns.get(table, {}).keys()
    }
    assert found == OTHERWISE.get(revision, set())
    engine.dispose()


def test_the_rule_sees_what_is_taken_away_or_demanded():
    text_type = {"type": "TEXT", "nullable": True, "default": None}
    before = {"t": {"a": text_type, "b": text_type, "c": text_type}}
    demanded = text_type | {"nullable": False}
    after = {"t": {"a": text_type | {"type": "INTEGER"}, "b": demanded, "d": demanded}}
    assert not_added(before, after) == {"t.a is another", "t.b is another", "t.c is gone", "t.d is demanded"}
    assert (
        not_added(before, {"t": before["t"] | {"e": text_type, "f": demanded | {"default": "0"}}, "u": {}})
        == set()
    )


def test_a_program_of_before_does_its_whole_work_on_the_shape_of_after(migrated_url):
    """Every table has two columns more, and there is one table more."""
    with scripted_gateway(migrated_url) as gateway:
        begun = gateway.start("ORDER-1")
        _grow(migrated_url)
        gateway.capture(begun)
        gateway.pay("ORDER-2")
        second = gateway.pay("ORDER-3")
        gateway.capture(second, number=2)
        gateway.work(turns=4, minutes=11)
        told = gateway.parts.units.read(lambda work: work.deliveries.of_payment(begun.id))
        assert told.state.value == "confirmed"
        (back,) = gateway.parts.units.read(lambda work: work.reversals.of_payment(second.id))
        assert back.state.value == "done"
        assert check_books(gateway.parts.units) == ()


def _grow(url: str) -> None:
    engine = sqlalchemy.create_engine(url)
    with engine.begin() as connection:
        for table in sqlalchemy.inspect(engine).get_table_names():
            if table != "alembic_version":
                connection.execute(text(f"ALTER TABLE {table} ADD COLUMN of_after TEXT"))
                connection.execute(
                    text(f"ALTER TABLE {table} ADD COLUMN count_of_after INTEGER NOT NULL DEFAULT 0")
                )
        connection.execute(text("CREATE TABLE of_after (id INTEGER PRIMARY KEY)"))
    engine.dispose()
