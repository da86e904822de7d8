"""Two operators who give confirmed money back while everybody is killed, and the service that releases the debts.

They type the shipped commands, and type them again as long as a command fails: whoever died over the first may have
done what was asked.
"""

import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from decimal import Decimal

import urllib3

from tests.proofs.fleet.crowd import Crowd
from tests.proofs.fleet.fleet import Fleet
from tests.proofs.fleet.payers import Seen, Shape
from tests.scene.shop import ShopOrder

PAUSE_SECONDS = 0.5
DESKS = 2
"""So many refunds are in hand at once: each command takes seconds where everybody is killed."""
AGAIN_SECONDS = 1.0
PATIENCE_SECONDS = 240.0
FIRST, SECOND = "ana", "ion"
_DECISION = re.compile(r"decision (\S+) is open for the same|^(\S+): refund ", re.MULTILINE)
_DECIDED = ("is approved already", "is rejected already")


class Office:
    """Refunds at two desks, until it is closed. `acts`: what they and the services did."""

    def __init__(self, fleet: Fleet, crowd: Crowd, seed: int) -> None:
        self.acts: Counter[str] = Counter()
        self._fleet, self._crowd = fleet, crowd
        self._chance = random.Random(f"operators {seed}")
        self._tokens = {name: self._hire(name) for name in (FIRST, SECOND)}
        self._seen: set[str] = set()
        self._to_release: list[ShopOrder] = []
        self._stop = threading.Event()
        self._failure: BaseException | None = None
        self._lock = threading.Lock()
        self._desks = [
            threading.Thread(target=self._work, name=f"office {number}", daemon=True)
            for number in range(DESKS)
        ]

    def start(self) -> None:
        for desk in self._desks:
            desk.start()

    def close(self) -> None:
        """Finish what is in hand, and let the service give back whatever is decided. Raises: what broke the office."""
        self._stop.set()
        for desk in self._desks:
            desk.join()
        if self._failure is not None:
            raise self._failure
        for order in self._to_release:
            self._insist(lambda order=order: self._call_it(order, "refunded"))
            self._note("the service calls the order refunded", 1)

    def _hire(self, name: str) -> str:
        status, said = self._fleet.mpay("operator", "add", name)
        assert status == 0, said
        return said.splitlines()[0]

    def _work(self) -> None:
        try:
            while not self._stop.wait(PAUSE_SECONDS):
                if (seen := self._next()) is not None:
                    self._refund(seen)
        except BaseException as error:  # noqa: BLE001  raised when the office is closed
            self._failure = error

    def _next(self) -> Seen | None:
        """A payment that was made and told, the latest first: of an order of its own, not a part of one."""
        with self._lock:
            for seen in reversed(list(self._crowd.seen)):
                told = seen.shown.startswith("paid.told") and seen.purchase.shape is not Shape.KIOSK
                if told and not seen.purchase.amount and seen.payment_id not in self._seen:
                    self._seen.add(seen.payment_id)
                    return seen
        return None

    def _note(self, act: str, times: int) -> None:
        with self._lock:
            self.acts[act] += times

    def _refund(self, seen: Seen) -> None:
        """Propose, decide, release; the last two in either order, and the last one mostly."""
        order = seen.purchase.order
        half = (Decimal(order.total) / 2).quantize(Decimal("0.01"))
        wanted = self._chance.choice(((), ("--amount", str(half))))
        decision = self._insist(lambda: self._propose(seen.payment_id, wanted))
        if self._chance.random() < 0.2:
            self._insist(lambda: self._decide("reject", decision))
            return
        early = self._chance.random()
        if early < 0.3:
            self._insist(lambda: self._call_it(order, "refunding"))
        self._insist(lambda: self._decide("approve", decision))
        if 0.3 <= early < 0.8:
            self._insist(lambda: self._call_it(order, "refunding"))
        self._to_release.append(order)

    def _propose(self, payment_id: str, wanted: tuple[str, ...]) -> str:
        status, said = self._mpay(FIRST, "open", payment_id, *wanted, "--reason", "not wanted any more")
        found = _DECISION.search(said)
        if found is None:
            return ""
        self._note("proposed" if status == 0 else "proposed, and the answer was lost", 1)
        return str(found[1] or found[2])

    def _decide(self, verb: str, decision: str) -> str:
        status, said = self._mpay(SECOND, verb, decision)
        if status == 0:
            self._note(f"{verb}d" if verb == "approve" else f"{verb}ed", 1)
            return said
        if any(each in said for each in _DECIDED):
            self._note("decided, and the answer was lost", 1)
            return said
        return ""

    def _call_it(self, order: ShopOrder, state: str) -> str:
        self._fleet.shop.change(order, state)
        self._note("the service releases the debt", state == "refunding")
        return state

    def _mpay(self, who: str, *arguments: str) -> tuple[int, str]:
        return self._fleet.mpay("refund", *arguments, "--operator", who, token=self._tokens[who])

    def _insist(self, act: Callable[[], str]) -> str:
        """Do it until it is done: until it says something. Raises: TimeoutError."""
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                if said := act():
                    return said
            except (urllib3.exceptions.HTTPError, AssertionError):
                pass  # the service is dead just now
            if time.monotonic() > until:
                raise TimeoutError("an operator's command failed for minutes")
            self._note("tried again", 1)
            time.sleep(AGAIN_SECONDS)
