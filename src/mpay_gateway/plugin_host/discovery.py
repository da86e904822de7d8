"""Finding plugins: entry points of the distributions that the operator enabled, and of no other."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import metadata

from mpay_gateway.api import Confirms, Connector, InstrumentPlugin, Job, Need, ProviderPlugin, hookimpl
from mpay_gateway.plugin_host.contracts import CONTRACTS
from mpay_gateway.plugin_host.registry import DistributionInfo, Kind

GROUPS: Mapping[str, Kind] = {
    "mpay_gateway.eservices": Kind.ESERVICE,
    "mpay_gateway.providers": Kind.PROVIDER,
    "mpay_gateway.instruments": Kind.INSTRUMENT,
}
_BASES: Mapping[Kind, type] = {
    Kind.ESERVICE: Connector,
    Kind.PROVIDER: ProviderPlugin,
    Kind.INSTRUMENT: InstrumentPlugin,
}
_PLACE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*\Z", re.ASCII)
_MARK = f"{hookimpl.project_name}_impl"


@dataclass(frozen=True, slots=True)
class FoundPlugin:
    """A class behind an entry point."""

    kind: Kind
    name: str
    factory: type
    distribution: str


@dataclass(slots=True)
class Found:
    """What discovery found, and everything that was wrong on the way."""

    plugins: dict[tuple[Kind, str], FoundPlugin] = field(default_factory=dict)
    distributions: list[DistributionInfo] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def names(self, kind: Kind) -> list[str]:
        return sorted(name for found, name in self.plugins if found is kind)


def find_plugins(enabled: tuple[str, ...]) -> Found:
    """The plugins of the distributions of these names; whatever else is installed is not even imported."""
    found = Found()
    for name in dict.fromkeys(canonical(each) for each in enabled):
        try:
            distribution = metadata.distribution(name)
        except (metadata.PackageNotFoundError, ValueError):
            found.problems.append(f"plugins.enabled: {name!r} is not installed")
            continue
        _add_distribution(found, name, distribution)
    return found


def canonical(name: str) -> str:
    """The name of a distribution as it is compared (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def implemented_hooks(plugin: type) -> frozenset[str]:
    """Names of the methods that answer hooks; wrappers are not answers."""
    marked = ((name, getattr(getattr(plugin, name, None), _MARK, None)) for name in dir(plugin))
    return frozenset(
        options.get("specname") or name
        for name, options in marked
        if options and not (options.get("wrapper") or options.get("hookwrapper"))
    )


def _add_distribution(found: Found, name: str, distribution: metadata.Distribution) -> None:
    ours = [point for point in distribution.entry_points if point.group in GROUPS]
    if not ours:
        found.problems.append(f"plugins.enabled: {name!r} is installed and brings no plugin")
        return
    loaded = []
    for point in ours:
        kind = GROUPS[point.group]
        problem = _load(found, FoundPlugin(kind, point.name, object, name), point)
        if problem:
            found.problems.append(f"plugins.enabled: {name!r}: {point.group} {point.name}: {problem}")
        else:
            loaded.append(found.plugins[kind, point.name].factory)
    hooks = {hook for factory in loaded for hook in implemented_hooks(factory) if hook in CONTRACTS}
    path = str(distribution.locate_file(""))
    found.distributions.append(DistributionInfo(name, distribution.version, path, tuple(sorted(hooks))))


def _load(found: Found, plugin: FoundPlugin, point: metadata.EntryPoint) -> str:
    """Import one entry point into `found`. Returns what is wrong with it, empty when nothing is."""
    key = (plugin.kind, plugin.name)
    if (other := found.plugins.get(key)) is not None:
        return f"the name is taken by {other.distribution!r}"
    try:
        factory = point.load()
    except Exception as error:  # noqa: BLE001  a plugin may fail in any way; the operator reads which and why
        return f"cannot be imported: {type(error).__name__}: {error}"
    problem = next(_class_problems(plugin.kind, factory), "")
    if not problem:
        found.plugins[key] = FoundPlugin(plugin.kind, plugin.name, factory, plugin.distribution)
    return problem


def _class_problems(kind: Kind, factory: object) -> Iterator[str]:
    base = _BASES[kind]
    if not (isinstance(factory, type) and issubclass(factory, base)):
        yield f"not a subclass of mpay_gateway.api.{base.__name__}"
        return
    attributes = {
        Kind.ESERVICE: ("settings_type", "service_settings_type"),
        Kind.INSTRUMENT: ("settings_type", "needs"),
        Kind.PROVIDER: ("settings_type", "gives"),
    }[kind]
    missing = [name for name in attributes if not hasattr(factory, name)]
    if missing:
        yield f"its class does not declare {', '.join(missing)}"
        return
    jobs = factory.jobs  # type: ignore[attr-defined]
    if not all(isinstance(each, Job) for each in jobs) or len({each.name for each in jobs}) != len(jobs):
        yield "its jobs are not jobs of different names"
    if factory.commands and not _PLACE.match(factory.commands):  # type: ignore[attr-defined]
        yield "its commands are no package.module:attribute"
    if not issubclass(factory, ProviderPlugin) or factory.confirms is Confirms.PULL:
        return
    if factory.gives != {Need.COLLECTION}:
        yield f"it confirms by {factory.confirms}, and so gives collection and nothing else"
