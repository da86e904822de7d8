"""The network put together: payers' money, and the thread that tells the provider of it until he has answered."""

from __future__ import annotations

import logging
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from kiosk_network.client import NoAnswer, Provider, Reply
from kiosk_network.journal import Journal, State, Transaction
from kiosk_network.settings import Settings

_log = logging.getLogger(__name__)
_AGAIN = frozenset({1, 90})
"""Results after which the same pay is sent again; every other one is final."""
_IDLE_S = 0.05
_SENDERS = 12
CRASH_STATUS = 137


@dataclass(slots=True)
class Faults:
    """What goes wrong. `lose_answers`: so many answers to pay are not read. `send_twice`: each pay, twice at once.

    `hold`: pays stay in the journal until it is switched off. `crash`: "before-pay" or "after-answer": the process dies
    there once.
    """

    lose_answers: int = 0
    send_twice: bool = False
    hold: bool = False
    crash: str = ""


@dataclass(frozen=True, slots=True)
class Served:
    """What a payer met at a kiosk. `transaction`: None when his money was not taken."""

    txn_id: int
    check: Reply | None
    transaction: Transaction | None


class Network:
    """What the web talks to. `start` begins to tell of money."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.faults = Faults()
        self.journal = Journal(settings.database)
        self._provider = Provider(settings)
        self._pool = ThreadPoolExecutor(_SENDERS, thread_name_prefix="pay")
        self._sending: set[int] = set()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="pays", daemon=True)

    def start(self) -> None:
        """Begin; money that an earlier process took and never heard about is told of first."""
        self._thread.start()

    def stop(self) -> None:
        """End after what is being sent."""
        self._stopped = True
        self._wake.set()
        self._thread.join()
        self._pool.shutdown(wait=True)
        self.journal.close()

    def check(self, kiosk: str, account: str, sum_minor: int) -> tuple[int, Reply]:
        """A payer enters an account. Raises: NoAnswer."""
        txn_id = self.journal.new_number()
        return txn_id, self._check(txn_id, kiosk, account, sum_minor)

    def pay(self, kiosk: str, account: str, sum_minor: int, *, checked: bool = True) -> Served:
        """A payer enters an account and, if it can be paid, puts his money in. Raises: NoAnswer."""
        txn_id = self.journal.new_number()
        reply = self._check(txn_id, kiosk, account, sum_minor) if checked else None
        if reply is not None and reply.result != 0:
            return Served(txn_id, reply, None)
        return Served(txn_id, reply, self.insert_money(txn_id, kiosk, account, sum_minor))

    def insert_money(self, txn_id: int, kiosk: str, account: str, sum_minor: int) -> Transaction:
        """The money is in the box; from now on it is the network's until the provider takes it over."""
        taken = self.journal.take(txn_id, kiosk, account, sum_minor)
        self._crash_at("before-pay")
        self._wake.set()
        return taken

    def wait(self, txn_id: int, seconds: float) -> Transaction:
        """The payment once it is settled, or as it is when the time is over. Raises: KeyError."""
        until = time.monotonic() + seconds
        while (found := self.journal.get(txn_id)).state is State.TAKEN and time.monotonic() < until:
            time.sleep(_IDLE_S)
        return found

    def hurry(self) -> None:
        """Let all that waits be sent now."""
        for waiting in self.journal.due(float("inf")):
            self.journal.postpone(waiting.txn_id, 0)
        self._wake.set()

    def books(self) -> dict[str, int]:
        """Minor units by state: what is in the boxes, and whose it is."""
        sums = {state.value: 0 for state in State}
        for each in self.journal.all():
            sums[each.state.value] += each.sum_minor
        return sums | {"boxes": sum(sums.values()), "owed_to_payers": sums[State.REFUSED.value]}

    def _check(self, txn_id: int, kiosk: str, account: str, sum_minor: int) -> Reply:
        try:
            reply = self._provider.check(txn_id, kiosk, account, sum_minor)
        except NoAnswer as problem:
            self.journal.note_call(txn_id, "check", str(problem))
            raise
        self.journal.note_call(txn_id, "check", str(reply.result))
        return reply

    def _run(self) -> None:
        while not self._stopped:
            self._wake.wait(_IDLE_S)
            self._wake.clear()
            try:
                self._send_due()
            except Exception:  # noqa: BLE001 - one poisoned row must not silence the network
                _log.exception("sending failed")

    def _send_due(self) -> None:
        if self.faults.hold:
            return
        for waiting in self.journal.due(time.time()):
            with self._lock:
                if waiting.txn_id in self._sending or len(self._sending) >= _SENDERS:
                    continue
                self._sending.add(waiting.txn_id)
            self._pool.submit(self._tell_and_forget, waiting)

    def _tell_and_forget(self, waiting: Transaction) -> None:
        try:
            self._tell(waiting)
        finally:
            with self._lock:
                self._sending.discard(waiting.txn_id)

    def _tell(self, waiting: Transaction) -> None:
        self.journal.postpone(waiting.txn_id, time.time() + self.settings.retry_seconds)
        if self.faults.send_twice:
            second = threading.Thread(target=self._send, args=(waiting,))
            second.start()
            self._send(waiting)
            second.join()
        else:
            self._send(waiting)

    def _send(self, waiting: Transaction) -> None:
        try:
            reply = self._provider.pay(
                waiting.txn_id, waiting.kiosk, waiting.account,
                sum_minor=waiting.sum_minor, taken_at=waiting.taken_at,
            )  # fmt: skip
        except NoAnswer as problem:
            self.journal.note_call(waiting.txn_id, "pay", str(problem))
            return
        if self._answer_is_lost():
            self.journal.note_call(waiting.txn_id, "pay", "lost", reply.prv_txn)
            return
        self._crash_at("after-answer")
        self.journal.note_call(waiting.txn_id, "pay", str(reply.result), reply.prv_txn)
        if reply.result not in _AGAIN:
            state = State.ACCEPTED if reply.result == 0 else State.REFUSED
            self.journal.settle(
                waiting.txn_id, state, result=reply.result, prv_txn=reply.prv_txn, comment=reply.comment
            )

    def _answer_is_lost(self) -> bool:
        with self._lock:
            lost = self.faults.lose_answers > 0
            self.faults.lose_answers -= lost
        return lost

    def _crash_at(self, place: str) -> None:
        if self.faults.crash == place:
            os._exit(CRASH_STATUS)
