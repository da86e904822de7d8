"""Configuration read from files into typed values; every problem is found before anything starts.

The gateway's own settings are a TOML file that the ini names; e-Services are registered from other files.
"""

from mpay_gateway.settings.decode import Source, decode, encode
from mpay_gateway.settings.gateway import (
    ConnectorEntry,
    GatewaySection,
    GatewaySettings,
    InstrumentEntry,
    OutboundSettings,
    PluginSettings,
    ProviderEntry,
    read_settings,
)
from mpay_gateway.settings.ini import find_ini, read_ini
from mpay_gateway.settings.limits import LimitSettings
from mpay_gateway.settings.service_changes import describe_changes
from mpay_gateway.settings.service_text import service_from_json, service_to_json
from mpay_gateway.settings.services import read_services

__all__ = [
    "ConnectorEntry", "GatewaySection", "GatewaySettings", "InstrumentEntry", "LimitSettings",
    "OutboundSettings", "PluginSettings", "ProviderEntry", "Source", "decode", "describe_changes", "encode",
    "find_ini", "read_ini", "read_services", "read_settings", "service_from_json", "service_to_json",
]  # fmt: skip
