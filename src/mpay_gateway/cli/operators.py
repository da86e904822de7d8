"""`mpay operator`: the people who may act on money."""

import getpass

import click

from mpay_gateway.boundary import SystemIds
from mpay_gateway.cli.context import Configured
from mpay_gateway.cli.lazy import WholeSummaries
from mpay_gateway.cli.printing import local, print_table
from mpay_gateway.cli.words import WORDS
from mpay_gateway.flow.operators import OperatorBook, changed_at


@click.group(cls=WholeSummaries)
def operator() -> None:
    """Name the people who may act on money. Each change is sealed with the account of the machine that made it."""


@operator.command()
@click.argument("name", type=WORDS)
@click.option(
    "--new-token",
    is_flag=True,
    help="For an operator whom we know: his old token is void, and he is enabled.",
)
@click.pass_obj
def add(configured: Configured, name: str, *, new_token: bool) -> None:
    """Add the operator NAME and print his token, once."""
    book = _book(configured)
    token = (book.renew if new_token else book.add)(name, SystemIds())
    click.echo(f"{name}: this token is shown once, and kept nowhere:", err=True)
    click.echo(token)


@operator.command()
@click.argument("name", type=WORDS)
@click.pass_obj
def disable(configured: Configured, name: str) -> None:
    """Let NAME act no more. What he did stays in the audit."""
    _book(configured).disable(name)
    click.echo(f"{name}: disabled")


@operator.command("list")
@click.pass_obj
def list_operators(configured: Configured) -> None:
    """List the operators."""
    known = configured.units.read(
        lambda work: [(each, changed_at(work, each)) for each in work.operators.all()]
    )
    rows = [
        (each.name, "disabled" if each.disabled_at else "enabled", local(each.created_at), local(changed))
        for each, changed in known
    ]
    print_table(
        ("operator", "state", "since", "changed at"), rows, none="no operators; `mpay operator add NAME`"
    )


def _book(configured: Configured) -> OperatorBook:
    return OperatorBook(configured.units, configured.clock, f"shell:{getpass.getuser()}"[:128])
