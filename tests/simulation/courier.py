"""The bank's callbacks on their way, and those of others who are not the bank."""

import json
from functools import partial
from typing import TYPE_CHECKING

from mpay_gateway.domain.errors import InvalidCallback
from mpay_gateway.domain.provider_answer import Callback, CallbackKind
from mpay_gateway.flow.callback_intake import receive_callback
from tests.simulation.bank import Session
from tests.simulation.faults import Fault
from tests.simulation.plugins import ONE_STEP, SIGNATURE, TWO_STEP
from tests.simulation.stage import Lost

if TYPE_CHECKING:
    from tests.simulation.world import World

_REFERENCE = "SELECT id FROM payments WHERE reference = ?"


class Courier:
    """The bank's callbacks on their way: lost, late, doubled, and forged by somebody else."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._number = 0
        self.lost: dict[str, Session] = {}

    def tell_what_was_lost(self) -> None:
        """A day later the bank's statement names all money. Here the bank says of it once more what it said then."""
        for event, session in self.lost.items():
            self._world.later(event, partial(self.bring, session, event, None), 0, 2)

    def tell(self, session: Session) -> None:
        """The bank tells of a session that moved."""
        world, self._number = self._world, self._number + 1
        event = f"event-{self._number}"
        drawn = {
            fault
            for fault in (Fault.CALLBACK_LOST, Fault.CALLBACK_LATE, Fault.CALLBACK_DUPLICATE)
            if world.chance.of(world.rates.get(fault, 0))
        }
        if Fault.CALLBACK_LOST in drawn:
            self.lose(session, event)
            return
        copies = 2 if Fault.CALLBACK_DUPLICATE in drawn else 1
        latest = world.chance.pick((90, 3000)) if Fault.CALLBACK_LATE in drawn else 2
        for copy in range(copies):
            fault = Fault.CALLBACK_DUPLICATE if copy else Fault.CALLBACK_LATE
            world.later(
                event, lambda fault=fault: self.bring(session, event, fault if fault in drawn else None), 0, latest
            )  # fmt: skip

    def lose(self, session: Session, event: str) -> None:
        """What the bank tells of a session does not arrive."""
        self._world.strikes.payment(self._payment(session), Fault.CALLBACK_LOST)
        self.lost[event] = session

    def forge_any(self) -> None:
        """Somebody who is not the bank says that some payment is paid."""
        if sessions := list(self._world.bank.sessions.values()):
            self.forge(self._world.chance.pick(sessions))

    def forge(self, session: Session) -> None:
        """The same of this one."""
        self._world.strikes.payment(self._payment(session), Fault.CALLBACK_FORGED)
        try:
            self._send(session, "forged", "not the bank's")
        except (Lost, InvalidCallback):
            return
        self._world.watch.broken("a forged callback was taken")

    def bring(self, session: Session, event: str, fault: Fault | None) -> None:
        """A callback arrives. `fault`: what is wrong with it."""
        if fault is not None:
            self._world.strikes.payment(self._payment(session), fault)
        for _ in range(5):
            try:
                self._send(session, event, SIGNATURE)
            except Lost:
                self._world.stage.sleep(30)
            else:
                return
        self.lost[event] = session  # the bank gives up

    def _send(self, session: Session, event: str, signature: str) -> None:
        account = TWO_STEP if session.two_step else ONE_STEP
        by_number = len(session.number) % 2 == 0
        said = callback_of(
            self._world, CallbackKind.NOTIFICATION, reference="" if by_number else session.reference,
            number=session.number, event=event, signature=signature,
        )  # fmt: skip
        self._world.ask(event, lambda process: receive_callback(process.parts, account, said))

    def _payment(self, session: Session) -> str:
        rows = self._world.store.rows(_REFERENCE, session.reference)
        return rows[0][0] if rows else ""


def callback_of(world: "World", kind: CallbackKind, **said: str) -> Callback:
    """A request to one of the account's addresses, signed by the bank unless it says otherwise."""
    said = {"reference": "", "number": "", "event": "", "signature": SIGNATURE} | said
    return Callback(kind, "POST", (), (), json.dumps(said).encode(), world.clock.now())
