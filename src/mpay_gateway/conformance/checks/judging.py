"""What checks share: one thing after another is judged, an answer is one, and a refusal may blame the question."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar

from mpay_gateway.conformance.answer import Answer
from mpay_gateway.conformance.caller import NotRun

T = TypeVar("T")
_BLAMES_ITSELF: Final = (
    "InternalError",
    "AuthenticationFailed",
    "Server",
    "Receiver",
    "InternalServiceFault",
)
"""Codes of the guide and of frameworks by which a service says that it has failed, or that it does not believe."""


def judged(found: Iterable[T], problem: Callable[[T], str], *, none: str) -> Iterator[str]:
    """What is wrong with each, where `problem` is not empty. Raises: NotRun when there is nothing to judge."""
    nothing = True
    for each in found:
        nothing = False
        if said := problem(each):
            yield said
    if nothing:
        raise NotRun(none)


def answered(answer: Answer) -> Answer:
    """The answer, when one came. Raises: NotRun."""
    if answer.received.failure:
        raise NotRun(answer.summary)
    return answer


def is_orderly(answer: Answer) -> bool:
    """Whether the answer to an odd question is an empty array or a fault that blames the question."""
    if answer.fault is not None:
        return answer.fault.code not in _BLAMES_ITSELF
    return answer.orders == ()
