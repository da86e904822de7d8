"""The processes of a world: gateways and workers, each with parts of its own over the one database."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TypeVar

from mpay_gateway.boundary import Clock
from mpay_gateway.domain.breaker import Breaker, CallsTo
from mpay_gateway.domain.errors import MpayError
from mpay_gateway.flow.background import Lane
from mpay_gateway.flow.breaker_view import BreakerView
from mpay_gateway.flow.entrance import Entrance
from mpay_gateway.flow.inbound.payment_intake import Port
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.places import Places, lookup_places
from mpay_gateway.flow.service_directory import ServiceDirectory
from mpay_gateway.plugin_host import HookCalls, Registry
from mpay_gateway.storage import DatabaseTrouble, UnitOfWork, Work
from mpay_gateway.storage.work import Known
from mpay_gateway.worker import Worker
from tests.simulation.chance import SeededIds
from tests.simulation.plugins import NETWORK
from tests.simulation.stage import Actor, Life, Stage

T = TypeVar("T")


class ProcessUnits(UnitOfWork):
    """The units of work of one life. What the dead ask for is refused; the living wait for each other in between."""

    def __init__(self, shared: UnitOfWork, stage: Stage, life: Life) -> None:
        self.__dict__.update(shared.__dict__)  # engines keep what they compiled from one world to the next
        self._known = Known()
        self._clock = stage.clock
        self._stage = stage
        self._life = life

    def run(self, name: str, work: Callable[[Work], T]) -> T:
        self._stage.pause()
        self._life.check()
        return super().run(name, work)

    def read(self, work: Callable[[Work], T]) -> T:
        self._stage.pause()
        self._life.check()
        return super().read(work)


class PlainBreakers(BreakerView):
    """What a life knows of the breakers. It reads under a lock of threads: nobody else may get on meanwhile."""

    def __init__(self, plain: UnitOfWork) -> None:
        super().__init__()
        self._plain = plain

    def all(self, units: UnitOfWork, clock: Clock) -> Mapping[CallsTo, Breaker]:
        return super().all(self._plain, clock)


class Beside:
    """Background jobs as actors: one of a key at a time, whoever asks again waits for the one that runs."""

    def __init__(self, stage: Stage, life: Life) -> None:
        self._stage = stage
        self._life = life
        self._running: dict[str, Actor] = {}

    def start(
        self, key: str, job: Callable[[], object], lane: Lane = Lane.SETTLING, **_: Callable[[], object]
    ) -> Actor:
        running = self._running.get(key)
        if running is None or running.done:
            running = self._running[key] = self._stage.start(key, lambda: _quietly(job), self._life)
        return running

    def tell(self, job: Callable[[], object]) -> None:
        job()

    def wait(self, key: str, seconds: float) -> bool:
        running = self._running.get(key)
        return running is None or self._stage.wait(running, seconds)


class NoLimits:
    """Nobody guesses here."""

    def refuse_guesser(self, client: str) -> None: ...
    def before_visit(self, client: str) -> None: ...
    def before_lookup(self, client: str, service_id: str, order_key: str) -> None: ...
    def before_looking_again(self, visit_token: str) -> None: ...
    def missed(self, client: str, *asked: str) -> bool:
        return False

    def not_found(self, client: str, service_id: str, order_key: str, factor: str = "") -> None: ...
    def may_ask_provider(self, payment_id: str) -> bool:
        return True

    def refuse_forger(self, client: str) -> None: ...
    def forged(self, client: str) -> None: ...
    def authentic_callback(self, account_id: str) -> None: ...


class Process:
    """A gateway or a worker: `parts` of its life that runs now."""

    def __init__(self, name: str, make: Callable[[Life], Parts]) -> None:
        self.name = name
        self._make = make
        self.lives = 0
        self.begin()

    @property
    def alive(self) -> bool:
        return self.life.alive

    def begin(self) -> None:
        """Start, again after a death."""
        self.lives += 1
        self.life = Life(f"{self.name}.{self.lives}")
        self.parts = self._make(self.life)
        self.port = Port(self.parts.entrance, f"provider:{NETWORK}")
        self.worker = Worker(self.parts, threads=4)


def make_parts(
    life: Life, stage: Stage, shared: UnitOfWork, *, calls: HookCalls, registry: Registry, ids: SeededIds,
    settings: object,
) -> Parts:  # fmt: skip
    """What the composition root makes, with the simulator's ports."""
    clock: Clock = stage.clock
    plain = UnitOfWork.__new__(UnitOfWork)
    plain.__dict__.update(shared.__dict__, _clock=clock, _known=Known())
    # It reads under a lock of threads: nobody else may get on meanwhile.
    services = ServiceDirectory(plain, registry, clock)
    entrance = Entrance()
    parts = Parts(
        settings=settings, units=ProcessUnits(shared, stage, life), calls=calls, registry=registry,
        services=services, background=Beside(stage, life), limits=NoLimits(), clock=clock, ids=ids,
        process=life.name, papers=None, places=Places(lambda each: services.get_any(each).max_in_flight),
        lookup_places=lookup_places(16), waiting=Places(lambda _: 8), entrance=entrance,
        breakers=PlainBreakers(plain),
    )  # fmt: skip
    entrance.lead_to(parts)
    return parts


def _quietly(job: Callable[[], object]) -> None:
    """As the background does: what a job meets is its own affair."""
    with suppress(MpayError, DatabaseTrouble):
        job()
