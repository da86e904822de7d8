"""Where races are run: several processes' parts over one database, and other sides that keep books of their own."""

import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

from sqlalchemy import select

from mpay_gateway.domain.errors import NotPayable
from mpay_gateway.domain.instrument import InstrumentChoice
from mpay_gateway.domain.language import Language
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.payment import Capture, Claim, Delivery, Payment, Reversal
from mpay_gateway.domain.provider_answer import ProviderCapture
from mpay_gateway.flow.background import Background
from mpay_gateway.flow.breaker_view import BreakerView
from mpay_gateway.flow.confirmation_delivery import delivery_key
from mpay_gateway.flow.entrance import Entrance
from mpay_gateway.flow.filling_in import Agreement
from mpay_gateway.flow.invoicing import InvoicePage, agree, show_invoice
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.payment_start import Started, start_payment
from mpay_gateway.flow.places import Places
from mpay_gateway.flow.settling import settle_key
from mpay_gateway.flow.visiting import Arrival, find_visit, open_visit
from mpay_gateway.storage import Work
from mpay_gateway.storage.tables import audit
from mpay_gateway.storage.visits import Visit
from mpay_gateway.worker import Worker
from tests.proofs.races.sides import WAIT_SECONDS, OtherSides, RaceCalls, RaceClock, moment, pause
from tests.unit.flow.inbound import Kiosk, kiosk_of, port_of
from tests.unit.flow.scripted import SERVICE, ScriptedGateway, scripted_gateway

T = TypeVar("T")


@dataclass
class Arena:
    """Two gateways and a worker, each with threads and knowledge of its own, over one database."""

    processes: tuple[Parts, ...]
    kiosk: Kiosk
    sides: OtherSides
    clock: RaceClock
    chance: random.Random
    pool: ThreadPoolExecutor
    payers: int = 0

    @property
    def worker(self) -> Parts:
        return self.processes[2]

    def calls(self, place: int) -> RaceCalls:
        found = self.processes[place].calls
        assert isinstance(found, RaceCalls)
        return found

    def at_once(self, *acts: Callable[[], T]) -> tuple[T | Exception, ...]:
        """Run all together, each begun a chance moment after the barrier; what each returned or raised."""
        barrier = threading.Barrier(len(acts))
        delays = [moment(self.chance) for _ in acts]

        def run(act: Callable[[], T], delay: float) -> T | Exception:
            barrier.wait(WAIT_SECONDS)
            pause(delay)
            try:
                return act()
            except Exception as error:  # noqa: BLE001  the caller says which are right
                return error

        futures = [self.pool.submit(run, act, delay) for act, delay in zip(acts, delays, strict=True)]
        return tuple(future.result(WAIT_SECONDS) for future in futures)

    def agreed(self, order_key: str, amount: str = "", *, at: int = 0) -> Visit:
        """A new payer goes as far as the choice of how to pay, at one of the gateways."""
        parts = self.processes[at]
        self.payers += 1
        client = f"10.{self.payers >> 16 & 255}.{self.payers >> 8 & 255}.{self.payers & 255}"
        visit = open_visit(parts, Arrival(SERVICE, order_key, client))
        page = show_invoice(parts, visit.token, Language.RO, client=client)
        assert isinstance(page, InvoicePage)
        agreement = Agreement(page.invoice.order.version, amount)
        agree(parts, visit.token, agreement, Language.RO, client=client)
        return find_visit(parts, visit.token)

    def press(self, visit: Visit, *, at: int = 0) -> Payment:
        """The button is pressed. Raises: NotPayable, also when the order reads otherwise by now."""
        started = start_payment(
            self.processes[at], visit.token, InstrumentChoice("card"), form_token=visit.form_token,
            language=Language.RO,
        )  # fmt: skip
        if not isinstance(started, Started):
            raise NotPayable("the order is another now")
        return started.payment

    def take(self, payment: Payment, *, short_by: int = 0) -> None:
        """The bank takes the payment's money, or less of it (minor units). Nobody is told."""
        amount = payment.amount - Money.from_minor(short_by, payment.amount.currency)
        taken = ProviderCapture(f"txn-{payment.reference}", amount, self.clock.now())
        self.calls(0).captured[payment.reference] = [taken]

    def rest(self, *payments: Payment) -> None:
        """Wait until no process does anything for these payments beside its requests."""
        for parts in self.processes:
            for payment in payments:
                for key in (settle_key(payment.id), delivery_key(payment.id)):
                    assert parts.background.wait(key, WAIT_SECONDS), key

    def work(self, *, turns: int = 1, **by: float) -> None:
        """Let one worker do what is due, after each advance of the clock."""
        for _ in range(turns):
            self.clock.advance(**by)
            Worker(self.worker).run_due()

    def read(self, look: Callable[[Work], T]) -> T:
        return self.processes[0].units.read(look)

    def payment(self, payment: Payment) -> Payment:
        return self.read(lambda work: work.payments.get(payment.id))

    def captures(self, payment: Payment) -> tuple[Capture, ...]:
        return self.read(lambda work: work.payments.captures_of(payment.id))

    def reversals(self, payment: Payment) -> tuple[Reversal, ...]:
        return self.read(lambda work: work.reversals.of_payment(payment.id))

    def delivery(self, payment: Payment) -> Delivery | None:
        return self.read(lambda work: work.deliveries.of_payment(payment.id))

    def claim(self, payment: Payment) -> Claim:
        return self.read(lambda work: work.claims.of_payment(payment.id))

    def first_in_the_audit(self, *changes: tuple[Payment, str]) -> int:
        """Which of the events of payments was written first: its place among `changes`."""

        def look(work: Work) -> list[int]:
            found = []
            for payment, event in changes:
                query = select(audit.c.id).where(
                    audit.c.payment_id == payment.id, audit.c.machine == "payment", audit.c.event == event
                )
                found.append(int(work.connection.execute(query.order_by(audit.c.id).limit(1)).scalar_one()))
            return found

        written = self.read(look)
        return written.index(min(written))


@contextmanager
def open_arena(database_url: str, seed: int) -> Iterator[Arena]:
    """An arena on a database that has its tables."""
    clock, sides = RaceClock(), OtherSides()
    with scripted_gateway(database_url, clock=clock) as gateway, ThreadPoolExecutor(8) as pool:
        kiosk_of(gateway)
        processes = tuple(_process(gateway, sides, f"process-{number} {seed}") for number in (1, 2, 3))
        try:
            kiosk = _kiosk_at(gateway, processes[1])
            yield Arena(processes, kiosk, sides, clock, random.Random(f"races {seed}"), pool)
        finally:
            for parts in processes:
                parts.background.close()


def _process(gateway: ScriptedGateway, sides: OtherSides, name: str) -> Parts:
    calls = RaceCalls(sides, gateway.calls, random.Random(name))
    return replace(
        gateway.parts, process=name, calls=calls, background=Background(),
        places=Places(lambda _: 8), entrance=Entrance(), breakers=BreakerView(),
    )  # fmt: skip


def _kiosk_at(gateway: ScriptedGateway, parts: Parts) -> Kiosk:
    at_process = replace(gateway, parts=parts)
    return Kiosk(at_process, port_of(at_process, "provider:network"))
