"""Who may call: from the network's addresses, and with its password or its certificate. Compared in constant time."""

import base64
import hmac
import logging
from dataclasses import dataclass

from mpay_gateway.api import certified, within
from mpay_provider_osmp.settings import OsmpSettings

_log = logging.getLogger("mpay_provider_osmp")


@dataclass(frozen=True, slots=True)
class Caller:
    """What is known of a caller. `address`: as the gateway's own rule on proxies finds it.

    `certificate`: what the configured header says, empty unless one of our own proxies passed the request on.
    """

    address: str
    authorization: str
    certificate: str


class NotAdmitted(Exception):
    """`challenge`: a password may help."""

    def __init__(self, *, challenge: bool) -> None:
        super().__init__()
        self.challenge = challenge


def admit(caller: Caller, settings: OsmpSettings) -> None:
    """Raises: NotAdmitted; the log has why, the caller reads nothing of it."""
    if not within(caller.address, settings.parsed_networks):
        _log.warning("osmp caller refused: address %s", caller.address)
        raise NotAdmitted(challenge=False)
    if settings.certificates and not certified(caller.certificate, settings.certificates):
        _log.warning("osmp caller refused: certificate, from %s", caller.address)
        raise NotAdmitted(challenge=False)
    if settings.user and not _knows_password(caller.authorization, settings):
        _log.warning("osmp caller refused: password, from %s", caller.address)
        raise NotAdmitted(challenge=True)


def _knows_password(authorization: str, settings: OsmpSettings) -> bool:
    assert settings.password is not None, "the settings see to it"
    scheme, _, encoded = authorization.partition(" ")
    try:
        told = base64.b64decode(encoded.strip(), validate=True) if scheme.lower() == "basic" else b""
    except ValueError:  # no base64, or signs beyond ASCII in it
        told = b""
    return hmac.compare_digest(told, f"{settings.user}:{settings.password.value}".encode())
