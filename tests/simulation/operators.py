"""Operators who act by hand at any moment, two of them on the same thing if it so happens."""

from functools import partial
from typing import TYPE_CHECKING

from mpay_gateway.domain.decision import Act
from mpay_gateway.domain.errors import MpayError
from mpay_gateway.flow.decisions import approve, propose, propose_about, reject
from mpay_gateway.flow.held_deliveries import hurry_delivery, park_delivery, take_parked
from mpay_gateway.flow.reversal_acts import proposed_acknowledgement, retry_reversal
from tests.simulation.faults import Fault
from tests.simulation.line_deeds import LINE_DEEDS, LINES
from tests.simulation.money_back import beyond_our_books
from tests.simulation.processes import Process
from tests.simulation.refund_deeds import REFUND_DEEDS, REFUNDS, Deed
from tests.simulation.stage import Lost

if TYPE_CHECKING:
    from tests.simulation.world import World

NAMES = ("operator:ana", "operator:ion", "operator:eva")
_TO_DO = """
    SELECT 'review', payment_id, payment_id FROM captures WHERE state = 'review'
    UNION ALL SELECT 'proposed', payment_id, id FROM decisions WHERE state = 'proposed'
    UNION ALL SELECT 'delivery-' || state, payment_id, id FROM deliveries WHERE state IN ('due', 'parked')
    UNION ALL SELECT 'reversal-refused', payment_id, id FROM reversals
        WHERE state = 'refused' AND capture_id IS NOT NULL
"""
_CALLED_BACK = """
    SELECT c.amount_minor - r.returned_minor FROM reversals r JOIN captures c ON c.id = r.capture_id
    WHERE r.id = ?1 AND r.state = 'refused'
    UNION ALL SELECT amount_minor FROM decisions WHERE id = ?1 AND act = 'acknowledge' AND state = 'proposed'
"""
"""What somebody says is back who proposes to acknowledge a reversal, or agrees to that."""
_IN_ORDER = " ORDER BY 1, 2, 3"


def _propose(*acts: Act) -> tuple[Deed, ...]:
    return tuple(
        lambda process, subject, actor, act=act: propose(process.parts, subject, act, "a reason", actor=actor)
        for act in acts
    )


def _approve(process: Process, subject: str, actor: str) -> object:
    return approve(process.parts, subject, actor=actor)


def _reject(process: Process, subject: str, actor: str) -> object:
    return reject(process.parts, subject, actor=actor)


def _hurry(process: Process, subject: str, actor: str) -> object:
    return hurry_delivery(process.parts, subject, actor=actor)


def _park(process: Process, subject: str, actor: str) -> object:
    return park_delivery(process.parts, subject, "wait", owner=actor, actor=actor)


def _look_after(process: Process, subject: str, actor: str) -> object:
    return take_parked(process.parts, subject, owner=actor, actor=actor)


def _ask_back_again(process: Process, subject: str, actor: str) -> object:
    return retry_reversal(process.parts, subject, actor=actor)


def _acknowledge(process: Process, subject: str, actor: str) -> object:
    payment_id = process.parts.units.read(lambda work: work.reversals.get(subject)).payment_id
    return propose_about(
        process.parts, payment_id, proposed_acknowledgement(subject), "a reason", actor=actor
    )


def _release(process: Process, subject: str, actor: str) -> object:
    payment_id = process.parts.units.read(lambda work: work.deliveries.get(subject)).payment_id
    return propose(process.parts, payment_id, Act.RELEASE, "a reason", actor=actor)


DEEDS: dict[str, tuple[Deed, ...]] = {
    "review": _propose(Act.ACCEPT, Act.GIVE_BACK),
    "proposed": (_approve, _approve, _approve, _reject),
    "delivery-due": (_hurry, _park),
    "delivery-parked": (_hurry, _release, _release, _look_after),
    "reversal-refused": (_ask_back_again, _acknowledge),
    **REFUND_DEEDS,
    **LINE_DEEDS,
}


class Operators:
    """The people behind the command line."""

    def __init__(self, world: "World") -> None:
        self._world = world

    def come_by(self) -> None:
        """Look at what there is to do, and do some of it; often two of them at once."""
        world = self._world
        more = (REFUNDS if world.plan.refunds else "") + (LINES if world.plan.stated else "")
        for _ in range(1 + world.chance.below(3)):
            found = world.store.rows(_TO_DO + more + _IN_ORDER)
            if not found:
                return
            kind, payment_id, subject = world.chance.pick(found)
            for _ in range(1 + world.chance.below(2)):
                deed, actor = world.chance.pick(DEEDS[kind]), world.chance.pick(NAMES)
                world.later(actor, partial(self.do, payment_id, subject, deed, actor), 0, 3)
            world.stage.sleep(world.chance.between(1, 120))

    def found(self, kind: str, payment_id: str) -> list[str]:
        """What of a kind there is to do about a payment."""
        rows = self._world.store.rows(_TO_DO + REFUNDS + _IN_ORDER)
        return [subject for each, payment, subject in rows if (each, payment) == (kind, payment_id)]

    def meddle(self, payment_id: str) -> None:
        """Do something about a payment: of what there is to do, or else what will be refused."""
        world = self._world
        rows = [row for row in world.store.rows(_TO_DO + _IN_ORDER) if row[1] == payment_id]
        kind, _, subject = world.chance.pick(rows or [("review", payment_id, payment_id)])
        self.do(payment_id, subject, world.chance.pick(DEEDS[kind]), world.chance.pick(NAMES))

    def do(self, payment_id: str, subject: str, deed: Deed, actor: str) -> None:
        """Do one thing, whatever comes of it. Nobody says that money is back which he has not seen at the bank."""
        self._world.strikes.payment(payment_id, Fault.OPERATOR)
        said = self._world.store.rows(_CALLED_BACK, subject) if deed in {_acknowledge, _approve} else []
        if said and said[0][0] != beyond_our_books(self._world, payment_id):
            return
        try:
            self._world.ask(actor, lambda process: deed(process, subject, actor))
        except (Lost, MpayError):
            return
