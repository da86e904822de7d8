"""What the class behind a plugin's entry point declares, and what the core gives it when it makes an instance.

Entry points stand in three groups: `mpay_gateway.eservices`, `mpay_gateway.providers`, `mpay_gateway.instruments`.
The core calls the class once per configured connector, account or instrument: `Plugin(context, settings)`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from enum import StrEnum
from typing import ClassVar

from mpay_gateway.boundary import Clock
from mpay_gateway.domain.deviation import DeviationKind
from mpay_gateway.domain.identifiers import ReferenceForm
from mpay_gateway.domain.instrument import Need
from mpay_gateway.domain.provider_answer import Confirms
from mpay_gateway.hooks.port import NO_GATEWAY, Gateway, Records
from mpay_gateway.outbound import HttpClient

_JOB_NAME = re.compile(r"[a-z][a-z0-9-]{0,19}\Z", re.ASCII)


class Capability(StrEnum):
    """What a provider can do beyond starting a payment and answering for it; each calls for its hook."""

    TWO_STEP = "two-step"  # mpay_capture_payment
    REVERSE = "reverse"  # mpay_reverse_payment
    STATEMENT = "statement"  # mpay_read_statement


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A secret setting, written in the file by reference only: `{ env = "NAME" }` or `{ file = "path" }`.

    `reference`: `env NAME` or `file /absolute/path`, which is what is stored where the value may not be.
    """

    value: str
    reference: str = field(default="", compare=False)

    def __repr__(self) -> str:
        return "Secret(…)"


@dataclass(frozen=True, slots=True)
class CertificatePem:
    """A certificate setting: a path in the file, its content (PEM) everywhere else."""

    pem: str


@dataclass(frozen=True, slots=True)
class PluginContext:
    """What an instance may use.

    `id`: id of the instance (account, instrument or connector). `gateway`: the port by which a plugin with routes or
    devices of its own calls the core, bound to this instance. `signing_key_pem` and
    `signing_certificate_pem`: the gateway's own key for signed messages, for connectors alone, else empty.
    """

    id: str
    http: HttpClient
    clock: Clock
    signing_key_pem: bytes = b""
    signing_certificate_pem: bytes = b""
    gateway: Gateway = NO_GATEWAY


@dataclass(frozen=True, slots=True)
class Job:
    """Something that each instance of a plugin does by itself, through `mpay_run_job`, while a worker runs.

    Either `daily_at` (Chisinau's time) or `every`, a minute at least. `name`: 1 to 20 letters, digits and hyphens, in
    lower case. Raises: ValueError.
    """

    name: str
    daily_at: time | None = None
    every: timedelta | None = None

    def __post_init__(self) -> None:
        if not _JOB_NAME.match(self.name):
            raise ValueError(f"{self.name!r}: a job's name has 1 to 20 lower-case letters, digits, hyphens")
        if (self.daily_at is None) == (self.every is None):
            raise ValueError(f"job {self.name}: either daily_at or every")
        if self.every is not None and self.every < timedelta(minutes=1):
            raise ValueError(f"job {self.name}: every minute at most")

    @property
    def schedule(self) -> str:
        """In words, for `mpay plugins`."""
        if self.daily_at is not None:
            return f"daily at {self.daily_at:%H:%M}"
        return f"every {self.every}"


def _no_records(instance: str) -> Records:
    """Stands in a context that no gateway's configuration made."""
    raise RuntimeError(f"no gateway's records are behind this command: {instance}")


def _no_operators(name: str) -> str:
    """Stands in a context that no gateway's configuration made."""
    raise RuntimeError(f"no gateway's operators are behind this command: {name}")


@dataclass(frozen=True, slots=True)
class CommandContext:
    """What a plugin's commands get as click's object (`click.pass_obj`).

    `settings`: of each instance of the plugin that is configured, by its id, of the type that its class declares.
    `records_of`: the own data of the instance with this id; it raises ConfigurationError when the database cannot be
    reached or has another shape. `identify`: has the operator of this name prove by his token that it is he, as every
    act on money wants, and returns who acted, to be written down (`operator:<name>`); it raises NotAuthorised.
    """

    settings: Mapping[str, object]
    clock: Clock
    records_of: Callable[[str], Records] = _no_records
    identify: Callable[[str], str] = _no_operators


class InstanceBase:
    """What all three kinds declare. `settings_type`: a frozen dataclass, the schema of the instance's settings.

    `jobs`: what each instance does by itself; with any, the class answers `mpay_run_job`. `commands`: where a click
    group is, as `package.module:attribute`; `mpay` mounts it under the plugin's name, imported when it is asked for.
    """

    settings_type: ClassVar[type]
    jobs: ClassVar[tuple[Job, ...]] = ()
    commands: ClassVar[str] = ""


class Connector(InstanceBase):
    """An e-Service connector: `mpay_lookup_orders`, `mpay_deliver_confirmation`.

    `service_settings_type`: frozen dataclass, the schema of `[service.settings]` in a service's registration.
    `deviation_kinds`: what the codes of its deviations mean, for those who make a service. `entrance`: the name of a
    route of its own, as given to `add_route`, with the element `{service}`: the page where a payer begins an order of
    the service. Empty: orders begin at the services, and payers bring their keys.
    """

    service_settings_type: ClassVar[type]
    deviation_kinds: ClassVar[tuple[DeviationKind, ...]] = ()
    entrance: ClassVar[str] = ""

    @classmethod
    def certificates_of(cls, settings: object) -> tuple[str, ...]:  # noqa: ARG003  for those whose services sign
        """The certificates (PEM) with which a service signs its SOAP messages, by its settings; none: it signs none.

        They are kept for ever, so that old messages can be verified.
        """
        return ()


class InstrumentPlugin(InstanceBase):
    """An instrument: `mpay_offer_instruments`, `mpay_select_instrument`. `needs`: what a provider must give."""

    needs: ClassVar[Need]


class ProviderPlugin(InstanceBase):
    """A provider: `mpay_start_payment`, `mpay_read_callback`, `mpay_fetch_confirmation` and its capabilities'.

    One that confirms by push or by statement gives `collection` alone and answers none of these three: its money is
    told through the port, or by the lines of its statement.

    `session_minutes`: how long the provider's payment page lives, or a payer may take to pay elsewhere.
    `callback_limit`: largest body in bytes.
    """

    gives: ClassVar[frozenset[Need]]
    confirms: ClassVar[Confirms] = Confirms.PULL
    capabilities: ClassVar[frozenset[Capability]] = frozenset()
    reference_form: ClassVar[ReferenceForm] = ReferenceForm()
    session_minutes: ClassVar[int] = 30
    callback_limit: ClassVar[int] = 64 * 1024
    currencies: ClassVar[frozenset[str]] = frozenset({"MDL"})

    @property
    def account_confirms(self) -> Confirms:
        """How this account confirms; to be overridden where that is one of the account's settings."""
        return self.confirms
