"""The composition root: settings in, a gateway ready to serve out."""

import os
import secrets
import socket

from mpay_gateway.api import PluginContext
from mpay_gateway.boundary import Clock, SystemClock, SystemIds
from mpay_gateway.documents import CoreDocuments
from mpay_gateway.flow.background import Background
from mpay_gateway.flow.breaker_view import BreakerView
from mpay_gateway.flow.entrance import Entrance
from mpay_gateway.flow.inbound.payment_intake import Port
from mpay_gateway.flow.lookup_limits import LookupLimits
from mpay_gateway.flow.papers import Papers
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.places import Places, lookup_places
from mpay_gateway.flow.service_directory import ServiceDirectory
from mpay_gateway.outbound import GuardedHttpClient
from mpay_gateway.plugin_host import PluginHost, load_plugins
from mpay_gateway.settings import GatewaySettings
from mpay_gateway.storage import UnitOfWork, create_engine

CALLBACK_CONNECTIONS = 2
"""That callbacks have for themselves, and as many again for a moment."""
MOST_WAITING = 8
"""Half of the threads that `mpay serve` has unless it is told otherwise."""


def build_parts(settings: GatewaySettings) -> Parts:
    """Put the parts together. Raises: ConfigurationError with every problem found."""
    clock = SystemClock()
    papers, entrance = Papers(), Entrance()
    host = load_host(settings, clock, papers, entrance)
    units = UnitOfWork(create_engine(settings.gateway.database), clock)
    services = ServiceDirectory(units, host.registry, clock)
    parts = Parts(
        settings=settings,
        units=units,
        calls=host.calls,
        registry=host.registry,
        services=services,
        background=Background(),
        limits=LookupLimits(settings.limits),
        clock=clock,
        ids=SystemIds(),
        process=_process_name(),
        papers=papers,
        places=Places(lambda service_id: services.get_any(service_id).max_in_flight),
        lookup_places=lookup_places(settings.plugins.calls_at_once),
        waiting=Places(lambda _: MOST_WAITING),
        entrance=entrance,
        callback_units=_units_of_callbacks(settings, clock),
        breakers=BreakerView(settings.breakers.rule),
    )
    entrance.lead_to(parts)
    return parts


def _units_of_callbacks(settings: GatewaySettings, clock: Clock) -> UnitOfWork | None:
    """None for SQLite, whose writers come one after the other whatever connections they have."""
    database = settings.gateway.database
    if database.startswith("sqlite"):
        return None
    return UnitOfWork(create_engine(database, pool_size=CALLBACK_CONNECTIONS), clock)


def _process_name() -> str:
    """A name that no other process has or had: containers repeat their numbers, and hosts may repeat their names."""
    return f"{socket.gethostname()[:40]}-{os.getpid()}-{secrets.token_hex(4)}"


def load_host(
    settings: GatewaySettings, clock: Clock, papers: Papers | None = None, entrance: Entrance | None = None
) -> PluginHost:
    """The plugins alone, for commands that need no database: their ports lead nowhere. Raises: ConfigurationError."""
    leading = entrance or Entrance()
    http = GuardedHttpClient(settings.outbound.policy, tls=settings.tls_files)
    return load_plugins(
        settings,
        PluginContext("", http, clock),
        core_documents=CoreDocuments(papers or Papers()),
        port_of=lambda instance: Port(leading, instance),
    )
