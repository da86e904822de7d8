"""Databases that have their tables already: copies of one that was migrated, once in a test process on each engine."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy.engine import make_url

from mpay_gateway.storage import create_engine
from mpay_gateway.storage.migrate import migrate


def make_tables(url: str) -> None:
    """Bring an empty database to the newest shape. Leaves no connection open."""
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        Path(str(address.database)).write_bytes(_sqlite_template())
    else:
        _migrate(url)


@cache
def _sqlite_template() -> bytes:
    """The file of an SQLite database that has its tables and no row of any test."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "gateway.sqlite"
        _migrate(f"sqlite:///{path}")
        return path.read_bytes()


def _migrate(url: str) -> None:
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
