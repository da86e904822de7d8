"""Routes of plugins: each instance's own below `/x/<id>/`, under names that carry its id."""

from typing import cast

from pyramid.config import Configurator

from mpay_gateway.flow.parts import Parts
from mpay_gateway.hooks.specs import WebConfigurator
from mpay_gateway.plugin_host import InstanceInfo

_STATIC_SECONDS = 3600


class InstanceConfigurator:
    """What one instance's `mpay_includeme` gets: three methods, all inside its prefix."""

    def __init__(self, config: Configurator, instance: InstanceInfo) -> None:
        self._config = config
        self._instance = instance

    def add_route(self, name: str, pattern: str) -> None:
        """`pattern` starts below the prefix."""
        self._config.add_route(self._named(name), f"/x/{self._instance.id}/{pattern.lstrip('/')}")

    def add_view(self, view: object, **predicates: object) -> None:
        """`route_name`: as given to `add_route`. Forms are checked for forgery unless `require_csrf=False`."""
        if "route_name" in predicates:
            predicates["route_name"] = self._named(str(predicates["route_name"]))
        self._config.add_view(view, **predicates)

    def add_static_view(self, name: str, path: str) -> None:
        """Serve the files of `path` (`package:folder`) below `name`."""
        prefix = f"x/{self._instance.id}/{name.strip('/')}"
        self._config.add_static_view(prefix, path, cache_max_age=_STATIC_SECONDS)

    def _named(self, name: str) -> str:
        return f"x.{self._instance.name}.{name}"


def add_plugin_routes(config: Configurator, parts: Parts) -> None:
    """Let every instance add its routes. Raises: what a plugin raises, which stops the start."""
    parts.calls.includeme(lambda instance: cast("WebConfigurator", InstanceConfigurator(config, instance)))
