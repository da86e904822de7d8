"""Orders that ask something of the payer, and a payer who fills it in."""

from mpay_gateway.domain.confirmation import Confirmation
from mpay_gateway.domain.language import Language
from mpay_gateway.domain.order import OrderProperty
from mpay_gateway.domain.payment import Payment
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.filling_in import Agreement
from mpay_gateway.flow.invoicing import InvoicePage, agree, show_invoice
from mpay_gateway.flow.payment_start import Started
from mpay_gateway.flow.visiting import Arrival, find_visit, open_visit
from mpay_gateway.storage.visits import Visit
from tests.unit.flow.scripted import SERVICE, ScriptedGateway

TELEPHONE = OrderProperty("Telephone", display_name="Telefon", modifiable=True, required=True)
COPIES = OrderProperty("Copies", "1", type="number", modifiable=True, required=True)
RECIPIENT = OrderProperty("Recipient", modifiable=True)


def arrive(gateway: ScriptedGateway, key: str = "ORDER-1") -> tuple[Visit, InvoicePage]:
    visit = open_visit(gateway.parts, Arrival(SERVICE, key, "127.0.0.1"))
    return visit, shown(gateway, visit)


def shown(gateway: ScriptedGateway, visit: Visit) -> InvoicePage:
    page = show_invoice(gateway.parts, visit.token, Language.RO, client="127.0.0.1")
    assert isinstance(page, InvoicePage)
    return page


def agree_to(
    gateway: ScriptedGateway, visit: Visit, page: InvoicePage, amount: str = "", **values: str
) -> InvoicePage:
    """Send the page's form. `values`: by the names of the properties."""
    fields = {each.id: values[each.wanted.name] for each in page.fields if each.wanted.name in values}
    agreement = Agreement(page.invoice.order.version, amount, fields)
    return agree(gateway.parts, visit.token, agreement, Language.RO, client="127.0.0.1")


def paid_payment(gateway: ScriptedGateway, visit: Visit) -> Payment:
    """The visit's payer pays."""
    started = gateway.press(find_visit(gateway.parts, visit.token))
    assert isinstance(started, Started)
    payment = gateway.capture(started.payment)
    assert check_books(gateway.parts.units) == ()
    return payment


def paid(gateway: ScriptedGateway, visit: Visit) -> Confirmation:
    """The visit's payer pays; what the service is told."""
    payment = paid_payment(gateway, visit)
    delivery = gateway.parts.units.read(lambda work: work.deliveries.of_payment(payment.id))
    assert delivery is not None
    return Confirmation.from_json(delivery.content)
