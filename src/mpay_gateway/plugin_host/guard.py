"""The guard around every call of a plugin: measured, in bounds, and with declared outcomes only."""

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import NoReturn

import structlog
from prometheus_client import Histogram

from mpay_gateway.boundary import refuse_inside_unit_of_work
from mpay_gateway.crash_points import outbound_call
from mpay_gateway.domain.errors import OutboundCallRefused, OutcomeUnknown, PluginBug, PluginBusy
from mpay_gateway.plugin_host.contracts import HookContract
from mpay_gateway.plugin_host.pool import CallPool, PastDeadline, PoolFull

_log = structlog.get_logger("mpay.plugins")
HOOK_SECONDS = Histogram(
    "mpay_hook_seconds",
    "Duration of calls of plugins",
    ("hook", "instance", "outcome"),
    buckets=(0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20),
)

Call = Callable[..., object]


class Guard:
    """Guards the calls of one instance. `seconds`: deadline of calls with I/O; `size`: such calls at once."""

    def __init__(self, instance: str, *, seconds: float, size: int) -> None:
        self._instance = instance
        self._seconds = seconds
        self._pool = CallPool(instance, size)

    def call(self, contract: HookContract, call: Call, arguments: Mapping[str, object]) -> object:
        """Call a hook and return what it answered; its type is the caller's to check.

        Raises: OutboundCallRefused inside a unit of work; PluginBusy when no thread is free;
        OutcomeUnknown past the deadline; the declared errors of the hook; PluginBug for anything else.
        """
        if contract.io:
            refuse_inside_unit_of_work(contract.name)
        began, outcome = time.perf_counter(), "answered"
        try:
            return self._run(contract, call, arguments)
        except Exception as error:
            outcome = type(error).__name__
            raise
        finally:
            took = time.perf_counter() - began
            HOOK_SECONDS.labels(contract.name, self._instance, outcome).observe(took)
            _log.debug("hook", hook=contract.name, instance=self._instance, outcome=outcome, seconds=took)

    def bug(self, contract: HookContract, detail: str) -> PluginBug:
        """The error for an answer that the hook does not declare."""
        return PluginBug(self._instance, contract.name, detail)

    def _run(self, contract: HookContract, call: Call, arguments: Mapping[str, object]) -> object:
        try:
            if not contract.io:
                return call(**arguments)
            with outbound_call(contract.name):
                return self._pool.call(partial(call, **arguments), seconds=self._seconds)
        except PoolFull:
            raise PluginBusy(f"{self._instance}: all its threads are busy") from None
        except PastDeadline:
            raise OutcomeUnknown(f"{self._instance}: no answer within {self._seconds:g} s") from None
        except (KeyboardInterrupt, OutboundCallRefused):
            raise
        except BaseException as error:  # noqa: BLE001  the façade: nothing that a plugin does passes undeclared
            self._refuse(contract, error)

    def _refuse(self, contract: HookContract, error: BaseException) -> NoReturn:
        if isinstance(error, contract.errors):
            raise error
        raise self.bug(contract, f"raised {type(error).__name__}") from error
