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

    def asked_to_release(self, order: ShopOrder) -> None:
        """Money of the order is to go back: most services let it, and say so when it is done."""
        world = self._world

        def release() -> None:
            world.shop.release(order)
            world.trace(f"  {order.key}: {order.status}")
            world.later(f"refunded {order.key}", lambda: world.shop.refunded(order), 1, 4000)

        if world.chance.of(0.7):
            world.later(f"release {order.key}", release, 0, world.chance.pick((1, 300, 4000)))

    def finish_refunds(self) -> None:
        """What is being refunded is called so in the end."""
        for order in self._world.shop.orders.values():
            self._world.shop.refunded(order)

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
            case "reopen":
                world.shop.reopen(order)
            case "pay-elsewhere":
                world.shop.pay_elsewhere(order)
            case _:
                world.shop.cancel(order)
                world.stage.sleep(world.chance.between(1, 600))
                world.shop.reopen(order)
