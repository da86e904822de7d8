"""What must hold of confirmed money that goes back: who wanted it, who let it, who says that it came back."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mpay_gateway.domain.money import Money
from mpay_gateway.domain.order import OrderStatus
from mpay_gateway.domain.provider_answer import ReversalAnswer
from tests.simulation.bank import Session
from tests.simulation.coverage import Change
from tests.simulation.plugins import TREASURY
from tests.simulation.shop import CURRENCY

if TYPE_CHECKING:
    from tests.simulation.world import World

_OF_PAYMENT = "SELECT reference, order_key, account_id FROM payments WHERE id = ?"
_BY_KEY = """
    SELECT amount_minor, currency, state, released_at IS NOT NULL FROM refunds WHERE key = ?1
    UNION ALL SELECT amount_minor, currency, state, 1 FROM reversals WHERE key = ?1
"""
_TOO_MUCH = """
    SELECT c.amount_minor, sum(CASE r.state WHEN 'refused' THEN r.returned_minor ELSE r.amount_minor END) AS back
    FROM refunds r JOIN captures c ON c.id = r.capture_id WHERE r.payment_id = ?
    GROUP BY c.id HAVING back > c.amount_minor
"""
_GROUNDLESS = """
    SELECT r.id FROM refunds r LEFT JOIN deliveries d ON d.payment_id = r.payment_id
    LEFT JOIN decisions o ON o.id = r.decision_id
    WHERE r.payment_id = ? AND (d.state IS NOT 'confirmed' OR r.ground <> 'by-provider' AND (
        o.state IS NOT 'approved' OR o.amount_minor <> r.amount_minor OR o.opened_by = o.decided_by))
"""
_OVERRIDES = """
    SELECT 1 FROM decisions WHERE payment_id = ? AND act = 'override' AND state = 'approved'
"""
_BY_PROVIDER = """
    SELECT coalesce(sum(amount_minor), 0) FROM refunds WHERE payment_id = ? AND ground = 'by-provider'
"""
_REFUSED_ONES = """
    SELECT 1 FROM refunds WHERE payment_id = ?1 AND state = 'refused' AND attempts > 0
    UNION ALL SELECT 1 FROM reversals WHERE payment_id = ?1 AND state = 'refused'
"""
_MAY_LEAVE = """
    SELECT coalesce(sum(amount_minor), 0) FROM refunds
    WHERE payment_id = ? AND ground <> 'by-provider' AND released_at IS NOT NULL
"""
_BOOKED = """
    SELECT coalesce(-sum(e.amount_minor), 0) FROM ledger_transactions t
    JOIN ledger_entries e ON e.transaction_id = t.id JOIN ledger_accounts a ON a.id = e.account_id
    WHERE t.payment_id = ? AND t.kind IN ('reversal', 'reversal-rest', 'refund') AND a.name LIKE 'receivable:%'
"""
_ASKED_FOR = """
    SELECT key FROM reversals WHERE payment_id = ?1 AND state = 'due'
    UNION ALL SELECT key FROM refunds WHERE payment_id = ?1 AND state = 'due'
"""
_DONE = "SELECT key, amount_minor FROM refunds WHERE payment_id = ? AND state = 'done' AND ground <> 'by-provider'"
_WITHDRAWN = """
    SELECT r.released_at FROM refunds r JOIN audit a ON a.subject = r.id
    WHERE a.payment_id = ? AND a.machine = 'refund' AND a.event = 'withdraw' ORDER BY a.id DESC LIMIT 1
"""
_WHO = """
    SELECT actor FROM audit WHERE payment_id = ? AND machine = 'refund' AND event = 'acknowledge'
    ORDER BY id DESC LIMIT 1
"""


def may_be_gone(world: "World", payment_id: str, reference: str) -> int:
    """Minor units of confirmed money that may have left: on a word that was given, or by its account's own doing."""
    ((on_our_word,),) = world.store.rows(_MAY_LEAVE, payment_id)
    unasked = world.treasury.back(payment_id, CURRENCY, itself=True).minor
    return on_our_word + unasked + _by_itself(world.bank.sessions.get(reference))


def beyond_our_books(world: "World", payment_id: str) -> int:
    """Minor units that a person sees at the bank, or the treasury, as sent back and that our books do not have.

    What was given back under a key that is asked for still is on its way into them.
    """
    ((reference, _, account),) = world.store.rows(_OF_PAYMENT, payment_id)
    ((booked,),) = world.store.rows(_BOOKED, payment_id)
    session = world.bank.sessions.get(reference)
    if account == TREASURY or session is None:
        return world.treasury.back(payment_id, CURRENCY).minor - booked
    said = [session.keys.get(key) for (key,) in world.store.rows(_ASKED_FOR, payment_id)]
    return (
        session.back.minor
        - booked
        - sum(each.amount.minor for each in said if isinstance(each, ReversalAnswer))
    )


def at_sending(world: "World", payment_id: str, key: str, amount: Money) -> Iterator[str]:
    """Money is asked back under a key that is stored, of that amount, and once it may leave."""
    rows = world.store.rows(_BY_KEY, key)
    if not rows:
        yield f"13 {payment_id}: money is asked back under a key that nobody knows"
    for minor, currency, _, may_leave in rows:
        if (minor, currency) != (amount.minor, amount.currency):
            yield f"13 {payment_id}: {amount} is asked back under the key of {minor} {currency}"
        if not may_leave:
            yield f"I5 {payment_id}: a refund leaves whose service has not released the debt"


def at_change(world: "World", change: Change) -> Iterator[str]:
    """What is wrong with what has just become of a refund."""
    if change.machine != "refund":
        return
    ((reference, key, account),) = world.store.rows(_OF_PAYMENT, change.payment_id)
    session, payment_id = world.bank.sessions.get(reference), change.payment_id
    for took, back in world.store.rows(_TOO_MUCH, payment_id):
        yield f"I5 {payment_id}: {back} is to go back of {took}"
    for row in world.store.rows(_GROUNDLESS, payment_id):
        yield f"I5 {payment_id}: refund {row[0]} has no ground"
    match change.event:
        case "create" if account != TREASURY:  # what it sent is compared in sums
            yield from _by_provider(world, payment_id, session)
        case "release" if key not in world.shop.released:
            yield f"I5 {payment_id}: a debt is called released that its service holds to"
        case "override" if not world.store.rows(_OVERRIDES, payment_id):
            yield f"I5 {payment_id}: nobody decided to do without the service's word"
        case "done" if account != TREASURY:
            yield from _done(world, payment_id, session)
        case "withdraw" if world.store.rows(_WITHDRAWN, payment_id) != [(None,)]:
            yield f"I5 {payment_id}: a refund is taken back whose money may have left"
        case "acknowledge":
            yield from _acknowledged(world, payment_id, key)


def _by_provider(world: "World", payment_id: str, session: Session | None) -> Iterator[str]:
    """What is written down as the bank's own doing is no more than that.

    A bank that refused first and gave back all the same, by an older try, has done so by itself.
    """
    ((written,),) = world.store.rows(_BY_PROVIDER, payment_id)
    if written > _by_itself(session) and not world.store.rows(_REFUSED_ONES, payment_id):
        yield f"C38 {payment_id}: {written} is called taken back, the bank took {_by_itself(session)}"


def _done(world: "World", payment_id: str, session: Session | None) -> Iterator[str]:
    for key, minor in world.store.rows(_DONE, payment_id):
        said = session.keys.get(key) if session is not None else None
        if not isinstance(said, ReversalAnswer) or said.amount.minor != minor:
            yield f"I5 {payment_id}: a refund of {minor} is done, and the bank says {said}"


def _acknowledged(world: "World", payment_id: str, key: str) -> Iterator[str]:
    ((actor,),) = world.store.rows(_WHO, payment_id)
    status = world.shop.orders[key].status
    if actor.startswith("service:") and status is not OrderStatus.REFUNDED:
        yield f"I5 {payment_id}: its service is said to have called it refunded, and calls it {status}"


def _by_itself(session: Session | None) -> int:
    return session.itself.minor if session is not None and session.itself is not None else 0
