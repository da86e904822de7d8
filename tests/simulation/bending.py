"""Which way a seed's world is bent: towards an edge under some kinds of fault, named by the seed alone.

What a run has seen often enough it passes over by choosing other seeds; a seed means the same world in every run.
"""

from collections.abc import Mapping
from dataclasses import replace

from tests.simulation.chance import Chance
from tests.simulation.coverage import EDGE_NAMES, Aim
from tests.simulation.faults import ELSEWHERE, IN_CALLS, Fault
from tests.simulation.plan import ACTS, INSTRUMENTS, MISCHIEF, Bent
from tests.simulation.stated_bending import is_stated, stated, stated_aim

CARD, HOLD, CASH, ONLINE = ("card",), ("hold",), ("cash",), ("card", "hold")
PAY = (("pay", 1.0),)
STAYS = (1.0,)
"""Payers who stay: what the world is bent on comes about for most of them."""
SHOP_GONE = (("cancel", 2.0), ("pay-elsewhere", 1.0), ("amend", 1.0))


def _acts(*names: str) -> tuple[tuple[str, float], ...]:
    return tuple((name, 1.0) for name in names)


REFUNDED = Bent(acts=PAY, operators=4, refunds=1.0, instruments=ONLINE)
"""Confirmed money goes back."""
REVIEWED = Bent(acts=_acts("less"), instruments=ONLINE, partial=1.0, order_changes=0.05, patience=STAYS)
"""Another amount is taken than was asked for, which the order takes once people agree."""
PAID = Bent(acts=PAY, order_changes=0.05, instruments=ONLINE, patience=STAYS)
ASKED = replace(PAID, services=("ASKS",), operators=0)
"""A service whose operators decide when it refuses; nobody of ours decides anything else meanwhile."""
HELD = replace(PAID, instruments=HOLD)
_ON_EDGE: Mapping[str, Bent] = {
    "payment:created:start": Bent(instruments=ONLINE),
    "payment:started:start": Bent(instruments=ONLINE, losing={"start": 0.6}, patience=(1.0,)),
    "payment:started:authorise": Bent(instruments=HOLD, acts=PAY),
    "payment:authorised:authorise": Bent(
        instruments=HOLD, acts=PAY, losing={"capture": 0.6, "GetOrderDetails": 0.2}, patience=(1.0,),
    ),
    "payment:declined:authorise": Bent(instruments=HOLD, acts=_acts("decline")),
    "payment:cancelled:authorise": Bent(instruments=HOLD, acts=_acts("cancel")),
    "payment:expired:authorise": Bent(instruments=HOLD, acts=_acts("leave")),
    "payment:created:capture": Bent(instruments=CASH, patience=(1.0,), acts=PAY),
    "payment:started:capture": Bent(instruments=CARD, acts=PAY),
    "payment:authorised:capture": Bent(instruments=HOLD, acts=PAY),
    "payment:captured:capture": Bent(instruments=ONLINE, acts=_acts("pay-twice")),
    "payment:declined:capture": Bent(instruments=CARD, acts=_acts("decline")),
    "payment:cancelled:capture": Bent(instruments=CARD, acts=_acts("cancel")),
    "payment:expired:capture": Bent(instruments=CARD, acts=_acts("leave")),
    "payment:started:decline": Bent(instruments=ONLINE, acts=_acts("decline")),
    "payment:authorised:decline": Bent(instruments=HOLD, acts=PAY, order_changes=0.05),
    "payment:started:cancel": Bent(instruments=ONLINE, acts=_acts("cancel"), losing={"start": 0.3}),
    "payment:authorised:void": Bent(
        instruments=HOLD, acts=(("pay", 8.0), ("hold-taken", 1.0), ("hold-grabbed", 1.0)), order_changes=0.05,
        patience=STAYS,
    ),
    "payment:created:expire": Bent(instruments=CASH, patience=(0.0, 0.3)),
    "payment:started:expire": Bent(instruments=ONLINE, acts=_acts("leave"), losing={"start": 0.3}),
    "capture:review:accept": REVIEWED,
    "capture:review:give-back": replace(
        REVIEWED, acts=(("less", 3.0), ("wrong-amount", 1.0), ("hold-grabbed", 1.0)), partial=0.25,
    ),
    "capture:claimed:release-to-payer": PAID,
    "claim:held:capture": Bent(acts=PAY),
    "claim:held:release": Bent(acts=_acts("decline", "cancel", "leave", "pay-late")),
    "claim:captured:acknowledge": Bent(acts=PAY),
    "claim:captured:release": PAID,
    "claim:released:retake": Bent(acts=_acts("decline", "cancel"), instruments=CARD, second_payers=0.1),
    "claim:released:share": Bent(
        acts=_acts("decline", "cancel"), instruments=CARD, second_payers=0.0, partial=1.0, order_changes=0.05,
        parts=(0.4,), patience=STAYS, lines=(4,),
    ),
    "claim:held:resize": REVIEWED,
    "claim:released:resize": replace(
        REVIEWED, acts=_acts("decline", "cancel"), instruments=CARD, second_payers=0.0,
    ),
    "delivery:due:lease": Bent(acts=PAY),
    "delivery:leased:lease": Bent(acts=PAY, rates={Fault.CRASH: 0.02}, losing={"ConfirmOrderPayment": 0.4}),
    "delivery:leased:confirm": Bent(acts=PAY, partial=0.6),
    "delivery:leased:unanswered": Bent(acts=PAY, losing={"ConfirmOrderPayment": 0.6}),
    "delivery:leased:park": ASKED,
    "delivery:leased:give-up": replace(PAID, services=("REVERSES",)),
    "delivery:parked:take": ASKED,
    "delivery:parked:give-up": ASKED,
    "delivery:due:withhold": PAID,
    "delivery:parked:retry": ASKED,
    "delivery:due:retry": PAID,
    "intent:due:done": Bent(instruments=HOLD, acts=PAY),
    "intent:due:wish": HELD,
    "intent:due:unanswered": HELD,
    "intent:due:refuse": HELD,
    "intent:refused:done": HELD,
    "reversal:due:done": Bent(instruments=ONLINE, acts=_acts("pay-twice", "pay"), second_payers=0.5),
    "reversal:due:unanswered": Bent(instruments=ONLINE, acts=_acts("pay-twice", "pay")),
    "reversal:due:refuse": Bent(instruments=ONLINE, acts=_acts("pay-twice", "pay")),
    "reversal:refused:went-back": Bent(instruments=ONLINE, acts=_acts("pay-twice", "pay")),
    "reversal:refused:retry": Bent(instruments=HOLD, acts=PAY, order_changes=0.05),
    "refund:due:release": REFUNDED,
    "refund:due:override": REFUNDED,
    "refund:due:done": REFUNDED,
    "refund:due:unanswered": replace(REFUNDED, losing={"reverse": 0.7}),
    "refund:due:refuse": replace(REFUNDED, rates={Fault.REFUSED: 0.2}),
    "refund:due:withdraw": replace(REFUNDED, acts=_acts("pay", "charged-back")),
    "refund:refused:acknowledge": replace(REFUNDED, rates={Fault.REFUSED: 0.2}),
    "refund:refused:retry": replace(REFUNDED, rates={Fault.REFUSED: 0.2}),
    "refund:done:acknowledge": REFUNDED,
    "decision:proposed:approve": replace(REVIEWED, acts=_acts("less", "wrong-amount")),
    "decision:proposed:reject": replace(REVIEWED, acts=_acts("less", "wrong-amount")),
}  # fmt: skip
_ACT_OF = {
    Fault.SECOND_CAPTURE: "pay-twice", Fault.WRONG_AMOUNT: "wrong-amount", Fault.LATE_MONEY: "decline-then-pay",
    Fault.TAKEN_BACK: "taken-back",
}  # fmt: skip
_AT_A_BANK = {
    Fault.SECOND_CAPTURE, Fault.TAKEN_BACK, Fault.LATE_MONEY, Fault.WRONG_AMOUNT, Fault.CALLBACK_DUPLICATE,
    Fault.CALLBACK_LATE, Fault.CALLBACK_LOST, Fault.CALLBACK_FORGED,
}  # fmt: skip
"""What strikes payments by a bank alone, or these best."""
_CALLBACKS = {Fault.CALLBACK_DUPLICATE, Fault.CALLBACK_LATE, Fault.CALLBACK_LOST}


KINDS = 6
"""So many kinds of fault a world is bent on, so that it shows many pairs for what it costs."""


def aim_of(seed: int) -> Aim | None:
    """What the seed's world is bent on; one world in eight is bent on nothing."""
    if is_stated(seed):
        return stated_aim(seed)
    chance = Chance(seed, "aim")
    return None if chance.of(0.125) else Aim(chance.pick(EDGE_NAMES), chance.some(ELSEWHERE, KINDS))


def bent_of(seed: int) -> Bent:
    """One world in three has more of its first kind of fault everywhere; the others have traps alone."""
    aim = aim_of(seed)
    if is_stated(seed):
        return replace(stated(_ON_EDGE.get(aim.edge, Bent()) if aim is not None else Bent(), aim), aim=aim)
    if aim is None:
        return Bent()
    bent = _ON_EDGE.get(aim.edge, Bent())
    if Fault.LATE_MONEY in aim.faults:
        bent = _with_late_money(aim.edge, bent)
    if Chance(seed, "everywhere").of(1 / 3):
        bent = _towards(aim.faults[0], bent)
    return replace(bent, aim=aim)


def _with_late_money(edge: str, bent: Bent) -> Bent:
    """The same, where money may be late for payments that have some already: most sessions are soon over."""
    if edge == "payment:created:start":  # only cash is late before a payment is stored
        return replace(bent, instruments=INSTRUMENTS, acts=(*PAY, ("pay-late", 2.0)), second_payers=0.6)
    if bent.acts == PAY and CARD[0] in bent.instruments:
        bent = replace(bent, acts=(*PAY, ("decline-then-pay", 1.0)))
    return replace(bent, short_sessions=0.7)


def _towards(fault: Fault, bent: Bent) -> Bent:
    """The same with more of one kind of fault."""
    if fault in _AT_A_BANK and bent.instruments == INSTRUMENTS:
        bent = replace(bent, instruments=ONLINE)
    if fault is Fault.LATE_MONEY and bent.acts in (PAY, ACTS) and bent.instruments not in (HOLD, CASH):
        return replace(bent, instruments=CARD, acts=_acts("decline-then-pay"))
    if fault in _ACT_OF:
        return replace(bent, acts=(*bent.acts, (_ACT_OF[fault], sum(weight for _, weight in bent.acts))))
    if fault in IN_CALLS or fault is Fault.CRASH or fault in _CALLBACKS:
        rate = 0.025 if fault is Fault.CRASH else 0.7 if fault in _CALLBACKS else 0.2
        return replace(bent, rates={fault: rate, **bent.rates})
    if fault in MISCHIEF:
        return replace(bent, mischief=(fault,) * 4)
    match fault:
        case Fault.BROWSER_GONE:
            return replace(bent, patience=(0.6, 0.8))
        case Fault.SECOND_PRESS:
            return replace(bent, presses_twice=0.9, partial=max(bent.partial, 0.5))
        case Fault.SECOND_PAYER:
            return replace(bent, second_payers=1.0)
        case Fault.ORDER_CHANGED:
            return replace(bent, order_changes=1.0)
        case _:
            return replace(bent, operators=max(bent.operators, 8))
