"""Limits on what strangers may ask of us."""

from dataclasses import dataclass, fields

from mpay_gateway.settings.problems import BadValue


@dataclass(frozen=True, slots=True)
class LimitSettings:
    """`[limits]`: against guessing of order keys and floods of callbacks.

    A miss is a look-up that found nothing. Misses count per client address, per service, and per service and
    beginning of the key; look-ups per client address and service, and per visit that was shown its order; visits
    and forms that begin an order per client address; authentic callbacks per provider account, refused ones per
    client address, and so calls of who is not let in; calls of who is, per caller, and of POS
    terminals per address.
    """

    misses_per_10_minutes: int = 5
    misses_per_day: int = 30
    misses_per_service_per_hour: int = 200
    misses_per_key_prefix_per_hour: int = 50
    lookups_per_hour: int = 200
    visits_per_hour: int = 600
    forms_per_hour: int = 120
    callbacks_per_minute: int = 6000
    refused_callbacks_per_minute: int = 60
    calls_per_minute: int = 600

    def __post_init__(self) -> None:
        if any(getattr(self, each.name) < 1 for each in fields(self)):
            raise BadValue("every limit is at least 1")
