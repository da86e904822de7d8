"""How each edge is brought about in a world that is bent on it: who does what as soon as a payment stands where."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from tests.simulation.coverage import Change
from tests.simulation.faults import LOSSES, Fault
from tests.simulation.helps import (
    Act,
    Place,
    another_payer,
    call,
    die,
    drop,
    end_hold,
    give_back_by_hand,
    pay,
    pay_less,
    pay_who_let_go,
    people,
    refunded,
    release,
    take,
    transfer_beside_another,
    waver,
)

if TYPE_CHECKING:
    from tests.simulation.world import World

MOST = 90
"""How often one world is helped on its way."""
SOON = 3.0
"""Seconds in which a step is done that is not done at once."""
_SESSION = "SELECT reference FROM payments WHERE id = ?"


@dataclass(frozen=True, slots=True)
class Step:
    """What is done once a machine of a payment has come to a state. `at_once`: before anything else can happen."""

    at: str
    act: Act
    at_once: bool = False


def _lost(at: str, operation: str) -> Step:
    return Step(at, call(operation, *LOSSES), at_once=True)


def _refused(at: str, operation: str) -> Step:
    return Step(at, call(operation, Fault.REFUSED), at_once=True)


_PROPOSE = Step("delivery:confirmed", people("paid", 0, 2))
_AGREE = Step("decision:proposed", people("proposed", 0))
_LET_GO = Step("refund:due", release, at_once=True)
_HURRY = Step("refund:due", people("refund-waits", 3))
_REFUND = (_PROPOSE, _AGREE)
_LEAVES = (*_REFUND, _LET_GO, _HURRY)
_TWICE = Step("payment:captured", take)
_ACCEPT, _RETURN = Step("capture:review", people("review", 0)), Step("capture:review", people("review", 1))
_NOT_CONFIRMED = _refused("delivery:leased", "ConfirmOrderPayment")
_NOT_HEARD = _lost("delivery:leased", "ConfirmOrderPayment")
_SEND_AGAIN = Step("delivery:parked", people("delivery-parked", 0))
_GIVE_UP = (_NOT_CONFIRMED, Step("delivery:parked", people("delivery-parked", 1)), _AGREE)
_WITHDRAW = Step("refund:due", people("refund-waits", 2))
_NOT_GIVEN = (_TWICE, _refused("reversal:due", "reverse"))

_NOT_STARTED = (Fault.UNREACHABLE, Fault.REQUEST_LOST, Fault.ANSWER_LOST, Fault.ANSWER_LOST)

WAYS: Mapping[str, tuple[Step, ...]] = {
    "payment:started:start": (
        Step("payment:started", call("start", *_NOT_STARTED), at_once=True),
    ),
    "payment:created:capture": (Step("payment:created", transfer_beside_another),),
    "payment:authorised:authorise": (_lost("payment:authorised", "capture"), _lost("intent:due", "capture")),
    "payment:declined:authorise": (Step("payment:declined", pay),),
    "payment:cancelled:authorise": (Step("payment:cancelled", pay),),
    "payment:expired:authorise": (Step("payment:expired", pay),),
    "payment:captured:capture": (_TWICE,),
    "payment:declined:capture": (Step("payment:declined", pay),),
    "payment:cancelled:capture": (Step("payment:cancelled", pay),),
    "payment:expired:capture": (Step("payment:expired", pay),),
    "payment:authorised:decline": (Step("payment:authorised", drop, at_once=True),),
    "payment:authorised:void": (
        Step("payment:authorised", end_hold, at_once=True),
    ),
    "capture:review:accept": (_ACCEPT, _AGREE),
    "capture:review:give-back": (_RETURN, _AGREE),
    "capture:claimed:release-to-payer": _GIVE_UP,
    "claim:captured:release": _GIVE_UP,
    "claim:released:retake": (Step("claim:released", pay),),
    "claim:released:share": (Step("claim:released", another_payer), Step("claim:captured", pay_who_let_go)),
    "claim:held:resize": (_ACCEPT, _AGREE),
    "claim:released:resize": (Step("claim:released", pay_less), _ACCEPT, _AGREE),
    "delivery:due:lease": (_NOT_HEARD,),
    "delivery:leased:lease": (Step("delivery:leased", die, at_once=True),),
    "delivery:leased:unanswered": (_NOT_HEARD,),
    "delivery:leased:park": (_NOT_CONFIRMED, _SEND_AGAIN),
    "delivery:leased:give-up": (_NOT_CONFIRMED,),
    "delivery:parked:take": (_NOT_CONFIRMED, Step("delivery:parked", people("delivery-parked", 3))),
    "delivery:parked:give-up": _GIVE_UP,
    "delivery:parked:retry": (_NOT_CONFIRMED, _SEND_AGAIN),
    "delivery:due:withhold": (_NOT_HEARD, Step("delivery:due", people("delivery-due", 1)), _SEND_AGAIN),
    "delivery:due:retry": (_NOT_HEARD, Step("delivery:due", people("delivery-due", 0))),
    "intent:due:wish": (
        Step("intent:due", call("capture", Fault.UNREACHABLE, Fault.REQUEST_LOST), at_once=True),
        Step("intent:due", waver),
    ),
    "intent:due:unanswered": (_lost("intent:due", "capture"),),
    "intent:due:refuse": (_refused("intent:due", "capture"),),
    "intent:refused:done": (_refused("intent:due", "capture"), Step("intent:refused", take, at_once=True)),
    "reversal:due:done": (_TWICE,),
    "reversal:due:unanswered": (_TWICE, _lost("reversal:due", "reverse")),
    "reversal:due:refuse": _NOT_GIVEN,
    "reversal:refused:retry": (*_NOT_GIVEN, Step("reversal:refused", people("reversal-refused", 0))),
    "reversal:refused:went-back": (
        *_NOT_GIVEN, Step("reversal:refused", give_back_by_hand),
        Step("reversal:refused", people("reversal-refused", 1)), _AGREE,
    ),
    "refund:due:release": (*_REFUND, Step("refund:due", release), _HURRY),
    "refund:due:override": (*_REFUND, Step("refund:due", people("refund-waits", 0))),
    "refund:due:done": _LEAVES,
    "refund:due:unanswered": (*_LEAVES, _lost("refund:due", "reverse")),
    "refund:due:refuse": (*_LEAVES, _refused("refund:due", "reverse")),
    "refund:due:withdraw": (*_REFUND, _WITHDRAW),
    "refund:refused:acknowledge": (*_REFUND, _WITHDRAW, Step("refund:refused", people("refund-refused", 1))),
    "refund:refused:retry": (*_REFUND, _WITHDRAW, Step("refund:refused", people("refund-refused", 0))),
    "refund:refused:went-back": (*_LEAVES, Step("refund:refused", give_back_by_hand)),
    "refund:done:acknowledge": (
        *_LEAVES, Step("refund:done", refunded), Step("refund:done", people("refund-done", 0)),
    ),
    "decision:proposed:approve": (_ACCEPT, _AGREE),
    "decision:proposed:reject": (_ACCEPT, Step("decision:proposed", people("proposed", -1))),
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
