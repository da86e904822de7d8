"""`mpay <plugin> …`: the commands that an enabled plugin brings, as a group under its name."""

from collections.abc import Callable

import click

from mpay_gateway.api import CommandContext, MpayError, Records
from mpay_gateway.cli.context import Configured
from mpay_gateway.cli.installed import Plugins, bringing, known_plugins
from mpay_gateway.cli.lazy import WholeSummaries
from mpay_gateway.domain.errors import ConfigurationError, PluginBug
from mpay_gateway.plugin_host.command_groups import (
    load_commands,
    place_of_commands,
    running_commands,
    settings_of,
)
from mpay_gateway.plugin_host.discovery import FoundPlugin, canonical

_DECLARED = (MpayError, OSError, click.ClickException, click.exceptions.Exit, click.Abort)
"""What a command may end with; anything else is the plugin's fault, and is told as one."""


class PluginCommands(WholeSummaries):
    """A plugin's group, whose commands get its instances' settings."""

    def __init__(self, plugin: FoundPlugin, group: click.Group, known: Plugins) -> None:
        super().__init__(plugin.name, help=group.help, params=group.params, callback=group.callback)
        self._plugin = plugin
        self._group = group
        self._known = known

    def list_commands(self, ctx: click.Context) -> list[str]:
        return self._group.list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return self._group.get_command(ctx, cmd_name)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command. Raises: PluginBug for what it does not declare."""
        settings, configured = self._known.settings, ctx.find_object(Configured)
        assert settings is not None, "only enabled plugins are mounted"
        assert configured is not None, "the root command has made it"
        own = settings_of(self._plugin, settings, self._known.found)
        ctx.obj = CommandContext(
            own, configured.clock, self._records_in(configured), _operators_of(configured)
        )
        with running_commands(self._plugin, *_DECLARED):
            return super().invoke(ctx)

    def _records_in(self, configured: Configured) -> Callable[[str], Records]:
        kind = self._plugin.kind

        def records_of(instance: str) -> Records:
            # Not at the top: most commands of plugins need no database.
            from mpay_gateway.flow.inbound.plugin_records import InstanceRecords

            return InstanceRecords(lambda: configured.units, f"{kind}:{instance}")

        return records_of


def _operators_of(configured: Configured) -> Callable[[str], str]:
    """What lets a plugin's command know who acts."""

    def identify(name: str) -> str:
        # Not at the top: most commands of plugins need no database.
        from mpay_gateway.cli import identity

        return identity.identify(configured.units, name)

    return identify


def plugin_commands(configured: Configured, name: str) -> click.Group | None:
    """The commands of the enabled plugin of this name; None when there are none, or no configuration.

    Raises: PluginBug when they cannot be imported; ConfigurationError for a configuration that was asked for.
    """
    try:
        configured.settings  # noqa: B018  read, to see whether there is any
    except ConfigurationError:
        if configured.chosen is not None:
            raise
        return None
    known = known_plugins(configured)
    for plugin in known.found.plugins.values():
        if plugin.name == name and place_of_commands(plugin):
            return PluginCommands(plugin, _group_of(plugin), known)
    for problem in known.found.problems:
        click.echo(f"mpay: {problem}", err=True)
    if (installed := bringing(name)) and installed not in map(canonical, configured.settings.plugins.enabled):
        click.echo(
            f"mpay: {name!r} is a plugin of {installed!r}, which plugins.enabled does not name", err=True
        )
    return None


def problem_of_commands(plugin: FoundPlugin, known: Plugins, taken: list[str]) -> str:
    """Why the plugin's commands cannot be used; empty when they can. `taken`: names of the gateway's own commands."""
    named = [
        each for each in known.found.plugins.values() if each.name == plugin.name and place_of_commands(each)
    ]
    if plugin.name in taken or named[0] is not plugin:
        return f"{plugin.distribution}: commands: `mpay {plugin.name}` is another command"
    try:
        _group_of(plugin)
    except PluginBug as error:
        return str(error)
    return ""


def _group_of(plugin: FoundPlugin) -> click.Group:
    found = load_commands(plugin)
    if not isinstance(found, click.Group):
        raise PluginBug(plugin.distribution, "commands", f"{place_of_commands(plugin)} is no click group")
    return found
