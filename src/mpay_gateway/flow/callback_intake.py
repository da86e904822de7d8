"""Step 11 from the provider's side: a callback is authenticated, kept, answered, and then acted upon.

The payer's own return goes through the same reading but proves nothing: it only finds his page.
"""

import hashlib
import json
from datetime import timedelta

import structlog

from mpay_gateway.domain.errors import InvalidCallback, UnknownPayment
from mpay_gateway.domain.identifiers import AccountId
from mpay_gateway.domain.payment import Payment
from mpay_gateway.domain.provider_answer import Callback, CallbackReading
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.settling import settle, settle_key
from mpay_gateway.storage import Work
from mpay_gateway.storage.inbox import InboxEntry, InboxState
from mpay_gateway.storage.tasks import TaskKind

_GRACE = timedelta(seconds=5)
_log = structlog.get_logger("callbacks")


def receive_callback(parts: Parts, account_id: AccountId, callback: Callback, *, client: str = "") -> None:
    """Keep an authentic callback; after this 2xx may be answered. The provider is asked afterwards.

    `client`: the address that it came from, which too many refused ones shut out; not counted when it is empty.
    Raises: InvalidCallback; TooManyRequests.
    """
    reading = _authentic(parts, account_id, callback, client)
    units = parts.callback_units or parts.units
    payment = units.run("keep-callback", lambda work: _keep(parts, work, account_id, callback, reading))
    if payment is not None:
        known = payment
        parts.background.start(settle_key(known.id), lambda: settle(parts, known.id, reading))


def _authentic(parts: Parts, account_id: AccountId, callback: Callback, client: str) -> CallbackReading:
    parts.limits.refuse_forger(client)
    try:
        reading = parts.calls.read_callback(account_id, callback)
    except InvalidCallback:
        parts.limits.forged(client)
        raise
    parts.limits.authentic_callback(account_id)
    return reading


def payment_of_return(
    parts: Parts, account_id: AccountId, callback: Callback, *, client: str = ""
) -> Payment:
    """The payment whose payer comes back from the provider's page. Nothing in the address is believed.

    `client`: the address that it came from; who tries many references finds none any more.
    Raises: InvalidCallback; UnknownPayment; TooManyRequests.
    """
    parts.limits.refuse_forger(client)
    try:
        reading = parts.calls.read_callback(account_id, callback)
        payment = parts.units.read(lambda work: _about(work, account_id, reading))
        if payment is None:
            raise UnknownPayment(reading.reference)
    except (InvalidCallback, UnknownPayment):
        parts.limits.forged(client)
        raise
    return payment


def _keep(
    parts: Parts, work: Work, account_id: AccountId, callback: Callback, reading: CallbackReading
) -> Payment | None:
    """The payment to ask about; None for an event that is here already, and for one about nobody."""
    payment = _about(work, account_id, reading)
    entry = InboxEntry(
        id=parts.ids.token(),
        account_id=account_id,
        event_id=reading.event_id or _digest(callback),
        reference=reading.reference,
        remote_reference=reading.remote_reference,
        payment_id=payment.id if payment else None,
        state=InboxState.NEW if payment else InboxState.ORPHAN,
        received_at=callback.received_at,
        body=callback.body,
    )
    if not work.inbox.add(entry) and not _woken(work, entry, reading):
        return None
    if payment is None:
        _log.warning("callback_for_nobody", account=account_id, reference=reading.reference)
        return None
    # If this process dies before it has asked the provider, a worker asks.
    work.tasks.hurry(TaskKind.RECHECK, payment.id, parts.clock.now() + _GRACE)
    return payment


def _woken(work: Work, entry: InboxEntry, reading: CallbackReading) -> bool:
    """Whether the same words, heard and asked about once, came again.

    Without an event's own id they may tell of something new: money that came late. With one they are a copy.
    """
    return not reading.event_id and work.inbox.wake(entry.account_id, entry.event_id, at=entry.received_at)


def _digest(callback: Callback) -> str:
    """What tells callbacks apart whose events have no id of their own."""
    whole = json.dumps([callback.method, callback.query]).encode() + callback.body
    return hashlib.sha256(whole).hexdigest()


def _about(work: Work, account_id: AccountId, reading: CallbackReading) -> Payment | None:
    return work.payments.find_remote(
        account_id, reference=reading.reference, remote_reference=reading.remote_reference
    )
