"""Hosts of null plugins: a distribution on disk, settings as read, everything else as in production."""

import importlib
import itertools
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from mpay_gateway.api import AccountId, Channel, Document, PluginContext, hookimpl
from mpay_gateway.boundary import SystemClock
from mpay_gateway.hooks.port import NO_GATEWAY
from mpay_gateway.plugin_host import PluginHost, load_plugins
from mpay_gateway.settings import (
    ConnectorEntry,
    GatewaySection,
    GatewaySettings,
    InstrumentEntry,
    LimitSettings,
    OutboundSettings,
    PluginSettings,
    ProviderEntry,
    Source,
)
from tests.unit.plugin_host.null_plugins import write_distribution

_numbers = itertools.count()


class Papers:
    """Stands for the core's documents."""

    @hookimpl(trylast=True)
    def mpay_render_invoice(self, medium: object) -> Document:
        return Document(b"core invoice", "text/plain", "invoice.txt")

    @hookimpl(trylast=True)
    def mpay_render_receipt(self, medium: object) -> Document:
        return Document(b"core receipt", "text/plain", "receipt.txt")


class NoHttp:
    """No null plugin sends anything."""

    def send(self, request: object) -> object:
        raise AssertionError("nothing may be sent here")


@dataclass
class HostMaker:
    folder: Path
    distribution: str

    def settings(self, **changes: object) -> GatewaySettings:
        plain = {
            "enabled": (self.distribution,),
            "providers": {"bank-a": {"url": "https://a"}, "bank-b": {"url": "https://b"}},
            "instruments": {"card": ("bank-a", "bank-b")},
            "retired": (),
            "seconds": 5.0,
            "size": 4,
            "channels": (Channel.PORTAL,),
            "moods": {},
            "connectors": (),
        } | changes
        return GatewaySettings(
            source=Source(self.folder),
            gateway=GatewaySection.__new__(GatewaySection),
            plugins=PluginSettings(plain["enabled"], plain["seconds"], plain["size"]),
            outbound=OutboundSettings(),
            limits=LimitSettings(),
            providers=tuple(
                ProviderEntry(AccountId(name), own.pop("plugin", "null_bank"), name in plain["retired"], own)
                for name, own in ((name, dict(own)) for name, own in plain["providers"].items())
            ),
            instruments=tuple(
                InstrumentEntry(
                    name,
                    "null_card",
                    tuple(AccountId(each) for each in providers),
                    plain["channels"],
                    {"url": "", "mood": plain["moods"].get(name, "well")},
                )
                for name, providers in plain["instruments"].items()
            ),
            connectors=tuple(ConnectorEntry(name, {}) for name in plain["connectors"]),
        )

    def host(
        self,
        *observers: object,
        papers: object | None = None,
        port_of: object = lambda _: NO_GATEWAY,
        **changes: object,
    ) -> PluginHost:
        settings = self.settings(**changes)
        object.__setattr__(settings.gateway, "signing_key", b"the key")
        object.__setattr__(settings.gateway, "signing_certificate", b"the certificate")
        return load_plugins(
            settings,
            PluginContext("", NoHttp(), SystemClock()),
            core_documents=papers or Papers(),
            observers=observers,
            port_of=port_of,
        )


MakerFactory = Callable[..., HostMaker]


@pytest.fixture
def maker_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakerFactory:
    """Install a null distribution, with `extra` appended to its module, in a folder on the path."""

    def make(extra: str = "", **options: str) -> HostMaker:
        name = f"mpay-null-{next(_numbers)}"
        folder = tmp_path / name
        write_distribution(folder, name=name, extra=extra, **options)
        monkeypatch.syspath_prepend(folder)
        importlib.invalidate_caches()
        return HostMaker(folder, name)

    return make


@pytest.fixture
def maker(maker_of: MakerFactory) -> HostMaker:
    return maker_of()


def module_of(maker: HostMaker) -> object:
    """The module of the null plugins, once it is imported."""
    return sys.modules[maker.distribution.replace("-", "_")]
