"""Worlds with a treasury: a few of all, bent on the edges that its payments can take."""

from collections.abc import Mapping
from dataclasses import replace

from tests.simulation.chance import Chance
from tests.simulation.coverage import Aim
from tests.simulation.faults import OF_STATEMENTS, Fault
from tests.simulation.plan import Bent

SHARE = 0.1
"""How many of all worlds have a treasury."""
KINDS = 6
TRANSFERS = ("transfer", "transfer", "transfer", "card", "hold", "cash")
_PAID = (("pay", 6.0), ("pay-late", 0.5), ("leave", 0.5))
_OTHERWISE = (("less", 3.0), ("wrong-amount", 1.0))
_ACTS: Mapping[str, tuple[tuple[str, float], ...]] = {
    "payment:created:expire": (("leave", 3.0), ("pay", 1.0), ("pay-late", 1.0)),
    "payment:captured:capture": (("pay-twice", 3.0), ("pay", 1.0)),
    "payment:expired:capture": (("pay-late", 3.0), ("leave", 1.0)),
    "capture:review:accept": _OTHERWISE,
    "capture:review:give-back": _OTHERWISE,
    "claim:released:resize": _OTHERWISE,
    "decision:proposed:approve": _OTHERWISE,
    "decision:proposed:reject": _OTHERWISE,
    "reversal:due:done": (("pay-twice", 1.0),),
    "reversal:due:refuse": (("pay-twice", 1.0),),
    "reversal:refused:retry": (("pay-twice", 1.0),),
    "reversal:refused:went-back": (("pay-twice", 1.0),),
}
_OF_TRANSFERS_ALONE = "refund:refused:went-back"
EDGES = (
    "payment:created:capture", "payment:created:expire", "payment:captured:capture", "payment:expired:capture",
    "capture:review:accept", "capture:review:give-back", "capture:claimed:release-to-payer",
    "claim:captured:acknowledge", "claim:captured:release", "claim:released:retake", "claim:released:share",
    "claim:released:resize",
    "delivery:due:lease", "delivery:leased:lease", "delivery:leased:confirm", "delivery:leased:unanswered",
    "delivery:leased:park", "delivery:due:withhold", "delivery:leased:give-up", "delivery:parked:take",
    "delivery:parked:give-up", "delivery:parked:retry", "delivery:due:retry",
    "reversal:due:done", "reversal:due:refuse", "reversal:refused:retry", "reversal:refused:went-back",
    "refund:due:release", "refund:due:override", "refund:due:done", "refund:due:refuse", "refund:due:withdraw",
    "refund:refused:acknowledge", "refund:refused:retry", "refund:refused:went-back", "refund:refused:went-back",
    "refund:refused:went-back", "refund:done:acknowledge",
    "decision:proposed:approve", "decision:proposed:reject",
)  # fmt: skip
"""What payments of a treasury can take; thrice what no others can."""


def is_stated(seed: int) -> bool:
    """Whether the seed's world has a treasury."""
    return Chance(seed, "treasury").of(SHARE)


def stated_aim(seed: int) -> Aim | None:
    """What such a world is bent on: half of its kinds of fault are of statements."""
    chance = Chance(seed, "aim at a treasury")
    if chance.of(0.125):
        return None
    others = tuple(each for each in Fault if each not in OF_STATEMENTS)
    return Aim(chance.pick(EDGES), (*OF_STATEMENTS, *chance.some(others, KINDS - len(OF_STATEMENTS))))


def stated(bent: Bent, aim: Aim | None) -> Bent:
    """The same with a treasury, to which most payers go."""
    acts = bent.acts if aim is None else _ACTS.get(aim.edge, _PAID)
    alone = aim is not None and aim.edge == _OF_TRANSFERS_ALONE
    return replace(
        bent, instruments=("transfer",) if alone else TRANSFERS, acts=acts, stated=True, presses_twice=0.05,
        second_payers=min(bent.second_payers, 0.3),
    )  # fmt: skip
