"""Settings of one account at the sandbox bank, and the origins (RFC 6454) that they allow."""

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from mpay_gateway.api import Secret

_DEFAULT_PORTS = {"http": 80, "https": 443}
# What a browser reads otherwise than we do, and so must not be in an address that a payer follows.
_AMBIGUOUS = re.compile(r"[\x00-\x20\\\x7f-\x9f\u2028\u2029]")


class Mode(StrEnum):
    """Whether the bank takes the money at once, or holds it until the gateway captures it."""

    ONE_STEP = "one-step"
    TWO_STEP = "two-step"


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """The section `[provider.<id>]` of an account with `plugin = "sandbox"`.

    `url`: where the bank's API is. `secret`: bearer secret of the API. `callback_secret`: key of the
    callbacks' signature; `retired_callback_secrets` are accepted too while the bank changes over.
    `page_origins`: further origins that the card page may be on, beside that of `url`. `timeout_seconds`: of
    one call in all.
    `callback_tolerance_seconds`: how old, or how far ahead of our clock, a signed callback may be.
    """

    url: str
    secret: Secret
    callback_secret: Secret
    mode: Mode = Mode.ONE_STEP
    timeout_seconds: float = 7.0
    callback_tolerance_seconds: int = 300
    page_origins: tuple[str, ...] = ()
    retired_callback_secrets: tuple[Secret, ...] = ()

    def __post_init__(self) -> None:
        for address in (self.url, *self.page_origins):
            origin(address)
        if urlsplit(self.url).query or urlsplit(self.url).fragment:
            raise ValueError("url has a query or a fragment")
        if not all(secret.value for secret in (self.secret, *self.callback_secrets)):
            raise ValueError("a secret is empty")
        if not 0 < self.timeout_seconds <= 60:
            raise ValueError("timeout_seconds is above 0 and at most 60")
        if not 0 < self.callback_tolerance_seconds <= 3600:
            raise ValueError("callback_tolerance_seconds is from 1 to 3600")

    @property
    def callback_secrets(self) -> tuple[Secret, ...]:
        """Every secret that a callback may be signed with, the current one first."""
        return (self.callback_secret, *self.retired_callback_secrets)

    def address(self, path: str) -> str:
        """The address of a path (with its leading slash) of the bank's API."""
        return self.url.rstrip("/") + path

    def allows_page(self, url: str) -> bool:
        """Whether a payer may be sent to this address: on the bank's own origin or a configured one."""
        try:
            return origin(url) in {origin(allowed) for allowed in (self.url, *self.page_origins)}
        except ValueError:
            return False


def origin(url: str) -> str:
    """Scheme, host and port of an absolute http(s) address, the port always written.

    Raises: ValueError when it is none, names a user, or holds characters that readers of addresses dispute.
    """
    if _AMBIGUOUS.search(url):
        raise ValueError(f"not an address: {url!r}")
    parts = urlsplit(url)
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or "@" in parts.netloc:
        raise ValueError(f"not an http or https address without a user: {url!r}")
    return f"{parts.scheme}://{parts.hostname}:{parts.port or _DEFAULT_PORTS[parts.scheme]}"
