"""One world of a seed: processes over one database, a bank, services, a network, people, and what goes wrong."""

import hashlib
from collections import Counter, deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeVar

from mpay_gateway.crash_points import watch_crash_points
from mpay_gateway.flow.bookkeeping.statement_days import LOOK_AGAIN, plan_statements
from mpay_gateway.flow.parts import Parts
from mpay_gateway.storage import UnitOfWork, unit_of_work
from mpay_gateway.storage.tasks import Lease
from mpay_gateway.storage.work import Known
from mpay_gateway.worker import loop
from tests.simulation.bank import Bank, Session
from tests.simulation.chance import Chance, SeededIds
from tests.simulation.coverage import Change, Strikes
from tests.simulation.everybody import People
from tests.simulation.faults import IN_CALLS, LOSSES, Fault
from tests.simulation.network import Network
from tests.simulation.plan import Event, Plan
from tests.simulation.plugins import NETWORK, TREASURY
from tests.simulation.processes import Process, make_parts
from tests.simulation.rig import Rig
from tests.simulation.shop import CURRENCY, Shop
from tests.simulation.stage import NOON, Actor, Died, Life, Lost, Stage
from tests.simulation.stated import is_written_under_lease
from tests.simulation.traps import Trap
from tests.simulation.treasury import Treasury
from tests.simulation.watch import OUTCOMES, SENT, Overheard, Watch
from tests.simulation.wire import About

T = TypeVar("T")
GATEWAYS, WORKERS = ("gateway-1", "gateway-2"), ("worker-1", "worker-2")
TAIL = 600
HANDS = 4
FOR_PEOPLE = {
    ("capture", "review"),
    ("delivery", "parked"),
    ("decision", "proposed"),
    ("reversal", "refused"),
}
"""Where something waits for operators."""
CALLED = 30
"""How often operators are called to it: what they do may make more of it."""
FOR_REFUNDS = {("delivery", "confirmed"), ("refund", "due"), ("refund", "refused"), ("refund", "done")}
"""Where operators see to refunds, in worlds in which they do."""
VISITS = 12
"""How often they come for that."""
NEVER = datetime.max.replace(tzinfo=UTC)
HOURS = timedelta(hours=3)
"""How long after its healing a world still waits for what is asked every hour."""
READ_AGAIN = max(LOOK_AGAIN) + timedelta(days=1)
"""How long after its healing a world still waits for statements: each day is read once more by then."""


class World:
    """Everything that happens under one seed."""

    def __init__(self, rig: Rig, plan: Plan) -> None:
        self.plan = plan
        self.tail: deque[str] = deque(maxlen=TAIL)
        self._digest = hashlib.sha256()
        self.chance = Chance(plan.seed, "happenings")
        self.stage = Stage(Chance(plan.seed, "order"), self.trace)
        self.clock = self.stage.clock
        self.clock_moved_at = self.clock.elapsed
        self.clock_was_ahead = timedelta(0)
        self.store = rig.store
        self.store.clear()
        self.strikes = Strikes(self.store)
        self.watch = Watch(self)
        self.rates, self.losing = dict(plan.rates), dict(plan.losing)
        self.down: set[str] = set()
        self.said_to_hold: set[str] = set()
        self.refusals: set[tuple[str, str]] = set()
        self.unanswered: Counter[tuple[str, str]] = Counter()
        self.refused_keys: Counter[str] = Counter()
        self.bank = Bank(self.clock.true_now, self._bank_moved)
        self.shop = Shop(strict=plan.strict_shop)
        self.network = Network()
        self.treasury = Treasury(self.clock.true_now, self.strikes.payment)
        self.units = self._own_units(rig.units)
        self._ids = SeededIds(plan.seed)
        self._rig = rig
        rig.wire.world = self
        self.processes = [Process(name, self._parts) for name in (*GATEWAYS, *WORKERS)]
        self._due, self._due_is_stale = None, True
        self.healed, self._resting = False, NEVER
        self._stated_until = NOON + timedelta(days=plan.stated)
        self._changes, self._to_come = 0, deque(plan.events)
        self._visits = VISITS if plan.refunds else 0
        self._called = CALLED if plan.operators else 0
        self._forced: dict[tuple[str, str], Fault] = {}
        self._waiting: list[tuple[Fault, str, str]] = []
        self.trap = Trap(self, plan.aim)
        self.people = People(self)
        self._settle_down()
        for process in self.processes[len(GATEWAYS) :]:
            self._set_to_work(process)

    def _settle_down(self) -> None:
        """Put everybody whom the plan names into the world."""
        start, plan, people = self.stage.start, self.plan, self.people
        orders = [
            self.shop.add(each.service, f"ORDER-{place}", each.amounts, partial=each.partial)
            for place, each in enumerate(plan.orders)
        ]
        for place, payer in enumerate(plan.payers):
            come = (people.kiosks if payer.instrument == "cash" else people.payers).come
            start(f"payer-{place}", partial(come, payer, orders[payer.order], second=place >= len(orders)))
        self._happen()

    def changed(self, changes: tuple[Change, ...]) -> None:
        """A commit has changed states: what was planned for this moment happens, and people see what waits for them."""
        self._changes += 1
        found = {(each.machine, each.after) for each in changes}
        if self._called and not self.healed and FOR_PEOPLE & found:
            self._called -= 1
            self.later("operators", self.people.operators.come_by, 1, 300)
        self._see_to_refunds(changes)
        self.people.transfers.changed(changes)
        self.trap.changed(changes)
        self._happen()

    def _see_to_refunds(self, changes: tuple[Change, ...]) -> None:
        """Operators give money back in some worlds, for a while; its service hears of it by other ways."""
        found = {(each.machine, each.after) for each in changes}
        if self._visits and not self.healed and FOR_REFUNDS & found:
            self._visits -= 1
            self.later("operators", self.people.operators.come_by, 1, 900)
        for each in changes:
            if each.machine == "refund" and not each.before:
                order = self.shop.orders[self.strikes.order_of(each.payment_id)]
                self.people.services.asked_to_release(order)

    def calm(self) -> None:
        """Let nothing happen any more that did not begin yet."""
        self._to_come.clear()
        self._waiting.clear()
        self._forced.clear()
        self.healed, self._resting = True, NOON + self.clock.elapsed + HOURS
        self._stated_until = NOON + self.clock.elapsed + READ_AGAIN
        self._due_is_stale = True

    def _happen(self) -> None:
        while self._to_come and self._to_come[0].at <= self._changes:
            event = self._to_come.popleft()
            self.stage.start(f"{event.kind} {event.what}", partial(self._let_happen, event))

    def _let_happen(self, event: Event) -> None:
        match event.kind:
            case "mischief":
                self.people.mischief.happen(Fault(event.what))
            case "order":
                self.people.services.change(list(self.shop.orders.values())[event.order], event.what)
            case _:
                self.people.operators.come_by()

    # The seams.

    def trace(self, what: str) -> None:
        line = f"{self.clock.elapsed.total_seconds():12.4f} {what}"
        self._digest.update(line.encode())
        self.tail.append(line)

    @property
    def digest(self) -> str:
        """What tells this course of events from every other."""
        return self._digest.hexdigest()

    def at_crash_point(self, name: str) -> None:
        """What hears of every crash point: a process may die here, and whatever was committed is looked at."""
        actor = self.stage.current
        if name == SENT:
            self.watch.sent()
        if name in OUTCOMES:
            self.watch.outcome()
        if is_written_under_lease(name):
            self.watch.stated()
        if name.endswith(":after-commit"):
            self._due_is_stale = True
            self.watch.committed()
        if actor is None or actor.life is None:
            return
        actor.life.check()
        if self.chance.of(self.rates.get(Fault.CRASH, 0)):
            self.trace(f"  kill -9 {actor.life.name} at {name}")
            self.strike_all(Fault.CRASH)
            self.kill(actor.life)
        if not name.endswith(":before-commit"):
            self.stage.pause()

    # Faults.

    def draw(self, about: About) -> Fault | None:
        """What strikes a call."""
        if (fault := self._ambush(about)) is not None:
            return fault
        if (about.operation, about.payment) in self._forced:
            return self._forced.pop((about.operation, about.payment))
        if about.party in self.down:
            self.strike(Fault.OUTAGE, about)
            return self.chance.pick((Fault.UNREACHABLE, Fault.REQUEST_LOST))
        if self.chance.of(self.losing.get(about.operation, 0)):
            return self.chance.pick(LOSSES)
        drawn = (fault for fault in IN_CALLS if fault is not Fault.ANSWER_LATE)
        return next((fault for fault in drawn if self.chance.of(self.rates.get(fault, 0))), None)

    def lie_in_wait(self, fault: Fault, payment_id: str, order_key: str) -> None:
        """Let a fault strike the next call about a payment or its order."""
        self._waiting.append((fault, payment_id, order_key))

    def force(self, operation: str, payment_id: str, fault: Fault) -> None:
        """Let a fault strike the next call of this kind about a payment."""
        self._forced[operation, payment_id] = fault

    def _ambush(self, about: About) -> Fault | None:
        whom = {about.payment, about.order, *about.payments} - {""}
        for waiting in self._waiting:
            fault, payment_id, order_key = waiting
            unfit = fault is Fault.ANSWER_LATE or (fault is Fault.REFUSED and about.operation == "status")
            if whom & {payment_id, order_key} and not unfit:
                self._waiting.remove(waiting)
                return fault
        return None

    def will_be_late(self) -> bool:
        """Whether a call is held up, drawn before it is known what it is about."""
        if self._late_ones():
            return self.chance.of(0.7)
        return self.chance.of(self.rates.get(Fault.ANSWER_LATE, 0))

    def _late_ones(self) -> list[tuple[Fault, str, str]]:
        return [each for each in self._waiting if each[0] is Fault.ANSWER_LATE]

    def lateness(self) -> str:
        return self.stage.current.late if self.stage.current is not None else ""

    def strike(self, fault: Fault, about: About) -> None:
        self.trace(f"  {fault} strikes {about.name}")
        if fault is Fault.ANSWER_LATE and (late := self._late_ones()):
            self._waiting.remove(late[0])
        if about.order:
            self.strikes.order(about.order, fault)
        for payment_id in (about.payment, *about.payments):
            self.strikes.payment(payment_id, fault)

    def strike_all(self, fault: Fault) -> None:
        self.strikes.everybody(fault, tuple(self.shop.orders))

    # Processes.

    def _parts(self, life: Life) -> Parts:
        return make_parts(
            life, self.stage, self._rig.units, calls=self._rig.calls, registry=self._rig.registry, ids=self._ids,
            settings=self._rig.settings,
        )  # fmt: skip

    def _own_units(self, shared: UnitOfWork) -> UnitOfWork:
        units = UnitOfWork.__new__(UnitOfWork)
        units.__dict__.update(shared.__dict__, _clock=self.clock, _known=Known())
        return units

    def kill(self, life: Life) -> None:
        """kill -9; it is started again after a while. Raises: Died to the process itself."""
        process = next(each for each in self.processes if each.life is life)
        life.alive = False
        self.later(f"start {process.name}", lambda: self._begin(process), 0.5, 120)
        self.stage.kill(life)

    def _begin(self, process: Process) -> None:
        if not process.alive:
            process.begin()
            if process.name in WORKERS:
                self._set_to_work(process)

    def _set_to_work(self, process: Process) -> None:
        self.stage.start(f"{process.life.name} loop", lambda: self._labour(process), process.life)

    def later(
        self, name: str, act: Callable[[], object], soonest: float = 0.0, latest: float = 200.0
    ) -> None:
        """Let something happen that belongs to no process."""
        delay = self.chance.between(soonest, latest)

        def wait_and_act() -> None:
            self.stage.sleep(delay)
            act()

        self.stage.start(name, wait_and_act)

    def ask(self, name: str, request: Callable[[Process], T]) -> T:
        """What an outsider asks of some gateway process. Raises: Lost; whatever the request raises."""
        serving = [each for each in self.processes[: len(GATEWAYS)] if each.alive]
        if not serving:
            self.stage.sleep(1)
            raise Lost
        process = self.chance.pick(serving)
        actor = self.stage.start(f"{process.life.name} {name}", lambda: request(process), process.life)
        self.stage.wait(actor)
        if isinstance(actor.error, Died):
            raise Lost
        if actor.error is not None:
            raise actor.error
        return actor.result  # type: ignore[return-value]

    # The other side's books, as the checks ask for them.

    def took(self, account: str, transaction: str) -> set[tuple[int, str]]:
        """What an account took in a transaction, as it says or has ever said: minor units and currency."""
        if account == TREASURY:
            return self.treasury.amounts(transaction)
        if account == NETWORK:
            there = self.network.takings().get(transaction)
            return set() if there is None else {there}
        return {
            (each.amount.minor, each.amount.currency)
            for session in self.bank.sessions.values()
            for each in session.captures
            if each.transaction_id == transaction
        }

    def kept(self, account: str, reference: str, payment_id: str) -> int:
        """Minor units that are with the account of all that it took for a payment."""
        if account == NETWORK:
            return self.network.kept(payment_id, self.store)
        if account == TREASURY:
            return self.treasury.kept(payment_id, CURRENCY).minor
        session = self.bank.sessions.get(reference)
        return 0 if session is None else session.taken.minor - session.back.minor

    def _bank_moved(self, session: Session) -> None:
        self.watch.books_moved()
        self.people.courier.tell(session)

    # Time.

    def play(self, most_steps: int) -> bool:
        """Let things happen until nothing is left to do. False when that takes too many steps, or all is broken."""
        watch_crash_points(self.at_crash_point)
        logs = [(module, module._log) for module in (loop, unit_of_work)]
        for module, _ in logs:
            module._log = Overheard(self.watch)
        try:
            end = self.stage.steps + most_steps
            while self.stage.steps < end and not self.watch.violations:
                if not self._advance():
                    return True
            return False
        finally:
            watch_crash_points(None)
            for module, log in logs:
                module._log = log

    def close(self) -> None:
        self.stage.close()

    def _advance(self) -> bool:
        """One step; time passes with it, and jumps when everybody waits. False when nobody will ever do anything."""
        stage = self.stage
        stage.wake()
        if stage.anybody_rests and (due := self._work_due()) is not None and due <= self.clock.elapsed:
            stage.rouse()
        if stage.idle:
            return self._pass_time()
        stage.step()
        for actor, error in stage.broken:
            self.watch.crashed(actor.name, error)
        self.clock.elapsed += self.plan.pace * self.chance.below(4)
        return True

    def _pass_time(self) -> bool:
        due = self._work_due() if self.stage.anybody_rests else None
        moments = [each for each in (self.stage.next_waking(), due) if each is not None]
        if moments:
            self.clock.elapsed = max(self.clock.elapsed, min(moments))
        return bool(moments)

    def _work_due(self) -> timedelta | None:
        """When some task can be claimed next, in elapsed time."""
        if self._due_is_stale:
            self._due = self.store.next_due(resting=self._resting, stated_until=self._stated_until)
            self._due_is_stale = False
        return None if self._due is None else self._due - NOON - self.clock.offset

    def _labour(self, process: Process) -> None:
        """A worker's loop: what is due is claimed, and each task goes its own way."""
        stage, life, busy, pause = self.stage, process.life, [], 1
        if self.plan.stated:
            plan_statements(process.parts)
        while True:
            stage.rest()
            busy = [task for task in busy if not task.done]
            leases = process.worker._claim(max(0, HANDS - len(busy)))
            for lease in leases:
                busy.append(self._task(process, life, lease))
            pause = 1 if leases else min(30, 2 * pause)
            if not leases:  # what is due goes to a service that is left alone for now
                stage.sleep(pause)

    def _task(self, process: Process, life: Life, lease: Lease) -> Actor:
        worker = process.worker
        name = f"{life.name} {lease.kind} {lease.subject}"
        task = self.stage.start(name, lambda: worker._do(lease), life)
        task.lease = lease
        return task
