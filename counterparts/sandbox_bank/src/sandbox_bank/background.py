"""The two threads that work without being asked: one keeps the agenda, one empties the outbox."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import assert_never

from sandbox_bank import agenda, authorisation, outbox, registry
from sandbox_bank.clock import now_ms
from sandbox_bank.database import Database
from sandbox_bank.faults import DELAY_S, Fault, Switchboard
from sandbox_bank.settings import Settings

_log = logging.getLogger(__name__)
_SENDERS = 8
_IDLE_S = 0.2


class Loop:
    """Calls `work` until it is stopped: at once after `wake`, otherwise every 0.2 s.

    An error is logged and the loop goes on: one poisoned row must not silence the bank.
    """

    def __init__(self, name: str, work: Callable[[], None]) -> None:
        self._work = work
        self._wake = threading.Event()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin; once."""
        self._thread.start()

    def wake(self) -> None:
        """Let the next round begin now."""
        self._wake.set()

    def stop(self) -> None:
        """End after the round that is running."""
        self._stopped = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopped:
            self._wake.wait(_IDLE_S)
            self._wake.clear()
            try:
                self._work()
            except Exception:  # noqa: BLE001 - one poisoned row must not silence the bank
                _log.exception("background work failed")


class Agenda:
    """Plays the steps that are due and ends sessions whose time is over."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings

    def round(self) -> None:
        """Do all that is due now."""
        now = now_ms()
        connection = self._database.read()
        for item_id, session_id, step in agenda.due_steps(connection, now):
            self._play(item_id, session_id, step)
        for session_id in registry.overdue(connection, now):
            with self._database.write() as writing:
                session = registry.load(writing, session_id)
                authorisation.expire_if_over(writing, session, self._settings)

    def _play(self, item_id: int, session_id: str, step: agenda.Step) -> None:
        with self._database.write() as connection:
            if not agenda.strike(connection, item_id):
                return
            session = registry.load(connection, session_id)
            match step:
                case agenda.Step.SETTLE:
                    authorisation.settle(connection, session, self._settings)
                case agenda.Step.APPROVE_LATE:
                    authorisation.approve_late(connection, session, self._settings)
                case agenda.Step.CHARGE_BACK:
                    authorisation.charge_back(connection, session, self._settings)
                case _:
                    assert_never(step)


class Dispatcher:
    """Hands due callbacks to a few senders, never more than there are senders."""

    def __init__(self, database: Database, faults: Switchboard, settings: Settings) -> None:
        self._database = database
        self._faults = faults
        self._settings = settings
        self._messenger = outbox.Messenger(settings.callback_secret)
        self._free = threading.Semaphore(_SENDERS)
        self._pool = ThreadPoolExecutor(_SENDERS, thread_name_prefix="callback")
        with database.write() as connection:
            outbox.release_stranded(connection)

    def round(self) -> None:
        """Begin to send what is due now."""
        mood = self._faults[Fault.CALLBACKS]
        moment = now_ms() - (self._settings.scaled_ms(DELAY_S) if mood == "delayed" else 0)
        if mood == "off" or not outbox.any_due(self._database.read(), moment):
            return
        places = self._places()
        if not places:
            return
        with self._database.write() as connection:
            claimed = outbox.claim_due(connection, moment, places)
        for _ in range(places - len(claimed)):
            self._free.release()
        for delivery in claimed:
            self._pool.submit(self._deliver, delivery, mood == "bad-signature")

    def close(self) -> None:
        """Wait for the senders; what they could not finish is due again at the next start."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _places(self) -> int:
        places = 0
        while places < _SENDERS and self._free.acquire(blocking=False):
            places += 1
        return places

    def _deliver(self, delivery: outbox.Delivery, spoil_signature: bool) -> None:
        try:
            outcome = self._messenger.send(delivery, spoil_signature=spoil_signature)
        finally:
            self._free.release()
        with self._database.write() as connection:
            outbox.record(connection, delivery, outcome, self._settings)
