"""What the scenarios of the matrix share: a gateway, everybody around it, the death, and what follows it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from mpay_gateway.crash_points import CALLS, ELSEWHERE, POINTS, UNITS
from mpay_gateway.domain.breaker import BreakerRule, CallsTo
from mpay_gateway.domain.errors import OutcomeUnknown
from mpay_gateway.domain.payment import CaptureState, PaymentState
from mpay_gateway.flow.breakers import unanswered
from mpay_gateway.storage.tasks import TaskKind
from tests.proofs.dying import Survived, Way
from tests.proofs.nursery import Nursery
from tests.scene.bank import Bank
from tests.scene.counterparts import Counterparts
from tests.scene.gateway import Gateway
from tests.scene.kiosks import Kiosks
from tests.scene.payer import Page, Payer
from tests.scene.processes import START_SECONDS
from tests.scene.shop import Shop, ShopOrder


class Dying(Protocol):
    """Something that is run until it dies (`dying`)."""

    @property
    def name(self) -> str:
        """What was running."""

    def die(self, way: Way) -> None:
        """Raises: AssertionError unless it dies at the point."""


@dataclass
class Stage:
    """Where one scenario is played, once.

    `point`: where a process is to die. `died`: what did. `survived`: its unit had fewer statements than the point says.
    """

    point: str
    engine: str
    folder: Path
    counterparts: Counterparts
    nursery: Nursery
    make: Callable[..., Gateway]
    empty_database: Callable[[], str]
    environment: dict[str, str] = field(default_factory=dict)
    died: str = ""
    survived: bool = False
    _gateway: Gateway | None = None

    @property
    def gateway(self) -> Gateway:
        """A gateway whose address nobody serves yet; the first one that is asked for."""
        if self._gateway is None:
            self.prepare()
        assert self._gateway is not None
        return self._gateway

    def prepare(self, **plan: object) -> Gateway:
        """Set the gateway up as a `Plan` says. The bank's callbacks stay there."""
        self._gateway = self.make(**{"served": False} | plan)
        self.bank.break_down(callbacks="off")
        return self._gateway

    @property
    def payer(self) -> Payer:
        return Payer(self.gateway)

    @property
    def shop(self) -> Shop:
        return self.counterparts.shop

    @property
    def bank(self) -> Bank:
        return self.counterparts.bank

    @property
    def kiosks(self) -> Kiosks:
        return self.counterparts.kiosks

    def dies(self, running: Dying) -> None:
        """Let a real process run until it kills itself at the point."""
        assert not self.died, "one death in a scenario"
        try:
            running.die(Way(self.nursery, self.gateway, self.point, self.environment))
        except Survived:  # it died at the end of its unit, and whoever comes next goes on as ever
            self.survived = True
        self.died = running.name

    def mpay(self, *arguments: str, token: str = "") -> str:
        """What a command says that is left to live. `token`: of the operator who acts."""
        log = self.gateway.ini.parent / f"{arguments[0]}.log"
        before = log.stat().st_size if log.exists() else 0
        environment = self.environment | {"MPAY_OPERATOR_TOKEN": token}
        with self.nursery.process(self.gateway, *arguments, environment=environment) as running:
            code = running.wait(START_SECONDS)
        said = log.read_bytes()[before:].decode("utf-8", "replace")
        assert code == 0, said
        return said

    def open_breaker(self, calls: CallsTo) -> None:
        """Let it be known that these calls went unanswered, one after the other."""
        for _ in range(BreakerRule().opens_after):
            unanswered(self.gateway.parts, calls, OutcomeUnknown("no answer"))

    def recover(self) -> None:
        """Time passes; whoever comes next does what is due once the dead one's leases have run out."""
        for _ in range(3):
            self.gateway.clock.advance(minutes=2)
            self.gateway.work()
            self.gateway.settle_down()

    def paid_at_bank(self, order: ShopOrder, card: str = "approved", **how: str) -> Page:
        """Start a payment, pay it at the bank, and make the gateway's question about it due."""
        started = self.payer.start(order, **how)
        self.bank.pay(self.gateway.payment(started.payment_id).remote_reference, card)
        self.hurry(TaskKind.RECHECK, started.payment_id)
        return started

    def hurry(self, kind: TaskKind, subject: str) -> None:
        """Make a task due now."""
        now = self.gateway.clock.now()
        self.gateway.parts.units.run("hurry", lambda work: work.tasks.hurry(kind, subject, now))

    def assert_paid_once(self, order: ShopOrder, payments: int = 1) -> None:
        """Of so many payments of the order one has money, and the service took it once."""
        found = self.gateway.payments(order.key, order.service_id)
        assert len(found) == payments, found
        (paid,) = [each for each in found if each.state is PaymentState.CAPTURED]
        assert [each.state for each in self.gateway.captures(paid.id)] == [CaptureState.CLAIMED]
        self.assert_told_once(order)

    def assert_told_once(self, order: ShopOrder) -> None:
        """The service applied one confirmation, and was always told the same."""
        told = self.shop.confirmations(order)
        assert [each["outcome"] for each in told].count("applied") == 1, told
        assert len({each["content_digest"] for each in told}) == 1
        assert self.shop.state(order)["state"] == "paid"


@dataclass(frozen=True, slots=True)
class Scenario:
    """A story in which a process dies. `points`: those that it passes, and so proves."""

    name: str
    points: frozenset[str]
    play: Callable[[Stage], None]


SCENARIOS: list[Scenario] = []


def scenario(
    *,
    units: Iterable[str] = (),
    calls: Iterable[str] = (),
    exchanges: Iterable[str] = (),
    points: Iterable[str] = (),
) -> Callable[[Callable[[Stage], None]], Callable[[Stage], None]]:
    """Add a scenario: it passes the commits of `units`, all four points of `calls`, the two inner ones of
    `exchanges`, and `points`.
    """
    assert set(units) <= UNITS, set(units) - UNITS
    assert set(calls) <= CALLS
    assert set(exchanges) <= CALLS | {ELSEWHERE}
    passed = {f"{unit}:{moment}" for unit in units for moment in ("before-commit", "after-commit")}
    passed |= {f"call:{call}:{moment}" for call in calls for moment in ("before", "after")}
    passed |= {
        f"call:{call}:{moment}" for call in (*calls, *exchanges) for moment in ("before-send", "after-answer")
    }
    passed |= set(points)
    assert passed <= POINTS, passed - POINTS

    def add(play: Callable[[Stage], None]) -> Callable[[Stage], None]:
        SCENARIOS.append(Scenario(play.__name__.replace("_", " "), frozenset(passed), play))
        return play

    return add
