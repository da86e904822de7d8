"""Step 12 of a two-step payment: after the authorisation the order is read again, then captured or given up."""

import structlog

from mpay_gateway.domain.errors import InvalidTransition, MpayError, UnknownOrder
from mpay_gateway.domain.language import Language
from mpay_gateway.domain.payment import Payment, PaymentState
from mpay_gateway.domain.provider_answer import PaymentToCheck, ProviderConfirmation
from mpay_gateway.domain.transitions import PaymentEvent
from mpay_gateway.flow.captures import record_captures
from mpay_gateway.flow.claiming import fits, payable_now
from mpay_gateway.flow.evidence_sinks import DurableSink
from mpay_gateway.flow.order_lookup import look_up
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.payment_ending import end_payment
from mpay_gateway.storage import Work

_log = structlog.get_logger("two_step")


def finish_authorised(parts: Parts, payment: Payment) -> None:
    """Capture if the order can still take the money, else void. Idempotent by keys made from the payment's id.

    When the service or the provider does not answer, the payment stays authorised and is finished at the next
    check: money that is only held is not lost.
    """
    try:
        wanted = _still_wanted(parts, payment)
    except MpayError as error:
        _log.warning("order_not_read", payment=payment.id, error=type(error).__name__)
        return
    try:
        if wanted:
            _capture(parts, payment)
        else:
            _void(parts, payment)
    except MpayError as error:
        _log.warning("two_step_not_finished", payment=payment.id, error=type(error).__name__)


def _still_wanted(parts: Parts, payment: Payment) -> bool:
    service = parts.services.get_any(payment.service_id)
    try:
        answer = look_up(parts, service, payment.order_key, Language(payment.language))
    except UnknownOrder:
        return False

    def payable(work: Work) -> bool:
        answer.store(work)
        return fits(answer.order, payable_now(work, answer.snapshot, besides=payment.id), payment.amount)

    return parts.units.run("reread-order", payable)


def _capture(parts: Parts, payment: Payment) -> None:
    key = f"cap-{payment.id}"
    answer = parts.calls.capture_payment(
        payment.account_id, _to_check(parts, payment), payment.amount, key=key
    )
    parts.units.run("captured", lambda work: _record(parts, work, payment.id, answer))


def _record(parts: Parts, work: Work, payment_id: str, answer: ProviderConfirmation) -> None:
    payment = work.payments.lock(payment_id)
    record_captures(parts, work, payment, answer, actor=f"provider:{payment.account_id}")


def _void(parts: Parts, payment: Payment) -> None:
    if payment.state is not PaymentState.AUTHORISED:
        raise InvalidTransition(f"payment {payment.id} is {payment.state}: nothing to void")
    key = f"void-{payment.id}"
    parts.calls.reverse_payment(payment.account_id, _to_check(parts, payment), payment.amount, key=key)
    end_payment(parts, payment.id, PaymentEvent.VOID, actor="machine")


def _to_check(parts: Parts, payment: Payment) -> PaymentToCheck:
    return PaymentToCheck(
        payment.id, payment.reference, payment.remote_reference, payment.amount,
        DurableSink(parts.units, parts.clock, payment.id),
    )  # fmt: skip
