"""The PostgreSQL fixture itself: fresh databases, templates, and what a killed server keeps."""

import sqlalchemy
from sqlalchemy import text

from tests.postgres import PostgresServer

PREPARED: list[str] = []


def create_schema(url: str) -> None:
    """Stand in for the gateway's migrations."""
    PREPARED.append(url)
    run(url, "CREATE TABLE payment (id integer PRIMARY KEY)")


def run(url: str, *statements: str) -> list[int]:
    """Execute statements in one transaction; the first column of the last one's rows."""
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
    with engine.begin() as connection:
        results = [connection.execute(text(statement)) for statement in statements]
        return list(results[-1].scalars()) if results[-1].returns_rows else []


def test_each_engine_gives_an_empty_database_that_keeps_rows(database_url):
    assert (
        sqlalchemy.inspect(
            sqlalchemy.create_engine(database_url, poolclass=sqlalchemy.NullPool)
        ).get_table_names()
        == []
    )
    run(database_url, "CREATE TABLE t (n integer)", "INSERT INTO t VALUES (7)")
    assert run(database_url, "SELECT n FROM t") == [7]


def test_copies_of_a_template_do_not_see_one_another(postgres_url):
    PREPARED.clear()
    first, second = postgres_url(prepare=create_schema), postgres_url(prepare=create_schema)
    run(first, "INSERT INTO payment VALUES (1)")
    assert run(first, "SELECT id FROM payment") == [1]
    assert run(second, "SELECT id FROM payment") == []
    assert len(PREPARED) <= 1, "the template is built once"


def test_a_killed_server_starts_again_with_what_was_committed():
    server = PostgresServer()
    try:
        server.start()
        url = server.create_database("crash")
        run(url, "CREATE TABLE t (n integer)", "INSERT INTO t VALUES (7)")
        server.kill()
        server.start()
        assert run(url, "SELECT n FROM t") == [7]
    finally:
        server.remove()
