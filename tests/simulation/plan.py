"""What a seed puts into its world: orders, who pays them and how, what goes wrong, and how often."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from tests.simulation.chance import Chance
from tests.simulation.coverage import Aim
from tests.simulation.faults import OF_STATEMENTS, USUAL, Fault

SERVICES = ("REVERSES", "ASKS")
"""One that lets refused money go back at once, and one whose operators decide."""
INSTRUMENTS = ("card", "hold", "cash")
ACTS = (
    ("pay", 10.0), ("decline", 1.5), ("cancel", 1.5), ("leave", 1.5), ("pay-twice", 1.0), ("wrong-amount", 1.0),
    ("decline-then-pay", 1.0), ("pay-late", 1.0), ("taken-back", 0.7), ("hold-ends", 0.5), ("hold-again", 0.3),
    ("hold-taken", 0.3), ("charged-back", 0.5),
)  # fmt: skip
"""What a payer does at the bank, and how often."""
ORDER_ACTS = (("amend", 3.0), ("cancel", 2.0), ("cancel-and-reopen", 1.0), ("pay-elsewhere", 1.0))
MISCHIEF = (
    Fault.CLOCK_AHEAD, Fault.CLOCK_BACK, Fault.CRASH_ALL, Fault.STALE, Fault.OUTAGE, Fault.CALLBACK_FORGED,
)  # fmt: skip
"""What strikes at some moment, and not at each of many chances."""


@dataclass(frozen=True, slots=True)
class PayerPlan:
    """A payer of one order. `patience`: how probable it is at each page that he stays.

    `amended`: whether the order changes between what he agrees to and the button.
    """

    order: int
    instrument: str
    begins: float
    act: str
    patience: float
    presses_twice: bool
    part: float
    amended: bool = False


@dataclass(frozen=True, slots=True)
class OrderPlan:
    service: str
    amounts: tuple[int, ...]
    partial: bool


@dataclass(frozen=True, slots=True)
class Event:
    """What happens once the states of the world have changed `at` times: `what`, of a kind, to an order."""

    at: int
    kind: str
    what: str = ""
    order: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is decided before anything happens. `pace`: by which time passes with each step.

    `losing`: how probable it is that a call of an operation goes wrong, beside the usual. `refunds`: whether operators
    give confirmed money back, and the bank sometimes less than it is asked for. `stated`: how many days of statements
    are read before all is healed, 0 in a world without a treasury; `stated_rates`: how often one goes wrong.
    `session`: how long the bank lets a payer pay, where that is less than it was told.
    """

    seed: int
    orders: tuple[OrderPlan, ...]
    payers: tuple[PayerPlan, ...]
    rates: Mapping[Fault, float]
    losing: Mapping[str, float]
    strict_shop: bool
    pace: timedelta
    events: tuple[Event, ...]
    operators: int
    refunds: bool
    aim: Aim | None
    stated: int = 0
    stated_rates: Mapping[Fault, float] = field(default_factory=dict)
    session: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Bent:
    """What a world is bent on: what it should have more of than usual, and the pairs that its trap waits for."""

    instruments: tuple[str, ...] = INSTRUMENTS
    acts: tuple[tuple[str, float], ...] = ACTS
    services: tuple[str, ...] = SERVICES
    rates: Mapping[Fault, float] = field(default_factory=dict)
    losing: Mapping[str, float] = field(default_factory=dict)
    mischief: tuple[Fault, ...] = ()
    order_acts: tuple[tuple[str, float], ...] = ORDER_ACTS
    order_changes: float = 0.25
    second_payers: float = 0.3
    presses_twice: float = 0.15
    patience: tuple[float, ...] = (0.8, 0.95, 1.0)
    operators: int = 1
    refunds: float = 0.15
    partial: float = 0.25
    strict: float = 0.7
    parts: tuple[float, ...] = (1.0, 1.0, 0.5)
    lines: tuple[int, ...] = (1, 2)
    stated: bool = False
    short_sessions: float = 0.0
    aim: Aim | None = None


def plan_of(seed: int, bent: Bent) -> Plan:
    """The plan of a seed: the same at every call."""
    chance = Chance(seed, "plan")
    orders = tuple(
        _order(chance, bent) for _ in range(1 + chance.below(3) if bent.aim is None else 3 + chance.below(3))
    )
    payers = _payers(chance, bent, len(orders))
    days, rates = _stated(Chance(seed, "statements")) if bent.stated else (0, {})
    return Plan(
        seed=seed,
        orders=orders,
        payers=payers,
        rates=_rates(chance, bent),
        losing=bent.losing,
        strict_shop=chance.of(bent.strict),
        pace=timedelta(milliseconds=chance.pick((1, 30, 400))),
        events=_events(chance, bent, len(orders), len(payers)),
        operators=bent.operators,
        refunds=chance.of(bent.refunds),
        aim=bent.aim,
        stated=days,
        stated_rates=rates,
        session=_session(Chance(seed, "sessions"), bent),
    )


def _session(chance: Chance, bent: Bent) -> timedelta | None:
    return timedelta(seconds=chance.pick((20, 90))) if chance.of(bent.short_sessions) else None


def _stated(chance: Chance) -> tuple[int, dict[Fault, float]]:
    return chance.pick((2, 4, 9)), {fault: chance.pick((0.0, 0.1, 0.4)) for fault in OF_STATEMENTS}


def _order(chance: Chance, bent: Bent) -> OrderPlan:
    amounts = tuple(100 * (1 + chance.below(200)) for _ in range(chance.pick(bent.lines)))
    return OrderPlan(chance.pick(bent.services), amounts, chance.of(bent.partial))


def _payers(chance: Chance, bent: Bent, orders: int) -> tuple[PayerPlan, ...]:
    spread = chance.pick((5.0, 50.0, 400.0))
    first = [_payer(chance, bent, order, spread) for order in range(orders)]
    second = [
        replace(_payer(chance, bent, one.order, spread), begins=one.begins + chance.between(0, 30))
        for one in first
        if chance.of(bent.second_payers)
    ]
    return (*first, *second)


def _payer(chance: Chance, bent: Bent, order: int, spread: float) -> PayerPlan:
    return PayerPlan(
        order=order,
        instrument=chance.pick(bent.instruments),
        begins=chance.between(0, spread),
        act=chance.weighted(bent.acts),
        patience=chance.pick(bent.patience),
        presses_twice=chance.of(bent.presses_twice),
        part=chance.pick(bent.parts),
        amended=chance.of(bent.order_changes / 3),
    )


def _rates(chance: Chance, bent: Bent) -> dict[Fault, float]:
    """Some worlds are quiet, some are rough; each leaves most kinds of fault to the others.

    One that is bent on something has its trap, and is rough by that.
    """
    roughness = chance.pick((0.0, 0.5, 1.0, 3.0) if bent.aim is None else (0.0, 0.0, 0.5))
    usual = {fault: rate * roughness for fault, rate in USUAL.items() if chance.of(0.6)}
    crash = {Fault.CRASH: chance.pick((0.0, 0.002, 0.01) if bent.aim is None else (0.0, 0.0, 0.002))}
    return crash | usual | dict(bent.rates)


def _events(chance: Chance, bent: Bent, orders: int, payers: int) -> tuple[Event, ...]:
    """At moments that are spread over about as many changes as the payers make."""
    span = 4 + 7 * payers

    def some_time() -> int:
        return chance.below(span)

    mischief = [*bent.mischief, *(fault for fault in MISCHIEF if chance.of(0.12))]
    events = [Event(some_time(), "mischief", fault) for fault in mischief]
    events += [
        Event(some_time(), "order", chance.weighted(bent.order_acts), order)
        for order in range(orders)
        for _ in range(2)
        if chance.of(bent.order_changes)
    ]
    events += [Event(some_time(), "operators") for _ in range(chance.below(2 * bent.operators + 1))]
    return tuple(sorted(events, key=lambda event: event.at))
