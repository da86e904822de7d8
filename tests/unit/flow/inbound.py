"""A network of kiosks at the scripted gateway: an account that confirms by push, and what it tells through its port."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

from mpay_gateway.api import (
    AccountId,
    Channel,
    Claimed,
    CollectedPayment,
    Confirms,
    InboundQuery,
    MessageMeta,
    Money,
    Need,
    OrderName,
    ReferenceForm,
    Refused,
    Service,
)
from mpay_gateway.domain.identifiers import Alphabet
from mpay_gateway.domain.payment import Claim, Payment
from mpay_gateway.flow.confirmation_delivery import delivery_key
from mpay_gateway.flow.inbound.payment_intake import Port
from mpay_gateway.flow.registration import apply_service
from mpay_gateway.plugin_host import AccountInfo, InstrumentInfo
from tests.unit.flow.scripted import SERVICE, ScriptedGateway, lei

NETWORK = AccountId("network")
WHOLE = lei("150.00")


@dataclass
class Kiosk:
    """One kiosk of the network, and a look at what became of what it told."""

    gateway: ScriptedGateway
    port: Port

    def query(self, order_key: str, **more: object) -> InboundQuery:
        return InboundQuery(OrderName(SERVICE, order_key), **more)

    def claim(self, order_key: str, key: str, amount: Money = WHOLE, minutes: float = 5) -> Claimed | Refused:
        until = self.gateway.clock.now() + timedelta(minutes=minutes)
        return self.port.claim(OrderName(SERVICE, order_key), key, amount, until)

    def accept(self, order_key: str, key: str, amount: Money = WHOLE, **more: object) -> object:
        usual = {
            "taken_at": self.gateway.clock.now(), "message": b"pay", "meta": MessageMeta("pay"), "method": "Cash",
        }  # fmt: skip
        answer = self.port.accept(
            CollectedPayment(OrderName(SERVICE, order_key), key, amount, **usual | more)
        )
        if hasattr(answer, "payment_id"):
            assert self.gateway.parts.background.wait(delivery_key(answer.payment_id), 10)
        return answer

    def payments(self, order_key: str) -> tuple[Payment, ...]:
        return self.gateway.parts.units.read(lambda work: work.payments.of_order(SERVICE, order_key))

    def claim_of(self, payment_id: str) -> Claim:
        return self.gateway.parts.units.read(lambda work: work.claims.of_payment(payment_id))

    def booked(self) -> dict[str, int]:
        """Balances in minor units, those that are not zero."""
        found = self.gateway.parts.units.read(lambda work: work.ledger.balances())
        return {name: money.minor for (name, _), money in found.items() if money.minor}

    def at(self, device: str) -> "Kiosk":
        return Kiosk(self.gateway, self.port.at_device(device))


def kiosk_of(gateway: ScriptedGateway, **account: object) -> Kiosk:
    """Add the network's account and its instrument to the gateway, and let the service take cash."""
    usual: dict[str, object] = {
        "id": NETWORK, "plugin": "scripted", "reference_form": ReferenceForm(Alphabet.DIGITS, 14),
        "capabilities": frozenset(), "gives": frozenset({Need.COLLECTION}), "confirms": Confirms.PUSH,
        "session_minutes": 30, "currencies": frozenset({"MDL"}), "callback_limit": 1000, "retired": False,
    }  # fmt: skip
    registry = gateway.parts.registry
    info = AccountInfo(**usual | account)
    serving = () if info.retired else (NETWORK,)
    cash = InstrumentInfo("cash", "scripted", Need.COLLECTION, serving, (Channel.KIOSK,))
    gateway.parts = replace(
        gateway.parts,
        registry=replace(
            registry,
            accounts={**registry.accounts, NETWORK: info},
            instruments={**registry.instruments, "cash": cash},
        ),
    )
    change_service(gateway, channels=(Channel.PORTAL, Channel.KIOSK))
    return Kiosk(gateway, port_of(gateway, f"provider:{NETWORK}"))


def port_of(gateway: ScriptedGateway, instance: str) -> Port:
    """The port of an instance, leading to the gateway as it is now."""
    gateway.parts.entrance.lead_to(gateway.parts)
    return Port(gateway.parts.entrance, instance)


def change_service(gateway: ScriptedGateway, **changes: object) -> None:
    """Register the service anew, and let the directory see it."""
    service: Service = gateway.parts.services.get(SERVICE)
    apply_service(gateway.parts, replace(service, **changes))
    gateway.clock.advance(seconds=6)


@contextmanager
def silent_service(gateway: ScriptedGateway, problem: Exception) -> Iterator[None]:
    """The service does not answer look-ups for a while."""

    def fail(*_: object) -> object:
        raise problem

    gateway.calls.lookup_orders = fail  # type: ignore[method-assign]
    try:
        yield
    finally:
        del gateway.calls.lookup_orders
