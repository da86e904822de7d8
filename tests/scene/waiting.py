"""Wait for a condition, never for a length of time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(ask: Callable[[], T], enough: Callable[[T], object] = bool, *, within: float = 15.0) -> T:
    """The first answer of `ask` that is `enough`. `within`: seconds. Raises: AssertionError with the last one."""
    until = time.monotonic() + within
    while not enough(answer := ask()):
        assert time.monotonic() < until, f"still {answer!r} after {within} s"
        time.sleep(0.03)
    return answer
