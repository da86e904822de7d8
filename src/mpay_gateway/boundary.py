"""Where the program meets what it cannot control: time, chance, the open unit of work."""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Protocol

from mpay_gateway.domain.errors import OutboundCallRefused


class Clock(Protocol):
    """The gateway's only source of time."""

    def now(self) -> datetime:
        """Wall-clock time, UTC, with zone."""

    def monotonic(self) -> float:
        """Seconds that never jump."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class IdSource(Protocol):
    """The gateway's only source of chance."""

    def below(self, limit: int) -> int:
        """A cryptographically strong integer in [0, limit)."""

    def token(self) -> str:
        """A capability of 128 bits, fit for a URL."""


class SystemIds:
    """The operating system's randomness."""

    def below(self, limit: int) -> int:
        return secrets.randbelow(limit)

    def token(self) -> str:
        """Never begins with a hyphen: ids are typed after commands, where that means an option."""
        while (token := secrets.token_urlsafe(16)).startswith("-"):
            pass
        return token


_open_unit: ContextVar[str | None] = ContextVar("open_unit_of_work", default=None)


@contextmanager
def unit_of_work_open(name: str) -> Iterator[None]:
    """Mark that a unit of work is open in this context. Refuses nesting.

    Raises: RuntimeError when one is open already.
    """
    if (already := _open_unit.get()) is not None:
        raise RuntimeError(f"unit of work {name!r} inside {already!r}")
    mark = _open_unit.set(name)
    try:
        yield
    finally:
        _open_unit.reset(mark)


def refuse_inside_unit_of_work(call: str) -> None:
    """Called before anything leaves the process.

    Raises: OutboundCallRefused when a unit of work is open: no lock and no transaction may span a call.
    """
    if (name := _open_unit.get()) is not None:
        raise OutboundCallRefused(f"{call} inside unit of work {name!r}")
