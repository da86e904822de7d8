"""The `Bank-Signature` header: HMAC-SHA256 over the second of sending and the raw body."""

from __future__ import annotations

import hashlib
import hmac

HEADER = "Bank-Signature"


def sign(secret: str, body: bytes, *, at_seconds: int) -> str:
    """Return the header's value for a body sent at `at_seconds` (since 1970, UTC)."""
    signed = f"{at_seconds}.".encode() + body
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return f"t={at_seconds},v1={digest}"
