"""What the simulator itself lets pass, and what not, where calls leave and arrive."""

from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace

import pytest

from tests.simulation.plan import Bent, plan_of
from tests.simulation.run import rig
from tests.simulation.watch import LEASE
from tests.simulation.wire import About
from tests.simulation.world import World

GIVE_BACK = About("bank", "reverse", payment="SOME-PAYMENT", key="rev-1")


@pytest.fixture
def world() -> Iterator[World]:
    made = World(rig(), plan_of(1, Bent()))
    yield made
    made.close()


def test_a_request_that_arrives_after_its_key_was_refused_for_good_has_no_effect(world):
    """A bank that says no to a key and then does what it asks would contradict itself (seeds 3060, 3254)."""
    wire, done = rig().wire, []
    left_after = world.refused_keys[GIVE_BACK.key]
    wire._happen_late(GIVE_BACK, lambda: done.append("in time"), left_after)
    world.refused_keys[GIVE_BACK.key] += 1
    wire._happen_late(GIVE_BACK, lambda: done.append("too late"), left_after)
    assert done == ["in time"]


@pytest.mark.parametrize(
    ("renewed", "found"),
    [(timedelta(0), 1), (LEASE - timedelta(seconds=1), 1), (LEASE + timedelta(seconds=1), 0)],
)
@pytest.mark.parametrize("second_is_older", [True, False])
def test_two_at_once_are_found_unless_one_was_stopped_for_longer_than_its_lease(
    world, renewed, found, second_is_older
):
    """Between the commit and the message nothing can keep a process that was stopped from sending (seed 136)."""
    world.clock.elapsed += timedelta(hours=1)
    assert found_at_once(world, timedelta(0), renewed, second_is_older) == found


@pytest.mark.parametrize("second_is_older", [True, False])
def test_two_at_once_are_excused_when_the_clock_was_set_since_one_renewed_its_lease(world, second_is_older):
    """Leases are judged by the machine's clock on SQLite (seed 6354)."""
    world.clock.elapsed += timedelta(hours=1)
    world.clock_moved_at = world.clock.elapsed - timedelta(seconds=3)
    assert found_at_once(world, timedelta(seconds=1), timedelta(seconds=2), second_is_older) == 1
    world.watch.violations.clear()
    assert found_at_once(world, timedelta(seconds=1), timedelta(seconds=4), second_is_older) == 0


def found_at_once(world: World, young: timedelta, old: timedelta, second_is_older: bool) -> int:
    """What is found when two processes send at once, whose leases were renewed so long ago."""
    first, second = (young, old) if second_is_older else (old, young)
    world.stage.current = SimpleNamespace(late="", life=None, lease=None)
    now = world.clock.elapsed
    with world.watch.under_way(GIVE_BACK, now - first), world.watch.under_way(GIVE_BACK, now - second):
        pass
    world.stage.current = None
    return len(world.watch.violations)
