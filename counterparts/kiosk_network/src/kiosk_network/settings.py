"""What the network is told when it starts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`provider_url`: where check and pay are called. `prefix`: written before each account, e.g. `DEMO01:`.

    `retry_seconds`: until a pay without a final answer is repeated. `call_seconds`: how long an answer is waited for.
    `fee_minor`: kept of each payment, in minor units.
    """

    database: Path
    provider_url: str
    user: str
    password: str
    prefix: str = ""
    method: str = "GET"
    retry_seconds: float = 5.0
    call_seconds: float = 60.0
    fee_minor: int = 0
