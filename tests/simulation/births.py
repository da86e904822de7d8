"""What must hold at the moment at which something is begun, or a payment is called over."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from mpay_gateway.domain.order import OrderStatus
from tests.simulation.bank import Standing
from tests.simulation.coverage import Change

if TYPE_CHECKING:
    from tests.simulation.world import World

_CLAIM = """
    SELECT c.amount_minor, s.document, s.version, v.accepted_version, v.amount_minor, p.account_id FROM claims c
    JOIN payments p ON p.id = c.payment_id JOIN order_snapshots s ON s.id = c.snapshot_id
    LEFT JOIN visits v ON v.token = p.visit_token WHERE c.payment_id = ?
"""
_NEWEST = """
    SELECT s.document FROM order_snapshots s JOIN payments p USING (service_id, order_key)
    WHERE p.id = ? ORDER BY s.rowid DESC LIMIT 1
"""
_AMOUNT = "SELECT amount_minor FROM payments WHERE id = ?"
_REFERENCE = "SELECT reference FROM payments WHERE id = ?"
_VOIDS = "SELECT 1 FROM reversals WHERE payment_id = ? AND capture_id IS NULL AND state <> 'refused'"
_INTENTS = "SELECT 1 FROM capture_intents WHERE payment_id = ? AND state = 'due'"
_GIVEN_UP = """
    SELECT 1 FROM reversals WHERE payment_id = ?1 AND key = 'void-' || ?1
    UNION ALL SELECT 1 FROM capture_intents WHERE payment_id = ?1 AND wanted = 0
"""
_TWO_KEYS = """
    SELECT 1 FROM reversals v JOIN reversals r USING (payment_id, amount_minor)
    WHERE v.payment_id = ? AND v.capture_id IS NULL AND v.state = 'due' AND r.capture_id IS NOT NULL
        AND r.ground <> 'by-provider'
"""
_REFUSED = "SELECT 1 FROM reversals WHERE payment_id = ? AND ground = 'service-refused'"
_ALONE = """
    SELECT 1 FROM payments p JOIN payments o USING (service_id, order_key) WHERE p.id = ?1 AND o.id <> p.id
    UNION ALL SELECT 1 FROM capture_intents WHERE payment_id = ?1 AND state = 'refused'
    UNION ALL SELECT 1 FROM claims WHERE payment_id = ?1 AND state <> 'held'
"""
_ASKED = {"intent": "capture", "reversal": "reverse"}
_KEY = "SELECT order_key FROM payments WHERE id = ?"
_OVER = {"declined", "cancelled", "expired"}


def at_birth(world: "World", change: Change) -> Iterator[str]:
    """What is wrong with a claim, an intent or a void that has just been stored."""
    match change.machine:
        case "claim":
            yield from _claim(world, change.payment_id)
        case "intent":
            yield from _intent(world, change.payment_id)
        case "capture" if change.after == "claimed" and world.store.rows(_GIVEN_UP, change.payment_id):
            yield f"I9 {change.payment_id}: money of a hold that was given up pays its order"
        case "capture" if change.after == "claimed" and _is_gone(world, change.payment_id):
            yield f"I6 {change.payment_id}: money pays its order that its bank never said to have kept"
        case "reversal":
            yield from _reversal(world, change.payment_id)


def _is_gone(world: "World", payment_id: str) -> bool:
    """Whether each answer of the bank that told of money said that all of it went back."""
    ((reference,),) = world.store.rows(_REFERENCE, payment_id)
    session = world.bank.sessions.get(reference)
    return session is not None and session.kept_said is not None and not session.kept_said.minor


def _reversal(world: "World", payment_id: str) -> Iterator[str]:
    """Money, or a hold, is about to go back: for a reason, under one key, and beside nothing that may still happen."""
    rows = world.store.rows
    if rows(_TWO_KEYS, payment_id):
        yield f"I9 {payment_id}: money goes back under two keys"
    if rows(_REFUSED, payment_id) and world.unanswered["ConfirmOrderPayment", payment_id]:
        yield f"I9 {payment_id} goes back while the service may have been told"
    if not rows(_VOIDS, payment_id):
        return
    if payment_id not in world.said_to_hold:
        yield f"I9 {payment_id}: a void is begun, and the bank has not said that it holds the money"
    if not world.shop.touched & _key(world, payment_id) and not rows(_ALONE, payment_id):
        yield f"I9 {payment_id}: a hold is given up that its order would have taken"
    if rows(_INTENTS, payment_id):
        yield f"I9 {payment_id}: a void is begun while its money may be taken"


def at_the_end_of(world: "World", change: Change) -> Iterator[str]:
    """A payment is over when its provider says so, and an intent is refused when it does.

    A clock that is ahead may take a session for over whose start is still on its way.
    """
    if change.event == "authorise" and change.before != change.after:
        world.said_to_hold.discard(change.payment_id)  # what was said before does not count for the void
    asked = _ASKED.get(change.machine) if change.event == "refuse" else None
    ended_otherwise = change.machine == "reversal" and _short(world, change.payment_id)
    if asked and (asked, change.payment_id) not in world.refusals and not ended_otherwise:
        yield f"I9 {change.payment_id}: a {asked} is called refused that nobody has refused"
    if (
        world.clock.offset > timedelta(0)
        or change.machine != "payment"
        or change.after not in _OVER
        or change.before == change.after
    ):
        return
    ((reference,),) = world.store.rows(_REFERENCE, change.payment_id)
    session = world.bank.sessions.get(reference)
    if session is not None and not session.said_no and session.standing is not Standing.GIVEN_BACK:
        yield f"33 {change.payment_id} is called {change.after}, the bank still has it {session.standing}"


def at_start(world: "World", payment_id: str) -> Iterator[str]:
    """A session is opened at the bank for a payment that is not over."""
    rows = world.store.rows("SELECT state FROM payments WHERE id = ?", payment_id)
    if rows and rows[0][0] in _OVER and not world.clock_was_ahead:
        yield f"33 {payment_id} was called {rows[0][0]}, and now its payer can pay"


def _claim(world: "World", payment_id: str) -> Iterator[str]:
    """The order takes the money, as its service says, and the payer agreed to pay that."""
    ((amount, document, version, accepted, agreed, _),) = world.store.rows(_CLAIM, payment_id)
    if problem := _not_taken(document, amount):
        yield f"I7 {payment_id} claims {amount} of {problem}"
    if accepted is not None and (version != accepted or agreed != amount):
        yield f"63 {payment_id} is of another order or amount than its payer agreed to"


def _intent(world: "World", payment_id: str) -> Iterator[str]:
    """Held money is taken for an order that takes it, as its service said last."""
    ((amount,),) = world.store.rows(_AMOUNT, payment_id)
    ((document,),) = world.store.rows(_NEWEST, payment_id)
    if problem := _not_taken(document, amount):
        yield f"I7 {payment_id}: {amount} is to be taken for {problem}"


def _not_taken(document: str, amount: int) -> str:
    """Why an order does not take an amount, empty when it does."""
    order = json.loads(document)
    due = int(order["total_due"][0].replace(".", ""))
    if order["status"] != OrderStatus.ACTIVE:
        return f"an order that is {order['status']}"
    return f"an order of which {due} is due" if amount > due else ""


def _key(world: "World", payment_id: str) -> set[str]:
    return {row[0] for row in world.store.rows(_KEY, payment_id)}


def _short(world: "World", payment_id: str) -> bool:
    """Whether less goes back than was asked for, nothing at all, or a hold ended otherwise than by our void."""
    ((reference,),) = world.store.rows(_REFERENCE, payment_id)
    session = world.bank.sessions.get(reference)  # a network of kiosks gives nothing back
    return session is None or session.short or session.two_step
