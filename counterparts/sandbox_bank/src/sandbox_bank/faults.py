"""Faults of the whole bank, switched on by hand: closed sets of values, kept across restarts."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from sandbox_bank.database import Database
from sandbox_bank.errors import FieldError, InvalidRequest

SLOW_S = 5.0
HANG_S = 15.0
DELAY_S = 30.0
INVISIBLE_S = 5.0


class Fault(StrEnum):
    """Which part of the bank misbehaves."""

    API = "api"
    CALLBACKS = "callbacks"
    PAGES = "pages"
    REVERSALS = "reversals"
    STATEMENTS = "statements"


OK = "ok"
CHOICES: Mapping[Fault, Mapping[str, str]] = {
    Fault.API: {
        OK: "answers",
        "down": "503 to every call",
        "slow": f"every call takes {SLOW_S:.0f} s",
        "http500": "500 to every call",
        "timeout-after-create": f"a session is created, then the call hangs {HANG_S:.0f} s and fails",
        "not-found-after-create": f"a new session is not found for its first {INVISIBLE_S:.0f} s",
    },
    Fault.CALLBACKS: {
        OK: "sent at once",
        "off": "kept in the outbox until this is changed",
        "delayed": f"sent {DELAY_S:.0f} s late",
        "bad-signature": "sent with a wrong signature",
    },
    Fault.PAGES: {OK: "shown", "down": "503 to every payer"},
    Fault.REVERSALS: {
        OK: "done",
        "refused": "every reversal is refused",
        "timeout-after-effect": f"the reversal is done, then the call hangs {HANG_S:.0f} s and fails",
    },
    Fault.STATEMENTS: {
        OK: "complete",
        "missing-line": "the last line is missing",
        "duplicate-line": "the last line comes twice",
        "unknown-line": "a line that belongs to no session",
    },
}


class Switchboard:
    """The present faults; every process start reads them from the database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._values = dict.fromkeys(Fault, OK)
        for row in database.read().execute("SELECT name, value FROM faults").fetchall():
            self._values[Fault(row["name"])] = row["value"]

    def __getitem__(self, fault: Fault) -> str:
        return self._values[fault]

    def values(self) -> dict[str, str]:
        """Return every fault with its present value."""
        return {fault.value: value for fault, value in self._values.items()}

    def switch(self, wanted: Mapping[str, object]) -> None:
        """Set some faults and leave the others. Raises: InvalidRequest, and then sets none."""
        errors = tuple(
            FieldError(
                name, "is none of " + ", ".join(CHOICES[Fault(name)]) if name in CHOICES else "unknown"
            )
            for name, value in wanted.items()
            if name not in CHOICES or not isinstance(value, str) or value not in CHOICES[Fault(name)]
        )
        if errors:
            raise InvalidRequest(errors)
        changes = {Fault(name): str(value) for name, value in wanted.items()}
        with self._database.write() as connection:
            connection.executemany(
                "INSERT INTO faults (name, value) VALUES (?, ?)"
                " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                list(changes.items()),
            )
        self._values.update(changes)
