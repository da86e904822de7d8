"""From (hook, instance) to one caller that reaches this instance and everyone's wrappers, and no one else."""

from collections.abc import Mapping
from dataclasses import dataclass

import pluggy
import structlog

from mpay_gateway.plugin_host.answers import Misfit, in_bounds
from mpay_gateway.plugin_host.contracts import CONTRACTS, HookContract
from mpay_gateway.plugin_host.guard import Guard
from mpay_gateway.plugin_host.registry import InstanceInfo

_log = structlog.get_logger("mpay.plugins")
CORE = "core"
"""Name under which the core's own documents are registered."""


class SealableManager(pluggy.PluginManager):
    """A plugin manager that can be sealed: a caller that is kept would let a newcomer answer."""

    _sealed = False

    def seal(self) -> None:
        self._sealed = True

    def register(self, plugin: object, name: str | None = None) -> str | None:
        """Raises: RuntimeError once sealed; pluggy's own errors."""
        if self._sealed:
            raise RuntimeError("plugins are registered at start only")
        return super().register(plugin, name)

    def unregister(self, plugin: object | None = None, name: str | None = None) -> object:
        """Raises: RuntimeError once sealed."""
        if self._sealed:
            raise RuntimeError("plugins stay registered until the end")
        return super().unregister(plugin, name)


@dataclass(frozen=True, slots=True)
class Route:
    """The way to one instance's answer to one hook."""

    contract: HookContract
    instance: str
    caller: pluggy.HookCaller
    guard: Guard

    def ask(self, arguments: Mapping[str, object]) -> object:
        """The instance's answer, None when it gave none.

        Raises as `Guard.call`, and PluginBug for an answer of the wrong type or out of bounds (`answers`).
        """
        answer = self.guard.call(self.contract, self.caller, arguments)
        if isinstance(answer, list):
            answer = answer[0] if answer else None
        if answer is not None and not self.contract.accepts(answer):
            raise self.guard.bug(self.contract, f"answered with {type(answer).__name__}")
        return self._bounded(answer)

    def _bounded(self, answer: object) -> object:
        try:
            return in_bounds(answer)
        except Misfit as misfit:
            _log.error(
                "hook_answer_refused", hook=self.contract.name, instance=self.instance, reason=str(misfit)
            )
            if self.contract.misfit is not None:
                raise self.contract.misfit(str(misfit)) from misfit
            raise self.guard.bug(self.contract, f"answered out of bounds: {misfit}") from misfit


Routes = Mapping[tuple[str, str], Route]


def build_routes(
    manager: SealableManager, instances: tuple[InstanceInfo, ...], guards: Mapping[str, Guard]
) -> Routes:
    """Every route there is, by hook and name of the instance; for each hook in the order in which it asks."""
    routes = {}
    for contract in CONTRACTS.values():
        for name in answering(getattr(manager.hook, contract.name)):
            rivals = [manager.get_plugin(rival) for rival in _rivals(manager, contract, name, instances)]
            caller = manager.subset_hook_caller(contract.name, rivals)
            routes[contract.name, name] = Route(contract, name, caller, guards[name])
    return routes


def answering(caller: pluggy.HookCaller) -> list[str]:
    """Names of the plugins that answer a caller, in the order in which they are asked; wrappers left out."""
    implementations = reversed(caller.get_hookimpls())
    return [each.plugin_name for each in implementations if not (each.wrapper or each.hookwrapper)]


def _rivals(
    manager: SealableManager, contract: HookContract, name: str, instances: tuple[InstanceInfo, ...]
) -> list[str]:
    """Who must not be asked: the other owners of the hook's kind; where anyone may answer, all who answer."""
    if contract.owner is None:
        return [other for other in answering(getattr(manager.hook, contract.name)) if other != name]
    return [each.name for each in instances if each.kind is contract.owner and each.name != name]
