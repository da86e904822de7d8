"""Databases that have their tables already: on PostgreSQL copies of one template, made once in a test process."""

from pathlib import Path

import pytest

from mpay_gateway.storage import create_engine
from mpay_gateway.storage.migrate import migrate


def make_tables(url: str) -> None:
    """Bring an empty database to the newest shape. Leaves no connection open."""
    engine = create_engine(url)
    migrate(engine)
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a fresh database with its tables, once on each engine."""
    if request.param == "postgresql":
        return request.getfixturevalue("postgres_url")(prepare=make_tables)
    url = f"sqlite:///{tmp_path / 'gateway.sqlite'}"
    make_tables(url)
    return url
