"""`mpay services apply FILE`: registrations of e-Services, checked as a whole before anything is stored."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stdnum import exceptions as stdnum_errors
from stdnum import iban
from stdnum.md import idno

from mpay_gateway.api import (
    Channel,
    ConfigurationError,
    Connector,
    LocalText,
    PaymentAccount,
    Service,
    ServiceId,
)
from mpay_gateway.domain.identifiers import is_service_id
from mpay_gateway.domain.service import OnRefusal, SupportContact
from mpay_gateway.settings.decode import Source, decode
from mpay_gateway.settings.gateway import read_toml
from mpay_gateway.settings.logo import read_logo
from mpay_gateway.settings.order_key_pattern import check_order_key_pattern
from mpay_gateway.settings.problems import BadValue, unknown_key

Connectors = Mapping[str, type[Connector]]
"""Classes of the enabled connectors by name."""

_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?=[^:]{{1,253}}(:|\Z)){_LABEL}(\.{_LABEL})*(:[0-9]{{1,5}})?\Z")
_SECOND_FACTOR = re.compile(r"none\Z|customer_id_last4\Z|property:\S.{0,35}\Z")
MOST_IN_FLIGHT = 64


@dataclass(frozen=True, slots=True)
class _Registration:
    """`[[service]]` as written. `enabled` is no key of it: `mpay services disable` is another act."""

    id: str
    connector: str
    name: LocalText
    order_key_label: LocalText
    settings: dict[str, object] = field(default_factory=dict)
    order_key_pattern: str = ""
    order_key_example: str = ""
    second_factor: str = "none"
    second_factor_label: LocalText = LocalText("")
    mask: bool = True
    return_hosts: tuple[str, ...] = ()
    listed: bool = True
    category: LocalText = LocalText("")
    logo: str = ""
    support: SupportContact = SupportContact()
    channels: tuple[Channel, ...] = (Channel.PORTAL,)
    on_refusal: OnRefusal = OnRefusal.OPERATOR
    max_in_flight: int = 4
    account: PaymentAccount = PaymentAccount()


def read_services(path: Path, connectors: Connectors) -> tuple[Service, ...]:
    """The services of a registration file, in its order, each with its connector's own settings decoded.

    Certificates and the logo are read now and held by content. Raises: ConfigurationError with every problem.
    """
    tables = read_toml(path)
    problems = [unknown_key(name, name, ("service",)) for name in tables if name != "service"]
    raw_services = tables.get("service", [])
    if not isinstance(raw_services, list) or not raw_services:
        raise ConfigurationError((*problems, f"{path}: expected at least one [[service]]"))
    reader = _Reader(Source(path.absolute().parent), connectors)
    services = []
    for place, raw in enumerate(raw_services):
        try:
            services.append(reader.read(raw, _where(raw, place)))
        except ConfigurationError as error:
            problems += error.problems
    problems += _doubles(services)
    if problems:
        raise ConfigurationError(tuple(problems))
    return tuple(services)


@dataclass(frozen=True, slots=True)
class _Reader:
    source: Source
    connectors: Connectors

    def read(self, raw: object, where: str) -> Service:
        entry = decode(_Registration, raw, where=where, source=self.source)
        problems = [f"{where}.{problem}" for problem in _problems_of(entry)]
        logo, settings = b"", None
        try:
            logo = read_logo(self.source.read(entry.logo)) if entry.logo else b""
        except BadValue as error:
            problems.append(f"{where}.{error}" if str(error).startswith("logo") else f"{where}.logo: {error}")
        try:
            settings = self._settings(entry, where)
        except ConfigurationError as error:
            problems += error.problems
        if problems:
            raise ConfigurationError(tuple(problems))
        return _service(entry, settings, logo)

    def _settings(self, entry: _Registration, where: str) -> object:
        if (connector := self.connectors.get(entry.connector)) is None:
            known = ", ".join(sorted(self.connectors)) or "none"
            problem = f"{where}.connector: {entry.connector!r} is not enabled; enabled: {known}"
            raise ConfigurationError((problem,))
        kind = connector.service_settings_type
        return decode(kind, entry.settings, where=f"{where}.settings", source=self.source)


def _service(entry: _Registration, settings: object, logo: bytes) -> Service:
    return Service(
        id=ServiceId(entry.id),
        connector=entry.connector,
        name=entry.name,
        order_key_label=entry.order_key_label,
        settings=settings,
        order_key_pattern=entry.order_key_pattern,
        order_key_example=entry.order_key_example,
        second_factor=entry.second_factor,
        second_factor_label=entry.second_factor_label,
        mask=entry.mask,
        return_hosts=tuple(host.lower() for host in entry.return_hosts),
        listed=entry.listed,
        category=entry.category,
        logo_png=logo,
        support=entry.support,
        channels=entry.channels,
        on_refusal=entry.on_refusal,
        max_in_flight=entry.max_in_flight,
        account=entry.account,
    )


def _problems_of(entry: _Registration) -> Iterator[str]:
    """What the types cannot say, each as `key: what`."""
    if not is_service_id(entry.id):
        yield "id: 1 to 36 letters, digits, points, hyphens, underscores"
    for key, text in (("name", entry.name), ("order_key_label", entry.order_key_label)):
        if not text.ro.strip():
            yield f"{key}.ro: required, and empty"
    yield from _order_key_problems(entry)
    if not _SECOND_FACTOR.match(entry.second_factor):
        yield "second_factor: expected 'none', 'customer_id_last4' or 'property:<Name>'"
    for place, host in enumerate(entry.return_hosts):
        if not _HOST.match(host.lower()) or not 0 < int(host.partition(":")[2] or 443) < 65536:
            yield f"return_hosts[{place}]: expected host or host:port, nothing else; xn-- if not ASCII"
    if not entry.channels:
        yield "channels: at least one"
    if not 1 <= entry.max_in_flight <= MOST_IN_FLIGHT:
        yield f"max_in_flight: 1 to {MOST_IN_FLIGHT}"
    yield from _account_problems(entry.account)


def _order_key_problems(entry: _Registration) -> Iterator[str]:
    try:
        check_order_key_pattern(entry.order_key_pattern)
    except BadValue as error:
        yield str(error)
        return
    example, pattern = entry.order_key_example, entry.order_key_pattern
    if example and pattern and not re.fullmatch(pattern, example):
        yield "order_key_example: does not fit order_key_pattern"


def _account_problems(account: PaymentAccount) -> Iterator[str]:
    """A wrong digit here sends money astray, so checksums are errors (ISO 13616; IDNO's own)."""
    try:
        if account.iban:
            iban.validate(account.iban)
    except stdnum_errors.ValidationError as error:
        yield f"account.iban: {_lower(error)}"
    try:
        if account.fiscal_code:
            idno.validate(account.fiscal_code)
    except stdnum_errors.ValidationError as error:
        yield f"account.fiscal_code: {_lower(error)}"


def _lower(error: Exception) -> str:
    text = str(error).rstrip(".")
    return text[:1].lower() + text[1:]


def _where(raw: object, place: int) -> str:
    if isinstance(raw, dict) and isinstance(raw.get("id"), str):
        return f"service {raw['id']!r}"
    return f"service[{place}]"


def _doubles(services: list[Service]) -> Iterator[str]:
    seen: set[str] = set()
    for service in services:
        if service.id.lower() in seen:
            yield f"service {service.id!r}: registered twice in this file"
        seen.add(service.id.lower())
