"""Orders that are paid elsewhere: which, whether they can be, and what is known of them when money is told."""

from dataclasses import dataclass, replace
from datetime import timedelta

from mpay_gateway.domain.errors import (
    InvalidAnswer,
    MpayError,
    NoPluginAnswered,
    OrderNotNamed,
    PluginBug,
    RemoteError,
    RemoteUnavailable,
    UnknownService,
)
from mpay_gateway.domain.filling import complete
from mpay_gateway.domain.identifiers import OrderKey
from mpay_gateway.domain.intake import OrderName, RefusalReason
from mpay_gateway.domain.language import Language
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.normal_form import normal_form
from mpay_gateway.domain.order import Order
from mpay_gateway.domain.payment import ClaimState
from mpay_gateway.domain.service import Channel, Service
from mpay_gateway.flow.claiming import Payable, Standing, fits
from mpay_gateway.flow.invoicing import store_answer
from mpay_gateway.flow.order_lookup import Answer, look_up, possible_key
from mpay_gateway.flow.parts import Parts
from mpay_gateway.plugin_host import AccountInfo, InstrumentInfo
from mpay_gateway.storage import Work
from mpay_gateway.storage.snapshots import Snapshot
from mpay_gateway.texts import mask_code, mask_name

RECENT = timedelta(minutes=10)
"""How old a service's answer may be on which money is taken while the service is silent."""
JUST_NOW = timedelta(seconds=30)
"""How old an answer may be on which a claim is made without asking again: a claim follows a look-up."""
CLOCKS_APART = timedelta(seconds=30)
"""So much the clocks of our hosts may differ. An answer of a later time was asked for before one was set back."""
_MOST_LETTERS = 64

_REASONS = {
    Standing.PAID: RefusalReason.PAID,
    Standing.EXPIRED: RefusalReason.GONE,
    Standing.CANCELLED: RefusalReason.GONE,
    Standing.REFUNDED: RefusalReason.GONE,
    Standing.NOTHING_DUE: RefusalReason.GONE,
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where money is taken. `instrument`: None when the account takes none any more. `device`: empty when unknown."""

    account: AccountInfo
    instrument: InstrumentInfo | None
    device: str

    @property
    def actor(self) -> str:
        return f"provider:{self.account.id}"

    def channel_for(self, service: Service) -> Channel:
        """Where the payer stands. Raises: UnknownService when the service takes nothing there."""
        channels = self.instrument.channels if self.instrument else ()
        for channel in channels:
            if channel in service.channels:
                return channel
        raise UnknownService(service.id)

    def closed(self, parts: Parts, work: Work) -> bool:
        """Whether nothing new is taken here: the account is retired, or its instrument is switched off."""
        if self.instrument is None:
            return True
        switch = work.switches.all().get(self.instrument.id)
        return switch is not None and switch.off(parts.clock.now())


@dataclass(frozen=True, slots=True)
class OrderNow:
    """What the service says of an order now.

    `answer` is None when it is silent, or was not asked because it had answered just now; `problem` says why no money
    may be taken if nothing recent is known by then.
    """

    service: Service
    order_key: OrderKey
    answer: Answer | None
    problem: MpayError | None = None

    def keep(self, parts: Parts, work: Work) -> Snapshot | None:
        """Lock the order, store the answer, and return what money may be taken on: the answer, or a recent one."""
        if self.answer is not None:
            store_answer(parts, work, self.answer)
            return self.answer.snapshot
        now = parts.clock.now()
        work.snapshots.lock_order(self.service.id, self.order_key, at=now)
        newest = work.snapshots.newest(self.service.id, self.order_key, not_after=now + CLOCKS_APART)
        return newest if newest is not None and now - newest.requested_at <= RECENT else None


def order_now(parts: Parts, place: Place, name: OrderName) -> OrderNow:
    """Ask the service. Raises: UnknownService; UnknownOrder when the service definitely knows none."""
    service = parts.services.get(name.service_id)
    place.channel_for(service)
    key = possible_key(service, name.order_key)
    try:
        return OrderNow(service, key, look_up(parts, service, key, Language.RO))
    except OrderNotNamed as doubt:  # no money is refused on what may be a passing fault
        return OrderNow(service, key, None, InvalidAnswer(f"{doubt}: its words may be a passing fault"))
    except (RemoteError, PluginBug, NoPluginAnswered) as problem:
        return OrderNow(service, key, None, problem)


def order_of_just_now(parts: Parts, place: Place, name: OrderName) -> OrderNow:
    """The same, and nobody is asked who answered a moment ago. Raises: UnknownService; UnknownOrder."""
    service = parts.services.get(name.service_id)
    place.channel_for(service)
    key = possible_key(service, name.order_key)
    now = parts.clock.now()
    newest = parts.units.read(
        lambda work: work.snapshots.newest(service.id, key, not_after=now + CLOCKS_APART)
    )
    if newest is not None and now - newest.requested_at <= JUST_NOW:
        return OrderNow(
            service, key, None, RemoteUnavailable("its answer of just now has grown old: ask again")
        )
    return order_now(parts, place, name)


def tidy(name: OrderName) -> OrderName:
    """The name as it is compared, whatever was typed. Never cut: less of a name is another order's."""
    service_id, order_key = (normal_form(each).strip() for each in (name.service_id, name.order_key))
    return OrderName(service_id, order_key)


def kept(name: OrderName) -> OrderName:
    """What is stored of a tidy name: all of every name that can be an order's, and the beginning of any other."""
    return OrderName(name.service_id[:_MOST_LETTERS], name.order_key[:_MOST_LETTERS])


def why_not(order: Order, payable: Payable, amount: Money) -> RefusalReason | None:
    """Why the amount cannot be paid of the order; None when it can."""
    if (reason := why_closed(payable)) is not None:
        return reason
    if amount.currency != payable.most.currency:
        return RefusalReason.CURRENCY
    if not complete(order, {}):
        return RefusalReason.FILL_IN
    if fits(order, payable, amount):
        return None
    return RefusalReason.TOO_MUCH if payable.most < amount else RefusalReason.TOO_LITTLE


def why_closed(payable: Payable) -> RefusalReason | None:
    """Why no amount at all can be paid; None when one can."""
    if payable.standing is Standing.PAYABLE:
        return None
    if payable.standing is Standing.IN_PROGRESS:
        held = any(claim.state is ClaimState.HELD for claim in payable.others)
        return RefusalReason.IN_PROGRESS if held else RefusalReason.PAID
    return _REASONS[payable.standing]


def masked(service: Service, order: Order) -> Order:
    """The order as a stranger may see it: names and codes covered where the service says so, no hidden properties."""
    shown = replace(order, properties=tuple(each for each in order.properties if each.visible))
    if not service.mask:
        return shown
    return replace(
        shown, customer_name=mask_name(order.customer_name), customer_id=mask_code(order.customer_id)
    )
