"""What a unit of work is given: the repositories over one connection, and what to do after the commit."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from sqlalchemy.engine import Connection

from mpay_gateway.boundary import Clock
from mpay_gateway.domain.payment import Payment
from mpay_gateway.storage.audit import Audit
from mpay_gateway.storage.bank_statements import BankStatements
from mpay_gateway.storage.breakers import Breakers
from mpay_gateway.storage.capture_intents import CaptureIntents
from mpay_gateway.storage.claims import Claims
from mpay_gateway.storage.days import Days
from mpay_gateway.storage.decisions import Decisions
from mpay_gateway.storage.deliveries import Deliveries
from mpay_gateway.storage.deviation_records import DeviationRecords
from mpay_gateway.storage.dismissals import Dismissals
from mpay_gateway.storage.durability import Durability, durability, is_standby
from mpay_gateway.storage.erasure import Erasure
from mpay_gateway.storage.evidence import EvidenceRows
from mpay_gateway.storage.evidence_search import EvidenceSearch
from mpay_gateway.storage.filled_fields import FilledFields
from mpay_gateway.storage.fruitless_lookups import FruitlessLookups
from mpay_gateway.storage.growth import Growth
from mpay_gateway.storage.heard_answers import HeardAnswers
from mpay_gateway.storage.heard_returns import HeardReturns
from mpay_gateway.storage.heard_signatures import HeardSignatures
from mpay_gateway.storage.inbox import Inbox
from mpay_gateway.storage.intakes import Intakes
from mpay_gateway.storage.invoices import Invoices
from mpay_gateway.storage.ledger import Ledger
from mpay_gateway.storage.operators import Operators
from mpay_gateway.storage.payments import Payments
from mpay_gateway.storage.pos_terminals import PosTerminals
from mpay_gateway.storage.records import PluginRecords
from mpay_gateway.storage.refunds import Refunds
from mpay_gateway.storage.restorations import Restorations
from mpay_gateway.storage.reversals import Reversals
from mpay_gateway.storage.seals import Seals
from mpay_gateway.storage.service_certificates import ServiceCertificates
from mpay_gateway.storage.services import Services
from mpay_gateway.storage.settlements import Settlements
from mpay_gateway.storage.shelf import Shelf
from mpay_gateway.storage.snapshots import Snapshot, Snapshots
from mpay_gateway.storage.stated_returns import StatedReturns
from mpay_gateway.storage.switches import Switches
from mpay_gateway.storage.tasks import LeaseTime, Tasks
from mpay_gateway.storage.visits import Visits


@dataclass(frozen=True, slots=True)
class Known:
    """What never changes and a process need not read twice from one database."""

    snapshots: Shelf[Snapshot] = field(default_factory=lambda: Shelf(1000))


class Work:
    """One open unit of work."""

    def __init__(self, connection: Connection, clock: Clock, lease_time: LeaseTime, known: Known) -> None:
        self._lease_time = lease_time
        self._known = known
        self.connection = connection
        self.clock = clock
        self.committed = False
        self.followers: list[Callable[[], object]] = []

    def after_commit(self, follow: Callable[[], object]) -> None:
        """Call `follow` once the commit is durable, outside the unit."""
        self.followers.append(follow)

    def flush(self) -> None:
        """Send what waits for the end of the unit to the database, before the commit."""
        self.audit.flush()
        self.growth.flush()

    def note_commit(self, success: bool) -> None:
        self.committed = success

    def durability(self) -> Durability | None:
        """What a commit survives; None on databases without standbys."""
        return durability(self.connection)

    def is_standby(self) -> bool:
        """Whether the database only follows another one."""
        return is_standby(self.connection)

    def lock_with_order(self, payment_id: str) -> Payment:
        """Hold a payment, then its order, until the unit ends: all who need both take them in this order.

        Raises: UnknownPayment.
        """
        payment = self.payments.lock(payment_id)
        self.snapshots.lock_order(payment.service_id, payment.order_key, at=self.clock.now())
        return payment

    @cached_property
    def audit(self) -> Audit:
        return Audit(self.connection, self.growth)

    @cached_property
    def evidence(self) -> EvidenceRows:
        return EvidenceRows(self.connection, self.growth)

    @cached_property
    def evidence_search(self) -> EvidenceSearch:
        return EvidenceSearch(self.connection)

    @cached_property
    def erasure(self) -> Erasure:
        return Erasure(self.connection)

    @cached_property
    def fruitless_lookups(self) -> FruitlessLookups:
        return FruitlessLookups(self.connection)

    @cached_property
    def growth(self) -> Growth:
        return Growth(self.connection)

    @cached_property
    def seals(self) -> Seals:
        return Seals(self.connection)

    @cached_property
    def services(self) -> Services:
        return Services(self.connection)

    @cached_property
    def service_certificates(self) -> ServiceCertificates:
        return ServiceCertificates(self.connection)

    @cached_property
    def snapshots(self) -> Snapshots:
        return Snapshots(self.connection, self._known.snapshots)

    @cached_property
    def invoices(self) -> Invoices:
        return Invoices(self.connection)

    @cached_property
    def visits(self) -> Visits:
        return Visits(self.connection)

    @cached_property
    def payments(self) -> Payments:
        return Payments(self.connection, self.audit)

    @cached_property
    def claims(self) -> Claims:
        return Claims(self.connection, self.audit)

    @cached_property
    def filled_fields(self) -> FilledFields:
        return FilledFields(self.connection)

    @cached_property
    def capture_intents(self) -> CaptureIntents:
        return CaptureIntents(self.connection, self.audit)

    @cached_property
    def deliveries(self) -> Deliveries:
        return Deliveries(self.connection, self.audit)

    @cached_property
    def reversals(self) -> Reversals:
        return Reversals(self.connection, self.audit)

    @cached_property
    def refunds(self) -> Refunds:
        return Refunds(self.connection, self.audit)

    @cached_property
    def restorations(self) -> Restorations:
        return Restorations(self.connection)

    @cached_property
    def decisions(self) -> Decisions:
        return Decisions(self.connection, self.audit)

    @cached_property
    def heard_returns(self) -> HeardReturns:
        return HeardReturns(self.connection)

    @cached_property
    def signatures(self) -> HeardSignatures:
        return HeardSignatures(self.connection)

    @cached_property
    def heard_answers(self) -> HeardAnswers:
        return HeardAnswers(self.connection)

    @cached_property
    def deviation_records(self) -> DeviationRecords:
        return DeviationRecords(self.connection)

    @cached_property
    def inbox(self) -> Inbox:
        return Inbox(self.connection)

    @cached_property
    def intakes(self) -> Intakes:
        return Intakes(self.connection)

    @cached_property
    def records(self) -> PluginRecords:
        return PluginRecords(self.connection)

    @cached_property
    def tasks(self) -> Tasks:
        return Tasks(self.connection, self._lease_time)

    @cached_property
    def breakers(self) -> Breakers:
        return Breakers(self.connection)

    @cached_property
    def ledger(self) -> Ledger:
        return Ledger(self.connection)

    @cached_property
    def operators(self) -> Operators:
        return Operators(self.connection)

    @cached_property
    def pos_terminals(self) -> PosTerminals:
        return PosTerminals(self.connection)

    @cached_property
    def switches(self) -> Switches:
        return Switches(self.connection)

    @cached_property
    def bank_statements(self) -> BankStatements:
        return BankStatements(self.connection)

    @cached_property
    def dismissals(self) -> Dismissals:
        return Dismissals(self.connection, self.audit)

    @cached_property
    def stated_returns(self) -> StatedReturns:
        return StatedReturns(self.connection)

    @cached_property
    def days(self) -> Days:
        return Days(self.connection)

    @cached_property
    def settlements(self) -> Settlements:
        return Settlements(self.connection)
