"""What is plugged in: distributions, accounts, instruments and connectors, as values."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from mpay_gateway.api import (
    AccountId,
    Capability,
    Channel,
    Confirms,
    Connector,
    Job,
    Need,
    ReferenceForm,
)


class Kind(StrEnum):
    """The three kinds of plugin; the value begins the name under which an instance is registered."""

    ESERVICE = "eservice"
    PROVIDER = "provider"
    INSTRUMENT = "instrument"


@dataclass(frozen=True, slots=True)
class InstanceInfo:
    """One instance of a plugin. `plugin`: name of the entry point. `module`: package of its class.

    `jobs`: what it does by itself.
    """

    kind: Kind
    id: str
    plugin: str
    distribution: str
    module: str
    jobs: tuple[Job, ...] = ()

    @property
    def name(self) -> str:
        """The name under which it is registered, e.g. `provider:maib-main`."""
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True, slots=True)
class AccountInfo:
    """A provider account and what its plugin declares. `callback_limit`: bytes of a callback's body."""

    id: AccountId
    plugin: str
    reference_form: ReferenceForm
    capabilities: frozenset[Capability]
    gives: frozenset[Need]
    confirms: Confirms
    session_minutes: int
    currencies: frozenset[str]
    callback_limit: int
    retired: bool


@dataclass(frozen=True, slots=True)
class InstrumentInfo:
    """A configured instrument. `providers`: the accounts that may serve it now, the preferred one first."""

    id: str
    plugin: str
    needs: Need
    providers: tuple[AccountId, ...]
    channels: tuple[Channel, ...]


@dataclass(frozen=True, slots=True)
class ConnectorInfo:
    """An enabled connector; its class carries the schema of the services' own settings."""

    name: str
    plugin: type[Connector]


@dataclass(frozen=True, slots=True)
class DistributionInfo:
    """An enabled distribution, for `mpay plugins`. `hooks`: names of those that its plugins implement."""

    name: str
    version: str
    path: str
    hooks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Registry:
    """Everything that is plugged in, each mapping in the order of the configuration."""

    accounts: Mapping[AccountId, AccountInfo]
    instruments: Mapping[str, InstrumentInfo]
    connectors: Mapping[str, ConnectorInfo]
    distributions: tuple[DistributionInfo, ...]
    instances: tuple[InstanceInfo, ...]

    @property
    def connector_types(self) -> dict[str, type[Connector]]:
        """What reading and storing of services needs."""
        return {name: info.plugin for name, info in self.connectors.items()}
