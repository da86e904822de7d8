"""The end of a world: everything is healed, everything that is due is done, and then all books must agree."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from mpay_gateway.domain.order import OrderStatus
from tests.simulation import stated
from tests.simulation.plan import PayerPlan
from tests.simulation.plugins import NETWORK, ONE_STEP, TWO_STEP

if TYPE_CHECKING:
    from tests.simulation.world import World

MOST_STEPS = 8_000
_OPEN = "SELECT id, state FROM payments WHERE state IN ('created', 'started', 'authorised')"
_UNDONE = """
    SELECT 'intent', payment_id FROM capture_intents WHERE state = 'due'
    UNION ALL SELECT 'reversal', payment_id FROM reversals WHERE state = 'due'
    UNION ALL SELECT 'refund', payment_id FROM refunds WHERE state = 'due' AND released_at IS NOT NULL
    UNION ALL SELECT 'delivery', payment_id FROM deliveries WHERE state IN ('due', 'leased')
    UNION ALL SELECT 'callback', coalesce(payment_id, '') FROM inbox WHERE state = 'new'
    UNION ALL SELECT 'claim', payment_id FROM claims WHERE state = 'held' AND payment_id NOT IN (
        SELECT payment_id FROM captures WHERE state = 'review')
"""
_BUSY = "SELECT order_key FROM claims WHERE state IN ('held', 'captured')"
_TASKS = """
    SELECT t.kind, t.subject, p.reference, d.state,
        EXISTS (SELECT 1 FROM reversals r WHERE r.payment_id = p.id AND r.state = 'refused')
    FROM tasks t LEFT JOIN payments p ON p.id = t.subject
    LEFT JOIN deliveries d ON d.payment_id = p.id WHERE t.due IS NOT NULL
"""
_LOOSE = """
    SELECT c.payment_id, c.id, c.state FROM captures c
    WHERE c.state = 'claimed' AND NOT EXISTS (
        SELECT 1 FROM deliveries d WHERE d.payment_id = c.payment_id
        AND (d.state = 'confirmed' OR d.state = 'parked'))
    OR c.state = 'surplus' AND NOT EXISTS (
        SELECT 1 FROM reversals r WHERE r.capture_id = c.id AND r.state IN ('done', 'refused'))
"""
_CAPTURED = """
    SELECT p.reference, c.transaction_id, c.amount_minor, c.currency
    FROM captures c JOIN payments p ON p.id = c.payment_id WHERE c.account_id = ?
"""
_GIVEN_BACK = """
    SELECT p.reference, sum(e.amount_minor) FROM ledger_transactions t
    JOIN ledger_entries e ON e.transaction_id = t.id JOIN ledger_accounts a ON a.id = e.account_id
    JOIN payments p ON p.id = t.payment_id
    WHERE t.kind IN ('reversal', 'reversal-rest', 'refund') AND a.name LIKE 'receivable:%' GROUP BY p.reference
"""
_REFUSED = """
    SELECT p.reference FROM reversals r JOIN payments p ON p.id = r.payment_id WHERE r.state = 'refused'
    UNION SELECT p.reference FROM refunds r JOIN payments p ON p.id = r.payment_id
    WHERE r.state = 'refused' AND r.attempts > 0
"""
_WITH_PEOPLE = """
    SELECT p.reference FROM captures c JOIN payments p ON p.id = c.payment_id
    LEFT JOIN deliveries d ON d.payment_id = p.id
    WHERE c.state = 'review' OR c.state = 'claimed' AND d.state IS NOT 'confirmed'
"""
_OWED = """
    SELECT (SELECT coalesce(sum(amount_minor), 0) FROM captures WHERE state = 'claimed')
        - (SELECT coalesce(sum(returned_minor), 0) FROM refunds)
"""
_DELIVERIES = "SELECT payment_id, state, content_digest, unanswered, parked_reason FROM deliveries"
_BALANCES = """
    SELECT a.name, sum(e.amount_minor) FROM ledger_entries e JOIN ledger_accounts a ON a.id = e.account_id
    GROUP BY a.name
"""
_WAITING = """
    SELECT coalesce(sum(amount_minor), 0) FROM captures c WHERE state = 'review' OR (state = 'surplus' AND NOT EXISTS (
        SELECT 1 FROM ledger_transactions t JOIN reversals r ON r.id = t.subject
        WHERE t.kind = 'reversal' AND r.capture_id = c.id))
"""


def end(world: "World") -> None:
    """Heal the world, let it come to rest, and look whether all agree."""
    heal(world)
    if not world.play(MOST_STEPS):
        if not world.watch.violations:
            world.watch.broken("L3 it never comes to rest")
        return
    for violation in _disagreements(world):
        world.watch.broken(violation)
    world.watch.whole_books()
    if not world.watch.violations:
        _everything_due_can_be_paid(world)


def _everything_due_can_be_paid(world: "World") -> None:
    """Nothing of what happened keeps an order from being paid that its service says is due.

    A clock that was ahead may have stamped acknowledgements with times to come: until then they count twice. And until
    then a service may be left alone. The last payers come one after another: where a bank was silent, only one payer in
    a while tries whether it answers, and the others are told so.
    """
    world.clock.elapsed += timedelta(hours=3) + world.clock_was_ahead
    busy = {key for (key,) in world.store.rows(_BUSY)}
    free = [order for order in world.shop.orders.values() if order.status is OrderStatus.ACTIVE and order.due]
    before = {order.key: order.due for order in free if order.key not in busy}
    for place, order in enumerate(each for each in free if each.key in before):
        payer = PayerPlan(0, "card", 60 * place, "pay", 1.0, presses_twice=False, part=1.0)
        world.stage.start(
            f"last payer of {order.key}", partial(world.people.payers.come, payer, order, second=False)
        )
    if not world.play(MOST_STEPS):
        world.watch.broken("L3 it does not come to rest after the last payers")
    for order in free:
        if order.key in before and order.due:
            world.watch.broken(
                f"67 {order.key}: {order.due} is due, nothing is under way, and nobody can pay it"
            )


def heal(world: "World") -> None:
    """Nothing goes wrong any more: clocks are right, counterparts answer, whoever died is started again."""
    world.trace("-- healed")
    world.rates.clear()
    world.losing.clear()
    world.calm()
    world.down.clear()
    world.clock.offset = timedelta(0)
    world.people.courier.tell_what_was_lost()
    world.people.services.finish_refunds()
    world.treasury.heal()


def _disagreements(world: "World") -> Iterator[str]:
    rows = world.store.rows
    yield from (f"L3 payment {each}" for each in rows(_OPEN))
    yield from (f"L5 undone: {each}" for each in rows(_UNDONE))
    yield from _tasks(world)
    yield from (f"L1 money without an end: {each}" for each in rows(_LOOSE))
    yield from _with_the_bank(world)
    yield from _with_the_network(world)
    yield from _with_the_shop(world)
    yield from _in_the_ledger(world)
    yield from stated.disagreements(world)


def _tasks(world: "World") -> Iterator[str]:
    """None is left but the hourly question about money that went back while people have to decide about some of it:
    its confirmation is parked and the bank took it back, or a reversal is refused.
    """
    by_itself = _taken_back(world)
    for kind, subject, reference, delivery, refused in world.store.rows(_TASKS):
        if kind == "statement":  # there is always a next day
            continue
        with_people = refused or (delivery == "parked" and reference in by_itself)
        if not (kind == "recheck" and with_people):
            yield f"L5 a task is left: {kind} {subject}"


def _with_the_bank(world: "World") -> Iterator[str]:
    ours = {
        (reference, transaction): (minor, currency)
        for account in (ONE_STEP, TWO_STEP)
        for reference, transaction, minor, currency in world.store.rows(_CAPTURED, account)
    }
    theirs = {
        (session.reference, each.transaction_id): (each.amount.minor, each.amount.currency)
        for session in world.bank.sessions.values()
        for each in session.captures
    }
    if ours != theirs:
        yield f"L7 the bank took {theirs}, we booked {ours}"
    back = {reference: -minor for reference, minor in world.store.rows(_GIVEN_BACK)}
    open_ = _left_to_people(world)
    for session in world.bank.sessions.values():
        booked = back.get(session.reference, 0)
        if session.back.minor != booked and session.reference not in open_:
            yield f"L7 the bank gave back {session.back} of {session.reference}, we booked {booked}"


def _left_to_people(world: "World") -> set[str]:
    """References of payments of which people know that the bank may have given back something else.

    It refused and may have done it all the same, or it took money back by itself that no service knows of and that
    waits for a decision.
    """
    waiting = {reference for (reference,) in world.store.rows(_WITH_PEOPLE)}
    return {reference for (reference,) in world.store.rows(_REFUSED)} | waiting & _taken_back(world)


def _taken_back(world: "World") -> set[str]:
    """References of payments of which the bank took something back by itself."""
    return {each.reference for each in world.bank.sessions.values() if each.itself}


def _with_the_network(world: "World") -> Iterator[str]:
    booked = {transaction: minor for _, transaction, minor, _ in world.store.rows(_CAPTURED, NETWORK)}
    for cash in world.network.cash.values():
        if cash.accepted != (cash.key in booked) and cash.decided:
            yield f"L7 {cash.key}: the network was told {cash.answers}, we booked {booked.get(cash.key)}"
        if not cash.decided:
            yield f"L7 {cash.key}: the network has no answer"


def _with_the_shop(world: "World") -> Iterator[str]:
    told, deliveries = world.shop.told, {row[0]: row for row in world.store.rows(_DELIVERIES)}
    for payment_id, state, digest, _, _ in deliveries.values():
        if state == "confirmed" and (payment_id not in told or told[payment_id].digest != digest):
            yield f"L2 {payment_id} is confirmed, and the service was told {told.get(payment_id)}"
    for payment_id in told:
        _, state, _, unanswered, _ = deliveries.get(payment_id, (None, "missing", None, 0, None))
        if state != "confirmed" and not (state == "parked" and unanswered):
            yield f"L7 the service knows of {payment_id}, whose delivery is {state}"


def _in_the_ledger(world: "World") -> Iterator[str]:
    """What accounts owe us is what they have; what waits is what goes back or is looked at by people."""
    balances = dict(world.store.rows(_BALANCES))
    ((waiting,),) = world.store.rows(_WAITING)
    if -balances.get("suspense", 0) != waiting and not world.store.rows(_REFUSED):
        yield f"L4 in suspense are {-balances.get('suspense', 0)}, {waiting} wait"
    ((owed,),) = world.store.rows(_OWED)
    borne = -sum(minor for name, minor in balances.items() if name.startswith(("payable:", "refunds")))
    if borne != owed:
        yield f"L4 {owed} is owed to services after what went back, our books say {borne}"
    cash = sum(each.amount.minor for each in world.network.cash.values() if each.accepted)
    if balances.get(f"receivable:{NETWORK}", 0) != cash:
        yield f"L7 the network has {cash} for us, our books say {balances.get(f'receivable:{NETWORK}', 0)}"
    for account, two_step in ((ONE_STEP, False), (TWO_STEP, True)):
        has = sum(
            session.taken.minor - session.back.minor
            for session in world.bank.sessions.values()
            if session.two_step is two_step
        )
        if balances.get(f"receivable:{account}", 0) != has and not _left_to_people(world):
            yield f"L7 {account} has {has} for us, our books say {balances.get(f'receivable:{account}', 0)}"
