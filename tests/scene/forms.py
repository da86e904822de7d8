"""Services whose orders payers make on a page of the gateway's, and a payer who fills their forms in."""

from mpay_gateway.flow.registration import apply_service
from mpay_gateway.settings import read_services
from tests.scene.gateway import Gateway
from tests.scene.payer import Page, Payer

KINDERGARTEN = "KIND01"
MUSEUM = "MUSEUM01"
PATH = "/x/form/"
CHILD = {
    "field-child": "Ion Țurcanu",
    "field-group": "middle",
    "field-attends_from": "1.9.2026",
    "field-payer_name": "Maria Țurcanu",
    "field-payer_idnp": "2000000000004",
}
"""The kindergarten's form, filled in soundly; what is optional is left out."""


def register_forms(gateway: Gateway) -> None:
    """Apply the demo's forms."""
    for service in read_services(gateway.counterparts.place.forms, gateway.parts.registry.connector_types):
        apply_service(gateway.parts, service)


def fill_in(payer: Payer, service: str = KINDERGARTEN, **typed: str) -> Page:
    """Open the form from the start page, and send it."""
    page = payer.open(payer.open("/").link(f"/services/{service}"))
    return payer.send(page, PATH, **typed)


def order_key(gateway: Gateway, invoice: Page) -> str:
    """The key of the order that the page shows."""
    return gateway.read(lambda work: work.visits.get(invoice.token)).order_key
