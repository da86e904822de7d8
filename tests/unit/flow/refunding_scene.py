"""What tests of refunds share: two operators, a refund that they agreed on, and looks into the books."""

from mpay_gateway.domain.decision import Act
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.order import OrderStatus
from mpay_gateway.domain.payment import Payment
from mpay_gateway.domain.refund import Refund
from mpay_gateway.flow.decisions import approve, propose_about
from mpay_gateway.flow.refunds.opening import proposed_refund
from tests.unit.flow.scripted import ScriptedGateway, lei

ANA, ION = "operator:ana", "operator:ion"


def propose_refund(gateway: ScriptedGateway, payment: Payment, amount: str = "", act: Act = Act.REFUND):
    """One operator's proposal to give back so much, or all that is left."""
    about = proposed_refund(act, lei(amount) if amount else None)
    return propose_about(gateway.parts, payment.id, about, "the payer gave it up", actor=ANA)


def open_refund(
    gateway: ScriptedGateway, payment: Payment, amount: str = "", act: Act = Act.REFUND
) -> Refund:
    """A refund that two operators agreed on."""
    approve(gateway.parts, propose_refund(gateway, payment, amount, act).id, actor=ION)
    return refunds(gateway, payment)[-1]


def release(gateway: ScriptedGateway, payment: Payment, status: OrderStatus = OrderStatus.REFUNDING) -> None:
    """The service releases the debt."""
    gateway.calls.order_status[payment.order_key] = status


def refunds(gateway: ScriptedGateway, payment: Payment) -> tuple[Refund, ...]:
    return gateway.parts.units.read(lambda work: work.refunds.of_payment(payment.id))


def balances(gateway: ScriptedGateway) -> dict[str, Money]:
    """What is not zero, by account."""
    found = gateway.parts.units.read(lambda work: work.ledger.balances())
    return {name: money for (name, _), money in found.items() if money}
