"""Step 6: make the order an invoice, or bring the existing one up to date, and show it."""

from dataclasses import dataclass, replace

from mpay_gateway.domain.errors import InvalidChoice, OrderNotNamed, UnknownOrder
from mpay_gateway.domain.identifiers import new_invoice_id
from mpay_gateway.domain.invoice import Invoice
from mpay_gateway.domain.language import Language
from mpay_gateway.domain.money import Money, parse_typed_amount
from mpay_gateway.domain.payment import Payment, PaymentState
from mpay_gateway.domain.service import Service
from mpay_gateway.flow.claiming import Payable, Standing, fits, payable_now
from mpay_gateway.flow.order_lookup import Answer, look_up_to_show, second_factor_matches
from mpay_gateway.flow.paid_elsewhere import numbers_given
from mpay_gateway.flow.parts import Parts
from mpay_gateway.storage import Work
from mpay_gateway.storage.invoices import InvoiceRow
from mpay_gateway.storage.snapshots import Snapshot
from mpay_gateway.storage.visits import Visit


@dataclass(frozen=True, slots=True)
class FactorWanted:
    """The service's orders can be guessed: the payer is asked for something that he alone knows."""

    visit: Visit
    service: Service


@dataclass(frozen=True, slots=True)
class InvoicePage:
    """What the invoice page shows. `changed`: the order is another than the payer agreed to, and not by his payment.

    `earlier`: payments of this order that captured money within a day, newest first. `own`: the visit's own
    payment, when it is the one in progress. `numbers`: payments under whose number somebody may be paying elsewhere.
    """

    visit: Visit
    invoice: Invoice
    payable: Payable
    earlier: tuple[Payment, ...]
    own: Payment | None = None
    changed: bool = False
    numbers: tuple[Payment, ...] = ()

    @property
    def own_number(self) -> Payment | None:
        """The newest of the visit's own."""
        return next((each for each in self.numbers if each.visit_token == self.visit.token), None)

    @property
    def smallest(self) -> Money:
        """The least that may be paid: one minor unit where parts are allowed, else all."""
        most = self.payable.most
        return Money.from_minor(1, most.currency) if self.invoice.order.partial_allowed and most else most


@dataclass(frozen=True, slots=True)
class Agreement:
    """What the payer's form brings: the version of the order that he saw, and the amount if he typed one."""

    version: str
    amount_text: str = ""


def show_invoice(parts: Parts, token: str, language: Language, *, client: str) -> InvoicePage | FactorWanted:
    """Ask the service again, store its answer, and show the invoice.

    Raises: NotFound, UnknownOrder, UnknownService, TooManyRequests, RemoteError.
    """
    visit = parts.units.read(lambda work: work.visits.get(token))
    service = parts.services.get(visit.service_id)
    if not visit.factor_passed:
        return FactorWanted(visit, service)
    answer = _asked(parts, visit, service, language, client=client)
    return parts.units.run("show-invoice", lambda work: _shown(parts, work, visit, service, answer))


def pass_second_factor(parts: Parts, token: str, typed: str, language: Language, *, client: str) -> None:
    """Compare what the payer typed with the order, before anything of it is shown.

    Raises: UnknownOrder, alike for a wrong factor and for an order that does not exist; TooManyRequests.
    """
    visit = parts.units.read(lambda work: work.visits.get(token))
    service = parts.services.get(visit.service_id)
    answer = _asked(parts, visit, service, language, client=client)
    if not second_factor_matches(service, answer.order, typed):
        parts.units.run("wrong-factor", answer.store)
        parts.limits.not_found(client, service.id, visit.order_key, typed)
        raise UnknownOrder(service.id)

    def note(work: Work) -> None:
        answer.store(work)
        work.visits.change(token, factor_passed=True)

    parts.units.run("pass-factor", note)


def agree(parts: Parts, token: str, agreement: Agreement, language: Language, *, client: str) -> InvoicePage:
    """The payer agrees to pay what he saw. Returns the page with `changed` set when the order is another by now.

    Nothing is agreed to then: the payer sees the new amount and decides.
    Raises: InvalidChoice with the field `amount`; what `show_invoice` raises.
    """
    visit = parts.units.read(lambda work: work.visits.get(token))
    service = parts.services.get(visit.service_id)
    if not visit.factor_passed:
        raise UnknownOrder(service.id)
    answer = _asked(parts, visit, service, language, client=client)

    def store(work: Work) -> InvoicePage | InvalidChoice:
        page = _shown(parts, work, visit, service, answer)
        version = answer.order.version
        if version != agreement.version or page.payable.standing is not Standing.PAYABLE:
            return replace(page, changed=True)
        try:
            amount = _chosen_amount(page, agreement.amount_text)
        except InvalidChoice as refused:
            return refused  # what the service said is stored all the same
        # A page with the old form shows another amount: it must not start this one.
        work.visits.change(
            token, accepted_version=version, amount_minor=amount.minor, form_token=parts.ids.token()
        )
        return replace(page, changed=False)

    agreed = parts.units.run("agree", store)
    if isinstance(agreed, InvalidChoice):
        raise agreed
    return agreed


def invoice_of(
    parts: Parts, service: Service, row: InvoiceRow, snapshot: Snapshot, payable: Money
) -> Invoice:
    """The invoice as a value."""
    return Invoice(
        id=row.id,
        service=service,
        order=snapshot.order,
        snapshot_id=snapshot.id,
        payable=payable,
        issued_at=row.issued_at,
        address=parts.address(f"/i/{row.id}"),
    )


def store_answer(parts: Parts, work: Work, answer: Answer) -> InvoiceRow:
    """Store what the service said, on the order's open invoice or on a new one. Holds the order's lock."""
    order = answer.order
    work.snapshots.lock_order(order.service_id, order.order_key, at=parts.clock.now())
    answer.store(work)
    return invoice_showing(parts, work, answer.snapshot)


def invoice_showing(parts: Parts, work: Work, snapshot: Snapshot) -> InvoiceRow:
    """The order's open invoice, or a new one, on which the stored snapshot is shown. The order is locked."""
    order, now = snapshot.order, parts.clock.now()
    shown = work.invoices.show_snapshot(order.service_id, order.order_key, snapshot.id, at=now)
    if shown is not None:
        return shown
    row = InvoiceRow(
        id=new_invoice_id(parts.ids.below), service_id=order.service_id, order_key=order.order_key,
        snapshot_id=snapshot.id, issued_at=now, updated_at=now, closed_at=None,
    )  # fmt: skip
    work.invoices.add(row)
    return row


def _asked(parts: Parts, visit: Visit, service: Service, language: Language, *, client: str) -> Answer:
    if visit.invoice_id is None:
        parts.limits.before_lookup(client, service.id, visit.order_key)
    else:
        parts.limits.before_looking_again(visit.token)
    try:
        return look_up_to_show(parts, service, visit.order_key, language)
    except OrderNotNamed:  # it may be the service's trouble: nobody is taken for a guesser
        raise
    except UnknownOrder:
        parts.limits.not_found(client, service.id, visit.order_key)
        raise


def _shown(parts: Parts, work: Work, visit: Visit, service: Service, answer: Answer) -> InvoicePage:
    row = store_answer(parts, work, answer)
    if visit.invoice_id != row.id:
        work.visits.change(visit.token, invoice_id=row.id)
    payable = payable_now(work, answer.snapshot)
    earlier = _paid_today(parts, work, visit)
    changed = bool(visit.accepted_version) and visit.accepted_version != answer.order.version
    changed_by_payer = any(payment.visit_token == visit.token for payment in earlier)
    return InvoicePage(
        visit=replace(visit, invoice_id=row.id),
        invoice=invoice_of(parts, service, row, answer.snapshot, payable.most),
        payable=payable,
        earlier=earlier,
        own=_own_claim(work, visit, payable),
        changed=changed and not changed_by_payer,
        numbers=numbers_given(work, visit, now=parts.clock.now()),
    )


def _own_claim(work: Work, visit: Visit, payable: Payable) -> Payment | None:
    mine = (work.payments.get(claim.payment_id) for claim in payable.others)
    return next((payment for payment in mine if payment.visit_token == visit.token), None)


def _paid_today(parts: Parts, work: Work, visit: Visit) -> tuple[Payment, ...]:
    now = parts.clock.now()
    return tuple(
        payment
        for payment in work.payments.of_order(visit.service_id, visit.order_key)
        if payment.state is PaymentState.CAPTURED
        and payment.captured_at is not None
        and (now - payment.captured_at).total_seconds() < 86_400
    )


def _chosen_amount(page: InvoicePage, text: str) -> Money:
    order, payable = page.invoice.order, page.payable
    if not order.partial_allowed or not text.strip():
        return payable.most
    try:
        amount = parse_typed_amount(text, order.currency)
    except ValueError as error:
        raise InvalidChoice("amount", "amount.not-a-number") from error
    if not fits(order, payable, amount):
        raise InvalidChoice("amount", "amount.out-of-range")
    return amount
