"""One payment whose money is held, seen from all sides: its bank, its service, and whoever comes to finish it."""

from collections.abc import Callable

import pytest

from mpay_gateway.domain.errors import OutcomeUnknown, UnknownOrder
from mpay_gateway.domain.payment import (
    CaptureState,
    DeliveryState,
    IntentState,
    PaymentState,
    ReversalGround,
    ReversalState,
)
from mpay_gateway.flow import two_step
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.schedules import LEASE
from mpay_gateway.flow.settling import settle
from mpay_gateway.flow.two_step import finish_authorised
from mpay_gateway.storage.tasks import TaskKind
from tests.unit.flow.holding_bank import Died, HoldingBank, holding_bank
from tests.unit.flow.scripted import ScriptedGateway


class Stage:
    """One payment whose money is held, its bank, and what the service says of its order."""

    def __init__(self, gateway: ScriptedGateway, monkeypatch: pytest.MonkeyPatch) -> None:
        self.gateway = gateway
        self.payment = gateway.start("ORDER-1")
        self.bank: HoldingBank = holding_bank(gateway, self.payment)
        self._monkeypatch = monkeypatch

    def order_gone(self) -> None:
        def unknown(*_: object) -> object:
            raise UnknownOrder("ORDER-1")

        self._monkeypatch.setattr(two_step, "look_up", unknown)

    def order_amended(self) -> None:
        self.gateway.calls.amounts = ("100.00", "49.00")

    def order_not_heard(self) -> None:
        def unheard(*_: object) -> object:
            raise OutcomeUnknown("no answer")

        self._monkeypatch.setattr(two_step, "look_up", unheard)

    def settle(self) -> None:
        """A callback, the payer's browser, or a re-check; the process may die in it."""
        try:
            settle(self.gateway.parts, self.payment.id)
        except Died:
            return
        self.gateway.settled(self.payment)

    def finish(self) -> None:
        """A worker that comes to this payment before the one that asks the bank does."""
        now = self.gateway.clock.now()
        lease = self.gateway.parts.units.run(
            "claim",
            lambda work: work.tasks.lease(
                TaskKind.FINISH, self.payment.id, worker="w", now=now, until=now + LEASE
            ),
        )
        try:
            finish_authorised(self.gateway.parts, lease)
        except Died:
            return

    def end(self) -> None:
        """Everything that is due, until nothing moves any more."""
        self.gateway.work(turns=12, minutes=5)
        self.gateway.settled(self.payment)

    def read(self, look: Callable) -> object:
        return self.gateway.parts.units.read(look)

    @property
    def state(self) -> PaymentState:
        return self.gateway.now(self.payment).state

    @property
    def captures(self) -> list[CaptureState]:
        return [each.state for each in self.read(lambda work: work.payments.captures_of(self.payment.id))]

    @property
    def reversals(self) -> list[tuple[ReversalGround, ReversalState, bool]]:
        """Ground, state, and whether it is of a capture."""
        found = self.read(lambda work: work.reversals.of_payment(self.payment.id))
        return [(each.ground, each.state, each.capture_id is not None) for each in found]

    @property
    def void(self):
        (found,) = self.read(lambda work: work.reversals.of_payment(self.payment.id))
        return found

    @property
    def intent(self):
        return self.read(lambda work: work.capture_intents.of_payment(self.payment.id))

    def assert_agrees(self) -> None:
        """The bank's record and ours tell one story, and it has ended."""
        assert check_books(self.gateway.parts.units) == ()
        taken = bool(self.bank.captures)
        assert bool(self.captures) is taken
        delivery = self.read(lambda work: work.deliveries.of_payment(self.payment.id))
        told = delivery is not None and delivery.state is DeliveryState.CONFIRMED
        assert told is (CaptureState.CLAIMED in self.captures)
        assert not (told and self.bank.given_back)
        balances = self.read(lambda work: work.ledger.balances())
        kept = taken and not self.bank.given_back
        owed = balances.get(("receivable:bank-main", "MDL"))
        assert (owed.minor if owed else 0) == (self.payment.amount.minor if kept else 0)
        assert self.bank.kinds.count("reversal") <= 1
        assert self.intent is None or self.intent.state is not IntentState.DUE
        assert self.read(lambda work: work.payments.open_by_account()) == {}
