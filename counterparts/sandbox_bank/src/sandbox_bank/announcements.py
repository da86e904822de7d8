"""Writing callbacks into the outbox, in the same transaction as the change that they tell of."""

from __future__ import annotations

import json
import secrets
import sqlite3
from typing import assert_never

from sandbox_bank import registry
from sandbox_bank.cards import Callbacks, behaviour_of
from sandbox_bank.clock import iso, now_ms
from sandbox_bank.session import Session, Stage, Status
from sandbox_bank.settings import Settings

_EARLY_S = (0.0, 2.0)
_LATE_S = (1.0, 3.0)


def announce(connection: sqlite3.Connection, session: Session, event: Status, settings: Settings) -> None:
    """Put the callbacks for one change of a session into the outbox.

    `session` is the session after the change; `event` names the change, which after a partial reversal
    is not the session's status.
    """
    at = now_ms()
    event_id = f"evt_{secrets.token_hex(12)}"
    body = _body(event_id, event, session, at)
    for delay in _delays(behaviour_of(session.test_card).callbacks, event):
        connection.execute(
            "INSERT INTO callbacks (event_id, session_id, event, url, body, due_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (
                event_id,
                session.id,
                f"session.{event}",
                session.order.callback_url,
                body,
                at + settings.scaled_ms(delay),
            ),
        )


def conclude(
    connection: sqlite3.Connection, session: Session, *, status: Status, event: Status, settings: Settings
) -> Session:
    """Move a session to a final `status`, announce `event`, and return the session as it is then."""
    registry.advance(connection, session.id, status, Stage.FINISHED)
    changed = registry.load(connection, session.id)
    announce(connection, changed, event, settings)
    return changed


def _body(event_id: str, event: Status, session: Session, at: int) -> str:
    return json.dumps(
        {
            "event_id": event_id,
            "event": f"session.{event}",
            "session_id": session.id,
            "reference": session.order.reference,
            "status": session.status,
            "sequence": session.sequence,
            "at": iso(at),
        }
    )


def _delays(callbacks: Callbacks, event: Status) -> tuple[float, ...]:
    match callbacks:
        case Callbacks.ONCE:
            return (0.0,)
        case Callbacks.NEVER:
            return ()
        case Callbacks.SHUFFLED:
            return _LATE_S if event is Status.AUTHORISED else _EARLY_S
        case _:
            assert_never(callbacks)
