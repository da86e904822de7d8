"""The command group, and how errors reach the person at the terminal."""

import sys
from pathlib import Path

import click

import mpay_gateway
from mpay_gateway.cli.context import Configured
from mpay_gateway.cli.database import init_db
from mpay_gateway.cli.running import serve, worker
from mpay_gateway.cli.services import services
from mpay_gateway.cli.soap import soap
from mpay_gateway.domain.errors import ConfigurationError, MpayError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(mpay_gateway.__version__, prog_name="mpay")
@click.option("--config", type=click.Path(path_type=Path), metavar="INI",
              help="The gateway's ini file; else MPAY_CONFIG, else ./development.ini.")  # fmt: skip
@click.pass_context
def cli(context: click.Context, config: Path | None) -> None:
    """Run and look after an mpay-gateway."""
    context.obj = Configured(config)


for _command in (serve, worker, init_db, services, soap):
    cli.add_command(_command)


def main() -> None:
    """Run the command line; a known error is one clear line, never a trace."""
    try:
        cli(standalone_mode=True)
    except ConfigurationError as error:
        for problem in error.problems:
            click.echo(f"mpay: {problem}", err=True)
        sys.exit(2)
    except MpayError as error:
        click.echo(f"mpay: {type(error).__name__}: {error}", err=True)
        sys.exit(1)
