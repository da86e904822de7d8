"""What must hold after every step, beside the books of the bank, the shop and the network themselves.

Everything here is asked of the database and the counterparts directly, not through the code that is under test.
The whole of `check_books` is asked now and then, and at the end.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from mpay_gateway.flow.books import check_books
from tests.simulation.stage import GIVEN_UP, Actor

if TYPE_CHECKING:
    from tests.simulation.wire import About
    from tests.simulation.world import World

_UNBALANCED = """
    SELECT transaction_id FROM ledger_entries GROUP BY transaction_id, currency HAVING sum(amount_minor) <> 0
"""
_CAPTURES = "SELECT payment_id, transaction_id, account_id, amount_minor, currency, state FROM captures"
_OVERCLAIMED = """
    SELECT order_key, sum(amount_minor) FROM claims WHERE state IN ('held', 'captured', 'acknowledged')
    GROUP BY order_key
"""
_STALE_AUDIT = """
    SELECT p.id, p.state FROM payments p WHERE p.state <> (
        SELECT a.after FROM audit a WHERE a.payment_id = p.id AND a.machine = 'payment'
        ORDER BY a.seq DESC LIMIT 1)
"""
_OF_PAYMENT = "SELECT reference, account_id, amount_minor, order_key FROM payments WHERE id = ?"
_GROUNDS = "SELECT ground FROM reversals WHERE payment_id = ?"
_NEVER = {"I1 a posting does not sum to zero": _UNBALANCED, "I10 a state without its audit": _STALE_AUDIT}
SENDING = {"ConfirmOrderPayment", "reverse", "capture"}
LEASE = timedelta(seconds=90)


class Watch:
    """Looks after every commit and every move of a counterpart's books. `violations`: what it found, in words."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._flying: dict[tuple[str, str], dict[int, tuple[Actor, timedelta]]] = {}
        self._number = 0
        self.violations: list[str] = []

    def broken(self, what: str) -> None:
        if what not in self.violations:
            self.violations.append(what)
            self._world.trace(f"!! {what}")

    def committed(self) -> None:
        """After a commit of the gateway's."""
        changes = self._world.strikes.committed()
        for change in changes:
            self._world.trace(f"  = {change}")
        if changes:
            self._world.changed()
        for strange in self._world.strikes.strange:
            self.broken(f"L8 {strange}")
        for words, query in _NEVER.items():
            for row in self._world.store.rows(query):
                self.broken(f"{words}: {row}")
        self._captures()
        self._claims()
        self._told()

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

    @contextmanager
    def under_way(self, about: "About", since: timedelta) -> Iterator[None]:
        """While a call is in flight. What moves money or tells of it is sent by one process at a time.

        `since`: no later than when its lease was renewed.
        """
        if about.operation not in SENDING:
            yield
            return
        world, self._number = self._world, self._number + 1
        number, flying = self._number, self._flying.setdefault((about.operation, about.payment), {})
        now = world.clock.elapsed
        if any(
            actor.late != GIVEN_UP and now - at < LEASE and at > world.clock_moved_at
            for actor, at in flying.values()
        ):
            self.broken(f"two processes at once: {about.name}")
        assert world.stage.current is not None
        flying[number] = (world.stage.current, since)
        try:
            yield
        finally:
            flying.pop(number, None)

    def _captures(self) -> None:
        """Money in our books is money in somebody's hands, once, and of that amount."""
        world = self._world
        for payment_id, transaction, account, minor, currency, _ in world.store.rows(_CAPTURES):
            there = world.takings(account).get(transaction)
            if there != (minor, currency):
                self.broken(
                    f"I2 {payment_id}: we booked {minor} {currency} of {transaction}, {account} took {there}"
                )

    def _claims(self) -> None:
        for key, claimed in self._world.store.rows(_OVERCLAIMED):
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
            if kept < told.total.minor and not self._allowed_back(payment_id):
                self.broken(f"I5 {payment_id}: {told.total.minor} was confirmed, {kept} is kept")
        for key, total in paid.items():
            if total > world.shop.orders[key].most:
                self.broken(f"I7 {key}: {total} was confirmed, {world.shop.orders[key].most} was ever due")

    def _allowed_back(self, payment_id: str) -> bool:
        """Two operators may give back what a service was told of; a bank does so without asking."""
        grounds = {row[0] for row in self._world.store.rows(_GROUNDS, payment_id)}
        return bool(grounds & {"operators", "by-provider"})
