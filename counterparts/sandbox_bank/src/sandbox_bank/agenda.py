"""What the bank will do later by itself: a table of steps, so that a restart forgets none."""

from __future__ import annotations

import sqlite3
from enum import StrEnum

from sandbox_bank.clock import now_ms


class Step(StrEnum):
    """A step that waits for its time."""

    SETTLE = "settle"
    APPROVE_LATE = "approve-late"
    CHARGE_BACK = "charge-back"


def plan(connection: sqlite3.Connection, session_id: str, step: Step, wait_ms: int) -> None:
    """Let a step happen `wait_ms` milliseconds from now."""
    connection.execute(
        "INSERT INTO agenda (session_id, step, due_at) VALUES (?, ?, ?)",
        (session_id, step, now_ms() + wait_ms),
    )


def due_steps(connection: sqlite3.Connection, moment: int) -> tuple[tuple[int, str, Step], ...]:
    """Return id, session and step of everything due at `moment`, oldest first."""
    rows = connection.execute(
        "SELECT id, session_id, step FROM agenda WHERE due_at <= ? ORDER BY due_at LIMIT 100", (moment,)
    )
    return tuple((row["id"], row["session_id"], Step(row["step"])) for row in rows.fetchall())


def strike(connection: sqlite3.Connection, item_id: int) -> bool:
    """Take a step off the agenda; False when it is no longer there."""
    return connection.execute("DELETE FROM agenda WHERE id = ?", (item_id,)).rowcount == 1
