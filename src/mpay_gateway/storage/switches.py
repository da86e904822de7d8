"""Instruments switched off by operators: a row read per request, so that a bank's outage needs no restart."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.engine import Connection

from mpay_gateway.storage.tables import instrument_switches


@dataclass(frozen=True, slots=True)
class Switch:
    """`disabled_until` None: until switched on again."""

    instrument_id: str
    disabled_until: datetime | None
    reason: str
    actor: str
    at: datetime

    def off(self, now: datetime) -> bool:
        return self.disabled_until is None or now < self.disabled_until


_ALL = select(instrument_switches)


class Switches:
    """The stored switches."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(self) -> dict[str, Switch]:
        """By instrument."""
        rows = self._connection.execute(_ALL)
        return {row.instrument_id: Switch(*row) for row in rows}

    def disable(self, switch: Switch) -> None:
        self.enable(switch.instrument_id)
        values = {name: getattr(switch, name) for name in Switch.__dataclass_fields__}
        self._connection.execute(insert(instrument_switches), values)

    def enable(self, instrument_id: str) -> None:
        self._connection.execute(
            delete(instrument_switches).where(instrument_switches.c.instrument_id == instrument_id)
        )
