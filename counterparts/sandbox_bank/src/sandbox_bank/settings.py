"""What the bank is told when it starts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The bank's settings.

    `time_scale` multiplies every wait of the bank (slow cards, callback retries, hanging calls) except
    the life of a session; tests run with small values. `fee_basis_points` is the merchant's fee in
    hundredths of a percent of each capture; it is not given back when a capture is reversed.
    """

    database: Path
    merchant: str
    secret: str
    callback_secret: str
    public_url: str
    merchant_name: str = ""
    test_controls: bool = False
    time_scale: float = 1.0
    session_minutes: float = 30.0
    fee_basis_points: int = 150

    @property
    def session_ms(self) -> int:
        """How long a payer has to pay, in milliseconds."""
        return int(self.session_minutes * 60_000)

    def scaled_ms(self, seconds: float) -> int:
        """Turn a wait of `seconds` into milliseconds at this bank's time scale."""
        return int(seconds * 1000 * self.time_scale)
