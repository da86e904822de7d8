"""Statements that are built once: building one costs as much CPU as executing it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Column, ColumnElement, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.sql.dml import Insert


@dataclass(frozen=True, slots=True)
class EitherInsert:
    """An insert that says what becomes of a row that is there already, in each database's own words."""

    _sqlite: Insert
    _postgresql: Insert

    def on(self, connection: Connection) -> Insert:
        """The statement for this connection's database."""
        return self._postgresql if connection.dialect.name == "postgresql" else self._sqlite


def insert_once(
    table: Table,
    key: Sequence[str] | None = None,
    *,
    returning: Column[str] | None = None,
    **computed: ColumnElement[str],
) -> EitherInsert:
    """An insert into `table` without effect where `key` (any unique key when None) is taken.

    `returning`: a column to return of a row that is new; nothing is returned of one that is not. `computed`:
    columns that the database finds out itself.
    """
    lite = sqlite.insert(table).values(computed).on_conflict_do_nothing(index_elements=key)
    great = postgresql.insert(table).values(computed).on_conflict_do_nothing(index_elements=key)
    if returning is None:
        return EitherInsert(lite, great)
    return EitherInsert(lite.returning(returning), great.returning(returning))


def put_row(table: Table, key: Sequence[str]) -> EitherInsert:
    """An insert into `table` that overwrites the row of the same key."""
    lite, great = sqlite.insert(table), postgresql.insert(table)
    others = [column.name for column in table.c if column.name not in key]
    return EitherInsert(
        lite.on_conflict_do_update(index_elements=key, set_={name: lite.excluded[name] for name in others}),
        great.on_conflict_do_update(index_elements=key, set_={name: great.excluded[name] for name in others}),
    )
