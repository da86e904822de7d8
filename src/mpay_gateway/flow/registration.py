"""Registering e-Services: rows that operators manage, each change shown before it is made."""

from mpay_gateway.boundary import Clock
from mpay_gateway.domain.service import Service
from mpay_gateway.flow.parts import Parts
from mpay_gateway.settings import describe_changes, service_from_json, service_to_json
from mpay_gateway.storage import UnitOfWork


def apply_service(parts: Parts, service: Service, *, dry_run: bool = False) -> tuple[str, ...]:
    """Add or change one service, and enable it. Returns what changes, a line each; nothing when it is as registered.

    Raises: ConfigurationError.
    """
    row = parts.units.read(lambda work: work.services.find(service.id))
    old = None
    if row is not None:
        old = service_from_json(row.document, parts.registry.connector_types, enabled=row.enabled)
    changes = describe_changes(old, service)
    if row is not None and not row.enabled:
        changes = (*changes, "disabled -> enabled")
    if changes and not dry_run:
        text, now = service_to_json(service), parts.clock.now()
        parts.units.run(
            "apply-service", lambda work: work.services.save(service.id, service.connector, text, at=now)
        )
    return changes


def disable_service(units: UnitOfWork, service_id: str, *, clock: Clock) -> None:
    """Take no more payments for the service. Raises: UnknownService."""
    now = clock.now()
    units.run("disable-service", lambda work: work.services.disable(service_id, at=now))
