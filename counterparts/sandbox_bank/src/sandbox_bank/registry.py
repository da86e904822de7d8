"""Sessions in the database: open, read, change. Every function works inside its caller's transaction."""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
from dataclasses import asdict

from sandbox_bank.clock import now_ms
from sandbox_bank.errors import IdempotencyConflict, ReferenceTaken, UnknownSession
from sandbox_bank.session import Kind, Language, Mode, Order, Session, Stage, Status, Transaction

_INSERT = """
INSERT INTO sessions (id, reference, idempotency_key, request_digest, amount_minor, currency, description,
    language, mode, return_url, callback_url, status, stage, created_at, expires_at)
VALUES (:id, :reference, :key, :digest, :amount_minor, :currency, :description,
    :language, :mode, :return_url, :callback_url, 'open', 'card', :created_at, :expires_at)
"""


def open_session(
    connection: sqlite3.Connection, order: Order, *, key: str, life_ms: int
) -> tuple[Session, bool]:
    """Open a session, or find the one that this key opened; the flag says whether it is new.

    Raises: IdempotencyConflict (same key, other order), ReferenceTaken (other key, same reference).
    """
    digest = _digest(order)
    known = connection.execute(
        "SELECT id, request_digest FROM sessions WHERE idempotency_key = ?", (key,)
    ).fetchone()
    if known is not None:
        if known["request_digest"] != digest:
            raise IdempotencyConflict("this Idempotency-Key was used for another request")
        return load(connection, known["id"]), False
    if connection.execute("SELECT 1 FROM sessions WHERE reference = ?", (order.reference,)).fetchone():
        raise ReferenceTaken(f"reference {order.reference} already has a session")
    session_id = f"ses_{secrets.token_hex(16)}"
    created_at = now_ms()
    given = {"id": session_id, "key": key, "digest": digest}
    times = {"created_at": created_at, "expires_at": created_at + life_ms}
    connection.execute(_INSERT, asdict(order) | given | times)
    return load(connection, session_id), True


def load(connection: sqlite3.Connection, session_id: str) -> Session:
    """Read a session. Raises: UnknownSession."""
    row = connection.execute("SELECT * FROM sessions WHERE id = ?", (session_id,)).fetchone()
    if row is None:
        raise UnknownSession(f"no session {session_id}")
    return _session(connection, row)


def load_by_reference(connection: sqlite3.Connection, reference: str) -> Session:
    """Read the session with the merchant's reference. Raises: UnknownSession."""
    row = connection.execute("SELECT * FROM sessions WHERE reference = ?", (reference,)).fetchone()
    if row is None:
        raise UnknownSession(f"no session with reference {reference}")
    return _session(connection, row)


def latest(connection: sqlite3.Connection, limit: int) -> tuple[Session, ...]:
    """Read the newest sessions, newest first."""
    rows = connection.execute("SELECT * FROM sessions ORDER BY created_at DESC LIMIT ?", (limit,)).fetchall()
    return tuple(_session(connection, row) for row in rows)


def overdue(connection: sqlite3.Connection, moment: int) -> tuple[str, ...]:
    """Return the ids of sessions that still wait for the payer although their time is over."""
    rows = connection.execute(
        "SELECT id FROM sessions WHERE stage IN ('card', 'challenge') AND expires_at <= ? LIMIT 100",
        (moment,),
    )
    return tuple(row["id"] for row in rows.fetchall())


def advance(connection: sqlite3.Connection, session_id: str, status: Status, stage: Stage) -> None:
    """Set status and stage, and count one change in `sequence`."""
    connection.execute(
        "UPDATE sessions SET status = ?, stage = ?, sequence = sequence + 1 WHERE id = ?",
        (status, stage, session_id),
    )


def remember_card(connection: sqlite3.Connection, session_id: str, name: str, masked: str) -> None:
    """Note which test card the payer used; the full number is never stored."""
    connection.execute(
        "UPDATE sessions SET test_card = ?, masked_card = ? WHERE id = ?", (name, masked, session_id)
    )


def set_decline_reason(connection: sqlite3.Connection, session_id: str, reason: str | None) -> None:
    """Note why the session was declined, or with None that it no longer is."""
    connection.execute("UPDATE sessions SET decline_reason = ? WHERE id = ?", (reason, session_id))


def set_authorised(connection: sqlite3.Connection, session_id: str, amount_minor: int) -> None:
    """Note how much the cardholder's bank granted, in minor units."""
    connection.execute("UPDATE sessions SET authorised_minor = ? WHERE id = ?", (amount_minor, session_id))


def count_challenge_failure(connection: sqlite3.Connection, session_id: str) -> None:
    """Count one wrong one-time code."""
    connection.execute(
        "UPDATE sessions SET challenge_failures = challenge_failures + 1 WHERE id = ?", (session_id,)
    )


def set_unknown_answers(connection: sqlite3.Connection, session_id: str, count: int) -> None:
    """Let the next `count` status calls for this session fail."""
    connection.execute("UPDATE sessions SET unknown_answers = ? WHERE id = ?", (count, session_id))


def _digest(order: Order) -> str:
    return hashlib.sha256(json.dumps(asdict(order), sort_keys=True).encode()).hexdigest()


def _session(connection: sqlite3.Connection, row: sqlite3.Row) -> Session:
    return Session(
        id=row["id"],
        order=_order(row),
        status=Status(row["status"]),
        stage=Stage(row["stage"]),
        test_card=row["test_card"],
        masked_card=row["masked_card"],
        decline_reason=row["decline_reason"],
        authorised_minor=row["authorised_minor"],
        challenge_failures=row["challenge_failures"],
        unknown_answers=row["unknown_answers"],
        sequence=row["sequence"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        transactions=_transactions(connection, row["id"]),
    )


def _order(row: sqlite3.Row) -> Order:
    return Order(
        reference=row["reference"],
        amount_minor=row["amount_minor"],
        currency=row["currency"],
        description=row["description"],
        language=Language(row["language"]),
        mode=Mode(row["mode"]),
        return_url=row["return_url"],
        callback_url=row["callback_url"],
    )


def _transactions(connection: sqlite3.Connection, session_id: str) -> tuple[Transaction, ...]:
    rows = connection.execute(
        "SELECT id, kind, key, asked_minor, amount_minor, currency, at FROM transactions"
        " WHERE session_id = ? ORDER BY at, rowid",
        (session_id,),
    ).fetchall()
    return tuple(Transaction(**dict(row) | {"kind": Kind(row["kind"])}) for row in rows)
