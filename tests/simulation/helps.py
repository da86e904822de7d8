"""What counterparts and people can be made to do at the right time, so that a payment comes to some edge.

Nothing here is more than they do by themselves in other worlds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mpay_gateway.domain.money import Money
from mpay_gateway.domain.order import OrderStatus
from tests.simulation.bank import Session, Standing
from tests.simulation.faults import Fault
from tests.simulation.operators import DEEDS, NAMES
from tests.simulation.plan import PayerPlan
from tests.simulation.shop import ShopOrder
from tests.simulation.transfers import Number
from tests.simulation.treasury import half

if TYPE_CHECKING:
    from tests.simulation.world import World

_PROPOSED = "SELECT opened_by FROM decisions WHERE payment_id = ? AND state = 'proposed'"
_LET_GO = """
    SELECT p.id, p.reference FROM payments p JOIN claims c ON c.payment_id = p.id
    WHERE p.order_key = ? AND p.id <> ? AND c.state = 'released' ORDER BY p.id
"""
_WISHED = "SELECT wanted FROM capture_intents WHERE payment_id = ? AND state = 'due'"
_LEFT_OF_REFUSED = """
    SELECT c.amount_minor - r.returned_minor FROM reversals r JOIN captures c ON c.id = r.capture_id
    WHERE r.payment_id = ? AND r.state = 'refused'
"""


@dataclass(frozen=True, slots=True)
class Place:
    """A payment in its world, with what its bank and its service have of it."""

    world: "World"
    payment_id: str
    session: Session | None
    order: ShopOrder

    @property
    def number(self) -> Number | None:
        """What it is paid under, if statements alone tell of it."""
        return self.world.people.transfers.number_of(self.payment_id)


MOST_TAKEN = 5
"""How often a session is charged: each time is another reversal, and worlds get long."""
Act = Callable[[Place], None]


def call(operation: str, *faults: Fault) -> Act:
    """The next such call about the payment goes wrong."""
    return lambda place: place.world.force(operation, place.payment_id, place.world.chance.pick(faults))


def people(kind: str, *deeds: int) -> Act:
    """An operator does one of some things about what he finds; not one who proposed it, unless all did."""

    def act(place: Place) -> None:
        operators, chance = place.world.people.operators, place.world.chance
        proposers = {name for (name,) in place.world.store.rows(_PROPOSED, place.payment_id)}
        others = [name for name in NAMES if name not in proposers] or NAMES
        for subject in operators.found(kind, place.payment_id):
            operators.do(place.payment_id, subject, DEEDS[kind][chance.pick(deeds)], chance.pick(others))

    return act


# The bank.


def pay(place: Place) -> None:
    """Money turns up, whatever was said before."""
    if place.session is not None:
        place.world.strikes.payment(place.payment_id, Fault.LATE_MONEY)
        place.world.bank.pay(place.session)
    elif (number := place.number) is not None:
        transfers = place.world.people.transfers
        transfers.read(transfers.transfer_late(number).day)


def pay_less(place: Place) -> None:
    """The same, of half the amount."""
    if (number := place.number) is not None:
        transfers = place.world.people.transfers
        transfers.read(transfers.transfer_other(number, more=False).day)
    if place.session is not None:
        place.session.odd = half(place.session.amount)
        place.world.strikes.payment(place.payment_id, Fault.WRONG_AMOUNT)
        pay(place)


def take(place: Place) -> None:
    """The bank takes money that nobody told it to take, some times."""
    session = place.session
    if session is not None and not session.closed and len(session.captures) < MOST_TAKEN:
        place.world.bank.take(session, session.amount)
    elif (number := place.number) is not None and len(place.world.treasury.of(place.payment_id)) < MOST_TAKEN:
        transfers = place.world.people.transfers
        transfers.read(transfers.transfer_again(number).day)


def drop(place: Place) -> None:
    """A hold ends by itself."""
    if place.session is not None and place.session.standing is Standing.HELD:
        place.world.strikes.payment(place.payment_id, Fault.TAKEN_BACK)
        place.world.bank.drop_hold(place.session)


def cancel_hold(place: Place) -> None:
    """The bank calls a hold cancelled."""
    if place.session is not None and place.session.standing is Standing.HELD:
        place.world.strikes.payment(place.payment_id, Fault.TAKEN_BACK)
        place.world.bank.cancel(place.session)


def end_hold(place: Place) -> None:
    """A hold is not to be taken: its order is gone, or the bank cancels it."""
    place.world.chance.pick((cancel_order, cancel_hold))(place)


def give_back_by_hand(place: Place) -> None:
    """Somebody at the bank or the treasury sends what it refused to send before."""
    transfers = place.world.people.transfers
    for movement in transfers.send_back(place.payment_id):
        transfers.read(movement.day)
    left = sum(minor for (minor,) in place.world.store.rows(_LEFT_OF_REFUSED, place.payment_id))
    session = place.session
    if session is not None and 0 < left <= (session.taken - session.back).minor:
        place.world.strikes.payment(place.payment_id, Fault.TAKEN_BACK)
        place.world.bank.charge_back(session, Money.from_minor(left, session.amount.currency))


# The service.


def cancel_order(place: Place) -> None:
    place.world.people.services.change(place.order, "cancel")


def waver(place: Place) -> None:
    """The order takes money no more that is to be taken, or takes money again that is not."""
    active = place.order.status is OrderStatus.ACTIVE
    if place.world.store.rows(_WISHED, place.payment_id) == [(active,)]:
        place.world.people.services.change(place.order, "cancel" if active else "reopen")


def release(place: Place) -> None:
    place.world.shop.release(place.order)


def refunded(place: Place) -> None:
    place.world.shop.refunded(place.order)


# Others.


def transfer_beside_another(place: Place) -> None:
    """Money comes to the treasury, and before anybody hears of it somebody begins to pay the order in another way."""
    transfers, number = place.world.people.transfers, place.number
    if number is not None:
        if place.world.chance.of(0.7):
            transfers.transfer(number)
        else:
            transfers.transfer_other(number, more=False)
        transfers.rival(place.order)


def die(place: Place) -> None:
    """Whoever is about to send it dies, and everybody else."""
    place.world.people.mischief.happen(Fault.CRASH_ALL)


def another_payer(place: Place) -> None:
    """Somebody else pays a part of the order."""
    plan = PayerPlan(0, "card", 0, "pay", 1.0, presses_twice=False, part=0.4)
    place.world.people.payers.come(plan, place.order, second=True)


def pay_who_let_go(place: Place) -> None:
    """Late money for the payments of the order that let go of what they had claimed of it."""
    world = place.world
    for payment_id, reference in world.store.rows(_LET_GO, place.order.key, place.payment_id):
        pay(Place(world, payment_id, world.bank.sessions.get(reference), place.order))
