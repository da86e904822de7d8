"""What payers do at the bank, and what the bank does to them."""

from typing import TYPE_CHECKING

from mpay_gateway.domain.money import Money
from tests.simulation.bank import Session, Standing
from tests.simulation.faults import Fault
from tests.simulation.shop import CURRENCY
from tests.simulation.stage import Gone

if TYPE_CHECKING:
    from tests.simulation.world import World


def _pay(world: "World", session: Session, payment_id: str) -> None:
    world.stage.sleep(world.chance.between(1, 60))
    session.short = world.plan.refunds and world.chance.of(0.15)
    world.bank.pay(session)


def _charged_back(world: "World", session: Session, payment_id: str) -> None:
    """The bank takes back what it took, or a part of it, some time later: most services know of the money then."""

    def charge_back() -> None:
        left = session.taken - session.back
        part = Money.from_minor(left.minor // world.chance.pick((1, 1, 2)), left.currency)
        if part:
            world.strikes.payment(payment_id, Fault.TAKEN_BACK)
            world.bank.charge_back(session, part)

    world.bank.pay(session)
    world.later("charged back", charge_back, 60, world.chance.pick((300, 4000)))


def _decline(world: "World", session: Session, payment_id: str) -> None:
    world.bank.decline(session)


def _cancel(world: "World", session: Session, payment_id: str) -> None:
    world.bank.cancel(session)


def _leave(world: "World", session: Session, payment_id: str) -> None:
    world.strikes.payment(payment_id, Fault.BROWSER_GONE)
    raise Gone


def _pay_twice(world: "World", session: Session, payment_id: str) -> None:
    world.bank.pay(session)
    world.strikes.payment(payment_id, Fault.SECOND_CAPTURE)
    session.short = world.chance.of(0.15)

    def again() -> None:
        if session.captures:
            world.strikes.payment(payment_id, Fault.SECOND_CAPTURE)
            world.bank.take(session, session.amount)

    world.later("second capture", again, 0, world.chance.pick((1, 60, 3000)))


def _wrong_amount(world: "World", session: Session, payment_id: str) -> None:
    """Another amount is taken; of what is held, sometimes before anybody asks for it."""
    minor = world.chance.pick((session.amount.minor + 700, max(1, session.amount.minor // 2)))
    session.odd = Money.from_minor(minor, CURRENCY)
    world.strikes.payment(payment_id, Fault.WRONG_AMOUNT)
    session.grabs = session.amount.minor < minor
    if session.two_step and world.chance.of(0.3):
        _hold_taken(world, session, payment_id)
    else:
        world.bank.pay(session)


def _less(world: "World", session: Session, payment_id: str) -> None:
    """Half of the amount is taken: an order that takes parts can take it, once people agree."""
    session.odd = Money.from_minor(max(1, session.amount.minor // 2), CURRENCY)
    world.strikes.payment(payment_id, Fault.WRONG_AMOUNT)
    world.bank.pay(session)


def _late(world: "World", session: Session, payment_id: str) -> None:
    def pay() -> None:
        world.strikes.payment(payment_id, Fault.LATE_MONEY)
        world.bank.pay(session)

    world.later("late money", pay, 0, world.chance.pick((30, 600, 3000)))


def _decline_then_pay(world: "World", session: Session, payment_id: str) -> None:
    world.chance.pick((world.bank.decline, world.bank.cancel))(session)
    _late(world, session, payment_id)


def _pay_late(world: "World", session: Session, payment_id: str) -> None:
    over = (session.until - world.clock.true_now()).total_seconds()
    world.later("the time is over", lambda: _late(world, session, payment_id), over, over + 1500)


def _taken_back(world: "World", session: Session, payment_id: str) -> None:
    world.strikes.payment(payment_id, Fault.TAKEN_BACK)
    world.bank.pay(session)
    if session.captures and not session.back:
        world.bank.take_back(session)


def _hold_ends(world: "World", session: Session, payment_id: str) -> None:
    world.bank.pay(session)
    if session.two_step:
        world.strikes.payment(payment_id, Fault.TAKEN_BACK)
        world.later("the hold ends", lambda: world.bank.drop_hold(session), 0, 120)


def _hold_again(world: "World", session: Session, payment_id: str) -> None:
    """A hold that ends by itself, and comes back."""

    def held_again() -> None:
        world.strikes.payment(payment_id, Fault.LATE_MONEY)
        world.bank.pay(session)

    _hold_ends(world, session, payment_id)
    if session.two_step:
        world.later("held again", held_again, 60, world.chance.pick((200, 3000)))


def _hold_taken(world: "World", session: Session, payment_id: str) -> None:
    """The bank takes what it holds before anybody asks for it."""
    world.bank.pay(session)
    session.grabs = session.odd is None and world.chance.of(0.3)

    def take() -> None:
        if session.standing is Standing.HELD:
            world.strikes.payment(payment_id, Fault.LATE_MONEY)
            world.bank.take(session, session.amount)

    if session.two_step:
        world.later("taken unasked", take, 0, world.chance.pick((2, 60)))


def _hold_grabbed(world: "World", session: Session, payment_id: str) -> None:
    """The bank lets nobody take what it holds, and takes it itself when it is told to give it up, or more."""
    session.unyielding, session.grabs = True, True
    if world.chance.of(0.6):
        world.strikes.payment(payment_id, Fault.WRONG_AMOUNT)
        session.odd = Money.from_minor(session.amount.minor + 700, CURRENCY)
    world.bank.pay(session)


ACTS = {
    "pay": _pay, "decline": _decline, "cancel": _cancel, "leave": _leave, "pay-twice": _pay_twice,
    "wrong-amount": _wrong_amount, "decline-then-pay": _decline_then_pay, "pay-late": _pay_late,
    "taken-back": _taken_back, "hold-ends": _hold_ends, "hold-again": _hold_again,
    "hold-taken": _hold_taken, "charged-back": _charged_back, "hold-grabbed": _hold_grabbed,
    "less": _less,
}  # fmt: skip
