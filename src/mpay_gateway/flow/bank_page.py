"""Step 8 as the payer sees it: on to the provider's page, again if he comes back here."""

from dataclasses import dataclass

from mpay_gateway.domain.payment import Payment, PaymentState
from mpay_gateway.domain.provider_answer import NextStep
from mpay_gateway.domain.service import Service
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.payment_result import payment_of_visit
from mpay_gateway.flow.payment_start import next_step_of, publish


@dataclass(frozen=True, slots=True)
class BankPage:
    """Where the payer goes on. `step` is None when there is nothing to do there: see the result page."""

    payment: Payment
    service: Service
    step: NextStep | None


def show_bank_page(parts: Parts, token: str, payment_id: str) -> BankPage:
    """The payment's next step; a provider that has not said it yet is asked again under the same reference.

    Raises: NotFound when the payment is not this visit's; RemoteUnavailable, RemoteRefused when the provider
    certainly took nothing: the payment has ended.
    """
    payment = parts.units.read(lambda work: payment_of_visit(work, token, payment_id))
    service = parts.services.get_any(payment.service_id)
    if payment.state is not PaymentState.STARTED or parts.clock.now() >= payment.session_until:
        return BankPage(payment, service, None)
    if not payment.next_step:
        payment = publish(parts, payment)
    return BankPage(payment, service, next_step_of(payment))
