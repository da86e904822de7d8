"""`[evidence]`: how long messages are kept."""

from dataclasses import dataclass

from mpay_gateway.settings.problems import BadValue

LEAST_DAYS = 90
"""Younger messages are never erased: statements, re-checks and refunds go on for a month."""


@dataclass(frozen=True, slots=True)
class EvidenceSettings:
    """`[evidence]`. `keep_days`: after so many days a worker erases the bodies of messages; None: by hand alone."""

    keep_days: int | None = None

    def __post_init__(self) -> None:
        if self.keep_days is not None and not LEAST_DAYS <= self.keep_days <= 36_500:
            raise BadValue(f"keep_days: {LEAST_DAYS} to 36500; without it bodies are erased by hand alone")
