"""What must hold after every step, beside the books of the bank, the shop and the network themselves.

Everything here is asked of the database and the counterparts directly, not through the code that is under test.
The whole of `check_books` is asked at the end.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from mpay_gateway.domain.money import Money
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.storage.tasks import Lease, TaskKind
from tests.simulation.births import at_birth, at_start, at_the_end_of
from tests.simulation.coverage import Change
from tests.simulation.money_back import at_change, at_sending, may_be_gone
from tests.simulation.stage import GIVEN_UP, Actor
from tests.simulation.stated import at_commit

if TYPE_CHECKING:
    from tests.simulation.wire import About
    from tests.simulation.world import World

_NEVER = {
    "I1 a posting does not sum to zero": """
        SELECT transaction_id FROM ledger_entries GROUP BY transaction_id, currency HAVING sum(amount_minor) <> 0
    """,
    "I10 a state without its audit": """
        SELECT p.id, p.state FROM payments p WHERE p.state <> (
            SELECT a.after FROM audit a WHERE a.payment_id = p.id AND a.machine = 'payment'
            ORDER BY a.seq DESC LIMIT 1)
    """,
    "72 one form opened two payments": """
        SELECT form_token, count(*) FROM payments WHERE form_token <> '' GROUP BY form_token HAVING count(*) > 1
    """,
    "I3 told and captured differ": """
        SELECT d.payment_id FROM deliveries d JOIN captures c ON c.payment_id = d.payment_id
        WHERE c.state = 'claimed' AND json_extract(d.content, '$.total') <> c.amount_minor
    """,
    "I6 money pays and nobody will be told": """
        SELECT payment_id FROM captures c WHERE state = 'claimed'
        AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.payment_id = c.payment_id)
    """,
    "I9 two people are one": """
        SELECT id, opened_by FROM decisions WHERE state = 'approved' AND opened_by = decided_by
        UNION ALL SELECT id, opened_by FROM dismissals WHERE state = 'approved' AND opened_by = decided_by
    """,
}
_CAPTURES = "SELECT payment_id, transaction_id, account_id, amount_minor, currency, state FROM captures"
_CLAIMED = """
    SELECT order_key, sum(amount_minor) FROM claims WHERE state IN ('held', 'captured', 'acknowledged')
    GROUP BY order_key
"""
_OF_PAYMENT = "SELECT reference, account_id, amount_minor, order_key FROM payments WHERE id = ?"
_GROUNDS = "SELECT ground FROM reversals WHERE payment_id = ?"
_FENCE = "SELECT fence FROM tasks WHERE kind = ? AND subject = ?"
_HELD = "SELECT fence, leased_by FROM tasks WHERE kind = ? AND subject = ?"
SENT = "evidence-sent:before-commit"
SENDING = {"ConfirmOrderPayment", "reverse", "capture"}
OUTCOMES = {
    f"{unit}:before-commit"
    for unit in (
        "delivery-confirmed", "delivery-refused", "delivery-unanswered", "delivery-postponed", "reversal-done",
        "reversal-not-done", "captured", "capture-not-done", "voided", "void-not-done", "refund-done",
        "refund-not-done", "refund-waits", "statement-read", "statement-not-read",
    )
}  # fmt: skip
"""Where what came of a send is written down, and its lease given back."""
LEASE = timedelta(seconds=90)


CRASHES = (AttributeError, NameError, TypeError, KeyError, IndexError)
"""Errors of code that does not fit together: a mutant that has one is found out by no rule about money."""


class Watch:
    """Looks after every commit and every move of a counterpart's books. `violations`: what it found, in words.

    `crashes`: those of them that are errors of the program's text.
    """

    def __init__(self, world: "World") -> None:
        self._world = world
        self._flying: dict[tuple[str, str, str], dict[int, tuple[Actor, timedelta]]] = {}
        self._number = 0
        self.violations: list[str] = []
        self.crashes: list[str] = []

    def broken(self, what: str) -> None:
        if what not in self.violations:
            self.violations.append(what)
            self._world.trace(f"!! {what}")

    def crashed(self, where: str, error: BaseException | None) -> None:
        """Something ended with an error that no caller expects."""
        what = f"{where}: {error!r}"
        if isinstance(error, CRASHES):
            self.crashes.append(what)
        self.broken(what)

    def committed(self) -> None:
        """After a commit of the gateway's."""
        changes = self._world.strikes.committed()
        for change in changes:
            self._world.trace(f"  = {change}")
            self._changed(change)
        for strange in self._world.strikes.strange:
            self.broken(f"I8 {strange}")
        if changes:
            self._world.changed(changes)
        for words, query in _NEVER.items():
            for row in self._world.store.rows(query):
                self.broken(f"{words}: {row}")
        if self._world.plan.stated:
            for violation in at_commit(self._world, changes):
                self.broken(violation)
        self._captures()
        self._claims()
        self._told()

    def _changed(self, change: Change) -> None:
        found = at_the_end_of(self._world, change) if change.before else at_birth(self._world, change)
        for violation in (*found, *at_change(self._world, change)):
            self.broken(violation)

    def asked_back(self, payment_id: str, key: str, amount: Money) -> None:
        """The bank is asked to give money back."""
        for violation in at_sending(self._world, payment_id, key, amount):
            self.broken(violation)

    def started(self, reference: str, payment_id: str) -> None:
        """A start has arrived at the bank."""
        if reference not in self._world.bank.sessions:
            for violation in at_start(self._world, payment_id):
                self.broken(violation)

    def books_moved(self) -> None:
        """After a counterpart did something."""
        world = self._world
        for words in world.shop.contradictions:
            self.broken(f"I3 {words}")
        for session in world.bank.sessions.values():
            if session.taken < session.back:
                self.broken(f"I5 the bank gave back {session.back} of {session.taken} of {session.reference}")
        self._told()

    def whole_books(self) -> None:
        for violation in check_books(self._world.units):
            self.broken(f"check-books {violation.invariant}: {violation.payment_id} {violation.detail}")

    # Leases and fences.

    @contextmanager
    def under_way(self, about: "About", since: timedelta) -> Iterator[None]:
        """While a call is in flight. What moves money or tells of it is sent by one process at a time.

        `since`: no later than when its lease was renewed. Whose lease runs out between that and the message, because he
        was stopped or the clock was set, sends late: content and key are the same, and the fence keeps his answer out.
        """
        if about.operation not in SENDING:
            yield
            return
        world, self._number = self._world, self._number + 1
        number, flying = (
            self._number,
            self._flying.setdefault((about.operation, about.payment, about.key), {}),
        )
        if self._holds(since) and any(
            actor.late != GIVEN_UP and self._holds(at) for actor, at in flying.values()
        ):
            self.broken(f"two processes at once: {about.name}")
        assert world.stage.current is not None
        flying[number] = (world.stage.current, since)
        try:
            yield
        finally:
            flying.pop(number, None)

    def _holds(self, since: timedelta) -> bool:
        """Whether a lease that was renewed then is sure to hold still."""
        return self._world.clock.elapsed - since < LEASE and since > self._world.clock_moved_at

    def sent(self) -> None:
        """A message is about to be kept, and to leave: the lease under which it does must be the latest."""
        lease = self._lease()
        if lease is not None and self._fence(lease) != lease.fence:
            self.broken(f"{lease.kind} {lease.subject} sends under a lease that has gone to another process")

    def stated(self) -> None:
        """What a statement says is about to be written down: the lease under which it was read must be the latest."""
        lease = self._lease()
        if lease is not None and lease.kind is TaskKind.STATEMENT and self._fence(lease) != lease.fence:
            self.broken(f"{lease.subject} is written down under a lease that has gone to another process")

    def outcome(self) -> None:
        """What came of a send is about to be committed, with the lease given back: it must have been the latest."""
        lease = self._lease()
        if lease is None:
            return
        ((fence, holder),) = self._world.store.rows(_HELD, lease.kind, lease.subject)
        if (fence, holder) != (lease.fence + 1, ""):
            self.broken(f"the outcome of {lease.kind} {lease.subject} is written under a lost lease")

    def _lease(self) -> Lease | None:
        actor = self._world.stage.current
        lease = actor.lease if actor is not None else None
        # A re-check that finds money held takes another lease for what follows.
        return lease if isinstance(lease, Lease) and lease.kind is not TaskKind.RECHECK else None

    def _fence(self, lease: Lease) -> int:
        return int(self._world.store.rows(_FENCE, lease.kind, lease.subject)[0][0])

    # Books beside books.

    def _captures(self) -> None:
        """Money in our books is money in somebody's hands, once, and of that amount."""
        world = self._world
        for payment_id, transaction, account, minor, currency, _ in world.store.rows(_CAPTURES):
            there = world.took(account, transaction)
            if (minor, currency) not in there:
                self.broken(
                    f"I2 {payment_id}: {minor} {currency} of {transaction} is booked, {account} took {there}"
                )

    def _claims(self) -> None:
        for key, claimed in self._world.store.rows(_CLAIMED):
            most = self._world.shop.orders[key].most
            if claimed > most:
                self.broken(f"I7 {key}: {claimed} is claimed, {most} was ever due")

    def _told(self) -> None:
        """A service is told of money that is there and stays there."""
        world = self._world
        paid: dict[str, int] = {}
        for payment_id, told in world.shop.told.items():
            (found,) = world.store.rows(_OF_PAYMENT, payment_id) or (None,)
            if found is None:
                self.broken(f"I6 {payment_id} was confirmed and is nowhere")
                continue
            reference, account, _, key = found
            paid[key] = paid.get(key, 0) + told.total.minor
            kept = world.kept(account, reference, payment_id)
            kept += may_be_gone(world, payment_id, reference)
            if kept < told.total.minor and not self._allowed_back(payment_id):
                self.broken(f"I5 {payment_id}: {told.total.minor} was confirmed, {kept} is kept")
        for key, total in paid.items():
            if total > world.shop.orders[key].most:
                self.broken(f"I7 {key}: {total} was confirmed, {world.shop.orders[key].most} was ever due")

    def _allowed_back(self, payment_id: str) -> bool:
        """Two operators may give back what a service was told of; a bank does so without asking."""
        grounds = {row[0] for row in self._world.store.rows(_GROUNDS, payment_id)}
        return bool(grounds & {"operators", "by-provider"})


class Overheard:
    """Stands where the worker and the unit of work log: what they call a bug of the program is a violation."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def exception(self, event: str, **facts: object) -> None:
        self._watch.crashed(f"{event} {facts}", sys.exc_info()[1])

    def info(self, event: str, **facts: object) -> None: ...
    def warning(self, event: str, **facts: object) -> None: ...
    def error(self, event: str, **facts: object) -> None: ...
