"""The bank put together: settings, database, faults and the threads behind it."""

from __future__ import annotations

from sandbox_bank import authorisation, money_movements, registry
from sandbox_bank.background import Agenda, Dispatcher, Loop
from sandbox_bank.cards import find_card
from sandbox_bank.database import Database
from sandbox_bank.errors import ReversalRefused, UnknownCard
from sandbox_bank.faults import Fault, Switchboard
from sandbox_bank.session import Order, Session
from sandbox_bank.settings import Settings


class Bank:
    """What the web talks to; every method is one transaction. `start` begins the background work."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.database = Database(settings.database)
        self.faults = Switchboard(self.database)
        self._agenda = Loop("agenda", Agenda(self.database, settings).round)
        self._dispatcher = Dispatcher(self.database, self.faults, settings)
        self._sending = Loop("callbacks", self._dispatcher.round)
        self.database.after_commit = self._sending.wake

    def start(self) -> None:
        """Begin to keep the agenda and to send callbacks."""
        self._agenda.start()
        self._sending.start()

    def stop(self) -> None:
        """End the background work and close the database."""
        self._agenda.stop()
        self._sending.stop()
        self._dispatcher.close()
        self.database.close()

    def open_session(self, order: Order, key: str) -> tuple[Session, bool]:
        """Open a session or find the one that `key` opened. Raises: IdempotencyConflict, ReferenceTaken."""
        with self.database.write() as connection:
            return registry.open_session(connection, order, key=key, life_ms=self.settings.session_ms)

    def session(self, session_id: str) -> Session:
        """Read a session. Raises: UnknownSession."""
        return registry.load(self.database.read(), session_id)

    def session_by_reference(self, reference: str) -> Session:
        """Read the session with the merchant's reference. Raises: UnknownSession."""
        return registry.load_by_reference(self.database.read(), reference)

    def spend_unknown_answer(self, session: Session) -> bool:
        """Tell whether this status call has to fail, and count it."""
        if session.unknown_answers == 0:
            return False
        with self.database.write() as connection:
            left = registry.load(connection, session.id).unknown_answers
            registry.set_unknown_answers(connection, session.id, max(0, left - 1))
        return left > 0

    def capture(self, session_id: str, amount_minor: int, *, key: str) -> Session:
        """Capture authorised money. Raises: what `money_movements.capture` raises, UnknownSession."""
        with self.database.write() as connection:
            session = registry.load(connection, session_id)
            return money_movements.capture(connection, session, amount_minor, key=key, settings=self.settings)

    def reverse(self, session_id: str, amount_minor: int, *, key: str) -> Session:
        """Void or give back.

        Raises: what `money_movements.reverse` raises, UnknownSession, ReversalRefused.
        """
        if self.faults[Fault.REVERSALS] == "refused":
            raise ReversalRefused("the bank refuses reversals at present")
        with self.database.write() as connection:
            session = registry.load(connection, session_id)
            return money_movements.reverse(connection, session, amount_minor, key=key, settings=self.settings)

    def pay(self, session_id: str, card_number: str) -> Session:
        """Take the payer's card. Raises: UnknownSession, UnknownCard (not a test card)."""
        card = find_card(card_number)
        if card is None:
            raise UnknownCard("not one of the test cards")
        with self.database.write() as connection:
            session = registry.load(connection, session_id)
            return authorisation.submit_card(connection, session, card, self.settings)

    def answer_challenge(self, session_id: str, code: str) -> Session:
        """Take the payer's one-time code. Raises: UnknownSession."""
        with self.database.write() as connection:
            session = registry.load(connection, session_id)
            return authorisation.answer_challenge(connection, session, code, self.settings)

    def cancel(self, session_id: str) -> Session:
        """Let the payer walk away. Raises: UnknownSession."""
        with self.database.write() as connection:
            return authorisation.cancel(connection, registry.load(connection, session_id), self.settings)

    def charge_back(self, session_id: str) -> Session:
        """Give captured money back on the bank's own decision. Raises: UnknownSession."""
        with self.database.write() as connection:
            session = registry.load(connection, session_id)
            return authorisation.charge_back(connection, session, self.settings)

    def current(self, session_id: str) -> Session:
        """Read a session for its payer, ending it first when its time is over. Raises: UnknownSession."""
        session = self.session(session_id)
        if not authorisation.is_over(session):
            return session
        with self.database.write() as connection:
            session = registry.load(connection, session_id)
            return authorisation.expire_if_over(connection, session, self.settings)
