"""Between the plugins and their counterparts: where calls and answers are lost, late, unreadable or refused."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from mpay_gateway.crash_points import wire_point
from mpay_gateway.domain.errors import (
    InvalidAnswer,
    MpayError,
    OutcomeUnknown,
    RemoteRefused,
    RemoteUnavailable,
)
from mpay_gateway.domain.evidence import EvidenceSink, MessageMeta
from mpay_gateway.plugin_host.pool import PastDeadline
from tests.simulation.faults import Fault
from tests.simulation.stage import GIVEN_UP, Died

if TYPE_CHECKING:
    from tests.simulation.world import World

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class About:
    """Who is asked what, about which payment, order or several payments, and under which key if money is to go back.

    A no to a key is for good: nothing went back under it, and what is on its way under it by then is refused too.
    """

    party: str
    operation: str
    payment: str = ""
    order: str = ""
    key: str = ""
    payments: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.operation} {self.payment or self.order}"


class Wire:
    """The way out of every process. `world`: the one that is played now."""

    deadline = 20.0
    """Seconds after which a call is given up."""

    def __init__(self) -> None:
        self.world: World = None  # type: ignore[assignment]  set before anybody calls

    def call(self, about: About, evidence: EvidenceSink, effect: Callable[[], T]) -> T:
        """Let the counterpart do it, unless something is in the way.

        Raises: RemoteUnavailable, OutcomeUnknown, InvalidAnswer, RemoteRefused; Conflict from the evidence.
        """
        world, stage = self.world, self.world.stage
        fault = self._fault(about)
        late = world.lateness()  # before it is given up
        if late == "before":
            self._dawdle(about)
        if fault is Fault.UNREACHABLE:
            stage.pause()
            raise RemoteUnavailable(f"{about.party} is not there")
        leased_after = world.clock.elapsed
        evidence.sent(about.name.encode(), MessageMeta(about.operation))
        world.unanswered[about.operation, about.payment] += 1
        with world.watch.under_way(about, leased_after):
            wire_point("before-send")
            if fault is Fault.REQUEST_LOST or fault is Fault.REQUEST_LATE:
                if fault is Fault.REQUEST_LATE:
                    refusals = world.refused_keys[about.key]
                    world.later(f"late {about.name}", lambda: self._happen_late(about, effect, refusals))
                stage.sleep(self.deadline)
                raise OutcomeUnknown("no answer in time")
            return self._answered(about, evidence, effect, fault, late)

    def _answered(
        self, about: About, evidence: EvidenceSink, effect: Callable[[], T], fault: Fault | None, late: str
    ) -> T:
        world, stage = self.world, self.world.stage
        try:
            if fault is Fault.REFUSED:
                world.refused_keys[about.key] += 1
                raise RemoteRefused("refused", permanent=about.operation != "GetOrderDetails")
            answer = self._happen(about, effect)
        except RemoteRefused as refusal:
            answer = refusal
            if fault is not Fault.REFUSED:
                world.strike(Fault.REFUSED, about)
        stage.pause()
        if late == "after":
            self._dawdle(about)
        if fault is Fault.ANSWER_LOST:
            stage.sleep(self.deadline)
            raise OutcomeUnknown("the answer was lost")
        wire_point("after-answer")
        evidence.received(repr(answer).encode(), MessageMeta(about.operation, status=200))
        if fault is Fault.GARBAGE:
            raise InvalidAnswer("nobody can read this")
        world.unanswered[about.operation, about.payment] -= 1
        if isinstance(answer, RemoteRefused):
            world.refusals.add((about.operation, about.payment))
            raise answer
        return answer

    def _happen(self, about: About, effect: Callable[[], T]) -> T:
        """The effect at the counterpart. What is wrong with its books is found out at once."""
        self.world.trace(f"  {about.party} does {about.name}")
        try:
            return effect()
        finally:
            self.world.watch.books_moved()
            self.world.trap.answered(about)

    def _happen_late(self, about: About, effect: Callable[[], T], refusals: int) -> None:
        if not about.key or self.world.refused_keys[about.key] == refusals:
            self._happen(about, effect)

    def _dawdle(self, about: About) -> None:
        self.world.strike(Fault.ANSWER_LATE, about)
        self.world.stage.sleep(self.world.chance.between(self.deadline + 1, 400))

    def _fault(self, about: About) -> Fault | None:
        """What strikes this call, if anything."""
        fault = self.world.draw(about)
        if fault is Fault.REFUSED and self.world.bank.has_done(about.key):
            fault = None
        if fault is Fault.REFUSED and about.operation == "status":
            fault = Fault.GARBAGE  # a question about a payment is answered or not
        if fault is not None:
            self.world.strike(fault, about)
        return fault


class LatePool:
    """Stands where a plugin's threads are: a call runs at once in its caller, or beside it when it is to be late."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def call(self, function: Callable[[], T], *, seconds: float) -> T:
        """Raises: PastDeadline, and whatever the function raises."""
        world = self._wire.world
        stage = world.stage
        if not world.will_be_late():
            try:
                return function()
            except (MpayError, Died):
                raise
            except Exception as error:
                world.watch.broken(f"a simulated plugin: {error!r}")
                raise
        assert stage.current is not None
        life = stage.current.life
        beside = stage.start(f"{stage.current.name}, late", function, life)
        beside.lease = stage.current.lease
        beside.late = world.chance.pick(("before", "after"))
        if not stage.wait(beside, seconds):
            beside.late = GIVEN_UP
            raise PastDeadline
        if beside.error is not None:
            raise beside.error
        return beside.result  # type: ignore[return-value]
