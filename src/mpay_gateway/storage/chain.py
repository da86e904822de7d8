"""Hash chains: each row's digest covers the row and the digest of the row before it."""

import hashlib
import json
from datetime import datetime

BEGINNING = "0" * 64
_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def canonical(value: object) -> str:
    """The same value gives the same text: sorted keys, no spaces, letters as they are."""
    return _ENCODER.encode(value)


def link(previous: str, *fields: str | int | datetime) -> str:
    """The digest of a row (hexadecimal SHA-256) that follows the row with digest `previous`."""
    return hashlib.sha256(link_text(previous, *fields).encode()).hexdigest()


def link_text(previous: str, *fields: str | int | datetime) -> str:
    """What the digest of a row is of: a JSON array that begins with the digest of the row before it."""
    return canonical(
        [previous, *(field.isoformat() if isinstance(field, datetime) else field for field in fields)]
    )


def body_digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
