"""When to ask again, as pure functions (architecture, section 7)."""

from datetime import datetime, timedelta

from mpay_gateway.domain.payment import Payment

AFTER_SESSION = timedelta(minutes=10)
LEASE = timedelta(seconds=90)
"""Longer than any call's deadline: a lease that runs out while its call is alive would send twice."""

_MINUTE = timedelta(minutes=1)
_DELIVERY = (_MINUTE, *[5 * _MINUTE] * 2, *[10 * _MINUTE] * 5)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


def next_delivery(attempts: int) -> timedelta:
    """How long after the `attempts`-th unanswered try (from 1) the next one is due: then hourly without end.

    Reversals keep to it too.
    """
    return _DELIVERY[attempts - 1] if attempts <= len(_DELIVERY) else _HOUR


def next_hearing(waited: timedelta) -> timedelta:
    """How long until the provider is asked again about a callback that has `waited` for its answer.

    The same pauses, counted from the callback: what was tried before it does not matter.
    """
    for pause in _DELIVERY:
        if waited < pause:
            return pause
        waited -= pause
    return _HOUR


def next_word(age: timedelta) -> timedelta | None:
    """How long until a refund's order is read again, `age` after what its service has to follow.

    Every 5 minutes for half an hour, hourly for a day, daily for 30 days; then None: people look after it.
    """
    if age < 30 * _MINUTE:
        return 5 * _MINUTE
    if age < _DAY:
        return _HOUR
    return _DAY if age < 30 * _DAY else None


def session_over(payment: Payment, now: datetime) -> bool:
    """Whether the payer's time at the provider, and ten minutes more, are over."""
    return now > payment.session_until + AFTER_SESSION


def next_check(payment: Payment, now: datetime) -> datetime | None:
    """When the provider is asked next about a payment whose outcome is not known.

    Every 60 s while the session lives and ten minutes more, then every 5 minutes for 25, hourly for a day,
    daily for 30 days; then None: an operator sees it as unknown, and a late callback still counts.
    """
    age = now - (payment.session_until + AFTER_SESSION)
    if age < timedelta(0):
        return now + _MINUTE
    if age < 25 * _MINUTE:
        return now + 5 * _MINUTE
    if age < _DAY:
        return now + _HOUR
    return now + _DAY if age < 30 * _DAY else None
