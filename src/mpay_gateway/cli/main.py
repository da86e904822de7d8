"""The command group, and how errors reach the person at the terminal."""

import os
import sys
from pathlib import Path

import click

import mpay_gateway
from mpay_gateway.cli.context import Configured
from mpay_gateway.cli.lazy import Entry, LazyCommands
from mpay_gateway.crash_points import refuse_unknown_point
from mpay_gateway.domain.errors import ConfigurationError, MpayError

WRONG_USAGE = 2
"""Exit status for a command line or a configuration that cannot be used; 1 is for everything else."""
_TRACE = "MPAY_TRACE"


class Commands(LazyCommands):
    """All commands, those that run the gateway first."""

    entries = {  # noqa: RUF012  a constant of the class
        "serve": Entry("running:serve", "Serve the payer's pages and the providers' callbacks."),
        "worker": Entry("running:worker", "Do what is due: deliveries, re-checks, reversals, refunds."),
        "init-db": Entry("database:init_db", "Create the tables, or bring them to the newest shape."),
        "check-config": Entry(
            "configuration:check_config", "Check everything that the gateway needs to run."
        ),
        "check-books": Entry(
            "books:check_books_command", "Check that no money is lost, doubled or unexplained."
        ),
        "audit": Entry("audit:audit", "Seal and verify the chains of audit and evidence."),
        "evidence": Entry("evidence:evidence", "Find, verify, hand out and erase messages."),
        "reconcile": Entry("reconciling:reconcile_command", "Compare a day with the providers' statements."),
        "statement": Entry("statements:statement", "See to lines of statements that nothing explains."),
        "settle": Entry("settling:settle_command", "Pay a day out: one file for each service's account."),
        "restored": Entry("restored:restored", "After a restored backup: ask everybody, then begin again."),
        "services": Entry("services:services", "Register and list e-Services."),
        "instruments": Entry("instruments:instruments", "List ways to pay, switch them off and on."),
        "pos": Entry("pos:pos", "List POS terminals, disable and enable them."),
        "payment": Entry("payments:payment", "Find payments, read their story, ask again, end one."),
        "delivery": Entry("deliveries:delivery", "List confirmations, send them again, stop them."),
        "faults": Entry("faults:faults", "Show what becomes of each fault of an e-Service."),
        "resolve": Entry("decisions:resolve", "Decide, two operators together, on what no rule decides."),
        "refund": Entry("refunds:refund", "Give confirmed money back, two operators together."),
        "reversal": Entry("reversals:reversal", "See to money that its provider refuses to give back."),
        "operator": Entry("operators:operator", "Name the people who may act on money."),
        "plugins": Entry("plugins:plugins", "List plugins and what each is used for."),
        "hooks": Entry("plugins:hooks", "List the hooks, what they promise, who implements them."),
        "states": Entry("states:states", "Show every state and every allowed change of it."),
        "soap": Entry("soap:soap", "Verify and sign SOAP messages."),
        "conformance": Entry(
            "conformance:conformance", "Play the gateway against an e-Service and say what it gets wrong."
        ),
    }

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """One of these, else the commands of an enabled plugin of this name."""
        if cmd_name in self.entries:
            return super().get_command(ctx, cmd_name)
        from mpay_gateway.cli.plugin_commands import plugin_commands

        ctx.obj = ctx.obj or Configured(
            ctx.params.get("config")
        )  # click asks before it runs the group itself
        return plugin_commands(ctx.obj, cmd_name)


@click.command(
    cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(mpay_gateway.__version__, prog_name="mpay")
@click.option("--config", type=click.Path(path_type=Path), metavar="INI",
              help="The gateway's ini file; else MPAY_CONFIG, else ./development.ini.")  # fmt: skip
@click.pass_context
def cli(context: click.Context, config: Path | None) -> None:
    """Run and look after an mpay-gateway.

    Exit status: 0 done, 1 not done or something is wrong, 2 wrong usage or configuration. `mpay plugins` names the
    commands that plugins bring.
    """
    refuse_unknown_point()
    context.obj = context.obj or Configured(config)
    context.call_on_close(context.obj.close)


def main() -> None:
    """Run the command line; an error is one clear line for each problem.

    A trace is shown to whoever asks for one, of what should not happen.
    """
    try:
        cli(prog_name="mpay")
    except ConfigurationError as error:
        _end(error.problems, WRONG_USAGE)
    except MpayError as error:
        _end((_sentence(error),), 1)
    except _database_errors() as error:
        first, *_ = str(error.__cause__ or error).splitlines() or [type(error).__name__]
        _end((f"database: {first}",), 1)
    except OSError as error:
        _end((f"{error.filename or type(error).__name__}: {error.strerror or error}",), 1)
    except Exception as error:
        if os.environ.get(_TRACE):
            raise
        _end((f"a fault of this program: {_named(error)}; {_TRACE}=1 shows where",), 1)


def _end(problems: tuple[str, ...], status: int) -> None:
    for problem in problems:
        click.echo(f"mpay: {problem}", err=True)
    sys.exit(status)


def _sentence(error: MpayError) -> str:
    name = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in type(error).__name__)
    return f"{name.strip()}: {error}" if str(error) else name.strip()


def _named(error: Exception) -> str:
    """On one line, whatever its words hold."""
    from mpay_gateway.cli.printing import one_line

    return one_line(f"{type(error).__name__}: {error}".removesuffix(": "))


def _database_errors() -> type[Exception]:
    """What the database raises. Imported only when something was raised: most commands never need it."""
    from mpay_gateway.storage import DatabaseTrouble

    return DatabaseTrouble
