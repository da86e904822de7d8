"""Steps 7 and 8: open a payment, claim the order for it, and publish it to the provider.

Plan -> commit -> call -> commit: the payment's row exists before the provider is called, and its reference is the
idempotency key of every repetition.
"""

import json
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from mpay_gateway.domain.errors import (
    InvalidAnswer,
    InvalidChoice,
    InvoiceAlreadyPaid,
    NotPayable,
    OutcomeUnknown,
    PaymentInProgress,
    PluginBug,
    ProviderRefused,
    RemoteRefused,
    RemoteUnavailable,
)
from mpay_gateway.domain.filling import complete
from mpay_gateway.domain.guards import guards
from mpay_gateway.domain.identifiers import new_payment_id, new_payment_reference
from mpay_gateway.domain.instrument import InstrumentChoice, InstrumentPlan
from mpay_gateway.domain.language import Language
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.payment import DeclineReason, Payment, PaymentState
from mpay_gateway.domain.provider_answer import Confirms, NextStep, PaymentRequest
from mpay_gateway.domain.service import Service
from mpay_gateway.domain.transitions import PaymentEvent
from mpay_gateway.flow.breakers import answered, starts_at, unanswered
from mpay_gateway.flow.claiming import Payable, Standing, claim_for, fits, payable_now
from mpay_gateway.flow.evidence_sinks import DurableSink
from mpay_gateway.flow.instrument_choice import agreed_amount, plan, visit_and_invoice
from mpay_gateway.flow.invoicing import store_answer
from mpay_gateway.flow.order_lookup import Answer, look_up
from mpay_gateway.flow.paid_elsewhere import give_number, own_number
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.payment_ending import end_unchanged
from mpay_gateway.flow.suspension import refuse_while_restoring
from mpay_gateway.plugin_host import AccountInfo
from mpay_gateway.storage import Work
from mpay_gateway.storage.serial import next_step_from_text, next_step_to_text
from mpay_gateway.storage.tasks import TaskKind
from mpay_gateway.storage.visits import Visit

FIRST_CHECK = timedelta(seconds=60)
DESCRIPTION_LENGTH = 120
_log = structlog.get_logger("payment_start")


@dataclass(frozen=True, slots=True)
class OrderChanged:
    """The order is another than the payer agreed to pay: he sees the new one and decides."""


@dataclass(frozen=True, slots=True)
class Started:
    """The payment exists; `payment_bank_page` leads on."""

    payment: Payment


@guards("start.form", "start.agreed")
def start_payment(
    parts: Parts, token: str, choice: InstrumentChoice, *, form_token: str, language: Language
) -> Started | OrderChanged:
    """Open the payment that the payer asked for and publish it to the provider.

    The order is read again first. A second press of the button finds the payment that the first one opened.
    Raises: NotFound, ServiceClosed; InvalidChoice; PaymentInProgress, InvoiceAlreadyPaid; RemoteUnavailable and
    ProviderRefused when the provider certainly took nothing; RemoteError when the service does not answer.
    """
    parts.units.read(refuse_while_restoring)
    visit, old = visit_and_invoice(parts, token)
    # After the visit: a form that another request has used since is known by its payment.
    known = parts.units.read(lambda work: work.payments.find_by_form(form_token)) if form_token else None
    if known is not None and known.visit_token == token:
        return Started(known)
    if form_token != visit.form_token:
        raise InvalidChoice("form", "form.stale")
    service = parts.services.get(visit.service_id)
    amount = agreed_amount(visit, old)
    made, account = plan(parts, replace(old, payable=amount), choice)
    parts.limits.before_looking_again(token)
    answer = look_up(parts, service, visit.order_key, language)
    if answer.order.version != visit.accepted_version or not complete(answer.order, visit.filled):
        parts.units.run("note-change", lambda work: store_answer(parts, work, answer))
        return OrderChanged()
    opening = _Opening(parts, visit, service, answer, amount, choice, made, account, language)
    opened = parts.units.run("open-payment", opening.store)
    if isinstance(opened, NotPayable):
        raise opened
    payment, new = opened
    calls_now = new and payment.state is PaymentState.STARTED
    return Started(_publish_first(parts, payment) if calls_now else payment)


def _publish_first(parts: Parts, payment: Payment) -> Payment:
    """Tell the provider of a payment that it has not heard of, as far as this request knows.

    Raises: RemoteUnavailable, ProviderRefused when the provider certainly took nothing: the payment has ended,
    unless another request of the payer's has called meanwhile.
    """
    try:
        return _publish(parts, payment)
    except RemoteUnavailable:
        end_unchanged(parts, payment, PaymentEvent.CANCEL, actor="machine")
        raise
    except ProviderRefused:
        actor = f"provider:{payment.account_id}"
        end_unchanged(parts, payment, PaymentEvent.DECLINE, actor=actor, reason=DeclineReason.OTHER)
        raise


@guards("start.again")
def publish_again(parts: Parts, payment: Payment) -> Payment:
    """Ask the provider under the same reference, with the same words, and keep where the payer goes.

    That a call may leave again is committed first: the request that opened the payment will not end it then.
    When the outcome is not known the payment is returned as it is, and asked about later.
    Raises: RemoteUnavailable, ProviderRefused; an earlier try may have opened a session all the same.
    """

    def start_again(work: Work) -> Payment:
        current = work.payments.lock(payment.id)
        if current.state is not PaymentState.STARTED or current.next_step:
            return current
        return work.payments.change(current, PaymentEvent.START, actor="machine", at=parts.clock.now())

    current = parts.units.run("start-again", start_again)
    repeats = current.state is PaymentState.STARTED and not current.next_step
    return _publish(parts, current) if repeats else current


@guards("start.unknown")
def _publish(parts: Parts, payment: Payment) -> Payment:
    try:
        step = _call(parts, payment)
    except (OutcomeUnknown, InvalidAnswer, PluginBug) as error:
        _log.warning("start_unknown", payment=payment.id, error=type(error).__name__)
        return payment
    return parts.units.run("keep-next-step", lambda work: _keep_step(parts, work, payment, step))


def _call(parts: Parts, payment: Payment) -> NextStep:
    """The provider's answer; its breaker hears of it, and that there was none. The same payment counts once."""
    starts = starts_at(payment.account_id)
    try:
        step = parts.calls.start_payment(payment.account_id, _request(parts, payment))
    except RemoteRefused as error:
        answered(parts, starts)
        raise ProviderRefused(error.code, error.detail, permanent=error.permanent) from error
    except (RemoteUnavailable, OutcomeUnknown, InvalidAnswer, PluginBug) as error:
        unanswered(parts, starts, error, about=payment.id)
        raise
    answered(parts, starts)
    return step


def next_step_of(payment: Payment) -> NextStep | None:
    """Where the payer goes, None when the provider has not said so yet."""
    return next_step_from_text(payment.next_step) if payment.next_step else None


@dataclass(frozen=True, slots=True)
class _Opening:
    """Everything that a new payment is made of."""

    parts: Parts
    visit: Visit
    service: Service
    answer: Answer
    amount: Money
    choice: InstrumentChoice
    made: InstrumentPlan
    account: AccountInfo
    language: Language

    @guards("claim.room", "start.form")
    def store(self, work: Work) -> tuple[Payment, bool] | NotPayable:
        """Claim the order and store the payment, as started where a call may leave right after the commit.

        False beside a payment that the same form opened a moment before, or whose number the payer has already. A
        refusal is returned, not raised: what the service said is stored all the same.
        """
        invoice = store_answer(self.parts, work, self.answer)
        again = work.payments.find_by_form(self.visit.form_token)
        if again is not None:
            return again, False
        payable = payable_now(work, self.answer.snapshot)
        if not fits(self.answer.order, payable, self.amount):
            return _why_not(payable)
        now, epoch = self.parts.clock.now(), work.restorations.epoch()
        given = own_number(work, self.visit, self.account.id, self.amount, now=now)
        if given is not None:
            return given, False
        refuse_while_restoring(work)
        payment = self._payment(invoice.id, self._reference(epoch))
        work.payments.use_account(self.account.id, self.account.plugin, at=now)
        payment = work.payments.add(payment, redraw=lambda: self._reference(epoch), actor="payer")
        if self.visit.filled:
            work.filled_fields.keep(payment.id, self.visit.filled)
        work.claims.take(
            claim_for(payment, self.parts.ids.token(), self.answer.order, payable), payable=payable.limit,
            advance=self.answer.order.advance_allowed, actor="payer", at=now,
        )  # fmt: skip
        elsewhere = self.account.confirms is Confirms.STATEMENT
        payment = give_number(self.parts, work, payment) if elsewhere else self._to_be_called(work, payment)
        work.visits.change(self.visit.token, form_token=self.parts.ids.token())
        return payment, True

    def _to_be_called(self, work: Work, payment: Payment) -> Payment:
        now = self.parts.clock.now()
        started = work.payments.change(payment, PaymentEvent.START, actor="machine", at=now)
        work.tasks.schedule(TaskKind.RECHECK, payment.id, started.next_check_at)
        return started

    def _payment(self, invoice_id: str, reference: str) -> Payment:
        parts, now = self.parts, self.parts.clock.now()
        return Payment(
            id=new_payment_id(parts.ids.below),
            invoice_id=invoice_id,  # type: ignore[arg-type]
            snapshot_id=self.answer.snapshot.id,
            service_id=self.visit.service_id,
            order_key=self.visit.order_key,
            instrument_id=self.choice.instrument_id,
            account_id=self.account.id,
            channel=self.visit.channel,
            amount=self.amount,
            state=PaymentState.CREATED,
            reference=reference,
            created_at=now,
            session_until=now + timedelta(minutes=self.account.session_minutes),
            description=self._description(invoice_id),
            details=json.dumps(self.made.details, ensure_ascii=False),
            next_check_at=now + FIRST_CHECK,
            visit_token=self.visit.token,
            form_token=self.visit.form_token,
            receipt_token=parts.ids.token(),
            language=self.language.value,
        )

    def _reference(self, epoch: int) -> str:
        return new_payment_reference(self.account.reference_form, epoch, self.parts.ids.below)

    def _description(self, invoice_id: str) -> str:
        """What the provider is told: kept with the payment, so that a repeated start says the same."""
        name = self.service.name.in_language(self.language)
        return f"{name} {invoice_id}"[-DESCRIPTION_LENGTH:]


def _why_not(payable: Payable) -> NotPayable:
    if payable.others:
        return PaymentInProgress(payable.others[0].payment_id)
    return InvoiceAlreadyPaid() if payable.standing is Standing.PAID else NotPayable(payable.standing.value)


def _request(parts: Parts, payment: Payment) -> PaymentRequest:
    root = f"/providers/{payment.account_id}"
    return PaymentRequest(
        payment_id=payment.id,
        reference=payment.reference,
        amount=payment.amount,
        description=payment.description,
        language=Language(payment.language),
        return_url=parts.address(f"{root}/return"),
        callback_url=parts.address(f"{root}/callback"),
        session_until=payment.session_until,
        details=tuple((name, value) for name, value in json.loads(payment.details)),
        evidence=DurableSink(parts.units, parts.clock, payment.id),
    )


def _keep_step(parts: Parts, work: Work, payment: Payment, step: NextStep) -> Payment:
    current = work.payments.lock(payment.id)
    early = work.inbox.adopt(
        current.account_id, current.id, reference=current.reference, remote_reference=step.remote_reference
    )
    if early:  # callbacks that came before we knew what they were about
        work.tasks.hurry(TaskKind.RECHECK, current.id, parts.clock.now())
    return work.payments.amend(
        current, next_step=next_step_to_text(step), remote_reference=step.remote_reference
    )
