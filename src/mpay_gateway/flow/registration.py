"""Registering e-Services: rows that operators manage, each change shown before it is made."""

from mpay_gateway.boundary import Clock
from mpay_gateway.domain.service import Service
from mpay_gateway.flow.parts import Parts
from mpay_gateway.settings import describe_changes, service_from_json, service_to_json
from mpay_gateway.storage import UnitOfWork, Work
from mpay_gateway.storage.service_certificates import KnownCertificate
from mpay_gateway.wssecurity import TrustedCertificates


def apply_service(parts: Parts, service: Service, *, dry_run: bool = False) -> tuple[str, ...]:
    """Add or change one service, and enable it. Returns what changes, a line each; nothing when it is as registered.

    Its certificates are remembered, and those that it had: what it signed with them is evidence. Raises:
    ConfigurationError.
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
        known = [each for one in (old, service) if one is not None for each in certificates_of(parts, one)]

        def save(work: Work) -> None:
            work.services.save(service.id, service.connector, text, at=now)
            work.service_certificates.keep(service.id, known, at=now)

        parts.units.run("apply-service", save)
    return changes


def certificates_of(parts: Parts, service: Service) -> tuple[KnownCertificate, ...]:
    """The certificates with which a service signs now; none where its connector's services sign nothing."""
    connector = parts.registry.connector_types.get(service.connector)
    pems = () if connector is None else connector.certificates_of(service.settings)
    trusted = TrustedCertificates.load(each.encode() for each in pems)
    return tuple(KnownCertificate(each.fingerprint, each.pem) for each in trusted.certificates)


def disable_service(units: UnitOfWork, service_id: str, *, clock: Clock) -> None:
    """Take no more payments for the service. Raises: UnknownService."""
    now = clock.now()
    units.run("disable-service", lambda work: work.services.disable(service_id, at=now))
