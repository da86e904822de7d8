"""The persistent outbox of callbacks: what is due, how it is sent, when it is tried again."""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass

import urllib3

from sandbox_bank.clock import now_ms
from sandbox_bank.settings import Settings
from sandbox_bank.signature import HEADER, sign

RETRY_AFTER_S = (1, 2, 5, 10, 30, 60, 300, 900, 3600)
"""Waits between attempts; the last one repeats without end."""

_TIMEOUT = urllib3.Timeout(connect=3.0, read=10.0)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One callback to be sent; `attempts` were made before."""

    id: int
    url: str
    body: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended: the answer's status, or what kept it from coming."""

    delivered: bool
    text: str


def release_stranded(connection: sqlite3.Connection) -> None:
    """Make due again what a killed process was sending."""
    connection.execute("UPDATE callbacks SET in_flight = 0 WHERE in_flight = 1")


def any_due(connection: sqlite3.Connection, moment: int) -> bool:
    """Tell whether a callback was due at `moment`, without taking the write lock."""
    return (
        connection.execute(
            "SELECT 1 FROM callbacks WHERE delivered_at IS NULL AND in_flight = 0 AND due_at <= ? LIMIT 1",
            (moment,),
        ).fetchone()
        is not None
    )


def claim_due(connection: sqlite3.Connection, moment: int, limit: int) -> tuple[Delivery, ...]:
    """Take up to `limit` callbacks that were due at `moment`, those due first first.

    At most one of a session is on its way at a time, so that those of a session leave in the order in
    which they are due, however many senders there are.
    """
    rows = connection.execute(
        "UPDATE callbacks SET in_flight = 1 WHERE id IN (SELECT id FROM (SELECT id, MIN(due_at) AS due"
        " FROM callbacks WHERE delivered_at IS NULL AND in_flight = 0 AND due_at <= ? AND session_id NOT IN"
        " (SELECT session_id FROM callbacks WHERE in_flight = 1) GROUP BY session_id ORDER BY due LIMIT ?))"
        " RETURNING id, url, body, attempts",
        (moment, limit),
    ).fetchall()
    return tuple(Delivery(**dict(row)) for row in sorted(rows, key=lambda row: int(row["id"])))


def record(connection: sqlite3.Connection, delivery: Delivery, outcome: Outcome, settings: Settings) -> None:
    """Note how an attempt ended, and when the next one is due if it failed."""
    wait = RETRY_AFTER_S[min(delivery.attempts, len(RETRY_AFTER_S) - 1)]
    now = now_ms()
    connection.execute(
        "UPDATE callbacks SET in_flight = 0, attempts = attempts + 1, last_outcome = ?, due_at = ?,"
        " delivered_at = ? WHERE id = ?",
        (
            outcome.text,
            now if outcome.delivered else now + settings.scaled_ms(wait),
            now if outcome.delivered else None,
            delivery.id,
        ),
    )


class Messenger:
    """Sends callbacks over HTTP; follows no redirect and never raises for what a receiver does."""

    def __init__(self, secret: str) -> None:
        self._secret = secret
        self._pool = urllib3.PoolManager(maxsize=8, timeout=_TIMEOUT, retries=False)

    def send(self, delivery: Delivery, *, spoil_signature: bool = False) -> Outcome:
        """Post one callback, signed now."""
        body = delivery.body.encode()
        secret = self._secret + ("spoilt" if spoil_signature else "")
        headers = {
            "Content-Type": "application/json",
            HEADER: sign(secret, body, at_seconds=int(time.time())),
        }
        try:
            answer = self._pool.request("POST", delivery.url, body=body, headers=headers, redirect=False)
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            return Outcome(delivered=False, text=type(error).__name__)
        return Outcome(delivered=200 <= answer.status < 300, text=f"HTTP {answer.status}")
