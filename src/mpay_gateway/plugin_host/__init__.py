"""Finds the enabled plugins, makes their instances, calls them: typed, routed to one instance, guarded."""

from mpay_gateway.plugin_host.assembly import PluginHost, load_plugins
from mpay_gateway.plugin_host.calls import HookCalls
from mpay_gateway.plugin_host.registry import (
    AccountInfo,
    ConnectorInfo,
    DistributionInfo,
    InstanceInfo,
    InstrumentInfo,
    Kind,
    Registry,
)

__all__ = [
    "AccountInfo", "ConnectorInfo", "DistributionInfo", "HookCalls", "InstanceInfo", "InstrumentInfo", "Kind",
    "PluginHost", "Registry", "load_plugins",
]  # fmt: skip
