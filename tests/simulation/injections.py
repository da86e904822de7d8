"""How each kind of fault is made to strike one payment, or its order, at a given moment."""

import itertools
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mpay_gateway.domain.errors import MpayError
from mpay_gateway.domain.instrument import InstrumentChoice
from mpay_gateway.domain.language import Language
from mpay_gateway.domain.money import Money
from mpay_gateway.flow.payment_result import look_at_result
from mpay_gateway.flow.payment_start import start_payment
from mpay_gateway.flow.visiting import Arrival, open_visit
from tests.simulation.bank import Session, Standing
from tests.simulation.faults import IN_CALLS, OF_STATEMENTS, Fault
from tests.simulation.plan import MISCHIEF, PayerPlan
from tests.simulation.stage import Lost
from tests.simulation.stated_injections import StatedInjections

if TYPE_CHECKING:
    from tests.simulation.processes import Process
    from tests.simulation.world import World

_PAYMENT = "SELECT reference, visit_token, form_token, instrument_id FROM payments WHERE id = ?"
_ORDER_ACTS = ("amend", "amend", "cancel-and-reopen", "cancel", "pay-elsewhere")


@dataclass(frozen=True, slots=True)
class _Victim:
    """Whom a fault strikes: a payment, with what its payer and its bank have of it, or an order alone."""

    order_key: str
    payment_id: str = ""
    session: Session | None = None
    visit: str = ""
    form: str = ""
    instrument: str = ""


class Injections:
    """All kinds of fault, each to order. What cannot strike a victim does not: nothing happens then."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._numbers = itertools.count(1)
        self._stated = StatedInjections(world)
        self._how: Mapping[Fault, Callable[[_Victim], None]] = {
            Fault.CALLBACK_DUPLICATE: lambda victim: self._callback(victim, Fault.CALLBACK_DUPLICATE),
            Fault.CALLBACK_LATE: lambda victim: self._callback(victim, Fault.CALLBACK_LATE),
            Fault.CALLBACK_LOST: self._lose_callback,
            Fault.CALLBACK_FORGED: self._forge,
            Fault.BROWSER_GONE: self._look_and_leave,
            Fault.SECOND_PRESS: self._press_again,
            Fault.SECOND_PAYER: self._second_payer,
            Fault.ORDER_CHANGED: self._change_order,
            Fault.SECOND_CAPTURE: self._take_again,
            Fault.WRONG_AMOUNT: self._take_another_amount,
            Fault.LATE_MONEY: self._take_late,
            Fault.TAKEN_BACK: self._take_back,
            Fault.OPERATOR: self._act_by_hand,
            Fault.OUTAGE: self._leave_alone,
        }

    def strike(self, fault: Fault, payment_id: str, order_key: str) -> None:
        """Let a fault strike now. `payment_id`: empty when the order has no payment yet."""
        victim = self._found(payment_id, order_key)
        if self._stated.strike(fault, payment_id):
            return
        if fault in self._how:
            self._how[fault](victim)
        elif fault in MISCHIEF or fault is Fault.CRASH:
            self._world.people.mischief.happen(fault)
        elif fault not in OF_STATEMENTS:
            assert fault in IN_CALLS
            self._ambush(fault, victim)

    def _found(self, payment_id: str, order_key: str) -> _Victim:
        rows = self._world.store.rows(_PAYMENT, payment_id)
        if not rows:
            return _Victim(order_key)
        ((reference, visit, form, instrument),) = rows
        return _Victim(
            order_key, payment_id, self._world.bank.sessions.get(reference), visit, form, instrument
        )

    def _ask(self, name: str, request: "Callable[[Process], object]") -> None:
        with suppress(Lost, MpayError):
            self._world.ask(name, request)

    # Calls.

    def _ambush(self, fault: Fault, victim: _Victim) -> None:
        """The next call about the payment or its order goes wrong; somebody may bring one about."""
        self._world.lie_in_wait(fault, victim.payment_id, victim.order_key)
        if self._world.chance.of(0.7):
            parties = ("shop",) if fault is Fault.REFUSED else ("bank", "shop")  # banks refuse no questions
            self._bring_a_call_about(victim, self._world.chance.pick(parties))

    def _leave_alone(self, victim: _Victim) -> None:
        """A counterpart is away for a while."""
        world = self._world
        bank = "treasury" if world.treasury.of(victim.payment_id) else "bank"
        party = world.chance.pick((bank, "shop", "shop"))
        world.down.add(party)
        self._bring_a_call_about(victim, party)
        world.stage.sleep(world.chance.between(1, 100))
        world.down.discard(party)

    def _bring_a_call_about(self, victim: _Victim, party: str) -> None:
        """The bank tells of the payment once more, or somebody looks its order up."""
        if party == "bank" and victim.session is not None:
            self._tell_again(victim.session, None)
            return
        if party != "shop" and self._stated.bring_a_call_about(victim.payment_id):
            return
        order = self._world.shop.orders[victim.order_key]
        arrival = Arrival(order.service_id, order.key, "127.0.0.1")
        self._ask("onlooker", lambda process: open_visit(process.parts, arrival))

    # Callbacks.

    def _tell_again(self, session: Session, fault: Fault | None) -> str:
        event = f"told-again-{next(self._numbers)}"
        self._world.people.courier.bring(session, event, fault)
        return event

    def _callback(self, victim: _Victim, fault: Fault) -> None:
        if victim.session is not None:
            event = self._tell_again(victim.session, fault)
            if fault is Fault.CALLBACK_DUPLICATE:
                self._world.people.courier.bring(victim.session, event, fault)

    def _lose_callback(self, victim: _Victim) -> None:
        if victim.session is not None:
            self._world.people.courier.lose(victim.session, f"lost-{next(self._numbers)}")

    def _forge(self, victim: _Victim) -> None:
        if victim.session is not None:
            self._world.people.courier.forge(victim.session)

    # Payers.

    def _look_and_leave(self, victim: _Victim) -> None:
        """A payer looks at his result once more and leaves; at a kiosk, another payer of the order does."""
        if not victim.visit:
            self._come(victim, "cash", "pay", patience=0.0)
            return
        self._world.strikes.payment(victim.payment_id, Fault.BROWSER_GONE)
        self._ask(
            "looks and leaves",
            lambda process: look_at_result(process.parts, victim.visit, victim.payment_id),
        )

    def _press_again(self, victim: _Victim) -> None:
        """The form that opened the payment is sent once more; at a kiosk, its money is told of again."""
        if not victim.form:
            self._world.people.kiosks.tell_again(victim.order_key)
            return
        self._world.strikes.order(victim.order_key, Fault.SECOND_PRESS)
        choice = InstrumentChoice(victim.instrument)
        self._ask(
            "presses again",
            lambda process: start_payment(
                process.parts, victim.visit, choice, form_token=victim.form, language=Language.RO
            ),
        )

    def _second_payer(self, victim: _Victim) -> None:
        self._come(victim, self._world.chance.pick(("card", "hold", "cash")), "pay", second=True)

    def _come(
        self, victim: _Victim, instrument: str, act: str, *, patience: float = 1.0, second: bool = False
    ) -> None:
        people, order = self._world.people, self._world.shop.orders[victim.order_key]
        plan = PayerPlan(0, instrument, 0, act, patience, presses_twice=False, part=1.0)
        (people.kiosks if instrument == "cash" else people.payers).come(plan, order, second=second)

    # Services, banks, operators.

    def _change_order(self, victim: _Victim) -> None:
        order = self._world.shop.orders[victim.order_key]
        self._world.people.services.change(order, self._world.chance.pick(_ORDER_ACTS))

    def _take(self, victim: _Victim, fault: Fault, amount: Money, times: int) -> None:
        if victim.session is None or victim.session.closed:
            return
        self._world.strikes.payment(victim.payment_id, fault)
        for _ in range(times):
            self._world.bank.take(victim.session, amount)

    def _take_again(self, victim: _Victim) -> None:
        if (session := victim.session) is not None:
            self._take(victim, Fault.SECOND_CAPTURE, session.amount, 1 if session.captures else 2)

    def _take_another_amount(self, victim: _Victim) -> None:
        """At a kiosk, another payer of the order puts more in than is asked for."""
        session = victim.session
        if session is None:
            self._come(victim, "cash", "wrong-amount")
        else:
            more = Money.from_minor(session.amount.minor + 300, session.amount.currency)
            self._take(victim, Fault.WRONG_AMOUNT, more, 1)

    def _take_late(self, victim: _Victim) -> None:
        """After the bank said that none will come, or after the payer's time; at a kiosk, of cash that was held."""
        session, world = victim.session, self._world
        if session is None:
            self._come(victim, "cash", "pay-late")
        elif session.standing is Standing.HELD or session.said_no or world.clock.true_now() > session.until:
            self._take(victim, Fault.LATE_MONEY, session.amount, 1)
        elif session.standing is Standing.OPEN:
            world.bank.decline(session)
            self._take(victim, Fault.LATE_MONEY, session.amount, 1)

    def _take_back(self, victim: _Victim) -> None:
        """All that the bank has, or half of it; a hold ends, and the bank says so or does not."""
        session, world = victim.session, self._world
        if session is None or session.closed:
            return
        if session.standing is Standing.OPEN:
            world.bank.pay(session)
        left = session.taken - session.back
        part = Money.from_minor(left.minor // world.chance.pick((1, 2)), left.currency)
        if session.standing is Standing.HELD or part:
            world.strikes.payment(victim.payment_id, Fault.TAKEN_BACK)
        if session.standing is Standing.HELD:
            world.chance.pick((world.bank.drop_hold, world.bank.let_go))(session)
        elif part:
            world.bank.charge_back(session, part)

    def _act_by_hand(self, victim: _Victim) -> None:
        if victim.payment_id:
            self._world.people.operators.meddle(victim.payment_id)
