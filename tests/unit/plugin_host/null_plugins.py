"""A distribution of null plugins, written to disk with real metadata, so discovery is tested for real."""

import textwrap
from pathlib import Path

ENTRY_POINTS = """\
[mpay_gateway.eservices]
null_service = {module}:NullConnector

[mpay_gateway.providers]
null_bank = {module}:NullBank

[mpay_gateway.instruments]
null_card = {module}:NullCard
"""

SOURCE = '''
"""Plugins that answer at once, and misbehave on demand."""

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from mpay_gateway.api import *

FIXTURE_TIME = datetime(2026, 1, 2, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class NoSettings:
    pass


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    url: str
    secret: Secret | None = None
    certificates: tuple[CertificatePem, ...] = ()


class NullConnector(Connector):
    settings_type = NoSettings
    service_settings_type = ServiceSettings

    def __init__(self, context, settings):
        self.context = context

    @hookimpl
    def mpay_lookup_orders(self, query):
        return OrderLookup(())

    @hookimpl
    def mpay_deliver_confirmation(self, service):
        return DeliveryReceipt()


@dataclass(frozen=True, slots=True)
class BankSettings:
    url: str
    mood: str = "well"

    def __post_init__(self):
        if self.mood == "refuse":
            raise ValueError("mood: not today")


class NullBank(ProviderPlugin):
    settings_type = BankSettings
    gives = frozenset({Need.REDIRECT})
    capabilities = frozenset({Capability.REVERSE})
    release = threading.Event()

    def __init__(self, context, settings):
        if settings.mood == "explode":
            raise RuntimeError("no bank here")
        self.context, self.settings = context, settings

    @hookimpl
    def mpay_start_payment(self, request):
        return Redirect(self.settings.url, self.context.id)

    @hookimpl
    def mpay_read_callback(self, callback):
        if self.settings.mood == "forged":
            raise InvalidCallback("forged")
        if self.settings.mood == "buggy":
            raise KeyError("signature")
        return CallbackReading(reference=self.context.id)

    @hookimpl
    def mpay_fetch_confirmation(self, payment):
        match self.settings.mood:
            case "hang":
                self.release.wait(30)
            case "exit":
                raise SystemExit(3)
            case "refusing":
                raise RemoteRefused("no")
            case "wrong type":
                return "paid"
            case "silent":
                return None
        return ProviderConfirmation(ProviderStatus.PENDING, method=threading.current_thread().name)

    @hookimpl
    def mpay_reverse_payment(self, payment, amount, key):
        raise Conflict("the lease is lost")


class NullCard(InstrumentPlugin):
    settings_type = BankSettings
    needs = Need.REDIRECT

    def __init__(self, context, settings):
        self.context, self.settings = context, settings

    @hookimpl
    def mpay_offer_instruments(self, invoice, channel, language):
        if self.settings.mood == "hidden":
            return None
        if self.settings.mood == "buggy":
            raise ZeroDivisionError
        return InstrumentOffer(self.context.id, "", "")

    @hookimpl
    def mpay_select_instrument(self, choice):
        if choice.fields:
            raise InvalidChoice("field", "unknown")
        return InstrumentPlan(Need.REDIRECT)
'''


def write_distribution(
    folder: Path, *, name: str = "mpay-null", extra: str = "", entry_points: str = ENTRY_POINTS
) -> None:
    """Write a distribution as an installer leaves it in `folder`; `extra` is appended to its module."""
    module = name.replace("-", "_")
    info = folder / f"{module}-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n", "utf-8")
    (info / "entry_points.txt").write_text(entry_points.format(module=module), "utf-8")
    (folder / f"{module}.py").write_text(SOURCE + textwrap.dedent(extra), "utf-8")
