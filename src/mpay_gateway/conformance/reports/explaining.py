"""What a failed check found, with all that explains it."""

from collections.abc import Iterator
from typing import Final

from mpay_gateway.conformance.folder import message_stem
from mpay_gateway.conformance.verdict import Result

_LAST: Final = 3
"""Exchanges that are told: what a check saw last is what it judged by."""


def explained(result: Result) -> Iterator[tuple[str, str]]:
    """What each line is about, and the line."""
    yield "found", result.detail
    for seen in result.exchanges[-_LAST:]:
        yield "sent", f"{seen.said} (message {message_stem(seen.number)})"
        yield "came back", seen.summary
    yield "contract", result.check.contract
    yield "mend", result.check.mend


def explanation(result: Result) -> str:
    """The same as one text."""
    return "\n".join(f"{what}: {line}" for what, line in explained(result))
