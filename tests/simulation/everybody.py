"""Everybody who acts from outside, and what strikes everybody."""

from typing import TYPE_CHECKING

from tests.simulation.courier import Courier
from tests.simulation.kiosk import Kiosks
from tests.simulation.mischief import Mischief
from tests.simulation.operators import Operators
from tests.simulation.payers import Payers
from tests.simulation.services import Services
from tests.simulation.transfers import Transfers

if TYPE_CHECKING:
    from tests.simulation.world import World


class People:
    """Who there is in one world."""

    def __init__(self, world: "World") -> None:
        self.courier = Courier(world)
        self.services = Services(world)
        self.payers = Payers(world)
        self.kiosks = Kiosks(world)
        self.operators = Operators(world)
        self.mischief = Mischief(world)
        self.transfers = Transfers(world)
