"""Switches that break the whole service, for tests and demonstrations."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import TypeVar

LONGEST_SLOWNESS = 300
Choice = TypeVar("Choice", bound=StrEnum)


class LookupFault(StrEnum):
    OK = "ok"
    DOWN = "down"
    SLOW = "slow"
    HTML = "html"
    UNSIGNED = "unsigned"
    FAULT = "fault"


class ConfirmFault(StrEnum):
    OK = "ok"
    DOWN = "down"
    SLOW = "slow"
    HTML = "html"
    UNSIGNED = "unsigned"
    FAULT_INTERNAL = "fault-internal"
    FAULT_UNKNOWN_ORDER = "fault-unknown-order"
    TIMEOUT_AFTER_EFFECT = "timeout-after-effect"


@dataclass(frozen=True, slots=True)
class Switches:
    """How the service is broken just now. ``slow_seconds`` is how long slow answers and time-outs take."""

    lookup: LookupFault = LookupFault.OK
    confirm: ConfirmFault = ConfirmFault.OK
    slow_seconds: float = 10


class FaultSwitch:
    """The switches' one place in the process. They are not stored: a restart is whole again."""

    def __init__(self, switches: Switches) -> None:
        self._switches = switches
        self._lock = threading.Lock()

    @property
    def now(self) -> Switches:
        return self._switches

    def turn(self, wishes: Mapping[str, object]) -> Switches:
        """Change the named switches, leave the others. Raises: ValueError that names what can't be."""
        known = {field.name for field in fields(Switches)}
        if unknown := sorted(wishes.keys() - known):
            raise ValueError(f"unknown switch {unknown[0]!r}; there are {', '.join(sorted(known))}")
        with self._lock:
            now = self._switches
            self._switches = replace(
                now,
                lookup=read_choice(LookupFault, wishes.get("lookup", now.lookup)),
                confirm=read_choice(ConfirmFault, wishes.get("confirm", now.confirm)),
                slow_seconds=read_seconds(wishes.get("slow_seconds", now.slow_seconds)),
            )
            return self._switches


def read_choice(choices: type[Choice], value: object) -> Choice:
    """The choice called ``value``. Raises: ValueError that lists the choices."""
    for choice in choices:
        if choice.value == value:
            return choice
    raise ValueError(f"{value!r} is none of {', '.join(choices)}")


def read_seconds(value: object) -> float:
    """A number of seconds from 0 to 300. Raises: ValueError."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LONGEST_SLOWNESS:
        raise ValueError(f"seconds must be a number from 0 to {LONGEST_SLOWNESS}")
    return float(value)
