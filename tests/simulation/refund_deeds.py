"""What operators do about money that its service knows of: they give it back, in parts or whole, and see to it."""

from collections.abc import Callable

from mpay_gateway.domain.decision import Act
from mpay_gateway.domain.money import Money
from mpay_gateway.flow.decisions import propose_about
from mpay_gateway.flow.refunds.acts import acknowledge_refund, retry_refund, withdraw_refund
from mpay_gateway.flow.refunds.opening import proposed_override, proposed_refund
from tests.simulation.processes import Process

Deed = Callable[[Process, str, str], object]
"""What an operator does: by which process, to what, and who he is."""

REFUNDS = """
    UNION ALL SELECT 'paid', payment_id, payment_id FROM captures WHERE state = 'claimed'
    UNION ALL SELECT CASE WHEN released_at IS NULL THEN 'refund-waits' ELSE 'refund-' || state END, payment_id, id
        FROM refunds WHERE acknowledged_at IS NULL AND state <> 'refused'
    UNION ALL SELECT 'refund-refused', payment_id, id FROM refunds WHERE acknowledged_at IS NULL AND state = 'refused'
"""
"""What there is to do, beside everything else."""


def _give_back(act: Act, parts: int) -> Deed:
    def deed(process: Process, subject: str, actor: str) -> object:
        payment = process.parts.units.read(lambda work: work.payments.get(subject))
        part = Money.from_minor(max(1, payment.amount.minor // parts), payment.amount.currency)
        wanted = proposed_refund(act, None if parts == 1 else part)
        return propose_about(process.parts, subject, wanted, "a reason", actor=actor)

    return deed


def _override(process: Process, subject: str, actor: str) -> object:
    payment_id = process.parts.units.read(lambda work: work.refunds.get(subject)).payment_id
    return propose_about(process.parts, payment_id, proposed_override(subject), "a reason", actor=actor)


def _withdraw(process: Process, subject: str, actor: str) -> object:
    return withdraw_refund(process.parts, subject, "a reason", actor=actor)


def _retry(process: Process, subject: str, actor: str) -> object:
    return retry_refund(process.parts, subject, actor=actor)


def _acknowledge(process: Process, subject: str, actor: str) -> object:
    return acknowledge_refund(process.parts, subject, "a reason", actor=actor)


REFUND_DEEDS: dict[str, tuple[Deed, ...]] = {
    "paid": (_give_back(Act.REFUND, 1), _give_back(Act.SERVICE_REFUND, 1), _give_back(Act.REFUND, 2)),
    "refund-waits": (_override, _override, _withdraw, _retry),
    "refund-due": (_retry, _retry, _withdraw),
    "refund-refused": (_retry, _acknowledge, _acknowledge),
    "refund-done": (_acknowledge, _retry),
}
"""By what the operators find."""
