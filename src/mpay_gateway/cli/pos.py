"""`mpay pos`: the POS terminals that vendors registered."""

import getpass

import click

from mpay_gateway.cli.context import Configured
from mpay_gateway.cli.lazy import WholeSummaries
from mpay_gateway.cli.printing import local, print_json, print_table
from mpay_gateway.cli.words import WORDS, reason_option
from mpay_gateway.domain.pos_terminal import PosTerminal
from mpay_gateway.flow.pos_terminals import TerminalBook

_HEADINGS = (
    "terminal",
    "state",
    "vendor",
    "number",
    "organization",
    "office, counter",
    "address",
    "by",
    "since",
)


@click.group(cls=WholeSummaries)
def pos() -> None:
    """List POS terminals, disable and enable them. Vendors register them at /PosTerminal/Configure."""


@pos.command("list")
@click.option("--json", "as_json", is_flag=True, help="Everything that is known of each, as JSON.")
@click.pass_obj
def list_terminals(configured: Configured, *, as_json: bool) -> None:
    """List the registered terminals, the oldest first."""
    found = configured.units.read(lambda work: work.pos_terminals.all())
    if as_json:
        print_json(found)
    else:
        print_table(_HEADINGS, [_row(each) for each in found], none="no POS terminals are registered")


@pos.command()
@click.argument("terminal_id", metavar="ID", type=WORDS)
@reason_option
@click.pass_obj
def disable(configured: Configured, terminal_id: str, reason: str) -> None:
    """Let nobody use the terminal ID any more, nor register it again."""
    disabled = _book(configured).disable(terminal_id, reason)
    click.echo(f"{disabled.id}: disabled ({disabled.disabled_why})")


@pos.command()
@click.argument("terminal_id", metavar="ID", type=WORDS)
@click.pass_obj
def enable(configured: Configured, terminal_id: str) -> None:
    """Let the terminal ID be used again."""
    click.echo(f"{_book(configured).enable(terminal_id).id}: enabled")


def _row(terminal: PosTerminal) -> tuple[str, ...]:
    data = terminal.data
    return (
        terminal.id, f"disabled: {terminal.disabled_why}" if terminal.disabled_at else "enabled", data.vendor_name,
        data.terminal_id, f"{data.organization_name} ({data.organization_idno})",
        ", ".join(part for part in (data.office_address, data.counter) if part), data.intended_ip, terminal.caller,
        local(terminal.registered_at),
    )  # fmt: skip


def _book(configured: Configured) -> TerminalBook:
    return TerminalBook(configured.units, configured.clock, f"shell:{getpass.getuser()}"[:128])
