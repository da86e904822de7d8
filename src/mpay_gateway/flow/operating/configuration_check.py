"""Everything that a gateway needs before it takes money, checked at once: what is wrong, what soon will be."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from cryptography import x509

from mpay_gateway.boundary import Clock
from mpay_gateway.documents import check_fonts
from mpay_gateway.domain.counted import counted
from mpay_gateway.domain.errors import ConfigurationError
from mpay_gateway.domain.service import Service
from mpay_gateway.flow.audit.audit_verification import LATE
from mpay_gateway.flow.findings import Finding, Level
from mpay_gateway.flow.gateway import build_parts
from mpay_gateway.flow.operating.access_check import access_findings
from mpay_gateway.flow.operating.durability_check import durability_findings
from mpay_gateway.flow.operating.readiness import check_database, lost_accounts
from mpay_gateway.flow.parts import Parts
from mpay_gateway.settings import GatewaySettings, service_from_json, service_to_json

EXPIRY_DAYS = (60, 30, 7)
"""A certificate that ends within so many days is told of; the fewer, the louder."""


def check_configuration(settings: GatewaySettings, clock: Clock) -> tuple[Finding, ...]:
    """Check keys, certificates, fonts, plugins, database, accounts and services. Calls nobody but the database."""
    findings = [*_addresses(settings), *_own_certificate(settings, clock.now()), *_fonts()]
    try:
        parts = build_parts(settings)
    except ConfigurationError as error:
        return (*findings, *_problems("plugins", error.problems))
    findings.append(_ok("plugins", f"{counted(len(parts.registry.instances), 'instance')}, each complete"))
    try:
        return (*findings, *_database(parts))
    finally:
        parts.close()


def _addresses(settings: GatewaySettings) -> Iterator[Finding]:
    if settings.outbound.allow_http:
        yield Finding(Level.WARNING, "[outbound] allow_http", "true: for a demo, never for production")
    public = urlsplit(settings.gateway.public_url)
    if public.scheme != "https":
        yield Finding(Level.WARNING, "[gateway] public_url", "not https: for a demo, never for production")
    else:
        yield _ok("[gateway] public_url", settings.gateway.public_url)


def _own_certificate(settings: GatewaySettings, now: datetime) -> Iterator[Finding]:
    yield _expiry("[gateway] signing_certificate", bytes(settings.gateway.signing_certificate), now)
    if settings.gateway.client_certificate is not None:
        try:
            pem = settings.gateway.client_certificate.read_bytes()
        except OSError as error:
            yield Finding(Level.PROBLEM, "[gateway] client_certificate", f"cannot be read: {error.strerror}")
        else:
            yield _expiry("[gateway] client_certificate", pem, now)


def _expiry(subject: str, pem: bytes, now: datetime) -> Finding:
    try:
        certificate = x509.load_pem_x509_certificate(pem)
    except ValueError:
        return Finding(Level.PROBLEM, subject, "not a certificate in PEM")
    ends = certificate.not_valid_after_utc
    if certificate.not_valid_before_utc > now:
        return Finding(
            Level.PROBLEM, subject, f"not valid before {certificate.not_valid_before_utc:%Y-%m-%d}"
        )
    if ends <= now:
        return Finding(Level.PROBLEM, subject, f"ended on {ends:%Y-%m-%d}")
    left = ends - now
    within = min((days for days in EXPIRY_DAYS if left <= timedelta(days=days)), default=0)
    if within:
        return Finding(Level.WARNING, subject, f"ends within {within} days, on {ends:%Y-%m-%d}: replace it")
    return _ok(subject, f"until {ends:%Y-%m-%d}")


def _fonts() -> Iterator[Finding]:
    try:
        check_fonts()
    except ConfigurationError as error:
        yield from _problems("fonts", error.problems)
    else:
        yield _ok("fonts", "complete")


def _database(parts: Parts) -> Iterator[Finding]:
    try:
        check_database(parts.units)
    except ConfigurationError as error:
        yield from _problems("database", error.problems)
        return
    yield _ok("database", f"{parts.units.engine.dialect.name}, of this program's shape")
    yield from durability_findings(parts)
    yield _sealing(parts)
    yield from _going_back(parts)
    yield from _problems("accounts", lost_accounts(parts))
    yield from _services(parts)
    yield from access_findings(parts)


def _going_back(parts: Parts) -> Iterator[Finding]:
    """Whether the database went back to a backup, and whether anybody would notice."""
    restoration = parts.units.read(lambda work: work.restorations.open())
    if restoration is not None:
        detail = f"the database went back to {restoration.since:%Y-%m-%d %H:%M} UTC: new payments wait"
        yield Finding(Level.WARNING, "restored", f"{detail}, see `mpay restored status`")
    if parts.settings.gateway.watermark is None and parts.units.engine.dialect.name == "postgresql":
        yield Finding(Level.WARNING, "[gateway] watermark", "none: a restored backup is not noticed")


def _sealing(parts: Parts) -> Finding:
    """Rows that wait long for their seal are kept by nobody: no worker runs."""
    oldest = parts.units.read(lambda work: work.growth.oldest())
    if oldest is None or parts.clock.now() - oldest <= LATE:
        return _ok("seals", "nothing waits long for its seal")
    detail = f"audit and evidence wait for their seal since {oldest:%Y-%m-%d %H:%M} UTC: does a worker run?"
    return Finding(Level.WARNING, "seals", detail)


def _services(parts: Parts) -> Iterator[Finding]:
    now = parts.clock.now()
    rows = parts.units.read(lambda work: work.services.all())
    if not rows:
        yield Finding(Level.WARNING, "services", "none is registered: `mpay services apply FILE`")
    for row in rows:
        subject = f"service {row.id}"
        try:
            service = service_from_json(row.document, parts.registry.connector_types, enabled=row.enabled)
        except ConfigurationError as error:
            yield from _problems(subject, error.problems)
        else:
            yield from _service(service, subject, now)


def _service(service: Service, subject: str, now: datetime) -> Iterator[Finding]:
    """The service decodes; its certificates are those that stand, as PEM, in the text of its settings."""
    certificates = [_expiry(subject, pem.encode(), now) for pem in _certificates_in(service_to_json(service))]
    alive = [each for each in certificates if each.level is Level.OK]
    if certificates and not alive:
        yield from certificates
    elif service.enabled:
        yield _ok(subject, "enabled" if not alive else f"enabled, certificate {alive[-1].detail}")
    else:
        yield _ok(subject, "disabled")


def _certificates_in(text: str) -> Iterator[str]:
    """Every certificate in a stored service; line ends are escaped there, as JSON does."""
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    for part in text.split(begin)[1:]:
        yield (begin + part.partition(end)[0] + end).replace("\\n", "\n")


def _problems(subject: str, problems: tuple[str, ...]) -> Iterator[Finding]:
    return (Finding(Level.PROBLEM, subject, problem) for problem in problems)


def _ok(subject: str, detail: str) -> Finding:
    return Finding(Level.OK, subject, detail)
