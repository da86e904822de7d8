"""Step 6: make the order an invoice, or bring the existing one up to date, and show it."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from mpay_gateway.domain.details import Detail, details_of
from mpay_gateway.domain.errors import InvalidForm, UnknownOrder
from mpay_gateway.domain.filling import Field, fields_of
from mpay_gateway.domain.identifiers import new_invoice_id
from mpay_gateway.domain.invoice import Invoice
from mpay_gateway.domain.language import Language
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.payment import Payment, PaymentState
from mpay_gateway.domain.service import Service
from mpay_gateway.flow.claiming import Payable, Standing, payable_now
from mpay_gateway.flow.filling_in import Agreement, amount_asked, check_form, remembered, shown_value
from mpay_gateway.flow.order_choosing import OrderChoice, ask_for_visit
from mpay_gateway.flow.order_lookup import Answer, SeveralOrders, second_factor_matches
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

    `earlier`: payments of this order that captured money within a day, newest first. `own`: the payer's own
    payment, when it is the one in progress: of this visit, or of another in which he began it. `numbers`: payments
    under whose number somebody may be paying elsewhere.
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
        """The least that may be paid."""
        return self.payable.least(self.invoice.order)

    @property
    def amount_asked(self) -> bool:
        """Whether the payer says how much he pays."""
        return amount_asked(self.invoice.order, self.payable)

    @property
    def fields(self) -> tuple[Field, ...]:
        """What the payer fills in."""
        return fields_of(self.invoice.order)

    @property
    def details(self) -> tuple[Detail, ...]:
        """What else is known of the order; what can be filled in now stands in its field."""
        found = details_of(self.invoice.order, self.visit.filled, masked=self.invoice.service.mask)
        open_now = self.payable.standing is Standing.PAYABLE
        return tuple(each for each in found if not (each.asked and open_now))

    def value_of(self, field: Field) -> str:
        """What stands in a field as the page is first shown."""
        return shown_value(field, self.visit.filled, masked=self.invoice.service.mask)


class FormRefused(InvalidForm):
    """The payer's form, and the page on which he mends it: the service need not be asked once more."""

    def __init__(self, problems: tuple[tuple[str, str], ...], page: InvoicePage) -> None:
        super().__init__(problems)
        self.page = page


def show_invoice(
    parts: Parts, token: str, language: Language, *, client: str, begun: Collection[str] = ()
) -> InvoicePage | FactorWanted | OrderChoice:
    """Ask the service again, store its answer, and show the invoice.

    `begun`: other visits of this payer's, in which he began a payment.
    Raises: NotFound, UnknownOrder, UnknownService, TooManyRequests, RemoteError.
    """
    visit = parts.units.read(lambda work: work.visits.get(token))
    service = parts.services.get(visit.service_id)
    if not visit.factor_passed:
        return FactorWanted(visit, service)
    found = ask_for_visit(parts, visit, service, language, client=client)
    if isinstance(found, SeveralOrders):
        return OrderChoice(visit, service, found.orders)
    own = {token, *begun}

    def show(work: Work) -> InvoicePage:
        page = _shown(parts, work, visit, service, found)
        return replace(page, own=_own_claim(work, own, page.payable))

    return parts.units.run("show-invoice", show)


def pass_second_factor(parts: Parts, token: str, typed: str, language: Language, *, client: str) -> None:
    """Compare what the payer typed with the order, before anything of it is shown.

    Raises: UnknownOrder, alike for a wrong factor and for an order that does not exist; TooManyRequests.
    """
    visit = parts.units.read(lambda work: work.visits.get(token))
    service = parts.services.get(visit.service_id)
    found = ask_for_visit(parts, visit, service, language, client=client)
    orders = found.orders if isinstance(found, SeveralOrders) else (found.order,)

    def keep(work: Work) -> None:
        if isinstance(found, Answer):
            found.store(work)

    if not all(second_factor_matches(service, order, typed) for order in orders):
        parts.units.run("wrong-factor", keep)
        parts.limits.not_found(client, service.id, visit.order_key, typed)
        raise UnknownOrder(service.id)

    def note(work: Work) -> None:
        keep(work)
        work.visits.change(token, factor_passed=True)

    parts.units.run("pass-factor", note)


def agree(
    parts: Parts, token: str, agreement: Agreement, language: Language, *, client: str
) -> InvoicePage | OrderChoice:
    """The payer agrees to pay what he saw. Returns the page with `changed` set when the order is another by now.

    Nothing is agreed to then, nor when there are several orders by now: the payer sees what is new and decides.
    Raises: FormRefused with all that cannot be accepted; what `show_invoice` raises.
    """
    visit = parts.units.read(lambda work: work.visits.get(token))
    service = parts.services.get(visit.service_id)
    if not visit.factor_passed:
        raise UnknownOrder(service.id)
    answer = ask_for_visit(parts, visit, service, language, client=client)
    if isinstance(answer, SeveralOrders):
        return OrderChoice(visit, service, answer.orders)
    agreed = parts.units.run(
        "agree", lambda work: _agreed(parts, work, agreement, _shown(parts, work, visit, service, answer))
    )
    if isinstance(agreed, FormRefused):
        raise agreed
    return agreed


def _agreed(parts: Parts, work: Work, agreement: Agreement, page: InvoicePage) -> InvoicePage | FormRefused:
    """Note what the payer agrees to. A refusal is returned: what the service said is stored all the same."""
    order, token, masked = page.invoice.order, page.visit.token, page.invoice.service.mask
    if order.version != agreement.version or page.payable.standing is not Standing.PAYABLE:
        # He need not type it again to see what changed.
        work.visits.change(token, filled=remembered(order, agreement.fields, masked=masked))
        return replace(page, changed=True)
    try:
        form = check_form(order, page.payable, agreement, masked=masked)
    except InvalidForm as refused:
        return FormRefused(refused.problems, page)
    # A page with the old form shows another amount: it must not start this one.
    work.visits.change(
        token, accepted_version=order.version, amount_minor=form.amount.minor, filled=form.filled,
        form_token=parts.ids.token(),
    )  # fmt: skip
    return replace(page, changed=False)


def invoice_of(
    parts: Parts, service: Service, row: InvoiceRow, snapshot: Snapshot, payable: Payable
) -> Invoice:
    """The invoice as a value."""
    payers_to_say = payable.standing is Standing.PAYABLE and not payable.most
    return Invoice(
        id=row.id,
        service=service,
        order=snapshot.order,
        snapshot_id=snapshot.id,
        payable=None if payers_to_say else payable.most,
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
        invoice=invoice_of(parts, service, row, answer.snapshot, payable),
        payable=payable,
        earlier=earlier,
        changed=changed and not changed_by_payer,
        numbers=numbers_given(work, visit, now=parts.clock.now()),
    )


def _own_claim(work: Work, visit_tokens: Collection[str], payable: Payable) -> Payment | None:
    mine = (work.payments.get(claim.payment_id) for claim in payable.others)
    return next((payment for payment in mine if payment.visit_token in visit_tokens), None)


def _paid_today(parts: Parts, work: Work, visit: Visit) -> tuple[Payment, ...]:
    now = parts.clock.now()
    return tuple(
        payment
        for payment in work.payments.of_order(visit.service_id, visit.order_key)
        if payment.state is PaymentState.CAPTURED
        and payment.captured_at is not None
        and (now - payment.captured_at).total_seconds() < 86_400
    )
