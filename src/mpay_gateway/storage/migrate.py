"""Bring a database to the newest shape."""

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine

from mpay_gateway.crash_points import crash_point
from mpay_gateway.storage.engine import unhurried
from mpay_gateway.storage.revision import MIGRATIONS, newest_revision, revision_over


def migrate(engine: Engine) -> tuple[str | None, str]:
    """Run the migrations that the database lacks. Returns the revision before and after. Idempotent."""
    with engine.begin() as connection:
        unhurried(connection)
        before = revision_over(connection)
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        crash_point("migrate:before-commit")
    crash_point("migrate:after-commit")
    return before, newest_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config
