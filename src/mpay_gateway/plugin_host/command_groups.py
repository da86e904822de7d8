"""Commands that plugins bring: imported when one of them is asked for, and never when a gateway starts."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

from mpay_gateway.domain.errors import PluginBug
from mpay_gateway.plugin_host.assembly import wishes
from mpay_gateway.plugin_host.discovery import Found, FoundPlugin
from mpay_gateway.settings import GatewaySettings, decode


def place_of_commands(plugin: FoundPlugin) -> str:
    """Where the plugin's group of commands is; empty when it brings none."""
    return str(plugin.factory.commands)  # type: ignore[attr-defined]


def load_commands(plugin: FoundPlugin) -> object:
    """Import the plugin's group of commands. Raises: PluginBug when that cannot be done, for whatever reason."""
    module, _, attribute = place_of_commands(plugin).partition(":")
    try:
        return getattr(import_module(module), attribute)
    except Exception as error:
        reason = f"cannot be imported: {type(error).__name__}: {error}"
        raise PluginBug(plugin.distribution, "commands", reason) from error


@contextmanager
def running_commands(plugin: FoundPlugin, *declared: type[BaseException]) -> Iterator[None]:
    """While a command of the plugin runs. Raises: PluginBug for anything but what it may end with."""
    try:
        yield
    except declared:
        raise
    except Exception as error:
        detail = f"{type(error).__name__}: {error}"
        raise PluginBug(plugin.distribution, f"commands of {plugin.name}", detail) from error


def settings_of(plugin: FoundPlugin, settings: GatewaySettings, found: Found) -> dict[str, object]:
    """The settings of each configured instance of the plugin, by its id. Raises: ConfigurationError."""
    kind: type = plugin.factory.settings_type  # type: ignore[attr-defined]
    return {
        wish.id: decode(kind, wish.settings, where=wish.where, source=settings.source)
        for wish in wishes(settings, found)
        if (wish.kind, wish.plugin) == (plugin.kind, plugin.name)
    }
