"""How each edge is brought about in a world that is bent on it: who does what as soon as a payment stands where.

Nothing here is more than counterparts and people do by themselves in other worlds; it only comes at the right time.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from tests.simulation.bank import Session, Standing
from tests.simulation.coverage import Change
from tests.simulation.faults import LOSSES, Fault
from tests.simulation.operators import DEEDS, NAMES
from tests.simulation.shop import ShopOrder

if TYPE_CHECKING:
    from tests.simulation.world import World

MOST = 30
"""How often one world is helped on its way."""
SOON = 3.0
"""Seconds in which a step is done that is not done at once."""
_SESSION = "SELECT reference FROM payments WHERE id = ?"
_PROPOSED = "SELECT opened_by FROM decisions WHERE payment_id = ? AND state = 'proposed'"


@dataclass(frozen=True, slots=True)
class Place:
    """A payment in its world, with what its bank and its service have of it."""

    world: "World"
    payment_id: str
    session: Session | None
    order: ShopOrder


Act = Callable[[Place], None]


@dataclass(frozen=True, slots=True)
class Step:
    """What is done once a machine of a payment has come to a state. `at_once`: before anything else can happen."""

    at: str
    act: Act
    at_once: bool = False


def _call(operation: str, *faults: Fault) -> Act:
    """The next such call about the payment goes wrong."""
    return lambda place: place.world.force(operation, place.payment_id, place.world.chance.pick(faults))


def _people(kind: str, *deeds: int) -> Act:
    """An operator does one of some things about what he finds; not the one who proposed it."""

    def act(place: Place) -> None:
        operators, chance = place.world.people.operators, place.world.chance
        proposers = {name for (name,) in place.world.store.rows(_PROPOSED, place.payment_id)}
        others = [name for name in NAMES if name not in proposers]
        for subject in operators.found(kind, place.payment_id):
            operators.do(place.payment_id, subject, DEEDS[kind][chance.pick(deeds)], chance.pick(others))

    return act


def _pay(place: Place) -> None:
    """Money turns up, whatever was said before."""
    if place.session is not None:
        place.world.strikes.payment(place.payment_id, Fault.LATE_MONEY)
        place.world.bank.pay(place.session)


def _take(place: Place) -> None:
    """The bank takes money that nobody told it to take."""
    if place.session is not None and not place.session.closed:
        place.world.bank.take(place.session, place.session.amount)


def _drop(place: Place) -> None:
    if place.session is not None and place.session.standing is Standing.HELD:
        place.world.strikes.payment(place.payment_id, Fault.TAKEN_BACK)
        place.world.bank.drop_hold(place.session)


def _die(place: Place) -> None:
    """Whoever is about to send it dies, and everybody else."""
    place.world.people.mischief.happen(Fault.CRASH_ALL)


def _cancel_order(place: Place) -> None:
    place.world.people.services.change(place.order, "cancel")


def _release(place: Place) -> None:
    place.world.shop.release(place.order)


def _refunded(place: Place) -> None:
    place.world.shop.refunded(place.order)


_PROPOSE = Step("delivery:confirmed", _people("paid", 0, 2))
_AGREE = Step("decision:proposed", _people("proposed", 0))
_LET_GO = Step("refund:due", _release, at_once=True)
_HURRY = Step("refund:due", _people("refund-waits", 3))
_REFUND = (_PROPOSE, _AGREE)
_LEAVES = (*_REFUND, _LET_GO, _HURRY)
_TWICE = Step("payment:captured", _take)
_REVIEWED = Step("capture:review", _people("review", 0))

WAYS: Mapping[str, tuple[Step, ...]] = {
    "payment:started:start": (
        Step("payment:started", _call("start", Fault.UNREACHABLE, Fault.REQUEST_LOST), at_once=True),
    ),
    "payment:declined:authorise": (Step("payment:declined", _pay),),
    "payment:cancelled:authorise": (Step("payment:cancelled", _pay),),
    "payment:expired:authorise": (Step("payment:expired", _pay),),
    "payment:captured:capture": (Step("payment:captured", _take),),
    "payment:declined:capture": (Step("payment:declined", _pay),),
    "payment:cancelled:capture": (Step("payment:cancelled", _pay),),
    "payment:expired:capture": (Step("payment:expired", _pay),),
    "payment:authorised:decline": (Step("payment:authorised", _drop, at_once=True),),
    "payment:authorised:void": (Step("payment:authorised", _cancel_order, at_once=True),),
    "claim:released:retake": (Step("claim:released", _pay),),
    "capture:claimed:release-to-payer": (
        Step("capture:claimed", _call("ConfirmOrderPayment", Fault.REFUSED), at_once=True),
        Step("delivery:parked", _people("delivery-parked", 1)), _AGREE,
    ),
    "claim:captured:release": (
        Step("claim:captured", _call("ConfirmOrderPayment", Fault.REFUSED), at_once=True),
        Step("delivery:parked", _people("delivery-parked", 1)), _AGREE,
    ),
    "capture:review:accept": (_REVIEWED, _AGREE),
    "capture:review:give-back": (Step("capture:review", _people("review", 1)), _AGREE),
    "delivery:due:lease": (Step("delivery:leased", _call("ConfirmOrderPayment", *LOSSES), at_once=True),),
    "delivery:leased:lease": (Step("delivery:leased", _die, at_once=True),),
    "delivery:leased:unanswered": (
        Step("delivery:leased", _call("ConfirmOrderPayment", *LOSSES), at_once=True),
    ),
    "delivery:leased:park": (
        Step("delivery:leased", _call("ConfirmOrderPayment", Fault.REFUSED), at_once=True),
    ),
    "delivery:due:withhold": (Step("delivery:due", _people("delivery-due", 1)),),
    "delivery:due:retry": (Step("delivery:due", _people("delivery-due", 0)),),
    "delivery:parked:retry": (
        Step("delivery:due", _people("delivery-due", 1)), Step("delivery:parked", _people("delivery-parked", 0)),
    ),
    "intent:due:unanswered": (Step("intent:due", _call("capture", *LOSSES), at_once=True),),
    "intent:due:refuse": (Step("intent:due", _call("capture", Fault.REFUSED), at_once=True),),
    "intent:refused:done": (
        Step("intent:due", _call("capture", Fault.REFUSED), at_once=True),
        Step("intent:refused", _take, at_once=True),
    ),
    "reversal:due:done": (_TWICE,),
    "reversal:due:unanswered": (_TWICE, Step("reversal:due", _call("reverse", *LOSSES), at_once=True),),
    "reversal:due:refuse": (_TWICE, Step("reversal:due", _call("reverse", Fault.REFUSED), at_once=True),),
    "reversal:refused:went-back": (
        _TWICE, Step("reversal:due", _call("reverse", Fault.ANSWER_LOST, Fault.REFUSED), at_once=True),
    ),
    "reversal:refused:retry": (
        Step("payment:authorised", _cancel_order, at_once=True), Step("reversal:due", _drop, at_once=True),
        Step("reversal:refused", _pay),
    ),
    "refund:due:release": (*_REFUND, Step("refund:due", _release), _HURRY),
    "refund:due:override": (*_REFUND, Step("refund:due", _people("refund-waits", 0))),
    "refund:due:done": _LEAVES,
    "refund:due:unanswered": (*_LEAVES, Step("refund:due", _call("reverse", *LOSSES), at_once=True)),
    "refund:due:refuse": (*_LEAVES, Step("refund:due", _call("reverse", Fault.REFUSED), at_once=True)),
    "refund:due:withdraw": (*_REFUND, Step("refund:due", _people("refund-waits", 2))),
    "refund:refused:acknowledge": (
        *_REFUND, Step("refund:due", _people("refund-waits", 2)),
        Step("refund:refused", _people("refund-refused", 1)),
    ),
    "refund:refused:retry": (
        *_REFUND, Step("refund:due", _people("refund-waits", 2)),
        Step("refund:refused", _people("refund-refused", 0)),
    ),
    "refund:done:acknowledge": (
        *_LEAVES, Step("refund:done", _refunded), Step("refund:done", _people("refund-done", 0)),
    ),
    "decision:proposed:approve": (_REVIEWED, _AGREE),
    "decision:proposed:reject": (_REVIEWED, Step("decision:proposed", _people("proposed", -1))),
}  # fmt: skip
"""By edge. What is missing here comes about by itself."""


class Guide:
    """Helps a world on its way to one edge."""

    def __init__(self, world: "World", edge: str) -> None:
        self._world = world
        self._steps = WAYS.get(edge, ())
        self._left = MOST

    def changed(self, changes: tuple[Change, ...]) -> None:
        """A commit has changed states."""
        for change in changes:
            for step in self._next(f"{change.machine}:{change.after}"):
                self._left -= 1
                act = partial(step.act, self._place(change.payment_id))
                if step.at_once:
                    self._world.stage.start_first(f"guide {step.at}", act)
                else:
                    self._world.later(f"guide {step.at}", act, 0, SOON)

    def _next(self, at: str) -> Iterator[Step]:
        return (step for step in self._steps if step.at == at and self._left > 0)

    def _place(self, payment_id: str) -> Place:
        world = self._world
        ((reference,),) = world.store.rows(_SESSION, payment_id)
        order = world.shop.orders[world.strikes.order_of(payment_id)]
        return Place(world, payment_id, world.bank.sessions.get(reference), order)
