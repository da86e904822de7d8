"""Step 7: which instruments are offered, and which provider account serves the chosen one."""

from dataclasses import dataclass, replace

from mpay_gateway.domain.errors import InvalidChoice, NotFound
from mpay_gateway.domain.identifiers import AccountId
from mpay_gateway.domain.instrument import InstrumentChoice, InstrumentPlan, OfferedInstrument
from mpay_gateway.domain.invoice import Invoice
from mpay_gateway.domain.language import Language
from mpay_gateway.domain.money import Money
from mpay_gateway.flow.invoicing import invoice_of
from mpay_gateway.flow.parts import Parts
from mpay_gateway.plugin_host import AccountInfo, InstrumentInfo
from mpay_gateway.storage import Work
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

    Raises: NotFound when the visit does not exist or nothing is agreed to yet.
    """
    visit, invoice = parts.units.read(lambda work: _agreed(parts, work, token))
    amount = agreed_amount(visit, invoice)
    offered = parts.calls.offer_instruments(replace(invoice, payable=amount), visit.channel, language)
    switches = parts.units.read(lambda work: work.switches.all())
    now = parts.clock.now()
    shown = tuple(
        each
        if each.id not in switches or not switches[each.id].off(now)
        else _switched_off(each, switches[each.id].reason)
        for each in offered
    )
    return InstrumentPage(visit, invoice, amount, shown)


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


def _agreed(parts: Parts, work: Work, token: str) -> tuple[Visit, Invoice]:
    visit = work.visits.get(token)
    if visit.invoice_id is None or visit.amount_minor is None:
        raise NotFound("nothing is agreed to yet")
    row = work.invoices.get(visit.invoice_id)
    snapshot = work.snapshots.get(row.snapshot_id)
    amount = Money.from_minor(visit.amount_minor, snapshot.order.currency)
    return visit, invoice_of(parts, work, row, snapshot, amount)


def _serving(parts: Parts, instrument: InstrumentInfo, currency: str) -> AccountInfo:
    for account_id in instrument.providers:
        account = parts.registry.accounts[AccountId(account_id)]
        if not account.retired and currency in account.currencies:
            return account
    raise InvalidChoice("instrument", "instrument.unavailable")


def _switched_off(offered: OfferedInstrument, reason: str) -> OfferedInstrument:
    return replace(offered, offer=replace(offered.offer, unavailable=reason or "-"))
