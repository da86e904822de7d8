"""The simulator's only source of chance: one seed decides everything that happens in a world."""

import random
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Chance:
    """Draws of a seed. `strand`: an independent source under the same seed, so that one use does not move another."""

    def __init__(self, seed: int, strand: str = "") -> None:
        self._random = random.Random(f"{seed}:{strand}")

    def of(self, probability: float) -> bool:
        return probability > 0 and self._random.random() < probability

    def pick(self, among: Sequence[T]) -> T:
        return among[int(self._random.random() * len(among))]

    def some(self, among: Sequence[T], count: int) -> tuple[T, ...]:
        """So many of them, each once, in the order in which they were drawn."""
        return tuple(self._random.sample(among, count))

    def weighted(self, among: Sequence[tuple[T, float]]) -> T:
        names, weights = zip(*among, strict=True)
        return self._random.choices(names, weights)[0]

    def between(self, low: float, high: float) -> float:
        return self._random.uniform(low, high)

    def below(self, limit: int) -> int:
        return self._random.randrange(limit)


class SeededIds:
    """Ids of a world, the same at every run of its seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(f"{seed}:ids")

    def below(self, limit: int) -> int:
        return self._random.randrange(limit)

    def token(self) -> str:
        while (token := urlsafe_b64encode(self._random.randbytes(16)).decode().rstrip("=")).startswith("-"):
            pass
        return token
