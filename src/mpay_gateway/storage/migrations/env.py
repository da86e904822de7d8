"""Alembic's environment: always over a connection that `migrate` or the alembic command line gives."""

from alembic import context

from mpay_gateway.crash_points import crash_point
from mpay_gateway.storage.engine import create_engine
from mpay_gateway.storage.tables import metadata


def run() -> None:
    """Migrate over the given connection, or over the database that the ini file names."""
    connection = context.config.attributes.get("connection")
    if connection is not None:
        _migrate_over(connection)
        return
    engine = create_engine(context.config.get_main_option("sqlalchemy.url") or "")
    with engine.begin() as own:
        _migrate_over(own)
        crash_point("migrate:before-commit")
    crash_point("migrate:after-commit")


def _migrate_over(connection: object) -> None:
    context.configure(
        connection=connection,  # type: ignore[arg-type]
        target_metadata=metadata,
        render_as_batch=True,
        compare_type=True,
        user_module_prefix="",
        on_version_apply=lambda **_: crash_point("migrate:step"),
    )
    with context.begin_transaction():
        context.run_migrations()


run()
