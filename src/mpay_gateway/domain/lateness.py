"""How late the telling of a payment is: age raises alarms, not the number of tries (architecture, section 7)."""

from datetime import timedelta
from enum import StrEnum


class Lateness(StrEnum):
    """How long something waits already, in the steps that raise alarms."""

    HOUR = "1 h"
    DAY = "24 h"
    WEEK = "7 d"

    def worse_than(self, other: "Lateness | None") -> bool:
        steps = list(Lateness)
        return other is None or steps.index(self) > steps.index(other)


_STEPS = (
    (timedelta(days=7), Lateness.WEEK),
    (timedelta(hours=24), Lateness.DAY),
    (timedelta(hours=1), Lateness.HOUR),
)


def lateness(age: timedelta) -> Lateness | None:
    """The highest step that the age has reached; None below the first."""
    return next((step for reached, step in _STEPS if age >= reached), None)
