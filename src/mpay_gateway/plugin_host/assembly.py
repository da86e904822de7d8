"""From settings to a host that is ready, every instance made and checked; or to every problem."""

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import pluggy

from mpay_gateway.api import ConfigurationError, Confirms, Gateway, PluginContext, ProviderPlugin
from mpay_gateway.hooks import HookSpecs
from mpay_gateway.hooks.port import NO_GATEWAY
from mpay_gateway.plugin_host.calls import HookCalls
from mpay_gateway.plugin_host.contracts import CONTRACTS, excluded_hooks, required_hooks
from mpay_gateway.plugin_host.discovery import Found, FoundPlugin, find_plugins, implemented_hooks
from mpay_gateway.plugin_host.guard import Guard
from mpay_gateway.plugin_host.joining import join
from mpay_gateway.plugin_host.registry import ConnectorInfo, InstanceInfo, Kind, Registry
from mpay_gateway.plugin_host.routing import CORE, Routes, SealableManager, answering, build_routes
from mpay_gateway.settings import GatewaySettings, decode


@dataclass(frozen=True, slots=True)
class PluginHost:
    """`registry`: what is plugged in. `calls`: how it is called."""

    registry: Registry
    calls: HookCalls


def load_plugins(
    settings: GatewaySettings,
    context: PluginContext,
    *,
    core_documents: object,
    observers: tuple[object, ...] = (),
    port_of: Callable[[str], Gateway] = lambda _: NO_GATEWAY,
) -> PluginHost:
    """Find the enabled plugins, make one instance per account, instrument and connector, and check them all.

    `context`: what every instance gets alike, without id, keys and port. `core_documents`: implements
    mpay_render_invoice and mpay_render_receipt and is asked last. `observers`: objects with hook wrappers, or
    with hooks that anyone may answer. `port_of`: the inbound port of an instance, by its name.
    Raises: ConfigurationError with every problem.
    """
    assembly = _Assembly(settings, context, port_of)
    return assembly.build(core_documents, observers)


@dataclass(frozen=True, slots=True)
class Wish:
    """An instance that the settings ask for. `where`: its table in the file."""

    kind: Kind
    id: str
    plugin: str
    where: str
    settings: Mapping[str, object]


class _Assembly:
    """One start; gathers problems as it goes."""

    def __init__(
        self, settings: GatewaySettings, context: PluginContext, port_of: Callable[[str], Gateway]
    ) -> None:
        self._settings = settings
        self._context = context
        self._port_of = port_of
        self._manager = SealableManager("mpay_gateway")
        self._manager.add_hookspecs(HookSpecs)
        self._instances: list[InstanceInfo] = []
        self._problems: list[str] = []
        self._confirms: dict[str, Confirms] = {}

    def build(self, core_documents: object, observers: tuple[object, ...]) -> PluginHost:
        found = find_plugins(self._settings.plugins.enabled)
        self._problems += found.problems
        for wish in wishes(self._settings, found):
            self._fulfil(wish, found)
        joined = join(self._settings, found, self._confirms)
        self._problems += joined.problems
        names = [self._register(each, f"observer:{place}") for place, each in enumerate(observers)]
        names.append(self._register(core_documents, CORE))
        self._check_core()
        self._check_answering()
        if self._problems:
            raise ConfigurationError(tuple(dict.fromkeys(self._problems)))
        self._manager.seal()
        registry = Registry(
            accounts=joined.accounts,
            instruments=joined.instruments,
            connectors=_connectors(found),
            distributions=tuple(found.distributions),
            instances=tuple(self._instances),
        )
        return PluginHost(registry, HookCalls(registry, self._routes(names)))

    def _fulfil(self, wish: Wish, found: Found) -> None:
        plugin = found.plugins.get((wish.kind, wish.plugin))
        if plugin is None:
            self._problems.append(f"{wish.where}.plugin: {_no_such_plugin(wish, found)}")
            return
        instance = self._make(wish, plugin)
        confirms = instance.account_confirms if isinstance(instance, ProviderPlugin) else None
        self._problems += _hook_problems(plugin, wish.where, confirms)
        if instance is None:
            return
        if confirms is not None:
            self._confirms[wish.id] = confirms
        info = InstanceInfo(
            wish.kind, wish.id, wish.plugin, plugin.distribution, plugin.factory.__module__,
            plugin.factory.jobs,  # type: ignore[attr-defined]
        )  # fmt: skip
        if self._register(instance, info.name):
            self._instances.append(info)

    def _make(self, wish: Wish, plugin: FoundPlugin) -> object | None:
        """The instance, or None and its problems."""
        kind: type = plugin.factory.settings_type  # type: ignore[attr-defined]
        try:
            settings: object = decode(kind, wish.settings, where=wish.where, source=self._settings.source)
            instance: object = plugin.factory(self._context_for(wish), settings)
        except ConfigurationError as error:
            self._problems += error.problems
        except ValueError as error:
            self._problems.append(f"{wish.where}: {error}")
        except Exception as error:  # noqa: BLE001  a plugin may fail in any way; the operator reads which
            self._problems.append(
                f"{wish.where}: {wish.plugin} cannot start: {type(error).__name__}: {error}"
            )
        else:
            return instance
        return None

    def _context_for(self, wish: Wish) -> PluginContext:
        """What the instance may use; the gateway's key is for connectors alone."""
        own = replace(self._context, id=wish.id, gateway=self._port_of(f"{wish.kind}:{wish.id}"))
        if wish.kind is not Kind.ESERVICE:
            return own
        gateway = self._settings.gateway
        return replace(
            own,
            signing_key_pem=bytes(gateway.signing_key),
            signing_certificate_pem=bytes(gateway.signing_certificate),
        )

    def _register(self, plugin: object, name: str) -> str:
        """Register, and return the name; empty when the plugin is refused."""
        unknown = sorted(implemented_hooks(type(plugin)) - set(CONTRACTS))
        self._problems += [f"{name}: {hook} is no hook{_nearest(hook, CONTRACTS)}" for hook in unknown]
        try:
            self._manager.register(plugin, name)
        except (pluggy.PluginValidationError, ValueError) as error:
            self._problems.append(f"{name}: {' '.join(str(error).split())}")
            return ""
        return name

    def _check_core(self) -> None:
        for hook in ("mpay_render_invoice", "mpay_render_receipt"):
            asked = answering(getattr(self._manager.hook, hook))
            if not asked or asked[-1] != CORE:
                self._problems.append(f"{CORE}: {hook} must be implemented with trylast")

    def _check_answering(self) -> None:
        """A hook that one kind owns is answered by no observer: one would speak for every instance."""
        ours = {info.name for info in self._instances}
        for contract in CONTRACTS.values():
            if contract.owner is not None:
                others = [
                    name for name in answering(getattr(self._manager.hook, contract.name)) if name not in ours
                ]
                self._problems += [
                    f"{name}: {contract.name} belongs to {contract.owner} plugins" for name in others
                ]

    def _routes(self, others: Iterable[str]) -> Routes:
        plugins = self._settings.plugins
        names = [*(info.name for info in self._instances), *others]
        guards = {
            name: Guard(name, seconds=plugins.call_seconds, size=plugins.calls_at_once) for name in names
        }
        return build_routes(self._manager, tuple(self._instances), guards)


def wishes(settings: GatewaySettings, found: Found) -> Iterator[Wish]:
    """What the settings ask for: connectors (each enabled e-service plugin), accounts, instruments."""
    own = {entry.name: entry.settings for entry in settings.connectors}
    for name in dict.fromkeys((*found.names(Kind.ESERVICE), *own)):
        yield Wish(Kind.ESERVICE, name, name, f"eservice.{name}", own.get(name, {}))
    for account in settings.providers:
        yield Wish(Kind.PROVIDER, account.id, account.plugin, f"provider.{account.id}", account.settings)
    for each in settings.instruments:
        yield Wish(Kind.INSTRUMENT, each.id, each.plugin, f"instrument.{each.id}", each.settings)


def _connectors(found: Found) -> dict[str, ConnectorInfo]:
    plugins = {name: found.plugins[Kind.ESERVICE, name].factory for name in found.names(Kind.ESERVICE)}
    return {name: ConnectorInfo(name, factory) for name, factory in plugins.items()}


def _hook_problems(plugin: FoundPlugin, where: str, confirms: Confirms | None) -> Iterator[str]:
    hooks = implemented_hooks(plugin.factory)
    for hook in sorted(required_hooks(plugin.kind, plugin.factory, confirms) - hooks):
        yield f"{where}: plugin {plugin.name} must implement {hook}, by its kind and what it declares"
    for hook in sorted(excluded_hooks(plugin.kind, plugin.factory, confirms) & hooks):
        yield f"{where}: plugin {plugin.name} must not implement {hook}, by its kind and what it declares"


def _no_such_plugin(wish: Wish, found: Found) -> str:
    known = found.names(wish.kind)
    hint = _nearest(wish.plugin, known) or f"; enabled: {', '.join(known) or 'none'}"
    return f"no enabled distribution brings the {wish.kind} plugin {wish.plugin!r}{hint}"


def _nearest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
