"""Numbers as the tables show them."""

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """Quantiles of a sample; NaN of an empty one."""

    count: int
    p50: float
    p95: float
    p99: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread":
        ordered = sorted(values)

        def quantile(share: float) -> float:
            if not ordered:
                return math.nan
            return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]

        return cls(len(ordered), quantile(0.5), quantile(0.95), quantile(0.99))

    def less(self, constant: float) -> "Spread":
        """The same sample, each value less a constant."""
        return Spread(self.count, self.p50 - constant, self.p95 - constant, self.p99 - constant)
