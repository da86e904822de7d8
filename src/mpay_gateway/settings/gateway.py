"""The gateway's own settings: public addresses, keys, database, plugins, accounts, instruments, limits."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from mpay_gateway.domain.callers import Networks, networks_of
from mpay_gateway.domain.errors import ConfigurationError
from mpay_gateway.domain.identifiers import AccountId
from mpay_gateway.domain.service import Channel, SupportContact
from mpay_gateway.outbound import AddressPolicy, TlsFiles
from mpay_gateway.settings.access import AccessSettings
from mpay_gateway.settings.bookkeeping import BookSettings
from mpay_gateway.settings.breakers import BreakerSettings
from mpay_gateway.settings.decode import PemFile, SecretText, Source, decode
from mpay_gateway.settings.limits import LimitSettings
from mpay_gateway.settings.problems import BadValue, unknown_key
from mpay_gateway.settings.retention import EvidenceSettings
from mpay_gateway.settings.signing_pair import check_certificates, check_signing_pair

_ID = re.compile(r"[a-z][a-z0-9_-]{0,30}\Z")
_SQLITE_FILE = re.compile(r"(sqlite(?:\+\w+)?:///)(?!/|:memory:|file:)(.+)")
MOST_CALL_SECONDS = 60.0
"""A task is leased for 90 s: a call must be over before another process may take its task over."""
T = TypeVar("T")


def _networks(key: str, texts: tuple[str, ...]) -> Networks:
    """Raises: BadValue."""
    try:
        return networks_of(texts)
    except ValueError as error:
        raise BadValue(f"{key}: {error}") from None


@dataclass(frozen=True, slots=True)
class GatewaySection:
    """`[gateway]`. `public_url` has no slash at its end. Keys and certificates are PEM.

    `trusted_proxies`: networks (CIDR) of our own reverse proxies, whose X-Forwarded-For is believed for limits.
    `signing_key` signs what services get, and seals; `earlier_certificates` are of keys that sealed before it;
    `client_key` and `client_certificate` are for TLS servers that ask. `accept_asynchronous_standby`: run although a
    standby that is promoted may lack acknowledged money. `watermark`: the file by which a restored backup is noticed.
    """

    public_url: str
    signing_key: PemFile = field(repr=False)
    signing_certificate: PemFile = field(repr=False)
    database: SecretText = field(repr=False)
    support: SupportContact = SupportContact()
    client_key: Path | None = None
    client_certificate: Path | None = None
    trusted_proxies: tuple[str, ...] = ()
    earlier_certificates: tuple[PemFile, ...] = ()
    accept_asynchronous_standby: bool = False
    watermark: Path | None = None

    def __post_init__(self) -> None:
        self.proxy_networks  # noqa: B018  a network that cannot be read is a problem of the file
        parts = urlsplit(self.public_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
            raise BadValue("public_url: expected https://host, without query")
        object.__setattr__(self, "public_url", self.public_url.rstrip("/"))
        if (self.client_key is None) != (self.client_certificate is None):
            raise BadValue("client_key and client_certificate go together")
        check_signing_pair(self.signing_key, self.signing_certificate)
        check_certificates("earlier_certificates", self.earlier_certificates)

    @property
    def proxy_networks(self) -> Networks:
        return _networks("trusted_proxies", self.trusted_proxies)


@dataclass(frozen=True, slots=True)
class PluginSettings:
    """`[plugins]`. `enabled`: names of distributions; what is installed and not named here has no effect.

    `call_seconds`: after this a call's outcome is unknown; well below a task's lease.
    `calls_at_once`: threads of one instance.
    """

    enabled: tuple[str, ...]
    call_seconds: float = 20.0
    calls_at_once: int = 16

    def __post_init__(self) -> None:
        if not 0 < self.call_seconds <= MOST_CALL_SECONDS or not 1 <= self.calls_at_once <= 256:
            raise BadValue(
                f"call_seconds must be positive, {MOST_CALL_SECONDS:g} at most, calls_at_once 1 to 256"
            )


@dataclass(frozen=True, slots=True)
class OutboundSettings:
    """`[outbound]`. Networks in CIDR form (`127.0.0.0/8`). `ca_file`: further authorities to trust, PEM."""

    allow_http: bool = False
    allow_networks: tuple[str, ...] = ()
    ca_file: Path | None = None

    def __post_init__(self) -> None:
        self.policy  # noqa: B018  a network that cannot be read is a problem of the file

    @property
    def policy(self) -> AddressPolicy:
        networks = _networks("allow_networks", self.allow_networks)
        return AddressPolicy(allow_http=self.allow_http, allow_networks=networks)


@dataclass(frozen=True, slots=True)
class ProviderEntry:
    """`[provider.<id>]`: an account at a provider. `settings`: the plugin's own, still plain.

    `retired`: no new payments; re-checks and refunds go on.
    """

    id: AccountId
    plugin: str
    retired: bool
    settings: Mapping[str, object] = field(repr=False)


@dataclass(frozen=True, slots=True)
class InstrumentEntry:
    """`[instrument.<id>]`: a way to pay, served by the first usable of `providers`."""

    id: str
    plugin: str
    providers: tuple[AccountId, ...]
    channels: tuple[Channel, ...]
    settings: Mapping[str, object] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ConnectorEntry:
    """`[eservice.<name>]`: settings of a connector itself, where it has any."""

    name: str
    settings: Mapping[str, object] = field(repr=False)


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """Everything in the gateway's TOML. `source`: where its relative paths start."""

    source: Source
    gateway: GatewaySection
    plugins: PluginSettings
    outbound: OutboundSettings
    limits: LimitSettings
    providers: tuple[ProviderEntry, ...]
    instruments: tuple[InstrumentEntry, ...]
    connectors: tuple[ConnectorEntry, ...]
    books: BookSettings = BookSettings()
    breakers: BreakerSettings = BreakerSettings()
    access: AccessSettings = AccessSettings()
    evidence: EvidenceSettings = EvidenceSettings()

    @property
    def tls_files(self) -> TlsFiles:
        """What the HTTP client needs beyond the address policy."""
        return TlsFiles(self.outbound.ca_file, self.gateway.client_certificate, self.gateway.client_key)


@dataclass(frozen=True, slots=True)
class _ProviderKeys:
    plugin: str
    retired: bool = False


@dataclass(frozen=True, slots=True)
class _InstrumentKeys:
    plugin: str
    providers: tuple[AccountId, ...]
    channels: tuple[Channel, ...] = (Channel.PORTAL,)


@dataclass(frozen=True, slots=True)
class _ConnectorKeys:
    pass


_PLAIN_SECTIONS = {"gateway": GatewaySection, "plugins": PluginSettings, "outbound": OutboundSettings,
                   "limits": LimitSettings, "books": BookSettings, "breakers": BreakerSettings,
                   "access": AccessSettings, "evidence": EvidenceSettings}  # fmt: skip
_KEYED_SECTIONS = ("provider", "instrument", "eservice")


def read_settings(path: Path) -> GatewaySettings:
    """Read and check the gateway's TOML.

    Relative paths in it, of an SQLite file too, start at its folder. Settings of plugins stay plain until the
    plugin that has their schema is found. Raises: ConfigurationError with every problem.
    """
    return _Reader(path).read()


def read_toml(path: Path) -> dict[str, object]:
    """The file as plain tables. Raises: ConfigurationError."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigurationError((f"{path}: cannot be read: {error.strerror}",)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError((f"{path}: not TOML: {error}",)) from error
    except RecursionError as error:
        raise ConfigurationError((f"{path}: nested too deeply",)) from error


class _Reader:
    """One reading of one file; gathers problems as it goes."""

    def __init__(self, path: Path) -> None:
        self._tables = read_toml(path)
        self._source = Source(path.absolute().parent)
        self._problems: list[str] = []

    def read(self) -> GatewaySettings:
        known = (*_PLAIN_SECTIONS, *_KEYED_SECTIONS)
        self._problems += [unknown_key(name, name, known) for name in self._tables if name not in known]
        gateway = self._section("gateway", GatewaySection)
        plugins = self._section("plugins", PluginSettings)
        outbound = self._section("outbound", OutboundSettings)
        limits = self._section("limits", LimitSettings)
        books = self._section("books", BookSettings)
        breakers = self._section("breakers", BreakerSettings)
        access = self._section("access", AccessSettings)
        evidence = self._section("evidence", EvidenceSettings)
        providers = self._keyed("provider", _ProviderKeys)
        instruments = self._keyed("instrument", _InstrumentKeys)
        connectors = self._keyed("eservice", _ConnectorKeys)
        if self._problems:
            raise ConfigurationError(tuple(self._problems))
        assert gateway and plugins and outbound and limits and books and breakers and access and evidence  # noqa: PT018
        return GatewaySettings(
            source=self._source,
            gateway=_with_absolute_database(gateway, self._source),
            plugins=plugins,
            outbound=outbound,
            limits=limits,
            books=books,
            breakers=breakers,
            access=access,
            evidence=evidence,
            providers=tuple(
                ProviderEntry(AccountId(name), keys.plugin, keys.retired, rest)
                for name, keys, rest in providers
            ),
            instruments=tuple(
                InstrumentEntry(name, keys.plugin, keys.providers, keys.channels, rest)
                for name, keys, rest in instruments
            ),
            connectors=tuple(ConnectorEntry(name, rest) for name, _, rest in connectors),
        )

    def _section(self, name: str, kind: type[T]) -> T | None:
        return self._decode(kind, self._tables.get(name, {}), name)

    def _keyed(self, section: str, kind: type[T]) -> list[tuple[str, T, Mapping[str, object]]]:
        """Each table of a section by its id: the keys that the core reads, and the rest for the plugin."""
        tables = self._tables.get(section, {})
        if not isinstance(tables, dict):
            self._problems.append(f"{section}: expected tables, as [{section}.<id>]")
            return []
        found: list[tuple[str, T, Mapping[str, object]]] = []
        for name, table in tables.items():
            where = f"{section}.{name}"
            if not _ID.match(name):
                self._problems.append(f"{where}: an id has small letters, digits, hyphens; 31 at most")
            elif not isinstance(table, dict):
                self._problems.append(f"{where}: expected a table")
            else:
                own = {each.name for each in fields(kind)}  # type: ignore[arg-type]
                keys = self._decode(kind, {key: table[key] for key in table if key in own}, where)
                if keys is not None:
                    found.append((name, keys, {key: table[key] for key in table if key not in own}))
        return found

    def _decode(self, kind: type[T], raw: object, where: str) -> T | None:
        try:
            return decode(kind, raw, where=where, source=self._source)
        except ConfigurationError as error:
            self._problems += error.problems
            return None


def _with_absolute_database(gateway: GatewaySection, source: Source) -> GatewaySection:
    """The same section, an SQLite file made absolute: gateway and worker may start in different folders."""
    found = _SQLITE_FILE.match(gateway.database)
    if found is None:
        return gateway
    address = SecretText(f"{found[1]}{source.path(found[2])}")
    return replace(gateway, database=address)
