"""Settings of one account at a network of kiosks."""

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path

from mpay_gateway.api import Language, Money, Networks, Secret, networks_of

CURRENCY = "MDL"


@dataclass(frozen=True)
class OsmpSettings:
    """The section `[provider.<id>]` of an account with `plugin = "osmp"`.

    `networks`: from where the network calls (CIDR). `user`, `password`: of Basic authentication.
    `certificate_header`, `certificates`: the header in which our own proxy tells the client certificate that it has
    checked, and the values that are the network's; one of both ways is required. `service`: of an account that takes
    money for one service alone; `service_parameter`: else the parameter that names it; else `account` is
    `SERVICE<separator>KEY`. `factor_parameter`: the parameter with what a service demands beside the key.
    `device_parameter`: the parameter that names the kiosk. `claim_minutes`: how long a `check` with a sum that can be
    paid holds the order, 0 for not at all. `largest_sum`: of one payment. `language`: of the texts.
    `register_directory`, `register_url`: where the network's daily registers are, at most one; `{day}` in the address
    stands for the day (2026-03-31). `timeout_seconds`: of fetching one.
    """

    networks: tuple[str, ...]
    user: str = ""
    password: Secret | None = None
    certificate_header: str = ""
    certificates: tuple[str, ...] = ()
    service: str = ""
    service_parameter: str = ""
    separator: str = ":"
    factor_parameter: str = ""
    device_parameter: str = "trm_id"
    claim_minutes: int = 5
    largest_sum: Decimal = Decimal("100000.00")
    language: Language = Language.RO
    register_directory: Path | None = None
    register_url: str = ""
    timeout_seconds: float = 15.0

    def __post_init__(self) -> None:
        self._check_callers()
        self._check_payments()
        if self.register_directory and self.register_url:
            raise ValueError("register_directory or register_url, not both")
        if self.register_url and "{day}" not in self.register_url:
            raise ValueError("register_url names no {day}")
        if not 0 < self.timeout_seconds <= 20:
            raise ValueError("timeout_seconds is above 0 and at most 20")

    def _check_callers(self) -> None:
        if not self.parsed_networks:
            raise ValueError("networks is empty: nobody could call")
        if bool(self.user) != bool(self.password and self.password.value):
            raise ValueError("user and password go together")
        if bool(self.certificate_header) != bool(self.certificates) or "" in self.certificates:
            raise ValueError("certificate_header and certificates go together")
        if not self.user and not self.certificates:
            raise ValueError(
                "user and password, or certificate_header and certificates: an address proves little"
            )

    def _check_payments(self) -> None:
        if self.service and self.service_parameter:
            raise ValueError("service or service_parameter, not both")
        if not self.separator:
            raise ValueError("separator is empty")
        if not 0 <= self.claim_minutes <= 60:
            raise ValueError("claim_minutes is from 0 to 60")
        if self.most <= Money.zero(CURRENCY):
            raise ValueError("largest_sum is not above zero")

    @cached_property
    def parsed_networks(self) -> Networks:
        """Raises: ValueError."""
        return networks_of(self.networks)

    @property
    def most(self) -> Money:
        return Money(self.largest_sum, CURRENCY)
