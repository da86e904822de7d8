"""Each statement is compiled once in a test process, as in a gateway, whose engine lives as long as its process.

SQLAlchemy keeps for each engine what it has compiled, and most tests have an engine of their own.
"""

from collections.abc import Iterator

import pytest
import sqlalchemy
from sqlalchemy import Engine

Key = tuple[object, ...]


class Compiled(dict[Key, object]):
    """What was compiled for engines of one kind. SQLAlchemy's keys begin with the engine's own dialect object."""

    def get(self, key: Key, default: object = None) -> object:
        return super().get(_for_its_kind(key), default)

    def __setitem__(self, key: Key, compiled: object) -> None:
        super().__setitem__(_for_its_kind(key), compiled)


def _for_its_kind(key: Key) -> Key:
    return (type(key[0]), *key[1:])


@pytest.fixture(autouse=True, scope="session")
def statements_compiled_once() -> Iterator[None]:
    """Let all engines that are made meanwhile have one store of compiled statements."""
    make, compiled = sqlalchemy.create_engine, Compiled()

    def make_sharing(*arguments: object, **options: object) -> Engine:
        engine = make(*arguments, **options)  # type: ignore[call-overload]
        engine.update_execution_options(compiled_cache=compiled)
        return engine

    sqlalchemy.create_engine = make_sharing
    yield
    sqlalchemy.create_engine = make
