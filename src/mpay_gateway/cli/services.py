"""`mpay services`: e-Services are data; a running gateway sees a change within five seconds."""

from pathlib import Path

import click

from mpay_gateway.cli.answers import deviations
from mpay_gateway.cli.context import Configured
from mpay_gateway.cli.lazy import WholeSummaries
from mpay_gateway.cli.printing import local, print_table
from mpay_gateway.cli.silences import silences
from mpay_gateway.cli.words import WORDS
from mpay_gateway.flow.registration import apply_service, disable_service
from mpay_gateway.settings import read_services
from mpay_gateway.storage.waiting import waiting_by_service


@click.group(cls=WholeSummaries)
def services() -> None:
    """Register and list e-Services."""


@services.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--dry-run", is_flag=True, help="Show what would change, change nothing.")
@click.pass_obj
def apply(configured: Configured, file: Path, *, dry_run: bool) -> None:
    """Add and change the services of FILE (TOML). Never removes; may be repeated."""
    parts = configured.parts
    known = parts.services.all()
    for service in read_services(file, parts.registry.connector_types):
        changes = apply_service(parts, service, dry_run=dry_run)
        click.echo(f"{service.id}: {_done(bool(changes), is_new=service.id not in known, dry_run=dry_run)}")
        for change in changes:
            click.echo(f"  {change}")


@services.command("list")
@click.pass_obj
def list_services(configured: Configured) -> None:
    """List the registered services, since when they do not answer, and how much they have not been told."""
    parts = configured.parts
    silent = silences(parts.units)
    waiting = parts.units.read(lambda work: waiting_by_service(work.connection))
    untold = {each.service_id: f"{each.count} since {local(each.oldest)}" for each in waiting}
    rows = [
        (each.id, "enabled" if each.enabled else "disabled", each.connector, each.name.ro,
         silent.get(each.id, "yes"), untold.get(each.id, ""))
        for each in parts.services.all().values()
    ]  # fmt: skip
    headings = ("service", "state", "connector", "name", "answers", "not told yet")
    print_table(headings, rows, none="no services; `mpay services apply FILE`")


@services.command()
@click.argument("service_id", metavar="ID", type=WORDS)
@click.pass_obj
def disable(configured: Configured, service_id: str) -> None:
    """Take no more payments for a service; what was paid is still delivered.

    `mpay services apply` with its registration enables it again.
    """
    disable_service(configured.units, service_id, clock=configured.clock)
    click.echo(f"{service_id}: disabled")


def _done(changed: bool, *, is_new: bool, dry_run: bool) -> str:
    if not changed:
        return "unchanged"
    if is_new:
        return "would be added" if dry_run else "added"
    return "would change" if dry_run else "changed"


services.add_command(deviations)
