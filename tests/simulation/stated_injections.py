"""How each kind of fault is made to strike a payment of which statements alone tell."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from mpay_gateway.texts.local_days import local_day
from tests.simulation.faults import Fault
from tests.simulation.stage import NOON
from tests.simulation.transfers import Number
from tests.simulation.treasury import Movement

if TYPE_CHECKING:
    from tests.simulation.world import World


class StatedInjections:
    """Strikes at the treasury. Where it takes a statement to be read, somebody has it read at once."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._how: Mapping[Fault, Callable[[Number], object]] = {
            Fault.SECOND_CAPTURE: self._again,
            Fault.WRONG_AMOUNT: self._another_amount,
            Fault.LATE_MONEY: self._late,
            Fault.TAKEN_BACK: self._take_back,
            Fault.STATEMENT_LATE: self._late_statement,
            Fault.STATEMENT_TWICE: self._twice,
            Fault.STATEMENT_AMENDED: self._amended,
        }

    def strike(self, fault: Fault, payment_id: str) -> bool:
        """Let a fault strike the payment now. False when it is none of a treasury's, or not struck there."""
        number = self._world.people.transfers.number_of(payment_id) if fault in self._how else None
        if number is not None:
            self._how[fault](number)
        return number is not None

    def bring_a_call_about(self, payment_id: str) -> bool:
        """Somebody reads a statement that is about the payment. False when none is."""
        told = self._world.treasury.of(payment_id)
        if told:
            self._world.people.transfers.read(told[-1].day)
        return bool(told)

    def _there(self, number: Number) -> Movement:
        """The payment's latest movement; money comes in if there was none yet."""
        told = self._world.treasury.of(number.payment_id)
        return told[-1] if told else self._world.people.transfers.transfer(number)

    def _again(self, number: Number) -> None:
        transfers = self._world.people.transfers
        if not self._world.treasury.of(number.payment_id):
            transfers.transfer(number)
        transfers.read(transfers.transfer_again(number).day)

    def _another_amount(self, number: Number) -> None:
        transfers = self._world.people.transfers
        transfers.read(transfers.transfer_other(number, more=self._world.chance.of(0.5)).day)

    def _late(self, number: Number) -> None:
        """Once the payer's time is over."""
        transfers = self._world.people.transfers
        if self._world.clock.true_now() > number.until:
            transfers.read(transfers.transfer_late(number).day)

    def _take_back(self, number: Number) -> None:
        transfers = self._world.people.transfers
        self._there(number)
        sent = transfers.take_back(number)
        if sent is not None and self._world.chance.of(0.5):
            transfers.read(sent.day)

    def _late_statement(self, number: Number) -> None:
        """Money of yesterday is told of only now; on the first day, that of today only after tomorrow."""
        world, transfers = self._world, self._world.people.transfers
        now = world.clock.true_now()
        yesterday = local_day(now) - timedelta(days=1)
        if yesterday < local_day(NOON):  # nobody reads days before the first
            transfers.hold_back(transfers.transfer(number).day, world.chance.pick((0.2, 1, 2)))
            return
        movement = world.treasury.receive(number.payment_id, number.reference, number.amount, day=yesterday)
        world.treasury.hold_back(movement.day, now, cut=False)
        transfers.read(movement.day)

    def _twice(self, number: Number) -> None:
        movement = self._there(number)
        movement.twice = True
        self._world.people.transfers.read(movement.day)

    def _amended(self, number: Number) -> None:
        """Its latest movement is told of in other words, or at last with its reference."""
        movement, transfers = self._there(number), self._world.people.transfers
        if movement.wrong is None:
            transfers.say_otherwise(movement)
        transfers.read(movement.day)
        transfers.mend(movement)
        transfers.read(movement.day)
