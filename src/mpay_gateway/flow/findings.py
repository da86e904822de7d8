"""What a check of the configuration finds."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """`problem`: the gateway must not run like this. `warning`: it may, and somebody should act."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was checked, and what came of it."""

    level: Level
    subject: str
    detail: str
