"""What checks share that judge one thing after another: without a thing to judge nothing was proved."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from mpay_gateway.conformance.caller import NotRun

T = TypeVar("T")


def judged(found: Iterable[T], problem: Callable[[T], str], *, none: str) -> Iterator[str]:
    """What is wrong with each, where `problem` is not empty. Raises: NotRun when there is nothing to judge."""
    nothing = True
    for each in found:
        nothing = False
        if said := problem(each):
            yield said
    if nothing:
        raise NotRun(none)
