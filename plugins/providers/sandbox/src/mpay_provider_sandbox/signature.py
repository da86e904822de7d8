"""Authentication of the bank's callbacks: `Bank-Signature: t=<unix seconds>,v1=<HMAC-SHA256, hex>`.

The signature is over the time, a point and the raw body, so neither can be replaced alone.
"""

import hmac
import re
from datetime import datetime

from mpay_gateway.api import InvalidCallback, Secret

HEADER = "bank-signature"
_FORM = re.compile(r"t=([0-9]{1,12}),v1=([0-9a-f]{64})\Z", re.ASCII)


def sign(body: bytes, *, secret: Secret, at: int) -> str:
    """The value of the header for a body signed at so many seconds since 1970 UTC."""
    return f"t={at},v1={_digest(str(at), body, secret)}"


def check(header: str, body: bytes, *, secrets: tuple[Secret, ...], at: datetime, tolerance: int) -> None:
    """Pass a body signed with one of the secrets, at most `tolerance` seconds before or after `at`.

    Raises: InvalidCallback, which never tells how near the signature was.
    """
    form = _FORM.match(header)
    if form is None:
        raise InvalidCallback("no signature of the bank's form")
    signed_at, digest = form.groups()
    # Every secret is tried: the time taken must not tell which one matched.
    matches = [hmac.compare_digest(_digest(signed_at, body, secret), digest) for secret in secrets]
    if not any(matches):
        raise InvalidCallback("the signature is not the bank's")
    if abs(at.timestamp() - int(signed_at)) > tolerance:
        raise InvalidCallback("signed too long ago, or in the future")


def _digest(signed_at: str, body: bytes, secret: Secret) -> str:
    return hmac.digest(secret.value.encode(), signed_at.encode() + b"." + body, "sha256").hex()
