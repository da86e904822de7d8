"""`mpay instruments`: ways to pay, switched off and on without a restart."""

import getpass
from datetime import datetime

import click

from mpay_gateway.cli.context import Configured
from mpay_gateway.cli.instants import instant
from mpay_gateway.cli.lazy import WholeSummaries
from mpay_gateway.cli.printing import local, print_table
from mpay_gateway.cli.silences import silences
from mpay_gateway.cli.words import WORDS
from mpay_gateway.domain.errors import NotFound
from mpay_gateway.storage.switches import Switch


@click.group(cls=WholeSummaries)
def instruments() -> None:
    """List ways to pay, switch them off and on."""


@instruments.command("list")
@click.pass_obj
def list_instruments(configured: Configured) -> None:
    """List the configured instruments, which are switched off, and which accounts do not answer."""
    silent = silences(configured.units)
    switches = configured.units.read(lambda work: work.switches.all())
    now = configured.clock.now()
    rows = [
        (
            each.id,
            _state(switches.get(each.id), now),
            each.plugin,
            ", ".join(_with_silence(account, silent) for account in each.providers),
            _why(switches.get(each.id), now),
        )
        for each in configured.settings.instruments
    ]
    print_table(("instrument", "state", "plugin", "accounts", "why"), rows, none="no instruments")


@instruments.command()
@click.argument("instrument_id", metavar="ID", type=WORDS)
@click.option("--until", type=instant, metavar="TIME",
              help="ISO 8601, local unless it has a zone.  [default: until it is switched on]")  # fmt: skip
@click.option(
    "--reason",
    default="",
    type=WORDS,
    metavar="TEXT",
    help="What operators read; payers are told only that it is off.",
)
@click.pass_obj
def disable(configured: Configured, instrument_id: str, *, until: datetime | None, reason: str) -> None:
    """Offer the instrument ID no more. Payments under way go on."""
    _check_known(configured, instrument_id)
    now = configured.clock.now()
    if until is not None and until <= now:
        raise click.BadParameter(f"{local(until)} is over", param_hint="--until")
    switch = Switch(instrument_id, until, reason, f"shell:{getpass.getuser()}"[:128], now)
    configured.units.run("disable-instrument", lambda work: work.switches.disable(switch))
    click.echo(f"{instrument_id}: off {'until ' + local(until) if until else 'until it is switched on'}")


@instruments.command()
@click.argument("instrument_id", metavar="ID", type=WORDS)
@click.pass_obj
def enable(configured: Configured, instrument_id: str) -> None:
    """Offer the instrument ID again."""
    _check_known(configured, instrument_id)
    configured.units.run("enable-instrument", lambda work: work.switches.enable(instrument_id))
    click.echo(f"{instrument_id}: on")


def _check_known(configured: Configured, instrument_id: str) -> None:
    known = [each.id for each in configured.settings.instruments]
    if instrument_id not in known:
        raise NotFound(f"instrument {instrument_id!r}; configured: {', '.join(known) or 'none'}")


def _with_silence(account_id: str, silent: dict[str, str]) -> str:
    return f"{account_id} ({silent[account_id]})" if account_id in silent else account_id


def _state(switch: Switch | None, now: datetime) -> str:
    if switch is None or not switch.off(now):
        return "on"
    return f"off until {local(switch.disabled_until)}" if switch.disabled_until else "off"


def _why(switch: Switch | None, now: datetime) -> str:
    if switch is None or not switch.off(now):
        return ""
    return f"{switch.reason or 'no reason given'} ({switch.actor}, {local(switch.at)})"
