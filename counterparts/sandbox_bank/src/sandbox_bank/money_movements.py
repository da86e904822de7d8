"""Capturing reserved money, releasing it, giving it back: the effects and the merchant's calls for them.

Every function works inside its caller's transaction.
"""

from __future__ import annotations

import sqlite3

from sandbox_bank import agenda
from sandbox_bank.announcements import conclude
from sandbox_bank.books import Movement, Tariff, book
from sandbox_bank.cards import behaviour_of
from sandbox_bank.errors import AmountTooHigh, IdempotencyConflict, NotCapturable, NotReversible
from sandbox_bank.session import Kind, Session, Status, Transaction
from sandbox_bank.settings import Settings


def capture(
    connection: sqlite3.Connection, session: Session, amount_minor: int, *, key: str, settings: Settings
) -> Session:
    """Capture authorised money once; what was not captured is released. Repeatable by `key`.

    Raises: IdempotencyConflict, NotCapturable, AmountTooHigh.
    """
    if _already_done(session.captures, key, amount_minor):
        return session
    if session.status is not Status.AUTHORISED:
        raise NotCapturable(f"the session is {session.status}, only an authorised one can be captured")
    _refuse_above(session.reversible_minor, amount_minor)
    return capture_money(connection, session, amount_minor, key=key, settings=settings)


def reverse(
    connection: sqlite3.Connection, session: Session, amount_minor: int, *, key: str, settings: Settings
) -> Session:
    """Void authorised money or give captured money back, wholly or in part. Repeatable by `key`.

    Raises: IdempotencyConflict, NotReversible, AmountTooHigh.
    """
    if _already_done(session.reversals, key, amount_minor):
        return session
    if session.status not in (Status.AUTHORISED, Status.CAPTURED):
        raise NotReversible(f"the session is {session.status}, there is nothing to void or give back")
    _refuse_above(session.reversible_minor, amount_minor)
    return give_back(connection, session, amount_minor, key=key, settings=settings)


def capture_money(
    connection: sqlite3.Connection,
    session: Session,
    amount_minor: int,
    *,
    key: str | None,
    settings: Settings,
) -> Session:
    """Book the capture as the session's card will have it, and tell the merchant."""
    behaviour = behaviour_of(session.test_card)
    movement = Movement(
        session_id=session.id,
        kind=Kind.CAPTURE,
        amount_minor=max(1, amount_minor - behaviour.short_by_minor),
        currency=behaviour.capture_currency or session.order.currency,
        asked_minor=amount_minor,
        key=key,
    )
    tariff = _tariff(settings)
    book(connection, movement, tariff)
    for _ in range(1, behaviour.captures):
        book(connection, _unkeyed(movement), tariff)
    if behaviour.chargeback_after is not None:
        wait = settings.scaled_ms(behaviour.chargeback_after)
        agenda.plan(connection, session.id, agenda.Step.CHARGE_BACK, wait)
    return conclude(connection, session, status=Status.CAPTURED, event=Status.CAPTURED, settings=settings)


def give_back(
    connection: sqlite3.Connection,
    session: Session,
    amount_minor: int,
    *,
    key: str | None,
    settings: Settings,
) -> Session:
    """Void or give back an amount that the session is known to hold, and tell the merchant."""
    captured = session.status is Status.CAPTURED
    movement = Movement(
        session_id=session.id,
        kind=Kind.REVERSAL if captured else Kind.VOID,
        amount_minor=amount_minor,
        currency=session.captures[0].currency if captured else session.order.currency,
        asked_minor=amount_minor,
        key=key,
    )
    book(connection, movement, _tariff(settings))
    whole = amount_minor == session.reversible_minor
    status = Status.REVERSED if whole else session.status
    return conclude(connection, session, status=status, event=Status.REVERSED, settings=settings)


def _already_done(done: tuple[Transaction, ...], key: str, amount_minor: int) -> bool:
    for transaction in done:
        if transaction.key == key:
            if transaction.asked_minor != amount_minor:
                raise IdempotencyConflict("this Idempotency-Key was used for another amount")
            return True
    return False


def _refuse_above(limit_minor: int, amount_minor: int) -> None:
    if amount_minor > limit_minor:
        raise AmountTooHigh(f"{amount_minor} is more than the {limit_minor} that is left")


def _unkeyed(movement: Movement) -> Movement:
    return Movement(
        session_id=movement.session_id,
        kind=movement.kind,
        amount_minor=movement.amount_minor,
        currency=movement.currency,
        asked_minor=movement.asked_minor,
    )


def _tariff(settings: Settings) -> Tariff:
    return Tariff(settings.merchant, settings.fee_basis_points)
