"""A bank with books of its own: sessions by the gateway's reference, money taken and given back, keys heard before.

It takes money at once, or holds it until it is told to take it. It does what it is asked and does not keep anyone
from asking for nonsense: what it gave back beyond what it took stands in its books, for the checks to find.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from mpay_gateway.domain.errors import RemoteRefused
from mpay_gateway.domain.money import Money, sum_money
from mpay_gateway.domain.payment import DeclineReason
from mpay_gateway.domain.provider_answer import (
    ProviderCapture,
    ProviderConfirmation,
    ProviderStatus,
    ReversalAnswer,
)


class Standing(StrEnum):
    OPEN = "open"
    HELD = "held"
    TAKEN = "taken"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    GIVEN_BACK = "given-back"


@dataclass
class Session:
    """One payment as the bank knows it. `keys`: what was answered to each key, said again when it comes again.

    `closed`: the gateway gave the hold up, so that nobody can pay any more. `said_no`: the bank has said once that no
    money will come. `short`: less goes back than is asked for. `odd`: what is taken instead of what was asked for.
    `grabs`: it takes what it holds at the moment at which it is told to give it up. `itself`: given back unasked.
    `unyielding`: what it holds, nobody may take. `kept_said`: the most that an answer which told of money left.
    """

    reference: str
    number: str
    amount: Money
    until: datetime
    two_step: bool
    standing: Standing = Standing.OPEN
    captures: list[ProviderCapture] = field(default_factory=list)
    given_back: Money | None = None
    keys: dict[str, object] = field(default_factory=dict)
    closed: bool = False
    odd: Money | None = None
    short: bool = False
    grabs: bool = False
    unyielding: bool = False
    said_no: bool = False
    itself: Money | None = None
    kept_said: Money | None = None

    @property
    def taken(self) -> Money:
        return sum_money((each.amount for each in self.captures if self._own(each)), self.amount.currency)

    def _own(self, capture: ProviderCapture) -> bool:
        return capture.amount.currency == self.amount.currency

    @property
    def back(self) -> Money:
        return self.given_back or Money.zero(self.amount.currency)


_STATUS = {
    Standing.OPEN: ProviderStatus.PENDING,
    Standing.HELD: ProviderStatus.AUTHORISED,
    Standing.TAKEN: ProviderStatus.CONFIRMED,
    Standing.DECLINED: ProviderStatus.DECLINED,
    Standing.CANCELLED: ProviderStatus.CANCELLED,
    Standing.GIVEN_BACK: ProviderStatus.REVERSED,
}


class Bank:
    """The bank's books. `now`: its own clock, which nobody sets. `changed`: called with a session that moved."""

    def __init__(self, now: Callable[[], datetime], changed: Callable[[Session], object]) -> None:
        self._now = now
        self._changed = changed
        self.sessions: dict[str, Session] = {}

    # What the gateway asks.

    def start(self, reference: str, amount: Money, until: datetime, *, two_step: bool) -> Session:
        session = self.sessions.get(reference)
        if session is None:
            number = f"ses-{len(self.sessions) + 1}"
            session = Session(reference, number, amount, until, two_step)
            self.sessions[reference] = session
        return session

    def status(self, reference: str) -> ProviderConfirmation:
        session = self.sessions.get(reference)
        if session is None:
            return ProviderConfirmation(ProviderStatus.NOT_FOUND)
        if session.standing is Standing.OPEN and self._now() > session.until:
            session.standing, session.said_no = Standing.CANCELLED, True  # the payer's time is over
        return self._said(session)

    def capture(self, reference: str, amount: Money, key: str) -> ProviderConfirmation:
        """Raises: RemoteRefused when nothing is held that may be taken."""
        session = self._session(reference)
        if key not in session.keys:
            if session.standing is not Standing.HELD or session.unyielding:
                raise RemoteRefused("nothing-held")
            self.take(session, amount)
            session.keys[key] = True
        return self._said(session)

    def reverse(self, reference: str, amount: Money, key: str) -> ReversalAnswer:
        """Give up what is held, or give back what was taken. Raises: RemoteRefused when there is neither."""
        session = self._session(reference)
        if key not in session.keys:
            if session.standing is Standing.HELD and session.grabs:
                self.take(session, session.amount)
            if session.standing is Standing.HELD:
                session.standing, session.closed, session.said_no = Standing.CANCELLED, True, True
            elif session.captures:
                amount = Money.from_minor(amount.minor // 2, amount.currency) if session.short else amount
                back = session.back if session.itself else Money.zero(amount.currency)
                if session.taken < back + amount:  # taken back already, or less was taken than was held
                    raise RemoteRefused("not-there")
                self._give_back(session, amount)
            else:
                raise RemoteRefused("nothing-to-reverse")
            session.keys[key] = ReversalAnswer(amount)
        answer = session.keys[key]
        assert isinstance(answer, ReversalAnswer)
        return answer

    def has_done(self, key: str) -> bool:
        return any(key in session.keys for session in self.sessions.values())

    # What payers and the bank itself do.

    def pay(self, session: Session) -> None:
        """The payer pays: the money is held, or taken at once. Money is taken whatever was said before."""
        if session.closed:
            return
        if session.two_step and session.standing is not Standing.TAKEN:
            session.standing = Standing.HELD
            self._changed(session)
        else:
            self.take(session, session.amount)

    def decline(self, session: Session) -> None:
        self._move(session, Standing.DECLINED)

    def cancel(self, session: Session) -> None:
        self._move(session, Standing.CANCELLED)

    def take_back(self, session: Session) -> None:
        """The bank gives back by itself all that it still has of what it took."""
        self.charge_back(session, session.taken - session.back)

    def charge_back(self, session: Session, amount: Money) -> None:
        """The bank gives so much back by itself."""
        session.itself = (session.itself or Money.zero(amount.currency)) + amount
        self._give_back(session, amount)
        self._changed(session)

    def drop_hold(self, session: Session) -> None:
        """A hold ends by itself."""
        if session.standing is Standing.HELD:
            self._move(session, Standing.DECLINED)

    def let_go(self, session: Session) -> None:
        """A hold is cancelled, and nobody is told."""
        if session.standing is Standing.HELD:
            session.standing, session.said_no = Standing.CANCELLED, True

    def _move(self, session: Session, standing: Standing) -> None:
        if session.standing in {Standing.OPEN, Standing.HELD}:
            session.standing, session.said_no = standing, True
            self._changed(session)

    def take(self, session: Session, amount: Money) -> None:
        """Take money, asked or not: another amount the first time, if the session is odd."""
        amount = amount if session.captures else session.odd or amount
        number = f"{session.number}-{len(session.captures) + 1}"
        session.captures.append(ProviderCapture(number, amount, self._now()))
        session.standing = Standing.TAKEN
        self._changed(session)

    def _give_back(self, session: Session, amount: Money) -> None:
        session.given_back = session.back + amount
        if session.taken <= session.back:
            session.standing = Standing.GIVEN_BACK

    def _session(self, reference: str) -> Session:
        session = self.sessions.get(reference)
        if session is None:
            raise RemoteRefused("unknown-payment")
        return session

    def _said(self, session: Session) -> ProviderConfirmation:
        if session.captures:
            kept = session.taken - session.back
            session.kept_said = max(session.kept_said or kept, kept)
        return ProviderConfirmation(
            _STATUS[session.standing],
            tuple(session.captures),
            authorised=session.amount if session.standing is Standing.HELD else None,
            reversed=session.given_back,
            decline_reason=DeclineReason.OTHER if session.standing is Standing.DECLINED else None,
            method="Visa",
        )
