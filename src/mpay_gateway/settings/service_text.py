"""A registered service as the text of its row, and back."""

import dataclasses
import json

from mpay_gateway.api import ConfigurationError, Service
from mpay_gateway.settings.decode import Source, decode, encode
from mpay_gateway.settings.services import Connectors

_COLUMNS = {"enabled", "version"}
_NO_FILE = Source(None)


def service_to_json(service: Service) -> str:
    """Canonical text: equal services give equal texts, without `enabled` and `version`, columns of the row.

    Secrets are kept as references, certificates as content. Raises: ConfigurationError when the connector's
    settings hold a secret that came by no reference.
    """
    names = (each.name for each in dataclasses.fields(service) if each.name not in _COLUMNS)
    try:
        plain = {name: encode(getattr(service, name)) for name in names}
    except ValueError as error:
        raise ConfigurationError((f"service {service.id!r}.settings: {error}",)) from error
    return json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def service_from_json(
    text: str, connectors: Connectors, *, enabled: bool = True, version: int = 0
) -> Service:
    """The service that `service_to_json` wrote; `enabled` and `version` come from the row.

    Raises: ConfigurationError when its connector is not enabled or no longer reads these settings.
    """
    try:
        plain = json.loads(text)
    except json.JSONDecodeError as error:
        raise ConfigurationError((f"service: not a stored service: {error}",)) from error
    stored = decode(Service, plain, where="service", source=_NO_FILE)
    where = f"service {stored.id!r}"
    if (connector := connectors.get(stored.connector)) is None:
        raise ConfigurationError((f"{where}: connector {stored.connector!r} is not enabled",))
    kind = connector.service_settings_type
    settings: object = decode(kind, stored.settings, where=f"{where}.settings", source=_NO_FILE)
    return dataclasses.replace(stored, settings=settings, enabled=enabled, version=version)
