"""What the payer's acts do: a card, a one-time code, a change of mind, and the passing of time.

Every function works inside its caller's transaction, does nothing when the session has moved on (two
tabs, a double click, a step that comes late), and returns the session as it is afterwards.
"""

from __future__ import annotations

import sqlite3

from sandbox_bank import agenda, registry
from sandbox_bank.announcements import conclude
from sandbox_bank.cards import (
    CHALLENGE_CODE,
    CHALLENGE_TRIES,
    Callbacks,
    DeclineReason,
    TestCard,
    behaviour_of,
    mask,
)
from sandbox_bank.clock import now_ms
from sandbox_bank.money_movements import capture_money, give_back
from sandbox_bank.session import Mode, Session, Stage, Status
from sandbox_bank.settings import Settings

_AWAITING_PAYER = (Stage.CARD, Stage.CHALLENGE)


def submit_card(
    connection: sqlite3.Connection, session: Session, card: TestCard, settings: Settings
) -> Session:
    """Take the payer's card and do what the card is made for."""
    session = expire_if_over(connection, session, settings)
    if session.stage is not Stage.CARD:
        return session
    registry.remember_card(connection, session.id, card.name, mask(card.number))
    if card.behaviour.challenge:
        registry.advance(connection, session.id, Status.PROCESSING, Stage.CHALLENGE)
        return registry.load(connection, session.id)
    return _proceed(connection, registry.load(connection, session.id), settings)


def answer_challenge(
    connection: sqlite3.Connection, session: Session, code: str, settings: Settings
) -> Session:
    """Check the one-time code; the third wrong one declines the session."""
    session = expire_if_over(connection, session, settings)
    if session.stage is not Stage.CHALLENGE:
        return session
    if code == CHALLENGE_CODE:
        return _proceed(connection, session, settings)
    registry.count_challenge_failure(connection, session.id)
    if session.challenge_failures + 1 < CHALLENGE_TRIES:
        return registry.load(connection, session.id)
    return _decline(connection, session, DeclineReason.WRONG_CODE, settings)


def cancel(connection: sqlite3.Connection, session: Session, settings: Settings) -> Session:
    """Let the payer walk away while nothing has been asked of the card's bank."""
    if session.stage not in _AWAITING_PAYER:
        return session
    return _finish(connection, session, Status.CANCELLED, settings)


def is_over(session: Session) -> bool:
    """Tell whether a session still waits for the payer although its time is over."""
    return session.stage in _AWAITING_PAYER and session.expires_at <= now_ms()


def expire_if_over(connection: sqlite3.Connection, session: Session, settings: Settings) -> Session:
    """End a session that still waits for the payer although its time is over."""
    if not is_over(session):
        return session
    return _finish(connection, session, Status.EXPIRED, settings)


def settle(connection: sqlite3.Connection, session: Session, settings: Settings) -> Session:
    """Give the decision of the card's bank for a session that is being processed."""
    if session.stage is not Stage.WORKING:
        return session
    decline = behaviour_of(session.test_card).decline
    if decline is None:
        return _approve(connection, session, settings)
    return _decline(connection, session, decline, settings)


def approve_late(connection: sqlite3.Connection, session: Session, settings: Settings) -> Session:
    """Approve a declined session after all."""
    if session.status is not Status.DECLINED:
        return session
    registry.set_decline_reason(connection, session.id, None)
    return _approve(connection, session, settings)


def charge_back(connection: sqlite3.Connection, session: Session, settings: Settings) -> Session:
    """Give all captured money back to the cardholder without being asked by the merchant."""
    if session.status is not Status.CAPTURED:
        return session
    return give_back(connection, session, session.reversible_minor, key=None, settings=settings)


def _proceed(connection: sqlite3.Connection, session: Session, settings: Settings) -> Session:
    wait = behaviour_of(session.test_card).settle_after
    registry.advance(connection, session.id, Status.PROCESSING, Stage.WORKING)
    if wait:
        agenda.plan(connection, session.id, agenda.Step.SETTLE, settings.scaled_ms(wait))
        return registry.load(connection, session.id)
    return settle(connection, registry.load(connection, session.id), settings)


def _approve(connection: sqlite3.Connection, session: Session, settings: Settings) -> Session:
    behaviour = behaviour_of(session.test_card)
    amount = session.order.amount_minor
    registry.set_authorised(connection, session.id, amount)
    registry.set_unknown_answers(connection, session.id, behaviour.unknown_answers)
    if session.order.mode is Mode.TWO_STEP or behaviour.callbacks is Callbacks.SHUFFLED:
        session = _finish(connection, session, Status.AUTHORISED, settings)
    if session.order.mode is Mode.TWO_STEP:
        return session
    return capture_money(connection, session, amount, key=None, settings=settings)


def _decline(
    connection: sqlite3.Connection, session: Session, reason: DeclineReason, settings: Settings
) -> Session:
    registry.set_decline_reason(connection, session.id, reason)
    session = _finish(connection, session, Status.DECLINED, settings)
    late = behaviour_of(session.test_card).late_approval_after
    if late is not None:
        agenda.plan(connection, session.id, agenda.Step.APPROVE_LATE, settings.scaled_ms(late))
    return session


def _finish(connection: sqlite3.Connection, session: Session, status: Status, settings: Settings) -> Session:
    return conclude(connection, session, status=status, event=status, settings=settings)
