"""Bring a database to the newest shape."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, exc

from mpay_gateway.crash_points import crash_point
from mpay_gateway.domain.errors import ConfigurationError
from mpay_gateway.storage.engine import unhurried

_FOLDER = Path(__file__).parent / "migrations"


def migrate(engine: Engine) -> tuple[str | None, str]:
    """Run the migrations that the database lacks. Returns the revision before and after. Idempotent."""
    with engine.begin() as connection:
        unhurried(connection)
        before = MigrationContext.configure(connection).get_current_revision()
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        crash_point("migrate:before-commit")
    crash_point("migrate:after-commit")
    return before, newest_revision()


def current_revision(engine: Engine) -> str | None:
    """The revision of the database, None when it is empty."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def reachable_revision(engine: Engine) -> str | None:
    """As `current_revision`. Raises: ConfigurationError when the database cannot be reached or read."""
    try:
        return current_revision(engine)
    except (exc.DBAPIError, exc.TimeoutError) as error:
        reason = str(getattr(error, "orig", error)).strip().splitlines() or [type(error).__name__]
        raise ConfigurationError((f"the database cannot be used: {reason[0]}",)) from error


def newest_revision() -> str:
    """The revision that this program needs."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    return config
