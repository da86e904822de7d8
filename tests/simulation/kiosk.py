"""Payers in cash: the network's kiosks ask, hold, collect and tell, again and again until they have an answer."""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from mpay_gateway.api import MessageMeta
from mpay_gateway.domain.errors import MpayError, RemoteError
from mpay_gateway.domain.intake import Claimed, CollectedPayment, InboundQuery, OrderName
from mpay_gateway.domain.money import Money
from tests.simulation.faults import Fault
from tests.simulation.network import Cash
from tests.simulation.plan import PayerPlan
from tests.simulation.processes import Process
from tests.simulation.shop import ShopOrder
from tests.simulation.stage import Lost

if TYPE_CHECKING:
    from tests.simulation.world import World

MOST_TRIES = 60


class Kiosks:
    """The network's devices."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._told: dict[str, tuple[ShopOrder, Cash, str]] = {}

    def tell_again(self, order_key: str) -> None:
        """A kiosk tells once more of money that it told of, if any was for this order."""
        if order_key in self._told:
            self._world.strikes.order(order_key, Fault.SECOND_PRESS)
            self._tell(*self._told[order_key])

    def come(self, plan: PayerPlan, order: ShopOrder, *, second: bool) -> None:
        """One payer's whole visit."""
        world = self._world
        world.stage.sleep(plan.begins)
        if second:
            world.strikes.order(order.key, Fault.SECOND_PAYER)
        due = self._due(order)
        if due is None or not due.minor:
            return
        cash = world.network.collect(order.key, self._asked(plan, order, due))
        device = world.chance.pick(("kiosk-1", "kiosk-2"))
        held = self._claim(order, cash, device) if plan.patience < 1 or world.chance.of(0.6) else True
        if not held or not world.chance.of(plan.patience):
            self._give_up(order, cash, device)
            return
        if plan.presses_twice:
            world.strikes.order(order.key, Fault.SECOND_PRESS)
            world.later("the kiosk tells twice", lambda: self._tell(order, cash, device), 0, 2)
        if plan.act == "pay-late":
            world.strikes.order(order.key, Fault.LATE_MONEY)
            world.stage.sleep(world.chance.between(300, 3000))
        self._tell(order, cash, device)

    def _due(self, order: ShopOrder) -> Money | None:
        query = InboundQuery(OrderName(order.service_id, order.key))
        for _ in range(3):
            try:
                return self._world.ask(
                    "kiosk asks", lambda process: process.port.look_up(query)
                ).invoice.payable
            except (Lost, RemoteError):
                self._world.stage.sleep(5)
            except MpayError:
                return None
        return None

    def _asked(self, plan: PayerPlan, order: ShopOrder, due: Money) -> Money:
        if plan.act == "wrong-amount":
            self._world.strikes.order(order.key, Fault.WRONG_AMOUNT)
            return Money.from_minor(due.minor + 100, due.currency)
        part = int(due.minor * plan.part) if order.partial else due.minor
        return Money.from_minor(max(1, part), due.currency)

    def _claim(self, order: ShopOrder, cash: Cash, device: str) -> bool:
        name, world = OrderName(order.service_id, order.key), self._world
        until = world.clock.now() + timedelta(seconds=world.chance.pick((60, 300)))
        try:
            held = world.ask(
                "kiosk holds",
                lambda process: process.port.at_device(device).claim(name, cash.key, cash.amount, until),
            )
        except (Lost, MpayError):
            return True  # cash may come in all the same
        return isinstance(held, Claimed)

    def _give_up(self, order: ShopOrder, cash: Cash, device: str) -> None:
        """The payer goes away with his money."""
        self._world.strikes.order(order.key, Fault.BROWSER_GONE)
        self._world.network.cash.pop(cash.key)
        try:
            self._world.ask("kiosk lets go", lambda process: process.port.at_device(device).release(cash.key))
        except (Lost, MpayError):
            return

    def _tell(self, order: ShopOrder, cash: Cash, device: str) -> None:
        """Tell of the money until there is a definite answer."""
        world = self._world
        self._told[order.key] = (order, cash, device)
        told = CollectedPayment(
            OrderName(order.service_id, order.key), cash.key, cash.amount, world.clock.now(), "Cash",
            cash.key.encode(), MessageMeta("pay"),
        )  # fmt: skip
        for _ in range(MOST_TRIES):
            answer = self._try(order, lambda process: process.port.at_device(device).accept(told))
            if answer is not None:
                cash.answers.append(answer)
                break
            world.stage.sleep(world.chance.pick((5, 60)))
        if cash.accepted and cash.refused:
            world.watch.broken(f"{cash.key} was accepted and refused: {cash.answers}")

    def _try(self, order: ShopOrder, request: Callable[[Process], object]) -> object | None:
        """One try; None when the network has no answer, whatever the gateway did."""
        world = self._world
        fault = next(
            (
                each
                for each in (Fault.REQUEST_LOST, Fault.ANSWER_LOST)
                if world.chance.of(world.rates.get(each, 0))
            ),
            None,
        )
        if fault is not None:
            world.strikes.order(order.key, fault)
        if fault is Fault.REQUEST_LOST:
            return None
        try:
            answer = world.ask("kiosk tells", request)
        except (Lost, RemoteError):
            return None
        return None if fault is Fault.ANSWER_LOST else answer
