"""Marks on the checks that keep money safe, so that each can be broken on purpose, to prove that it is missed.

A mark costs nothing: it only enters the function in a list. For each name in it the tests know a mutant, a way to
break what the function checks, and the simulator has to find it out (docs/proofs/simulation.md).
"""

from collections.abc import Callable
from typing import TypeVar

F = TypeVar("F", bound=Callable[..., object])
GUARDS: dict[str, list[Callable[..., object]]] = {}
"""The marked functions by the name of what they guard."""


def guards(*names: str) -> Callable[[F], F]:
    """Mark a function as one that guards what `names` say."""

    def mark(function: F) -> F:
        for name in names:
            GUARDS.setdefault(name, []).append(function)
        return function

    return mark
