"""The shop's working parts, put together."""

from dataclasses import dataclass

from demo_service.database import Database
from demo_service.endpoint import Endpoint
from demo_service.fault_switch import FaultSwitch, Switches
from demo_service.journal import Journal
from demo_service.order_book import OrderBook
from demo_service.settings import Settings
from demo_service.shop import Shop
from eservice_kit import ServiceProvider


@dataclass(frozen=True, slots=True)
class Parts:
    settings: Settings
    book: OrderBook
    journal: Journal
    switch: FaultSwitch
    endpoint: Endpoint


def assemble(settings: Settings) -> Parts:
    """Open the database and join everything. Raises: sqlite3.Error, OSError."""
    database = Database(settings.database)
    book, journal = OrderBook(database), Journal(database)
    switch = FaultSwitch(Switches(slow_seconds=settings.slow_seconds))
    provider = ServiceProvider(Shop(database, book), signer=settings.signer, trust=settings.trust)
    endpoint = Endpoint(provider, book=book, journal=journal, switch=switch)
    return Parts(settings, book, journal, switch, endpoint)
