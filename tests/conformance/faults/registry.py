"""Faulty services: for each check one fault, and nothing else wrong."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.conformance.service import Service

Bend = Callable[[Service], None]


@dataclass(frozen=True)
class Fault:
    """What is done to a correct service, so that this check fails."""

    check: str
    bend: Bend


FAULTS: Final[dict[str, Fault]] = {}


def breaks(check: str) -> Callable[[Bend], Bend]:
    """Register the fault of a check."""

    def register(bend: Bend) -> Bend:
        add(check, bend)
        return bend

    return register


def add(check: str, bend: Bend) -> None:
    assert check not in FAULTS, f"{check} has a fault already"
    FAULTS[check] = Fault(check, bend)
