"""`mpay init-db`."""

import click

from mpay_gateway.cli.context import Configured
from mpay_gateway.storage import create_engine
from mpay_gateway.storage.migrate import migrate


@click.command("init-db")
@click.pass_obj
def init_db(configured: Configured) -> None:
    """Create the tables, or bring them to the newest shape. May be repeated."""
    engine = create_engine(configured.settings.gateway.database)
    try:
        before, after = migrate(engine)
    finally:
        engine.dispose()
    if before == after:
        click.echo(f"the database is at revision {after} already")
    else:
        click.echo(f"the database went from {before or 'empty'} to revision {after}")
