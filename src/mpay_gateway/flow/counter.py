"""Steps 3 to 7 at a counter: a clerk opens an order for the payer who stands before him, and sees how it can be paid.

The gateway speaks to no POS device: what can be paid from the clerk's page is what an instrument of the channel
`counter` starts from here. Devices that take money by themselves tell of it through the inbound port.
"""

from dataclasses import dataclass

from mpay_gateway.domain.errors import NotAtCounters, NotFound, UnknownInvoice
from mpay_gateway.domain.identifiers import is_invoice_id
from mpay_gateway.domain.instrument import OfferedInstrument
from mpay_gateway.domain.language import Language
from mpay_gateway.domain.service import Channel
from mpay_gateway.flow.instrument_choice import offers, started_by_device
from mpay_gateway.flow.invoicing import FactorWanted, InvoicePage, show_invoice
from mpay_gateway.flow.order_choosing import OrderChoice
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.visiting import Arrival, open_visit
from mpay_gateway.storage.visits import Visit


@dataclass(frozen=True, slots=True)
class CounterPage:
    """The invoice, and the ways to pay it here. `startable`: from this page. `at_devices`: with a device of its own."""

    page: InvoicePage
    startable: tuple[OfferedInstrument, ...]
    at_devices: tuple[OfferedInstrument, ...]

    @property
    def can_start(self) -> bool:
        """Whether something can be chosen now."""
        return any(each.usable for each in self.startable)


def open_at_counter(parts: Parts, service_id: str, order_key: str, *, client: str) -> Visit:
    """A place for an order at a counter. Nobody is asked yet and nothing is charged.

    Raises: UnknownService, UnknownOrder, TooManyRequests; NotAtCounters.
    """
    if Channel.COUNTER not in parts.services.get(service_id).channels:
        raise NotAtCounters(service_id)
    return open_visit(parts, Arrival(service_id, order_key, client, channel=Channel.COUNTER))


def order_of_invoice(parts: Parts, invoice_id: str, *, client: str) -> tuple[str, str]:
    """Service and order key of an invoice. Raises: UnknownInvoice; TooManyRequests for who guesses."""
    parts.limits.refuse_guesser(client)
    try:
        if not is_invoice_id(invoice_id):
            raise UnknownInvoice(invoice_id)
        row = parts.units.read(lambda work: work.invoices.get(invoice_id))
    except UnknownInvoice:
        parts.limits.missed(client, invoice_id)
        raise
    return row.service_id, row.order_key


def show_counter(
    parts: Parts, token: str, language: Language, *, client: str
) -> CounterPage | FactorWanted | OrderChoice:
    """Ask the service, and show the order as it is now. Raises: NotFound; what `show_invoice` raises."""
    if parts.units.read(lambda work: work.visits.get(token)).channel is not Channel.COUNTER:
        raise NotFound("no visit at a counter")
    page = show_invoice(parts, token, language, client=client)
    if not isinstance(page, InvoicePage):
        return page
    offered = offers(parts, page.invoice, Channel.COUNTER, language)
    devices = {each.id for each in offered if started_by_device(parts, each.id)}
    return CounterPage(
        page,
        startable=tuple(each for each in offered if each.id not in devices),
        at_devices=tuple(each for each in offered if each.id in devices),
    )
