"""Which plugins a command speaks of: those that the configuration enables, else all that are installed."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata

import click

from mpay_gateway.cli.context import Configured
from mpay_gateway.domain.errors import ConfigurationError
from mpay_gateway.plugin_host.discovery import GROUPS, Found, canonical, find_plugins
from mpay_gateway.settings import GatewaySettings


@dataclass(frozen=True, slots=True)
class Plugins:
    """`settings` is None when there is no configuration: what is found is installed, not enabled."""

    found: Found
    settings: GatewaySettings | None


def known_plugins(configured: Configured) -> Plugins:
    """The enabled plugins; without a usable configuration the installed ones, and a note on standard error.

    Raises: ConfigurationError when a configuration was asked for on the command line and cannot be used.
    """
    try:
        settings = configured.settings
    except ConfigurationError as error:
        if configured.chosen is not None:
            raise
        note = f"{error.problems[0]}\nmpay: no configuration is used: these are all that are installed"
        click.echo(f"mpay: {note}", err=True)
        return Plugins(find_plugins(tuple(installed_distributions())), None)
    return Plugins(find_plugins(settings.plugins.enabled), settings)


def installed_distributions() -> Iterator[str]:
    """Names of the installed distributions that bring plugins."""
    return iter(sorted({distribution for _, distribution in _installed()}))


def bringing(name: str) -> str:
    """The installed distribution that brings a plugin of this name, enabled or not; empty when there is none."""
    return next((distribution for plugin, distribution in _installed() if plugin == name), "")


def _installed() -> Iterator[tuple[str, str]]:
    points = (point for group in GROUPS for point in metadata.entry_points(group=group))
    return ((point.name, canonical(point.dist.name)) for point in points if point.dist is not None)
