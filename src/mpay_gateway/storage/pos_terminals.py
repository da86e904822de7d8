"""POS terminals: registered by those who own them, disabled by operators."""

from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import Row, bindparam, select, update
from sqlalchemy.engine import Connection

from mpay_gateway.domain.errors import NotFound
from mpay_gateway.domain.pos_terminal import PosTerminal, TerminalData
from mpay_gateway.storage.statements import insert_once
from mpay_gateway.storage.tables import pos_terminals

_DATA = tuple(field.name for field in fields(TerminalData))
_ADD_ONCE = insert_once(pos_terminals, ["caller", "vendor_name", "terminal_id"])
_OF_VENDOR = (
    select(pos_terminals)
    .where(
        pos_terminals.c.caller == bindparam("of_caller"),
        pos_terminals.c.vendor_name == bindparam("of_vendor"),
        pos_terminals.c.terminal_id == bindparam("of_terminal"),
    )
    .with_for_update()
)
_AT = select(pos_terminals).where(
    pos_terminals.c.intended_ip == bindparam("at_ip"),
    pos_terminals.c.caller == bindparam("of_caller"),
    pos_terminals.c.disabled_at.is_(None),
)


class PosTerminals:
    """The stored terminals."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add_or_lock(self, terminal: PosTerminal) -> PosTerminal:
        """The terminal of this caller, vendor and number, held until the unit ends: this one if there was none."""
        self._connection.execute(_ADD_ONCE.on(self._connection), _row(terminal))
        data = terminal.data
        key = {"of_caller": terminal.caller, "of_vendor": data.vendor_name, "of_terminal": data.terminal_id}
        return _terminal(self._connection.execute(_OF_VENDOR, key).one())

    def lock(self, terminal_id: str) -> PosTerminal:
        """Raises: NotFound."""
        query = select(pos_terminals).where(pos_terminals.c.id == terminal_id).with_for_update()
        row = self._connection.execute(query).first()
        if row is None:
            raise NotFound(f"POS terminal {terminal_id}")
        return _terminal(row)

    def save(self, terminal: PosTerminal) -> None:
        """Store what changed of a terminal that is held."""
        self._connection.execute(
            update(pos_terminals).where(pos_terminals.c.id == terminal.id).values(**_row(terminal))
        )

    def at(self, address: str, caller: str) -> tuple[PosTerminal, ...]:
        """The terminals that this caller may use from an address; operators have disabled none of them."""
        found = self._connection.execute(_AT, {"at_ip": address, "of_caller": caller})
        return tuple(sorted(map(_terminal, found), key=lambda each: each.registered_at))

    def all(self) -> tuple[PosTerminal, ...]:
        """Every terminal, the oldest first."""
        query = select(pos_terminals).order_by(pos_terminals.c.registered_at, pos_terminals.c.id)
        return tuple(map(_terminal, self._connection.execute(query)))


def _row(terminal: PosTerminal) -> dict[str, object]:
    plain = {each.name: getattr(terminal, each.name) for each in fields(terminal) if each.name != "data"}
    return plain | asdict(terminal.data)


def _terminal(row: Row[Any]) -> PosTerminal:
    values = row._asdict()
    data = TerminalData(**{name: values.pop(name) for name in _DATA})
    return PosTerminal(data=data, **values)
