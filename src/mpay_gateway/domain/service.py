"""A registered e-Service: data that operators manage with `mpay services apply`."""

from dataclasses import dataclass
from enum import StrEnum

from mpay_gateway.domain.identifiers import ServiceId
from mpay_gateway.domain.language import LocalText
from mpay_gateway.domain.order import PaymentAccount


class Channel(StrEnum):
    """Where the payer stands."""

    PORTAL = "portal"
    KIOSK = "kiosk"
    COUNTER = "counter"


class OnRefusal(StrEnum):
    """Who decides when a service definitely refuses a confirmation of captured money."""

    OPERATOR = "operator"
    REVERSE = "reverse"


@dataclass(frozen=True, slots=True)
class SupportContact:
    phone: str = ""
    email: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Service:
    """One e-Service as registered.

    `settings` is the connector's own value, already of the type that the connector declares.
    `second_factor`: `none`, `property:<Name>` or `customer_id_last4`.
    """

    id: ServiceId
    connector: str
    name: LocalText
    order_key_label: LocalText
    settings: object
    order_key_pattern: str = ""
    order_key_example: str = ""
    second_factor: str = "none"
    second_factor_label: LocalText = LocalText("")
    mask: bool = True
    return_hosts: tuple[str, ...] = ()
    listed: bool = True
    category: LocalText = LocalText("")
    logo_png: bytes = b""
    support: SupportContact = SupportContact()
    channels: tuple[Channel, ...] = (Channel.PORTAL,)
    on_refusal: OnRefusal = OnRefusal.OPERATOR
    max_in_flight: int = 4
    account: PaymentAccount = PaymentAccount()
    enabled: bool = True
    version: int = 0
