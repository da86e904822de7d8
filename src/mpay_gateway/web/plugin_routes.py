"""Routes of plugins: each instance's own below `/x/<id>/`, under names that carry its id."""

from typing import cast

from pyramid.config import Configurator
from pyramid.request import Request

from mpay_gateway.domain.errors import ConfigurationError
from mpay_gateway.domain.service import Service
from mpay_gateway.flow.parts import Parts
from mpay_gateway.hooks.specs import WebConfigurator
from mpay_gateway.plugin_host import ConnectorInfo, InstanceInfo, Kind, Registry
from mpay_gateway.web.language import path_to

_STATIC_SECONDS = 3600


class InstanceConfigurator:
    """What one instance's `mpay_includeme` gets: three methods, all inside its prefix."""

    def __init__(self, config: Configurator, instance: InstanceInfo, made: set[str]) -> None:
        """`made`: where the names of added routes are written down."""
        self._config = config
        self._instance = instance
        self._made = made

    def add_route(self, name: str, pattern: str) -> None:
        """`pattern` starts below the prefix."""
        self._made.add(self._named(name))
        self._config.add_route(self._named(name), f"/x/{self._instance.id}/{pattern.lstrip('/')}")

    def add_view(self, view: object, **predicates: object) -> None:
        """`route_name`: as given to `add_route`. Forms are checked for forgery unless `require_csrf=False`.

        `renderer="package:path/page.pt"`: a template of the plugin's own, filled in the portal's frame.
        """
        if "route_name" in predicates:
            predicates["route_name"] = self._named(str(predicates["route_name"]))
        self._config.add_view(view, **predicates)

    def add_static_view(self, name: str, path: str) -> None:
        """Serve the files of `path` (`package:folder`) below `name`."""
        prefix = f"x/{self._instance.id}/{name.strip('/')}"
        self._config.add_static_view(prefix, path, cache_max_age=_STATIC_SECONDS)

    def _named(self, name: str) -> str:
        return _route_name(self._instance.name, name)


def add_plugin_routes(config: Configurator, parts: Parts) -> None:
    """Let every instance add its routes. Raises: what a plugin raises, which stops the start; ConfigurationError."""
    made: set[str] = set()
    parts.calls.includeme(
        lambda instance: cast("WebConfigurator", InstanceConfigurator(config, instance, made))
    )
    missing = tuple(
        f"{Kind.ESERVICE}.{connector.name}: its entrance {connector.plugin.entrance!r} is no route that it adds"
        for connector in parts.registry.connectors.values()
        if connector.plugin.entrance and _entrance_route(connector) not in made
    )
    if missing:
        raise ConfigurationError(missing)


def entrance_to(request: Request, service: Service) -> str:
    """The address of the page where a payer begins an order; empty where he brings the key of one."""
    connector = request.parts.registry.connectors[service.connector]
    if not connector.plugin.entrance:
        return ""
    return path_to(request, _entrance_route(connector), service=service.id)


def machine_paths(registry: Registry) -> tuple[str, ...]:
    """Where the paths of providers and plugins begin that machines call; pages of connectors are for payers."""
    for_payers = payer_paths(registry)
    own = (
        path
        for each in registry.instances
        if (path := f"/x/{each.id}/") not in for_payers or each.kind is not Kind.ESERVICE
    )
    return ("/providers/", *own)


def payer_paths(registry: Registry) -> tuple[str, ...]:
    """Where the paths of connectors begin on whose pages payers begin their orders."""
    return tuple(f"/x/{name}/" for name, each in registry.connectors.items() if each.plugin.entrance)


def _entrance_route(connector: ConnectorInfo) -> str:
    return _route_name(f"{Kind.ESERVICE}:{connector.name}", connector.plugin.entrance)


def _route_name(instance: str, name: str) -> str:
    """The name of a route of the instance that is registered as `instance`."""
    return f"x.{instance}.{name}"
