"""What services do to their orders while somebody pays them."""

from typing import TYPE_CHECKING

from tests.simulation.faults import Fault
from tests.simulation.shop import ShopOrder

if TYPE_CHECKING:
    from tests.simulation.world import World


class Services:
    """What services do to their orders while somebody pays them."""

    def __init__(self, world: "World") -> None:
        self._world = world

    def change(self, order: ShopOrder, act: str) -> None:
        world = self._world
        world.strikes.order(order.key, Fault.ORDER_CHANGED)
        world.trace(f"  {order.key}: {act}")
        world.shop.touched.add(order.key)
        match act:
            case "amend":
                world.shop.amend(order, world.chance.pick((-100, 500, 0)))
            case "cancel":
                world.shop.cancel(order)
            case "pay-elsewhere":
                world.shop.pay_elsewhere(order)
            case _:
                world.shop.cancel(order)
                world.stage.sleep(world.chance.between(1, 600))
                world.shop.reopen(order)
