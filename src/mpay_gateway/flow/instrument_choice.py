"""Step 7: which instruments are offered, and which provider account serves the chosen one."""

from dataclasses import dataclass, replace
from datetime import datetime

from mpay_gateway.domain.breaker import Admission
from mpay_gateway.domain.errors import InvalidChoice, NotFound
from mpay_gateway.domain.identifiers import AccountId
from mpay_gateway.domain.instrument import InstrumentChoice, InstrumentPlan, OfferedInstrument
from mpay_gateway.domain.invoice import Invoice
from mpay_gateway.domain.language import Language
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.provider_answer import Confirms
from mpay_gateway.domain.service import Channel
from mpay_gateway.flow.breakers import look, may_call, starts_at
from mpay_gateway.flow.claiming import Payable, payable_now
from mpay_gateway.flow.invoicing import invoice_of
from mpay_gateway.flow.parts import Parts
from mpay_gateway.plugin_host import AccountInfo, InstrumentInfo
from mpay_gateway.storage import Work
from mpay_gateway.storage.invoices import InvoiceRow
from mpay_gateway.storage.snapshots import Snapshot
from mpay_gateway.storage.switches import Switch
from mpay_gateway.storage.visits import Visit


@dataclass(frozen=True, slots=True)
class InstrumentPage:
    """What the page shows: the instruments in the order of the configuration, and what is paid."""

    visit: Visit
    invoice: Invoice
    amount: Money
    offered: tuple[OfferedInstrument, ...]


def show_instruments(parts: Parts, token: str, language: Language) -> InstrumentPage:
    """The ways to pay what the payer agreed to.

    Raises: NotFound when the visit does not exist or nothing is agreed to yet; ServiceClosed.
    """
    visit, invoice = visit_and_invoice(parts, token)
    parts.services.get(visit.service_id)
    amount = agreed_amount(visit, invoice)
    shown = offers(parts, replace(invoice, payable=amount), visit.channel, language)
    here = tuple(each for each in shown if not started_by_device(parts, each.id))
    return InstrumentPage(visit, invoice, amount, here)


def offers(
    parts: Parts, invoice: Invoice, channel: Channel, language: Language
) -> tuple[OfferedInstrument, ...]:
    """The ways to pay in a channel, with what operators and breakers say of each."""
    offered = parts.calls.offer_instruments(invoice, channel, language)
    switches = parts.units.read(lambda work: work.switches.all())
    now, currency = parts.clock.now(), invoice.order.currency
    return tuple(
        replace(
            _as_switched(each, switches.get(each.id), now),
            out_of_order=_out_of_order(parts, each.id, currency),
        )
        for each in offered
    )


def started_by_device(parts: Parts, instrument_id: str) -> bool:
    """Whether its money is told of by devices alone: nothing can be started for it from a page."""
    instrument = parts.registry.instruments[instrument_id]
    accounts = (parts.registry.accounts[AccountId(each)] for each in instrument.providers)
    return all(account.confirms is Confirms.PUSH for account in accounts)


def plan(parts: Parts, invoice: Invoice, choice: InstrumentChoice) -> tuple[InstrumentPlan, AccountInfo]:
    """What the chosen instrument makes of the choice, and the account that serves it.

    Raises: InvalidChoice when the instrument does not exist here, is switched off, or refuses what was filled in.
    """
    instrument = parts.registry.instruments.get(choice.instrument_id)
    if instrument is None:
        raise InvalidChoice("instrument", "instrument.unknown")
    switch = parts.units.read(lambda work: work.switches.all()).get(choice.instrument_id)
    if switch is not None and switch.off(parts.clock.now()):
        raise InvalidChoice("instrument", "instrument.unavailable")
    made = parts.calls.select_instrument(choice.instrument_id, invoice, choice)
    return made, _serving(parts, instrument, invoice.order.currency)


def agreed_amount(visit: Visit, invoice: Invoice) -> Money:
    """What the payer agreed to pay. Raises: NotFound when he has not."""
    if visit.amount_minor is None or not visit.accepted_version:
        raise NotFound("nothing is agreed to yet")
    return Money.from_minor(visit.amount_minor, invoice.order.currency)


def visit_and_invoice(parts: Parts, token: str) -> tuple[Visit, Invoice]:
    """The visit and the invoice that it shows, as last read from the service, be it closed since. Raises: NotFound."""

    def read(work: Work) -> tuple[Visit, InvoiceRow, Snapshot, Payable]:
        visit = work.visits.get(token)
        if visit.invoice_id is None:
            raise NotFound("no invoice yet")
        row = work.invoices.get(visit.invoice_id)
        snapshot = work.snapshots.get(row.snapshot_id)
        return visit, row, snapshot, payable_now(work, snapshot)

    visit, row, snapshot, payable = parts.units.read(read)
    service = parts.services.get_any(visit.service_id)
    return visit, invoice_of(parts, service, row, snapshot, payable)


def _serving(parts: Parts, instrument: InstrumentInfo, currency: str) -> AccountInfo:
    """The first account of the instrument that answers. If none does, one payer in a while may be the probe."""
    accounts = _accounts(parts, instrument, currency)
    if not accounts:
        raise InvalidChoice("instrument", "instrument.unavailable")
    for account in accounts:
        if not look(parts, starts_at(account.id)).is_open:
            return account
    for account in accounts:
        if may_call(parts, starts_at(account.id)):
            return account
    raise InvalidChoice("instrument", "instrument.out_of_order")


def _accounts(parts: Parts, instrument: InstrumentInfo, currency: str) -> tuple[AccountInfo, ...]:
    """The accounts that can start a payment for the instrument, in the order of the configuration."""
    configured = (parts.registry.accounts[AccountId(each)] for each in instrument.providers)
    return tuple(
        account
        for account in configured
        if account.confirms is not Confirms.PUSH  # a device's money is never asked for from here
        and not account.retired
        and currency in account.currencies
    )


def _out_of_order(parts: Parts, instrument_id: str, currency: str) -> bool:
    """Whether every account that serves the instrument is silent, and no payer is wanted as a probe."""
    accounts = _accounts(parts, parts.registry.instruments[instrument_id], currency)
    now = parts.clock.now()
    return bool(accounts) and all(
        look(parts, starts_at(account.id)).admits(now) is Admission.HELD_BACK for account in accounts
    )


def _as_switched(offered: OfferedInstrument, switch: Switch | None, now: datetime) -> OfferedInstrument:
    """The reason that operators gave is theirs: payers read that it is off, and until when."""
    if switch is None or not switch.off(now):
        return offered
    return replace(offered, switched_off=True, back_at=switch.disabled_until)
