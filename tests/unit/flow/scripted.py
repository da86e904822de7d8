"""A gateway whose service and bank are scripted: real flow, real storage, no plugin and no network.

Tests say what the other side answers next; everything between is the gateway's own.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import ClassVar

from mpay_gateway.api import Connector, Need
from mpay_gateway.boundary import SystemIds, refuse_inside_unit_of_work
from mpay_gateway.domain.confirmation import ConfirmationToDeliver, DeliveryReceipt
from mpay_gateway.domain.evidence import MessageMeta
from mpay_gateway.domain.identifiers import AccountId, OrderKey, ReferenceForm, ServiceId
from mpay_gateway.domain.instrument import InstrumentChoice, InstrumentPlan
from mpay_gateway.domain.language import Language, LocalText
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.order import Order, OrderLine, OrderLookup, OrderStatus, PaymentAccount
from mpay_gateway.domain.payment import Payment
from mpay_gateway.domain.proof import Proof
from mpay_gateway.domain.provider_answer import (
    Callback,
    CallbackKind,
    CallbackReading,
    Confirms,
    ProviderCapture,
    ProviderConfirmation,
    ProviderStatus,
    Redirect,
    ReversalAnswer,
)
from mpay_gateway.domain.service import Channel, OnRefusal, Service
from mpay_gateway.flow.background import Background
from mpay_gateway.flow.callback_intake import receive_callback
from mpay_gateway.flow.confirmation_delivery import delivery_key
from mpay_gateway.flow.filling_in import Agreement
from mpay_gateway.flow.invoicing import InvoicePage, agree, show_invoice
from mpay_gateway.flow.lookup_limits import LookupLimits
from mpay_gateway.flow.papers import Papers
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.payment_start import OrderChanged, Started, start_payment
from mpay_gateway.flow.places import Places, lookup_places
from mpay_gateway.flow.registration import apply_service
from mpay_gateway.flow.service_directory import ServiceDirectory
from mpay_gateway.flow.settling import settle, settle_key
from mpay_gateway.flow.visiting import Arrival, find_visit, open_visit
from mpay_gateway.plugin_host import AccountInfo, ConnectorInfo, InstrumentInfo, Registry
from mpay_gateway.settings import LimitSettings
from mpay_gateway.settings.retention import EvidenceSettings
from mpay_gateway.storage import UnitOfWork, create_engine
from mpay_gateway.storage.tasks import LeaseTime
from mpay_gateway.storage.visits import Visit
from mpay_gateway.worker import Worker
from tests.unit.flow.own_keys import gateway_section

ACCOUNT = AccountId("bank-main")
SERVICE = ServiceId("TEST01")
NOON = datetime(2026, 11, 23, 10, tzinfo=UTC)
IBANS = ("MD24AG000225100013104168", "MD87TRPBAA142310A1500001")
Answer = Callable[[], object]


def lei(text: str) -> Money:
    """An amount in MDL."""
    return Money.from_minor(round(float(text) * 100), "MDL")


class HandClock:
    """Time that moves when a test moves it."""

    def __init__(self) -> None:
        self.time = NOON

    def now(self) -> datetime:
        self.time += timedelta(milliseconds=1)
        return self.time

    def monotonic(self) -> float:
        return self.time.timestamp()

    def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)

    def advance(self, **by: float) -> None:
        self.time += timedelta(**by)


@dataclass(frozen=True, slots=True)
class NoSettings:
    pass


class ScriptedConnector(Connector):
    settings_type: ClassVar[type] = NoSettings
    service_settings_type: ClassVar[type] = NoSettings


@dataclass
class ScriptedCalls:
    """Stands where the plugins' hooks are called. Each list of `…_answers` is used up first, then all goes well.

    `silent`: what comes of every confirmation to a service that is out of order.
    """

    clock: HandClock
    amounts: tuple[str, ...] = ("100.00", "50.00")
    captured: dict[str, list[ProviderCapture]] = field(default_factory=dict)
    status: dict[str, ProviderStatus] = field(default_factory=dict)
    order_status: dict[str, OrderStatus] = field(default_factory=dict)
    delivery_answers: list[Exception] = field(default_factory=list)
    silent: dict[str, Exception] = field(default_factory=dict)
    reversal_answers: list[Exception | ReversalAnswer] = field(default_factory=list)
    start_answers: list[Exception] = field(default_factory=list)
    fetch_answers: list[Exception] = field(default_factory=list)
    given_back: dict[str, Money] = field(default_factory=dict)
    before_fetch_answer: list[Callable[[], object]] = field(default_factory=list)
    asked: int = 0
    event_id: str = ""
    proof: Proof | None = None
    order_proof: Proof | None = None
    delivered: list[ConfirmationToDeliver] = field(default_factory=list)
    reversed_keys: list[str] = field(default_factory=list)

    def lookup_orders(self, service: Service, query: object) -> OrderLookup:
        self._call(query.evidence, "GetOrderDetails")
        order = replace(self.order(query.order_key), service_id=service.id)
        return OrderLookup((order,), proof=self.order_proof)

    def select_instrument(self, *_: object) -> InstrumentPlan:
        return InstrumentPlan(Need.REDIRECT)

    def start_payment(self, account_id: str, request: object) -> Redirect:
        self._call(request.evidence, "start")
        if self.start_answers:
            raise self.start_answers.pop(0)
        return Redirect(f"https://bank.example/{request.reference}", f"ses-{request.reference}")

    def fetch_confirmation(self, account_id: str, payment: object, reading: object) -> ProviderConfirmation:
        self._call(payment.evidence, "fetch")
        self.asked += 1
        if self.fetch_answers:
            raise self.fetch_answers.pop(0)
        taken = tuple(self.captured.get(payment.reference, ()))
        if self.before_fetch_answer:
            self.before_fetch_answer.pop(0)()
        status = self.status.get(
            payment.reference, ProviderStatus.CONFIRMED if taken else ProviderStatus.PENDING
        )
        held = payment.amount if status is ProviderStatus.AUTHORISED else None
        return ProviderConfirmation(
            status, taken, authorised=held, reversed=self.given_back.get(payment.reference), method="Visa"
        )

    def read_callback(self, account_id: str, callback: Callback) -> CallbackReading:
        about = callback.body.decode() or dict(callback.query)["reference"]
        return CallbackReading(reference=about, event_id=self.event_id)

    def capture_payment(
        self, account_id: str, payment: object, amount: Money, *, key: str
    ) -> ProviderConfirmation:
        self._call(payment.evidence, "capture")
        taken = ProviderCapture(f"txn-{key}", amount, self.clock.now())
        self.captured[payment.reference] = [taken]
        self.status[payment.reference] = ProviderStatus.CONFIRMED
        return ProviderConfirmation(ProviderStatus.CONFIRMED, (taken,))

    def deliver_confirmation(self, service: Service, confirmation: ConfirmationToDeliver) -> DeliveryReceipt:
        self.delivered.append(confirmation)
        self._call(confirmation.evidence, "ConfirmOrderPayment")
        if self.delivery_answers:
            raise self.delivery_answers.pop(0)
        if service.id in self.silent:
            raise self.silent[service.id]
        return DeliveryReceipt(proof=self.proof)

    def reverse_payment(self, account_id: str, payment: object, amount: Money, *, key: str) -> ReversalAnswer:
        self._call(payment.evidence, "reverse")
        self.reversed_keys.append(key)
        match self.reversal_answers.pop(0) if self.reversal_answers else ReversalAnswer(amount):
            case Exception() as error:
                raise error
            case answer:
                return answer

    def payment_changed(self, change: object) -> None:
        pass

    def order(self, order_key: str) -> Order:
        """What the service says of an order."""
        lines = tuple(
            OrderLine(f"L{place}", "A thing", lei(amount), PaymentAccount(iban=IBANS[place % 2]))
            for place, amount in enumerate(self.amounts)
        )
        total = lei(str(sum(float(amount) for amount in self.amounts)))
        status = self.order_status.get(order_key, OrderStatus.ACTIVE)
        return Order(SERVICE, OrderKey(order_key), "A thing", status, "MDL", total, lines)

    def _call(self, evidence: object, operation: str) -> None:
        refuse_inside_unit_of_work(operation)
        evidence.sent(b"question", MessageMeta(operation))
        evidence.received(b"answer", MessageMeta(operation, status=200))


@dataclass
class ScriptedGateway:
    """The parts over a real database, and the other side's script."""

    parts: Parts
    calls: ScriptedCalls
    clock: HandClock

    def start(self, order_key: str, *, amount: str = "") -> Payment:
        """A payer goes as far as the bank's page. `amount`: a part that he types in."""
        started = self.press(self.agreed(order_key, amount))
        assert isinstance(started, Started)
        return started.payment

    def agreed(self, order_key: str, amount: str = "") -> Visit:
        """A payer goes as far as the choice of how to pay."""
        visit = open_visit(self.parts, Arrival(SERVICE, order_key, "127.0.0.1"))
        return self.agree(visit.token, amount)

    def agree(self, token: str, amount: str = "") -> Visit:
        """The payer of a visit agrees to what he sees, or to a part of it."""
        page = show_invoice(self.parts, token, Language.RO, client="127.0.0.1")
        assert isinstance(page, InvoicePage)
        agreement = Agreement(page.invoice.order.version, amount)
        agree(self.parts, token, agreement, Language.RO, client="127.0.0.1")
        return find_visit(self.parts, token)

    def press(self, visit: Visit) -> Started | OrderChanged:
        """The payer presses the button of the page that he got with `visit`."""
        return start_payment(
            self.parts, visit.token, InstrumentChoice("card"), form_token=visit.form_token,
            language=Language.RO,
        )  # fmt: skip

    def capture(self, payment: Payment, *, amount: Money | None = None, number: int = 1) -> Payment:
        """The bank takes the money, and the gateway hears of it."""
        taken = ProviderCapture(
            f"txn-{payment.reference}-{number}", amount or payment.amount, self.clock.now()
        )
        self.calls.captured.setdefault(payment.reference, []).append(taken)
        settle(self.parts, payment.id)
        self.rest(payment)
        return self.parts.units.read(lambda work: work.payments.get(payment.id))

    def hear(self, payment: Payment, *, method: str = "POST") -> None:
        """A callback about the payment comes in, whose event has no id. By GET it has no body either."""
        query, body = ((), payment.reference.encode())
        if method == "GET":
            query, body = ((("reference", payment.reference),), b"")
        receive_callback(
            self.parts, payment.account_id,
            Callback(CallbackKind.NOTIFICATION, method, query, (), body, self.clock.now()),
        )  # fmt: skip

    def now(self, payment: Payment) -> Payment:
        """The payment as it is stored."""
        return self.parts.units.read(lambda work: work.payments.get(payment.id))

    def settled(self, payment: Payment) -> Payment:
        """The same once nothing runs beside the requests any more."""
        for key in (settle_key(payment.id), delivery_key(payment.id)):
            assert self.parts.background.wait(key, 10), f"{key} runs on"
        return self.now(payment)

    def work(self, *, turns: int = 1, **by: float) -> None:
        """Let a worker do what is due, after each advance of the clock."""
        for _ in range(turns):
            self.clock.advance(**by)
            Worker(self.parts).run_due()

    def pay_at(self, service_id: ServiceId, order_key: str) -> Payment:
        """The same at another service."""
        visit = open_visit(self.parts, Arrival(service_id, order_key, "127.0.0.1"))
        started = self.press(self.agree(visit.token))
        assert isinstance(started, Started)
        return self.capture(started.payment)

    def pay(self, order_key: str) -> Payment:
        """A payment that goes well up to the capture; what the service answers is scripted."""
        return self.capture(self.start(order_key))

    def rest(self, payment: Payment) -> None:
        """Wait until the first delivery is over."""
        assert self.parts.background.wait(delivery_key(payment.id), 10)


@contextmanager
def scripted_gateway(
    database_url: str, *, on_refusal: OnRefusal = OnRefusal.REVERSE, clock: HandClock | None = None
) -> Iterator[ScriptedGateway]:
    """A gateway on a fresh database that has its tables, with one service, one account, one instrument."""
    clock = clock or HandClock()
    calls = ScriptedCalls(clock)
    units = UnitOfWork(create_engine(database_url), clock, lease_time=LeaseTime.CALLER)
    registry = _registry()
    services = ServiceDirectory(units, registry, clock)
    parts = Parts(
        settings=_settings(), units=units, calls=calls, registry=registry, services=services,
        background=Background(),
        limits=LookupLimits(LimitSettings(lookups_per_hour=100_000)), clock=clock, ids=SystemIds(),
        process="test", papers=Papers(), places=Places(lambda each: services.get_any(each).max_in_flight),
        lookup_places=lookup_places(16), waiting=Places(lambda _: 8),
    )  # fmt: skip
    apply_service(parts, replace(service_named(SERVICE), on_refusal=on_refusal))
    try:
        yield ScriptedGateway(parts, calls, clock)
    finally:
        parts.close()


def service_named(service_id: ServiceId) -> Service:
    """A service that takes two confirmations at once."""
    return Service(
        id=service_id, connector="scripted", name=LocalText("Test"), order_key_label=LocalText("Key"),
        settings=NoSettings(), max_in_flight=2,
    )  # fmt: skip


def _registry() -> Registry:
    account = AccountInfo(
        id=ACCOUNT, plugin="scripted", reference_form=ReferenceForm(), capabilities=frozenset(),
        gives=frozenset({Need.REDIRECT}), confirms=Confirms.PULL, session_minutes=30,
        currencies=frozenset({"MDL"}), callback_limit=1000, retired=False,
    )  # fmt: skip
    card = InstrumentInfo("card", "scripted", Need.REDIRECT, (ACCOUNT,), (Channel.PORTAL,))
    return Registry(
        {ACCOUNT: account}, {"card": card}, {"scripted": ConnectorInfo("scripted", ScriptedConnector)}, (), ()
    )


def _settings() -> object:
    return SimpleNamespace(
        gateway=gateway_section("gateway"), outbound=SimpleNamespace(allow_http=False), evidence=EvidenceSettings()
    )  # fmt: skip
