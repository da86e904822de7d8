"""The registered services as values, read again at most five seconds after they changed."""

import threading
from collections.abc import Mapping

import structlog

from mpay_gateway.boundary import Clock
from mpay_gateway.domain.errors import ConfigurationError, ServiceClosed, UnknownService
from mpay_gateway.domain.service import Service
from mpay_gateway.plugin_host import Registry
from mpay_gateway.settings import service_from_json
from mpay_gateway.storage import UnitOfWork
from mpay_gateway.storage.services import ServiceRow

FRESH_SECONDS = 5.0
_log = structlog.get_logger("services")


class ServiceDirectory:
    """Services by id. A service is decoded once per version, so that its keys are parsed once."""

    def __init__(self, units: UnitOfWork, registry: Registry, clock: Clock) -> None:
        self._units = units
        self._registry = registry
        self._clock = clock
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._services: Mapping[str, Service] = {}

    def get(self, service_id: str) -> Service:
        """A service that takes payments. Raises: UnknownService; ServiceClosed for one that takes none now."""
        service = self.get_any(service_id)
        if not service.enabled:
            raise ServiceClosed(service_id)
        return service

    def get_any(self, service_id: str) -> Service:
        """A service, enabled or not: what was paid is still delivered. Raises: UnknownService."""
        service = self.all().get(service_id)
        if service is None:
            raise UnknownService(service_id)
        return service

    def listed(self) -> tuple[Service, ...]:
        """The services that the portal's catalogue shows."""
        return tuple(service for service in self.all().values() if service.enabled and service.listed)

    def all(self) -> Mapping[str, Service]:
        """Every registered service by id."""
        with self._lock:
            if self._clock.monotonic() - self._read_at >= FRESH_SECONDS:
                rows = self._units.read(lambda work: work.services.all())
                self._services = {
                    row.id: service for row in rows if (service := self._decoded(row)) is not None
                }
                self._read_at = self._clock.monotonic()
            return self._services

    def _decoded(self, row: ServiceRow) -> Service | None:
        """The service; None when its row cannot be used any more, which must not harm the others."""
        known = self._services.get(row.id)
        if known is not None and known.version == row.version:
            return known
        try:
            return service_from_json(
                row.document, self._registry.connector_types, enabled=row.enabled, version=row.version
            )
        except ConfigurationError as error:
            _log.error("service_not_usable", service=row.id, problems=error.problems)
            return None
