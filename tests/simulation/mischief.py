"""What strikes everybody: clocks that jump, processes that die or stand still, counterparts that are away."""

from datetime import timedelta
from typing import TYPE_CHECKING

from tests.simulation.faults import Fault
from tests.simulation.stage import Life

if TYPE_CHECKING:
    from tests.simulation.world import World

JUMPS = (timedelta(seconds=70), timedelta(hours=1))


class Mischief:
    """Lets a planned fault happen."""

    def __init__(self, world: "World") -> None:
        self._world = world

    def happen(self, fault: Fault) -> None:
        world = self._world
        world.trace(f"  {fault}")
        if fault not in {Fault.OUTAGE, Fault.CALLBACK_FORGED}:
            world.strike_all(fault)
        match fault:
            case Fault.CLOCK_AHEAD:
                self._set_clock(world.chance.pick(JUMPS))
            case Fault.CLOCK_BACK:
                self._set_clock(-world.chance.pick(JUMPS))
            case Fault.CRASH_ALL:
                self._kill_all()
            case Fault.CRASH:
                self._kill_one()
            case Fault.STALE:
                self._freeze_one()
            case Fault.OUTAGE:
                self._outage()
            case Fault.CALLBACK_FORGED:
                world.people.courier.forge_any()

    def _set_clock(self, by: timedelta) -> None:
        world = self._world
        world.clock.offset += by
        world.clock_was_ahead = max(world.clock_was_ahead, world.clock.offset)
        world.clock_moved_at = world.clock.elapsed

    def _kill_all(self) -> None:
        for life in self._living():
            self._world.kill(life)

    def _kill_one(self) -> None:
        if living := self._living():
            self._world.kill(self._world.chance.pick(living))

    def _living(self) -> list[Life]:
        return [process.life for process in self._world.processes if process.alive]

    def _freeze_one(self) -> None:
        world = self._world
        if living := self._living():
            world.stage.freeze(world.chance.pick(living), world.chance.between(95, 700))

    def _outage(self) -> None:
        world = self._world
        party = world.chance.pick(("bank", "shop"))
        world.down.add(party)
        world.stage.sleep(world.chance.between(20, 900))
        world.down.discard(party)
