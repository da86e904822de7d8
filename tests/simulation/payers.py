"""Payers at the portal: each comes, agrees, presses the button, goes to the bank, and comes back, or not."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from mpay_gateway.domain.errors import MpayError, RemoteError
from mpay_gateway.domain.instrument import InstrumentChoice
from mpay_gateway.domain.language import Language
from mpay_gateway.domain.payment import Payment
from mpay_gateway.domain.provider_answer import CallbackKind
from mpay_gateway.flow.bank_page import show_bank_page
from mpay_gateway.flow.callback_intake import payment_of_return
from mpay_gateway.flow.filling_in import Agreement
from mpay_gateway.flow.invoicing import InvoicePage, agree, show_invoice
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.payment_result import ResultPage, look_at_result, show_result
from mpay_gateway.flow.payment_start import OrderChanged, Started, start_payment
from mpay_gateway.flow.visiting import Arrival, find_visit, open_visit
from mpay_gateway.storage.visits import Visit
from tests.simulation.at_the_bank import ACTS
from tests.simulation.courier import callback_of
from tests.simulation.faults import Fault
from tests.simulation.plan import PayerPlan
from tests.simulation.plugins import TREASURY
from tests.simulation.processes import Process
from tests.simulation.shop import ShopOrder
from tests.simulation.stage import Gone, Lost

if TYPE_CHECKING:
    from tests.simulation.world import World

RO = Language.RO


class Payers:
    """Payers at the portal."""

    def __init__(self, world: "World") -> None:
        self._world = world

    def come(self, plan: PayerPlan, order: ShopOrder, *, second: bool) -> None:
        """One payer's whole visit."""
        self._world.stage.sleep(plan.begins)
        if second:
            self._world.strikes.order(order.key, Fault.SECOND_PAYER)
        try:
            _Visitor(self._world, plan, order).pay()
        except (Gone, Lost, MpayError):
            return


class _Visitor:
    """A payer on his way."""

    def __init__(self, world: "World", plan: PayerPlan, order: ShopOrder) -> None:
        self._world = world
        self._plan = plan
        self._order = order
        self._payment: Payment | None = None

    def pay(self) -> None:
        arrival = Arrival(self._order.service_id, self._order.key, "127.0.0.1")
        token = self._insist("arrives", lambda process: open_visit(process.parts, arrival)).token
        payment = self._payment = self._started(token)
        self._stay()
        for _ in range(3):
            page = self._insist("goes on", lambda process: show_bank_page(process.parts, token, payment.id))
            if page.step is not None:
                self._act(payment)
                break
            self._world.stage.sleep(5)
        self._stay()
        self._come_back(token, payment)

    def _started(self, token: str) -> Payment:
        for turn in range(3):
            visit = self._insist("agrees", lambda process: self._agree(process, token))
            if self._plan.amended and not turn:
                self._world.people.services.change(self._order, "amend")
            match self._press(visit):
                case Started(payment):
                    return payment
                case OrderChanged():
                    self._stay()
        raise Gone

    def _agree(self, process: Process, token: str) -> Visit:
        page = show_invoice(process.parts, token, RO, client="127.0.0.1")
        assert isinstance(page, InvoicePage)
        part = int(page.payable.most.minor * self._plan.part)
        text = f"{part // 100}.{part % 100:02}" if self._order.partial and part > 0 else ""
        agree(process.parts, token, Agreement(page.invoice.order.version, text), RO, client="127.0.0.1")
        return find_visit(process.parts, token)

    def _press(self, visit: Visit) -> Started | OrderChanged:
        """The button, once or twice; again if nobody answers, with the form that he has."""

        def press(process: Process) -> Started | OrderChanged:
            return start_payment(
                process.parts, visit.token, InstrumentChoice(self._plan.instrument),
                form_token=visit.form_token, language=RO,
            )  # fmt: skip

        if self._plan.presses_twice:
            self._world.strikes.order(self._order.key, Fault.SECOND_PRESS)
            self._world.later("second press", lambda: self._in_another_tab(visit, press), 0, 2)
        return self._insist("presses", press)

    def _act(self, payment: Payment) -> None:
        """What the payer does at the bank, if his session is there, or with the number that he takes elsewhere."""
        session = self._world.bank.sessions.get(payment.reference)
        if session is not None:
            self._world.trace(f"  payer of {payment.id}: {self._plan.act}")
            ACTS[self._plan.act](self._world, session, payment.id)
        else:
            self._world.people.transfers.pay(payment.id, self._plan.act)

    def _come_back(self, token: str, payment: Payment) -> None:
        number = (
            self._world.bank.sessions[payment.reference].number
            if payment.reference in self._world.bank.sessions
            else ""
        )
        back = callback_of(self._world, CallbackKind.RETURN, reference=payment.reference, number=number)
        if payment.account_id != TREASURY:
            self._insist(
                "comes back", lambda process: payment_of_return(process.parts, payment.account_id, back)
            )
        for look in (show_result, look_at_result, show_result):
            self._stay()
            page: ResultPage = self._insist("looks", partial(_look, look, token, payment.id))
            if not page.payment.state.open:
                return
            self._world.stage.sleep(20)

    def _insist(self, what: str, request: Callable[[Process], object]):
        """Ask again while the gateway breaks down or a counterpart is away, some times."""
        for _ in range(4):
            try:
                return self._world.ask(f"{self._order.key} {what}", request)
            except (Lost, RemoteError):
                self._world.stage.sleep(self._world.chance.between(1, 20))
        raise Gone

    def _in_another_tab(self, visit: Visit, press: Callable[[Process], object]) -> None:
        """The same form once more, and on to the bank's page, beside the first tab."""
        with suppress(Lost, MpayError):
            started = self._world.ask(f"{self._order.key} presses twice", press)
            if isinstance(started, Started):
                payment_id = started.payment.id
                self._world.ask(
                    f"{self._order.key} goes on too",
                    lambda process: show_bank_page(process.parts, visit.token, payment_id),
                )

    def _stay(self) -> None:
        if not self._world.chance.of(self._plan.patience):
            if self._payment is not None:
                self._world.strikes.payment(self._payment.id, Fault.BROWSER_GONE)
            raise Gone


def _look(
    look: Callable[[Parts, str, str], ResultPage], token: str, payment_id: str, process: Process
) -> ResultPage:
    return look(process.parts, token, payment_id)
