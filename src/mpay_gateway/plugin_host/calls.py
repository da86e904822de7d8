"""The hooks as the core calls them: one typed method each."""

from collections.abc import Callable, Iterator
from typing import cast

import structlog

from mpay_gateway.api import (
    AccountId,
    Callback,
    CallbackReading,
    Channel,
    ConfirmationToDeliver,
    DeliveryReceipt,
    Document,
    EvidenceSink,
    InstrumentChoice,
    InstrumentOffer,
    InstrumentPlan,
    Invoice,
    Language,
    Medium,
    Money,
    NextStep,
    OrderLookup,
    OrderQuery,
    PaymentChange,
    PaymentRequest,
    PaymentToCheck,
    ProviderConfirmation,
    Receipt,
    ReversalAnswer,
    Service,
    StatementLine,
    StatementPeriod,
    StatementReading,
)
from mpay_gateway.domain.errors import MpayError, NoPluginAnswered
from mpay_gateway.domain.instrument import OfferedInstrument
from mpay_gateway.hooks.specs import WebConfigurator
from mpay_gateway.plugin_host.registry import InstanceInfo, Kind, Registry
from mpay_gateway.plugin_host.routing import Route, Routes

_log = structlog.get_logger("mpay.plugins")


class HookCalls:
    """Calls hooks. Every method may raise what its specification declares (`hooks.specs`), and besides:

    PluginBug for whatever a plugin does that it does not declare; NoPluginAnswered when the instance is not
    configured or lacks the capability; for hooks with I/O OutboundCallRefused inside a unit of work,
    PluginBusy when all threads of the instance are busy, OutcomeUnknown past the deadline.
    """

    def __init__(self, registry: Registry, routes: Routes) -> None:
        self._registry = registry
        self._routes = routes
        self._by_name = {instance.name: instance for instance in registry.instances}

    def includeme(self, configurator: Callable[[InstanceInfo], WebConfigurator]) -> None:
        """Let each instance add its routes to the configurator made for it. An error stops the start."""
        for route in self._all("mpay_includeme"):
            if (instance := self._by_name.get(route.instance)) is not None:
                route.ask({"config": configurator(instance)})

    def lookup_orders(self, service: Service, query: OrderQuery) -> OrderLookup:
        """Step 5."""
        answer = self._ask(
            "mpay_lookup_orders", Kind.ESERVICE, service.connector, service=service, query=query
        )
        return cast("OrderLookup", answer)

    def deliver_confirmation(self, service: Service, confirmation: ConfirmationToDeliver) -> DeliveryReceipt:
        """Step 13."""
        answer = self._ask(
            "mpay_deliver_confirmation",
            Kind.ESERVICE,
            service.connector,
            service=service,
            confirmation=confirmation,
        )
        return cast("DeliveryReceipt", answer)

    def offer_instruments(
        self, invoice: Invoice, channel: Channel, language: Language
    ) -> tuple[OfferedInstrument, ...]:
        """Step 7: what the instruments of the channel offer, in the order of the configuration.

        A plugin that fails hides only its own instrument.
        """
        found = []
        for info in self._registry.instruments.values():
            route = self._routes.get(("mpay_offer_instruments", f"{Kind.INSTRUMENT}:{info.id}"))
            if route is None or channel not in info.channels:
                continue
            arguments = {"invoice": invoice, "channel": channel, "language": language}
            if (offer := _ask_gently(route, arguments)) is not None:
                found.append(OfferedInstrument(info.id, cast("InstrumentOffer", offer)))
        return tuple(found)

    def select_instrument(
        self, instrument_id: str, invoice: Invoice, choice: InstrumentChoice
    ) -> InstrumentPlan:
        """Step 7: what the instrument makes of the payer's choice."""
        answer = self._ask(
            "mpay_select_instrument", Kind.INSTRUMENT, instrument_id, invoice=invoice, choice=choice
        )
        return cast("InstrumentPlan", answer)

    def start_payment(self, account_id: AccountId, request: PaymentRequest) -> NextStep:
        """Steps 7 and 8."""
        return cast("NextStep", self._ask("mpay_start_payment", Kind.PROVIDER, account_id, request=request))

    def read_callback(self, account_id: AccountId, callback: Callback) -> CallbackReading:
        """Step 11."""
        answer = self._ask("mpay_read_callback", Kind.PROVIDER, account_id, callback=callback)
        return cast("CallbackReading", answer)

    def fetch_confirmation(
        self, account_id: AccountId, payment: PaymentToCheck, reading: CallbackReading
    ) -> ProviderConfirmation:
        """Step 12."""
        answer = self._ask(
            "mpay_fetch_confirmation", Kind.PROVIDER, account_id, payment=payment, reading=reading
        )
        return cast("ProviderConfirmation", answer)

    def capture_payment(
        self, account_id: AccountId, payment: PaymentToCheck, amount: Money, *, key: str
    ) -> ProviderConfirmation:
        """Step 12, two-step only."""
        answer = self._ask(
            "mpay_capture_payment", Kind.PROVIDER, account_id, payment=payment, amount=amount, key=key
        )
        return cast("ProviderConfirmation", answer)

    def reverse_payment(
        self, account_id: AccountId, payment: PaymentToCheck, amount: Money, *, key: str
    ) -> ReversalAnswer:
        """Money back."""
        answer = self._ask(
            "mpay_reverse_payment", Kind.PROVIDER, account_id, payment=payment, amount=amount, key=key
        )
        return cast("ReversalAnswer", answer)

    def read_statement(
        self, account_id: AccountId, period: StatementPeriod, evidence: EvidenceSink
    ) -> StatementReading:
        """The books of one day."""
        answer = self._ask("mpay_read_statement", Kind.PROVIDER, account_id, period=period, evidence=evidence)
        if isinstance(answer, StatementReading):
            return answer
        return StatementReading(cast("tuple[StatementLine, ...]", answer))

    def render_invoice(self, invoice: Invoice, medium: Medium, language: Language) -> Document:
        """Step 6: the first plugin's paper that succeeds, else the core's own."""
        return self._render("mpay_render_invoice", invoice=invoice, medium=medium, language=language)

    def render_receipt(self, receipt: Receipt, medium: Medium, language: Language) -> Document:
        """Step 14: the first plugin's paper that succeeds, else the core's own."""
        return self._render("mpay_render_receipt", receipt=receipt, medium=medium, language=language)

    def payment_changed(self, change: PaymentChange) -> None:
        """Tell every plugin of a committed change. Never raises."""
        for route in self._all("mpay_payment_changed"):
            _ask_gently(route, {"change": change})

    def run_job(self, instance: str, job: str) -> None:
        """Let an instance, by its registered name, do one of its jobs."""
        if (route := self._routes.get(("mpay_run_job", instance))) is None:
            raise NoPluginAnswered(f"mpay_run_job: {instance}")
        route.ask({"job": job})

    def _ask(self, hook: str, kind: Kind, instance_id: str, **arguments: object) -> object:
        name = f"{kind}:{instance_id}"
        if (route := self._routes.get((hook, name))) is None:
            raise NoPluginAnswered(f"{hook}: {name}")
        if (answer := route.ask(arguments)) is None:
            raise route.guard.bug(route.contract, "answered nothing")
        return answer

    def _render(self, hook: str, **arguments: object) -> Document:
        """Ask in turn; the last one, the core, is asked without mercy."""
        *plugins, last = self._all(hook)
        for route in plugins:
            if (document := _ask_gently(route, arguments)) is not None:
                return cast("Document", document)
        if (document := last.ask(arguments)) is None:
            raise NoPluginAnswered(hook)
        return cast("Document", document)

    def _all(self, hook: str) -> Iterator[Route]:
        return (route for (name, _), route in self._routes.items() if name == hook)


def _ask_gently(route: Route, arguments: dict[str, object]) -> object:
    """The answer, None when there is none or the plugin failed; the failure is logged."""
    try:
        return route.ask(arguments)
    except MpayError as error:
        _log.error(
            "hook failed",
            hook=route.contract.name,
            instance=route.instance,
            error=type(error).__name__,
            exc_info=error.__cause__,
        )
        return None
