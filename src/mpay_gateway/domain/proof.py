"""What an answer was believed for, so that a copy of it can be told: a signed answer counts once."""

import re
from dataclasses import dataclass
from datetime import datetime

_SHA256 = re.compile(r"[0-9a-f]{64}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Proof:
    """The verified signature of an answer. `digest`: hexadecimal SHA-256 of what was signed.

    `until`: when a copy of the answer stops being fresh by its own time-stamp, on our clock with every tolerance (UTC).
    Raises: ValueError for another digest, or an instant without zone.
    """

    digest: str
    until: datetime

    def __post_init__(self) -> None:
        if not _SHA256.match(self.digest):
            raise ValueError("a proof's digest is a hexadecimal SHA-256")
        if self.until.utcoffset() is None:
            raise ValueError("a proof ends at an instant with a zone")
