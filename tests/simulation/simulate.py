"""One seed, from its plan to its end."""

from dataclasses import dataclass

from tests.simulation.bending import bent_of
from tests.simulation.coverage import Strikes
from tests.simulation.ending import end
from tests.simulation.plan import plan_of
from tests.simulation.rig import Rig
from tests.simulation.world import World

STEPS = 6_000
"""After which what is under way is healed, wherever it stands."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a seed. `digest` tells its course from every other; `tail`: the last steps.

    `crashes`: which of the violations are errors of the program's text.
    """

    seed: int
    violations: tuple[str, ...]
    steps: int
    digest: str
    tail: tuple[str, ...]
    strikes: Strikes
    crashes: tuple[str, ...]


def run_seed(rig: Rig, seed: int) -> Outcome:
    """Play the world of a seed, heal it, and compare everybody's books."""
    world = World(rig, plan_of(seed, bent_of(seed)))
    try:
        world.play(STEPS)
        if not world.watch.violations:
            end(world)
    finally:
        world.close()
    return Outcome(
        seed, tuple(world.watch.violations), world.stage.steps, world.digest, tuple(world.tail), world.strikes,
        tuple(world.watch.crashes),
    )  # fmt: skip
