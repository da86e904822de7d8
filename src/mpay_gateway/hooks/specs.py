# Specifications have no body: pluggy never calls them.
# mypy: disable-error-code="empty-body"
"""Hook specifications, in the order of the scenario.

*Routed* hooks go to one instance: the service's connector, the configured instrument, the provider account.
*Collected* hooks ask every instance. Arguments are passed by keyword; an implementation names only those that
it needs. Hooks with I/O are called in a bounded pool under a deadline, never while a unit of work is open.
Anything raised that is not declared here reaches the core as `PluginBug` and harms this plugin's call alone.
"""

from typing import Protocol

import pluggy

from mpay_gateway.domain.confirmation import ConfirmationToDeliver, DeliveryReceipt
from mpay_gateway.domain.documents import Document, Medium, Receipt
from mpay_gateway.domain.evidence import EvidenceSink
from mpay_gateway.domain.instrument import InstrumentChoice, InstrumentOffer, InstrumentPlan
from mpay_gateway.domain.invoice import Invoice
from mpay_gateway.domain.language import Language
from mpay_gateway.domain.money import Money
from mpay_gateway.domain.order import OrderLookup
from mpay_gateway.domain.provider_answer import (
    Callback,
    CallbackReading,
    NextStep,
    PaymentRequest,
    PaymentToCheck,
    ProviderConfirmation,
    ReversalAnswer,
    StatementLine,
    StatementReading,
)
from mpay_gateway.domain.queries import OrderQuery, PaymentChange, StatementPeriod
from mpay_gateway.domain.service import Channel, Service

hookspec = pluggy.HookspecMarker("mpay_gateway")


class WebConfigurator(Protocol):
    """What `mpay_includeme` gets: Pyramid's configurator, already inside the instance's own route prefix."""

    def add_route(self, name: str, pattern: str) -> None: ...
    def add_view(self, view: object, **predicates: object) -> None: ...
    def add_static_view(self, name: str, path: str) -> None: ...


class HookSpecs:
    """All hooks. The name of a hook says what it does, in the words of the scenario."""

    @hookspec
    def mpay_includeme(self, config: WebConfigurator) -> None:
        """Start: add the instance's own routes, templates and translations. Called for each instance.

        Paths lie below `/x/<id>/`. A view's request has `caller_address` (found by the rule on our own proxies),
        `by_own_proxy` (only then what a proxy of ours sets in headers proves anything), `language` (the payer's) and
        `count_form()` (to be called before a payer's form is stored; raises TooManyRequests). No I/O. Anything raised
        stops the start.
        """

    @hookspec(firstresult=True)
    def mpay_lookup_orders(self, service: Service, query: OrderQuery) -> OrderLookup:
        """Step 5: ask the service for the orders under a key. Routed by connector. I/O, no effect.

        An unknown order is an empty answer, whichever way the service says it; not `certain` when its words may
        also mean a passing fault.
        Raises: UnknownService, RemoteRefused, RemoteUnavailable, OutcomeUnknown, InvalidAnswer.
        """

    @hookspec(firstresult=True)
    def mpay_render_invoice(self, invoice: Invoice, medium: Medium, language: Language) -> Document:
        """Step 6: render the invoice as a paper. First result wins; the core's own comes last. No I/O.

        Raises: DocumentFailed when it cannot be drawn now.
        """

    @hookspec
    def mpay_offer_instruments(
        self, invoice: Invoice, channel: Channel, language: Language
    ) -> InstrumentOffer:
        """Step 7: offer this instrument for the invoice, or return None. Collected; no I/O.

        Raises nothing; a plugin that fails hides only its own instrument.
        """

    @hookspec(firstresult=True)
    def mpay_select_instrument(self, invoice: Invoice, choice: InstrumentChoice) -> InstrumentPlan:
        """Step 7: check what the payer chose and filled in. Routed by instrument; no I/O.

        Raises: InvalidChoice, which the payer sees beside the field.
        """

    @hookspec(firstresult=True)
    def mpay_start_payment(self, request: PaymentRequest) -> NextStep:
        """Steps 7 and 8: publish the payment to the provider. Routed by account. I/O.

        Idempotent by the request's reference: the same request gives the same next step, no second session.
        Raises: RemoteRefused, RemoteUnavailable, OutcomeUnknown, InvalidAnswer.
        """

    @hookspec(firstresult=True)
    def mpay_read_callback(self, callback: Callback) -> CallbackReading:
        """Step 11: authenticate a callback and say which payment it is about. Routed by account; no I/O.

        A return by the payer's browser needs no authentication: it only wakes the gateway.
        Raises: InvalidCallback.
        """

    @hookspec(firstresult=True)
    def mpay_fetch_confirmation(
        self, payment: PaymentToCheck, reading: CallbackReading
    ) -> ProviderConfirmation:
        """Step 12: ask the provider what became of a payment. Routed by account; repeatable. I/O, no effect.

        `reading` is an empty one when no callback led here.
        Raises: RemoteUnavailable, OutcomeUnknown, InvalidAnswer.
        """

    @hookspec(firstresult=True)
    def mpay_capture_payment(self, payment: PaymentToCheck, amount: Money, key: str) -> ProviderConfirmation:
        """Step 12, two-step only: take money that is authorised. Routed by account; idempotent by `key`. I/O.

        Called again under the same key until the answer is definite. RemoteRefused with `permanent=True` says
        that nothing was taken under this key and nothing will be: the hold is then given up.
        Raises: RemoteRefused, RemoteUnavailable, OutcomeUnknown, InvalidAnswer.
        """

    @hookspec(firstresult=True)
    def mpay_deliver_confirmation(
        self, service: Service, confirmation: ConfirmationToDeliver
    ) -> DeliveryReceipt:
        """Step 13: tell the service. Routed by the service's connector; may be called many times. I/O.

        Returns only on the service's authenticated yes. A definite, authenticated no is RemoteRefused with
        `permanent=True`; a no that is not authenticated, or that may pass, is RemoteRefused with
        `permanent=False`. With what is believed by a signature comes its proof, so that a copy counts for no
        other payment.
        Raises: RemoteRefused, RemoteUnavailable, OutcomeUnknown, InvalidAnswer.
        """

    @hookspec(firstresult=True)
    def mpay_render_receipt(self, receipt: Receipt, medium: Medium, language: Language) -> Document:
        """Step 14: render the receipt as a paper. First result wins; the core's own comes last. No I/O.

        Raises: DocumentFailed when it cannot be drawn now.
        """

    @hookspec(firstresult=True)
    def mpay_reverse_payment(self, payment: PaymentToCheck, amount: Money, key: str) -> ReversalAnswer:
        """Back: give money back, or void what is only authorised. Routed by account; idempotent. I/O.

        After a void mpay_fetch_confirmation is called: the payment is over when it says that nothing is left of it.
        RemoteRefused with `permanent=True` says that nothing went back under this key, and that nothing will.
        Raises: RemoteRefused, RemoteUnavailable, OutcomeUnknown, InvalidAnswer.
        """

    @hookspec(firstresult=True)
    def mpay_read_statement(
        self, period: StatementPeriod, evidence: EvidenceSink
    ) -> tuple[StatementLine, ...] | StatementReading:
        """Books: read the provider's statement of one day. Routed by account; a capability. I/O, no effect.

        A StatementReading says too what could not be read beside the lines; the day is then read again.
        A day that has not begun in the provider's calendar is a day without lines, and no error: days are named by
        Chisinau's calendar, where it is tomorrow already from 22:00 UTC on (21:00 in summer). RemoteUnavailable says of
        a day that has begun that its statement is not there yet.
        Raises: RemoteRefused, RemoteUnavailable, OutcomeUnknown, InvalidAnswer.
        """

    @hookspec(firstresult=True)
    def mpay_run_job(self, job: str) -> None:
        """Any step: do one of the jobs that the class declares, now. Routed to the instance whose job it is. I/O.

        A worker calls it, one call at a time for each instance and job. A call that is not back in time, or that is
        lost with its process, is made again: do a piece, keep in `records` how far it went, go on at the next call.
        Raises: RemoteError, Conflict; the job is tried again soon.
        """

    @hookspec
    def mpay_payment_changed(self, change: PaymentChange) -> None:
        """Any step: a payment changed its state; the change is committed. I/O.

        Whatever it raises is logged and goes no further. Calls come beside the payment's way, at most once per change;
        a change that follows at once may come first, and changes are left out when a plugin is too slow to hear them.
        """


__all__ = ["HookSpecs", "WebConfigurator", "hookspec"]
