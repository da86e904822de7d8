"""Whether the books of all sides agree: pure questions over what each side wrote down for itself.

A disagreement is money lost, money counted twice, or a word that was given and not kept.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

_RELEASED = frozenset({"refunding", "refunded"})
Transaction = tuple[str, int]
"""A provider's id of it, and minor units."""


@dataclass(frozen=True, slots=True)
class OurReversal:
    """Money that we gave back, or a hold that we gave up, or a refund. `done`: the provider has said so."""

    key: str
    amount: int
    done: bool
    by_provider: bool = False


@dataclass(frozen=True, slots=True)
class OurPayment:
    """A payment in the gateway's books. `delivery`: state of its confirmation, empty without one.

    `claimed`: which of the captures pays the order. Amounts in minor units. `refunds`: of confirmed money, but those
    that were withdrawn.
    """

    id: str
    reference: str
    account: str
    service_id: str
    order_key: str
    state: str
    captures: frozenset[Transaction] = frozenset()
    claimed: frozenset[Transaction] = frozenset()
    in_review: frozenset[Transaction] = frozenset()
    delivery: str = ""
    reversals: tuple[OurReversal, ...] = ()
    refunds: tuple[OurReversal, ...] = ()

    @property
    def back(self) -> tuple[OurReversal, ...]:
        """All that the provider was asked to give back."""
        return self.reversals + self.refunds

    @property
    def refunded(self) -> int:
        return sum(each.amount for each in self.refunds if each.done)


@dataclass(frozen=True, slots=True)
class BankSession:
    """A session in the bank's books. `given_back`: keys and amounts; `voids` among them move no money."""

    reference: str
    status: str
    captures: tuple[Transaction, ...] = ()
    given_back: tuple[Transaction, ...] = ()
    voids: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ServiceOrder:
    """An order in the service's books. `payments`: PaymentIDs and minor units, as it applied them.

    `state`: how the service calls it, `refunded` for instance.
    """

    order_key: str
    total: int
    paid: int
    payments: tuple[Transaction, ...] = ()
    state: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """One ConfirmOrderPayment that the service heard. `outcome`: `applied` when it counts."""

    payment_id: str
    order_key: str
    content: str
    outcome: str


@dataclass(frozen=True, slots=True)
class KioskMoney:
    """Money in the network's boxes: `taken`, `accepted` or `refused`."""

    txn_id: str
    amount: int
    state: str


@dataclass(frozen=True, slots=True)
class Books:
    """What everybody wrote down. `shown_paid`: payments whose payers read on a page that they are paid."""

    ours: tuple[OurPayment, ...] = ()
    sessions: tuple[BankSession, ...] = ()
    orders: tuple[ServiceOrder, ...] = ()
    told: tuple[Told, ...] = ()
    kiosk: tuple[KioskMoney, ...] = ()
    shown_paid: frozenset[str] = frozenset()
    kiosk_account: str = "kiosk-network"
    _by_reference: dict[str, OurPayment] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        self._by_reference.update({each.reference: each for each in self.ours})

    def of_reference(self, reference: str) -> OurPayment | None:
        return self._by_reference.get(reference)


def disagreements(books: Books) -> tuple[str, ...]:
    """Everything in which the sides do not agree, one sentence each; nothing when no money is lost or doubled."""
    return (
        *_bank_unknown_to_us(books),
        *_ours_unknown_to_the_bank(books),
        *_given_back(books),
        *_refunded(books),
        *_kiosks(books),
        *_told(books),
        *_orders(books),
        *_unsettled(books),
        *_shown(books),
    )


def _bank_unknown_to_us(books: Books) -> Iterator[str]:
    """Each transaction of the bank is in our books once, with its amount."""
    for session in books.sessions:
        ours = books.of_reference(session.reference)
        if ours is None:
            yield f"LOST: the bank has a session {session.reference}, we have no such payment"
            continue
        for transaction in session.captures:
            if transaction not in ours.captures:
                yield f"LOST: the bank took {transaction} for {ours.id}, our books say {sorted(ours.captures)}"


def _ours_unknown_to_the_bank(books: Books) -> Iterator[str]:
    taken = {session.reference: set(session.captures) for session in books.sessions}
    for payment in books.ours:
        if payment.account != books.kiosk_account:
            for strange in sorted(payment.captures - taken.get(payment.reference, set())):
                yield f"INVENTED: {payment.id} books {strange}, which the bank never took"
    booked = Counter((payment.account, txn) for payment in books.ours for txn, _ in sorted(payment.captures))
    yield from (
        f"DOUBLE: {txn} of {account} is booked {n} times" for (account, txn), n in booked.items() if n > 1
    )


def _given_back(books: Books) -> Iterator[str]:
    """The bank gave back what we say it did, under our keys, each once, and never more than it took."""
    for session in books.sessions:
        ours = books.of_reference(session.reference)
        keys = Counter(key for key, _ in session.given_back)
        yield from (f"DOUBLE: the bank gave back {key} {n} times" for key, n in keys.items() if n > 1)
        money = sum(amount for key, amount in session.given_back if key not in session.voids)
        if money > sum(amount for _, amount in session.captures):
            yield f"DOUBLE: the bank gave back more than it took for {session.reference}"
        if ours is not None:
            yield from _of_one_session(session, ours)


def _of_one_session(session: BankSession, ours: OurPayment) -> Iterator[str]:
    ordered = {each.key: each for each in ours.back}
    given = dict(session.given_back)
    for key, amount in session.given_back:
        if key and (key not in ordered or (ordered[key].amount != amount and key not in session.voids)):
            yield f"INVENTED: the bank gave back {key} ({amount}) for {ours.id}, which we did not order"
        elif key and not ordered[key].done:
            yield f"LOST: the bank gave back {key} for {ours.id}, our books do not know"
    for reversal in ours.back:
        if reversal.done and not reversal.by_provider and reversal.key not in given:
            yield f"LOST: we say that {reversal.key} of {ours.id} went back, the bank does not"


def _refunded(books: Books) -> Iterator[str]:
    """Confirmed money went back where its service released the debt, and nowhere else."""
    states = {order.order_key: order.state for order in books.orders}
    refunded = {each.order_key for each in books.ours if each.refunded}
    for order_key in sorted(refunded & states.keys()):
        if states[order_key] not in _RELEASED:
            yield f"LOST: money of {order_key} was refunded, its service calls it {states[order_key]}"
    for order_key in sorted(states.keys() - refunded):
        if states[order_key] in _RELEASED:
            yield f"LOST: {order_key} is {states[order_key]} for its service, and no money went back"


def _kiosks(books: Books) -> Iterator[str]:
    """Accepted money is a payment of ours, refused money is none, and nothing waits for a word."""
    booked = {
        txn: (payment, amount)
        for payment in books.ours
        if payment.account == books.kiosk_account
        for txn, amount in payment.captures
    }
    network = {each.txn_id: each for each in books.kiosk}
    for money in books.kiosk:
        found = booked.get(money.txn_id)
        if money.state == "accepted" and (found is None or found[1] != money.amount):
            yield f"LOST: the network's {money.txn_id} ({money.amount}) was accepted, our books have {found}"
        if money.state == "refused" and found is not None:
            yield f"DOUBLE: the network's {money.txn_id} was refused, and {found[0].id} books it"
        if money.state == "taken":
            yield f"UNSETTLED: the network's {money.txn_id} was never answered"
    yield from (
        f"INVENTED: {txn} is booked, the network has no such money" for txn in booked.keys() - network.keys()
    )


def _told(books: Books) -> Iterator[str]:
    """Services hear of captured money only, with one content, and apply it once."""
    ours = {payment.id: payment for payment in books.ours}
    contents: dict[str, set[str]] = defaultdict(set)
    applied: Counter[str] = Counter()
    for told in books.told:
        contents[told.payment_id].add(told.content)
        applied[told.payment_id] += told.outcome == "applied"
    for payment_id, heard in contents.items():
        if payment_id not in ours:
            yield f"LOST: the service was told of {payment_id}, we have no such payment"
        elif not ours[payment_id].captures:
            yield f"INVENTED: the service was told of {payment_id}, of which nothing was captured"
        if len(heard) > 1:
            yield f"DOUBLE: {payment_id} was told with {len(heard)} contents"
    yield from (f"DOUBLE: the service applied {each} {n} times" for each, n in applied.items() if n > 1)
    for payment in books.ours:
        if payment.delivery == "confirmed" and applied[payment.id] != 1:
            yield f"LOST: we say that {payment.id} is confirmed, the service applied it {applied[payment.id]} times"
        if applied[payment.id] and payment.delivery != "confirmed":
            yield f"LOST: the service applied {payment.id}, for us its confirmation is {payment.delivery or 'none'}"
        if applied[payment.id] and _went_back(payment):
            yield f"DOUBLE: {payment.id} is confirmed and its money went back"


def _went_back(payment: OurPayment) -> bool:
    """Whether the money that pays the order is not with us any more: a surplus may go back beside it.

    Refunds do not count: its service knows of them.
    """
    back = sum(each.amount for each in payment.reversals if each.done)
    left = sum(amount for _, amount in payment.captures) - back
    return left < max(1, sum(amount for _, amount in payment.claimed))


def _orders(books: Books) -> Iterator[str]:
    """What a service counts as paid is what we confirmed to it, and never more than was due."""
    confirmed: dict[str, dict[str, int]] = defaultdict(dict)
    for payment in books.ours:
        if payment.delivery == "confirmed":
            confirmed[payment.order_key][payment.id] = sum(amount for _, amount in payment.claimed)
    for order in books.orders:
        if order.paid > order.total:
            yield f"DOUBLE: {order.order_key} is paid with {order.paid} of {order.total}"
        if len(dict(order.payments)) != len(order.payments):
            yield f"DOUBLE: {order.order_key} counts a PaymentID twice"
        if dict(order.payments) != confirmed[order.order_key]:
            yield (
                f"LOST: {order.order_key} is paid by {dict(order.payments)}, we confirmed {confirmed[order.order_key]}"
            )
        if order.paid != sum(amount for _, amount in order.payments):
            yield f"LOST: {order.order_key} is paid with {order.paid}, its payments are {dict(order.payments)}"


def _unsettled(books: Books) -> Iterator[str]:
    """In the end captured money is confirmed, or on its way back, or a person's: nothing else."""
    for payment in books.ours:
        ways = len(payment.reversals) + len(payment.in_review)
        if payment.claimed and payment.delivery not in {"confirmed", "parked"}:
            yield f"UNSETTLED: {payment.id} is captured, its confirmation is {payment.delivery or 'none'}"
        if payment.captures and len(payment.captures) > len(payment.claimed) + ways:
            yield f"LOST: of {payment.id} there is money that is neither claimed nor given back"
        if any(not each.done for each in payment.back):
            yield f"UNSETTLED: money of {payment.id} has not gone back yet"
    captured = {session.reference for session in books.sessions if session.status == "authorised"}
    for payment in books.ours:
        if payment.reference in captured:
            yield f"UNSETTLED: the bank still holds money for {payment.id}"


def _shown(books: Books) -> Iterator[str]:
    """Whoever read that he has paid has paid."""
    paid = {payment.id for payment in books.ours if payment.captures}
    by_txn = {txn for payment in books.ours for txn, _ in payment.captures}
    for each in sorted(books.shown_paid - paid - by_txn):
        yield f"LOST: the payer of {each} was shown that he has paid"


def summary(found: Iterable[str]) -> dict[str, int]:
    """How many of each kind, by the first word."""
    return dict(Counter(each.partition(":")[0] for each in found))
