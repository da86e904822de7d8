"""No statement of the hot path reads a whole table: what a payment costs must not grow with their number."""

import importlib
import pkgutil
from collections.abc import Iterator

import pytest
from sqlalchemy import Select, Update
from sqlalchemy.dialects.sqlite import dialect

from mpay_gateway import storage
from mpay_gateway.storage import create_engine
from mpay_gateway.storage.migrate import migrate

WHOLE_ON_PURPOSE = {
    "switches._ALL",
    "services._ALL",
    "breakers._TROUBLED",
    "waiting._BY_SERVICE",
    "restorations._NEWEST",
    "restorations._LAST",
}
"""Small tables that are read whole; and the last row of a table by its key, which is a scan of one row."""


def kept_statements() -> Iterator[tuple[str, Select | Update]]:
    """The statements that repositories build once."""
    for module in pkgutil.iter_modules(storage.__path__):
        if module.ispkg:
            continue
        loaded = importlib.import_module(f"{storage.__name__}.{module.name}")
        for name, value in vars(loaded).items():
            if isinstance(value, Select | Update) and f"{module.name}.{name}" not in WHOLE_ON_PURPOSE:
                yield f"{module.name}.{name}", value


@pytest.fixture(scope="module")
def connection(tmp_path_factory):
    engine = create_engine(f"sqlite:///{tmp_path_factory.mktemp('plans') / 'gateway.sqlite'}")
    migrate(engine)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def test_there_are_statements_to_check():
    assert {"payments._BY_FORM", "claims._IN_THE_WAY", "tasks._FENCE"} <= dict(kept_statements()).keys()


def sql_of(statement: Select | Update) -> tuple[str, int]:
    """The text for SQLite and how many values it takes; an update changes everything but keys."""
    lite = dialect(paramstyle="qmark")
    keys = None
    if isinstance(statement, Update):
        keys = [column.name for column in statement.table.c if not column.primary_key]
    else:
        binds = [bind for bind in statement.compile(dialect=lite).binds.values() if bind.required]
        statement = statement.params({bind.key: ("",) if bind.expanding else None for bind in binds})
    compiled = statement.compile(dialect=lite, column_keys=keys, compile_kwargs={"render_postcompile": True})
    return str(compiled), len(compiled.positiontup)


@pytest.mark.parametrize(
    ("name", "statement"), [pytest.param(*each, id=each[0]) for each in kept_statements()]
)
def test_a_statement_finds_its_rows_by_an_index(connection, name, statement):
    sql, values = sql_of(statement)
    steps = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", (None,) * values).fetchall()
    assert steps
    assert not [step for step in steps if str(step[3]).startswith("SCAN")], f"{name} reads a whole table"
