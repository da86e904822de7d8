"""`mpay operator`: the people who may act on money."""

import click

from mpay_gateway.boundary import SystemIds
from mpay_gateway.cli.context import Configured
from mpay_gateway.cli.printing import local, print_table
from mpay_gateway.cli.words import WORDS
from mpay_gateway.flow.operators import add_operator, disable_operator


@click.group()
def operator() -> None:
    """Name the people who may act on money."""


@operator.command()
@click.argument("name", type=WORDS)
@click.pass_obj
def add(configured: Configured, name: str) -> None:
    """Add the operator NAME and print his token, once. Whom we know already gets a new token."""
    token = add_operator(configured.units, name, clock=configured.clock, ids=SystemIds())
    click.echo(f"{name}: this token is shown once, and kept nowhere:", err=True)
    click.echo(token)


@operator.command()
@click.argument("name", type=WORDS)
@click.pass_obj
def disable(configured: Configured, name: str) -> None:
    """Let NAME act no more. What he did stays in the audit."""
    disable_operator(configured.units, name, clock=configured.clock)
    click.echo(f"{name}: disabled")


@operator.command("list")
@click.pass_obj
def list_operators(configured: Configured) -> None:
    """List the operators."""
    rows = [
        (each.name, "disabled" if each.disabled_at else "enabled", local(each.created_at))
        for each in configured.units.read(lambda work: work.operators.all())
    ]
    print_table(("operator", "state", "since"), rows, none="no operators; `mpay operator add NAME`")
