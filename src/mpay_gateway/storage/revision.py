"""Which shape a database has, and which one this program needs.

Without alembic, which only `migrate` needs: importing it, and every migration with it, takes a tenth of a start.
"""

from pathlib import Path

import sqlalchemy
from sqlalchemy import Connection, Engine, column, exc, select, table

from mpay_gateway.domain.errors import ConfigurationError

MIGRATIONS = Path(__file__).parent / "migrations"
_VERSION = table("alembic_version", column("version_num"))


def current_revision(engine: Engine) -> str | None:
    """The revision of the database, None when it is empty."""
    with engine.connect() as connection:
        return revision_over(connection)


def revision_over(connection: Connection) -> str | None:
    """As `current_revision`, as the connection's transaction sees it."""
    if not sqlalchemy.inspect(connection).has_table(_VERSION.name):
        return None
    found: str | None = connection.execute(select(_VERSION.c.version_num)).scalar()
    return found


def reachable_revision(engine: Engine) -> str | None:
    """As `current_revision`. Raises: ConfigurationError when the database cannot be reached or read."""
    try:
        return current_revision(engine)
    except (exc.DBAPIError, exc.TimeoutError) as error:
        reason = str(getattr(error, "orig", error)).strip().splitlines() or [type(error).__name__]
        raise ConfigurationError((f"the database cannot be used: {reason[0]}",)) from error


def newest_revision() -> str:
    """The revision that this program needs: each migration's file begins with its number."""
    return max(file.name.partition("_")[0] for file in MIGRATIONS.glob("versions/[0-9]*.py"))
