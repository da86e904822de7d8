"""A command group that imports a command when it is asked for, so that `mpay --help` answers at once.

SQLAlchemy, zeep and WeasyPrint take a second together; most commands need none or one of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module

import click

_WHOLE = 1000
"""Characters; no sentence is so long."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command is, as `module:attribute` below this package, and its line in the list of commands."""

    place: str
    summary: str

    def load(self) -> click.Command:
        """Import the command."""
        module, _, attribute = self.place.partition(":")
        command: object = getattr(import_module(f"{__package__}.{module}"), attribute)
        assert isinstance(command, click.Command)
        return command


class WholeSummaries(click.Group):
    """A group that tells of each of its commands in a whole sentence; click cuts it off at the terminal's edge."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        known = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl([(name, each.get_short_help_str(_WHOLE)) for name, each in known if each])


class LazyCommands(click.Group):
    """A group over a table of entries; the order of the table is the order of the list."""

    entries: Mapping[str, Entry] = {}

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return list(self.entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        entry = self.entries.get(cmd_name)
        return entry.load() if entry else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in self.entries.items()])
