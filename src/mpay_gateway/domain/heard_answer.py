"""One answer of a service, as it is counted: how long it took, how its clock goes, what was off the contract."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from mpay_gateway.domain.deviation import Deviation
from mpay_gateway.domain.identifiers import ServiceId


class AnswerTo(StrEnum):
    """Which question it answers."""

    LOOKUP = "lookup"
    CONFIRMATION = "confirmation"


@dataclass(frozen=True, slots=True)
class HeardAnswer:
    """`at`: when it came (UTC). `took`: from the moment the question had left. `skew`: the service's clock minus ours,
    None where the answer tells no time. `subject`: under which its messages are kept.
    """

    service_id: ServiceId
    to: AnswerTo
    at: datetime
    subject: str
    took: timedelta | None = None
    skew: timedelta | None = None
    deviations: tuple[Deviation, ...] = ()


@dataclass(frozen=True, slots=True)
class Spread:
    """How often each duration occurred, in milliseconds to two significant digits: small, however many there are.

    So a median or another quantile is right within five per cent, and exact below 100 ms.
    """

    counts: Mapping[int, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return sum(self.counts.values())

    def with_one(self, span: timedelta | None) -> "Spread":
        """One more; the same for none."""
        if span is None:
            return self
        place = two_digits(span // timedelta(milliseconds=1))
        return Spread({**self.counts, place: self.counts.get(place, 0) + 1})

    def together(self, other: "Spread") -> "Spread":
        places = self.counts.keys() | other.counts.keys()
        return Spread({each: self.counts.get(each, 0) + other.counts.get(each, 0) for each in places})

    def quantile(self, hundredths: int) -> timedelta | None:
        """The smallest duration that so many per cent do not exceed; None where nothing was measured."""
        wanted, seen = max(1, -(-len(self) * hundredths // 100)), 0
        for place in sorted(self.counts):
            seen += self.counts[place]
            if seen >= wanted:
                return timedelta(milliseconds=place)
        return None

    @property
    def worst(self) -> timedelta | None:
        """The one that is farthest from none, either way."""
        return timedelta(milliseconds=max(self.counts, key=abs)) if self.counts else None


LONGEST_MS = 10**9
"""More than eleven days: no answer takes so long, and a clock that is so wrong is wrong enough."""


def two_digits(number: int) -> int:
    """The number with its two leading digits: a closed set of some hundred, whatever somebody's clock says."""
    size = min(abs(number), LONGEST_MS)
    step: int = 10 ** max(0, len(str(size)) - 2)
    rounded = (size + step // 2) // step * step
    return rounded if number >= 0 else -rounded
