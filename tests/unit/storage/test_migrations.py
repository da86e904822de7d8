"""Migrations: they may be repeated, and they make exactly the tables that the program uses."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from mpay_gateway.domain.errors import ConfigurationError
from mpay_gateway.storage import create_engine
from mpay_gateway.storage.migrate import current_revision, migrate, newest_revision, reachable_revision
from mpay_gateway.storage.tables import metadata


def test_an_empty_database_is_brought_to_the_newest_shape_once(database_url):
    engine = create_engine(database_url)
    assert current_revision(engine) is None
    assert migrate(engine) == (None, newest_revision())
    assert migrate(engine) == (newest_revision(), newest_revision())
    assert current_revision(engine) == newest_revision()
    engine.dispose()


def test_migrations_make_the_tables_of_the_program(units):
    with units.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


@pytest.mark.parametrize(
    "url", ["sqlite:////proc/no/such/folder/x.sqlite", "postgresql+psycopg://nobody@/none?host=/proc/none"]
)
def test_a_database_that_cannot_be_reached_is_a_clear_error(url):
    with pytest.raises(ConfigurationError, match="the database cannot be used: "):
        reachable_revision(create_engine(url))


def test_another_database_is_refused():
    with pytest.raises(ValueError, match="no such database: mysql"):
        create_engine("mysql://x/y")
