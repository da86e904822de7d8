"""Step 8 as the payer sees it: on to the provider's page, again if he comes back here."""

from dataclasses import dataclass, replace

import structlog

from mpay_gateway.domain.errors import RemoteRefused, RemoteUnavailable
from mpay_gateway.domain.language import Language
from mpay_gateway.domain.payment import Payment, PaymentState
from mpay_gateway.domain.provider_answer import NextStep
from mpay_gateway.domain.service import Service
from mpay_gateway.flow.instrument_choice import visit_and_invoice
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.payment_result import payment_of_visit
from mpay_gateway.flow.payment_start import next_step_of, publish_again

_log = structlog.get_logger("bank_page")


@dataclass(frozen=True, slots=True)
class BankPage:
    """Where the payer goes on. `step` is None when there is nothing to do there: see the result page."""

    payment: Payment
    service: Service
    step: NextStep | None


def how_to_pay(parts: Parts, token: str, payment: Payment, language: Language) -> str:
    """What the chosen instrument says that a payer does who pays elsewhere; empty when it offers nothing now.

    Raises: NotFound when the visit has no invoice.
    """
    _, invoice = visit_and_invoice(parts, token)
    offered = parts.calls.offer_instruments(
        replace(invoice, payable=payment.amount), payment.channel, language
    )
    return next((each.offer.what_happens_next for each in offered if each.id == payment.instrument_id), "")


def show_bank_page(parts: Parts, token: str, payment_id: str) -> BankPage:
    """The payment's next step; a provider that has not said it yet is asked again under the same reference.

    When it does not say it now either, the payment is not ended: an earlier try may have opened a session.
    Raises: NotFound when the payment is not this visit's.
    """
    payment = parts.units.read(lambda work: payment_of_visit(work, token, payment_id))
    service = parts.services.get_any(payment.service_id)
    open_here = payment.state is PaymentState.STARTED or (
        payment.state is PaymentState.CREATED and payment.next_step  # paid elsewhere: nobody was called
    )
    if not open_here or parts.clock.now() >= payment.session_until:
        return BankPage(payment, service, None)
    if not payment.next_step:
        try:
            payment = publish_again(parts, payment)
        except (RemoteUnavailable, RemoteRefused) as error:
            _log.warning("start_not_repeated", payment=payment.id, error=type(error).__name__)
    return BankPage(payment, service, next_step_of(payment))
