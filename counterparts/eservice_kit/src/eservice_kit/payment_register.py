"""One payment counts once, however often the gateway tells of it (contract, section 6).

The register is a table in the service's own SQLite database, so that the record of a payment and its effect
commit, or vanish, together. A refused confirmation leaves no record: it may be sent again.
"""

import json
import sqlite3
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from hashlib import sha256

from eservice_kit.faults import Fault, FaultCode
from eservice_kit.messages import PaymentConfirmation

_SCHEMA = """
CREATE TABLE IF NOT EXISTS payment_register (
    payment_id TEXT PRIMARY KEY,
    content_digest TEXT NOT NULL,
    received_at TEXT NOT NULL
) WITHOUT ROWID
"""


class Delivery(Enum):
    FIRST = "first"
    REPEAT = "repeat"


def create_payment_register(connection: sqlite3.Connection) -> None:
    """Create the register's table where it is missing."""
    connection.execute(_SCHEMA)


def register_payment(connection: sqlite3.Connection, confirmation: PaymentConfirmation) -> Delivery:
    """Record a payment in the transaction that is open on ``connection``.

    Call it inside ``BEGIN IMMEDIATE``, act only on ``Delivery.FIRST``, then commit.
    Raises: Fault(InvalidParameter) when this PaymentID came before with other content.
    """
    content = content_digest(confirmation)
    row = connection.execute(
        "SELECT content_digest FROM payment_register WHERE payment_id = ?", (confirmation.payment_id,)
    ).fetchone()
    if row is None:
        connection.execute(
            "INSERT INTO payment_register VALUES (?, ?, ?)",
            (confirmation.payment_id, content, datetime.now(UTC).isoformat()),
        )
        return Delivery.FIRST
    if row[0] != content:
        raise Fault(FaultCode.INVALID_PARAMETER, "this PaymentID was confirmed before with other content")
    return Delivery.REPEAT


def content_digest(confirmation: PaymentConfirmation) -> str:
    """SHA-256 over what the confirmation says: 50 and 50.00 are alike, and so are two spellings of a time."""
    text = json.dumps(asdict(confirmation), default=_plain, sort_keys=True, ensure_ascii=False)
    return sha256(text.encode()).hexdigest()


def _plain(value: object) -> str:
    match value:
        case Decimal():
            return format(value.normalize(), "f")
        case datetime():
            return value.astimezone(UTC).isoformat()
        case _:
            raise TypeError(f"{type(value)} has no plain form")
