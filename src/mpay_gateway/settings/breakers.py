"""`[breakers]`: when a counterpart that gives no usable answer is left alone, and how often it is tried meanwhile."""

from dataclasses import dataclass
from datetime import timedelta

from mpay_gateway.domain.breaker import BreakerRule
from mpay_gateway.settings.problems import BadValue


@dataclass(frozen=True, slots=True)
class BreakerSettings:
    """`[breakers]`. `opens_after`: calls in a row without a usable answer. `probe_seconds`: between two probes."""

    opens_after: int = 5
    probe_seconds: int = 60

    def __post_init__(self) -> None:
        if not 1 <= self.opens_after <= 1000:
            raise BadValue("opens_after: 1 to 1000")
        if not 1 <= self.probe_seconds <= 3600:
            raise BadValue("probe_seconds: 1 to 3600")

    @property
    def rule(self) -> BreakerRule:
        return BreakerRule(self.opens_after, timedelta(seconds=self.probe_seconds))
