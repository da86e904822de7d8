"""The plugins of a simulated gateway: real hooks behind the real façade, each leading over the wire."""

import json
from dataclasses import dataclass, replace
from typing import ClassVar

from mpay_gateway.api import (
    AccountId,
    Alphabet,
    Callback,
    CallbackReading,
    Capability,
    Channel,
    ConfirmationToDeliver,
    Confirms,
    Connector,
    DeliveryReceipt,
    EvidenceSink,
    InstrumentPlan,
    InvalidCallback,
    Money,
    Need,
    OrderLookup,
    OrderQuery,
    PaymentRequest,
    PaymentToCheck,
    ProviderConfirmation,
    ProviderStatus,
    Redirect,
    ReferenceForm,
    ReversalAnswer,
    Service,
    StatementPeriod,
    StatementReading,
    hookimpl,
)
from mpay_gateway.hooks import HookSpecs
from mpay_gateway.plugin_host import AccountInfo, ConnectorInfo, HookCalls, InstrumentInfo, Registry
from mpay_gateway.plugin_host.guard import Guard
from mpay_gateway.plugin_host.registry import InstanceInfo, Kind
from mpay_gateway.plugin_host.routing import SealableManager, build_routes
from tests.simulation.bank import Session
from tests.simulation.wire import About, LatePool, Wire

ONE_STEP, TWO_STEP, NETWORK = AccountId("bank"), AccountId("holding"), AccountId("network")
TREASURY = AccountId("treasury")
SIGNATURE = "genuine"


@dataclass(frozen=True, slots=True)
class NoSettings:
    """Nothing to set."""


class ShopConnector(Connector):
    """Talks to the services' one counterpart."""

    settings_type: ClassVar[type] = NoSettings
    service_settings_type: ClassVar[type] = NoSettings

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    @hookimpl
    def mpay_lookup_orders(self, service: Service, query: OrderQuery) -> OrderLookup:
        about = About("shop", "GetOrderDetails", order=query.order_key)
        return self._wire.call(about, query.evidence, lambda: self._wire.world.shop.look_up(query.order_key))

    @hookimpl
    def mpay_deliver_confirmation(
        self, service: Service, confirmation: ConfirmationToDeliver
    ) -> DeliveryReceipt:
        told = confirmation.confirmation
        about = About("shop", "ConfirmOrderPayment", payment=told.payment_id)
        self._wire.call(about, confirmation.evidence, lambda: self._wire.world.shop.confirm(told))
        return DeliveryReceipt()


class BankPlugin:
    """One account at the bank."""

    def __init__(self, wire: Wire, *, two_step: bool) -> None:
        self._wire = wire
        self._two_step = two_step

    @hookimpl
    def mpay_start_payment(self, request: PaymentRequest) -> Redirect:
        world = self._wire.world

        def start() -> Session:
            world.watch.started(request.reference, request.payment_id)
            until = request.session_until
            if world.plan.session is not None:
                until = min(until, world.clock.true_now() + world.plan.session)
            return world.bank.start(request.reference, request.amount, until, two_step=self._two_step)

        about = About("bank", "start", payment=request.payment_id)
        session = self._wire.call(about, request.evidence, start)
        return Redirect(f"https://bank.example/{session.number}", session.number)

    @hookimpl
    def mpay_read_callback(self, callback: Callback) -> CallbackReading:
        said = json.loads(callback.body)
        if said["signature"] != SIGNATURE:
            raise InvalidCallback("the signature is wrong")
        return CallbackReading(said["reference"], said["number"], said["event"])

    @hookimpl
    def mpay_fetch_confirmation(
        self, payment: PaymentToCheck, reading: CallbackReading
    ) -> ProviderConfirmation:
        about = About("bank", "status", payment=payment.payment_id)
        world = self._wire.world

        def status() -> ProviderConfirmation:
            said = world.bank.status(payment.reference)
            if said.captures or said.status is ProviderStatus.AUTHORISED:
                world.said_to_hold.add(payment.payment_id)
            return said

        return self._wire.call(about, payment.evidence, status)

    @hookimpl
    def mpay_reverse_payment(self, payment: PaymentToCheck, amount: Money, key: str) -> ReversalAnswer:
        about = About("bank", "reverse", payment=payment.payment_id, key=key)
        self._wire.world.watch.asked_back(payment.payment_id, key, amount)
        return self._wire.call(
            about, payment.evidence, lambda: self._wire.world.bank.reverse(payment.reference, amount, key)
        )


class HoldingPlugin(BankPlugin):
    """The same with money that is held first."""

    @hookimpl
    def mpay_capture_payment(self, payment: PaymentToCheck, amount: Money, key: str) -> ProviderConfirmation:
        about = About("bank", "capture", payment=payment.payment_id)
        return self._wire.call(
            about, payment.evidence, lambda: self._wire.world.bank.capture(payment.reference, amount, key)
        )


class TreasuryPlugin:
    """An account of which statements tell alone."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    @hookimpl
    def mpay_read_statement(self, period: StatementPeriod, evidence: EvidenceSink) -> StatementReading:
        treasury = self._wire.world.treasury
        about = About("treasury", "statement", payments=treasury.named_on(period.day))
        return self._wire.call(about, evidence, lambda: treasury.statement(period.day))


class Plain:
    """An instrument that needs nothing filled in."""

    def __init__(self, need: Need) -> None:
        self._need = need

    @hookimpl
    def mpay_select_instrument(self, invoice: object, choice: object) -> InstrumentPlan:
        return InstrumentPlan(self._need)


def registry() -> Registry:
    """Two accounts at the bank, one of a network of kiosks, one at a treasury, and an instrument for each."""
    accounts = {
        ONE_STEP: _account(ONE_STEP, frozenset({Capability.REVERSE})),
        TWO_STEP: _account(TWO_STEP, frozenset({Capability.REVERSE, Capability.TWO_STEP})),
        NETWORK: _account(NETWORK, frozenset(), Confirms.PUSH),
        TREASURY: replace(
            _account(TREASURY, frozenset({Capability.STATEMENT}), Confirms.STATEMENT),
            reference_form=ReferenceForm(Alphabet.DIGITS, 15), session_minutes=20 * 60,
        ),
    }  # fmt: skip
    instruments = {
        name: InstrumentInfo(name, "simulated", need, (account,), (channel,))
        for name, account, need, channel in (
            ("card", ONE_STEP, Need.REDIRECT, Channel.PORTAL),
            ("hold", TWO_STEP, Need.REDIRECT, Channel.PORTAL),
            ("cash", NETWORK, Need.COLLECTION, Channel.KIOSK),
            ("transfer", TREASURY, Need.COLLECTION, Channel.PORTAL),
        )
    }
    instances = tuple(
        InstanceInfo(kind, name, "simulated", "simulated", "simulated")
        for kind, name in (
            (Kind.ESERVICE, "shop"), (Kind.PROVIDER, ONE_STEP), (Kind.PROVIDER, TWO_STEP),
            (Kind.PROVIDER, TREASURY), (Kind.INSTRUMENT, "card"), (Kind.INSTRUMENT, "hold"),
            (Kind.INSTRUMENT, "transfer"),
        )
    )  # fmt: skip
    return Registry(accounts, instruments, {"shop": ConnectorInfo("shop", ShopConnector)}, (), instances)


def hook_calls(known: Registry, wire: Wire) -> HookCalls:
    """The façade over the simulated plugins. Its guards call in the caller's own greenlet, or in one that is late."""
    manager = SealableManager("mpay_gateway")
    manager.add_hookspecs(HookSpecs)
    plugins = {
        "eservice:shop": ShopConnector(wire),
        f"provider:{ONE_STEP}": BankPlugin(wire, two_step=False),
        f"provider:{TWO_STEP}": HoldingPlugin(wire, two_step=True),
        f"provider:{TREASURY}": TreasuryPlugin(wire),
        "instrument:card": Plain(Need.REDIRECT),
        "instrument:hold": Plain(Need.REDIRECT),
        "instrument:transfer": Plain(Need.COLLECTION),
    }
    guards = {}
    for name, plugin in plugins.items():
        manager.register(plugin, name)
        guards[name] = Guard(name, seconds=wire.deadline, size=1)
        guards[name]._pool = LatePool(wire)
    manager.seal()
    return HookCalls(known, build_routes(manager, known.instances, guards))


def _account(
    account_id: AccountId, capabilities: frozenset[Capability], confirms: Confirms = Confirms.PULL
) -> AccountInfo:
    return AccountInfo(
        id=account_id, plugin="simulated", reference_form=ReferenceForm(), capabilities=capabilities,
        gives=frozenset({Need.REDIRECT if confirms is Confirms.PULL else Need.COLLECTION}), confirms=confirms,
        session_minutes=30, currencies=frozenset({"MDL"}), callback_limit=1000, retired=False,
    )  # fmt: skip
