"""The provider's hooks: each maps, calls, maps back."""

from typing import ClassVar

from mpay_gateway.api import (
    Callback,
    CallbackReading,
    Capability,
    Confirms,
    EvidenceSink,
    Money,
    Need,
    PaymentRequest,
    PaymentToCheck,
    PluginContext,
    ProviderConfirmation,
    ProviderPlugin,
    Redirect,
    RemoteRefused,
    ReversalAnswer,
    StatementLine,
    StatementPeriod,
    hookimpl,
)
from mpay_provider_sandbox import callbacks, mapping
from mpay_provider_sandbox.client import BankClient
from mpay_provider_sandbox.settings import SandboxSettings
from mpay_provider_sandbox.statement import read_statement


class SandboxProvider(ProviderPlugin):
    """Card payments on the sandbox bank's own page. The truth is what the bank answers when it is asked."""

    settings_type: ClassVar[type] = SandboxSettings
    gives: ClassVar[frozenset[Need]] = frozenset({Need.REDIRECT})
    confirms: ClassVar[Confirms] = Confirms.PULL
    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {Capability.TWO_STEP, Capability.REVERSE, Capability.STATEMENT}
    )

    def __init__(self, context: PluginContext, settings: SandboxSettings) -> None:
        self._settings = settings
        self._bank = BankClient(context.http, settings)

    @hookimpl
    def mpay_start_payment(self, request: PaymentRequest) -> Redirect:
        """Open a session under our reference, which is its idempotency key too."""
        order = mapping.order_to_wire(request, self._settings)
        body = self._bank.open_session(order, key=request.reference, evidence=request.evidence)
        return mapping.redirect_from_wire(body, request.reference, self._settings)

    @hookimpl
    def mpay_read_callback(self, callback: Callback) -> CallbackReading:
        """Authenticate a notification; read a browser's return for what it is, a hint."""
        return callbacks.read_callback(callback, self._settings)

    @hookimpl
    def mpay_fetch_confirmation(self, payment: PaymentToCheck) -> ProviderConfirmation:
        """Ask by what we stored, never by what a callback said."""
        try:
            body = self._bank.find_session(payment.remote_reference, payment.reference, payment.evidence)
        except RemoteRefused as refusal:
            return mapping.confirmation_of_refusal(refusal)
        return mapping.confirmation_from_wire(body, payment)

    @hookimpl
    def mpay_capture_payment(self, payment: PaymentToCheck, amount: Money, key: str) -> ProviderConfirmation:
        """Take what the session holds."""
        session_id = self._session_id(payment)
        wire = mapping.amount_to_wire(amount)
        body = self._bank.capture(session_id, wire, key=key, evidence=payment.evidence)
        return mapping.confirmation_from_wire(body, payment)

    @hookimpl
    def mpay_reverse_payment(self, payment: PaymentToCheck, amount: Money, key: str) -> ReversalAnswer:
        """Void what is held or give back what was taken; the bank knows which."""
        session_id = self._session_id(payment)
        wire = mapping.amount_to_wire(amount)
        body = self._bank.reverse(session_id, wire, key=key, evidence=payment.evidence)
        return mapping.reversal_from_wire(body, payment, key=key)

    @hookimpl
    def mpay_read_statement(
        self, period: StatementPeriod, evidence: EvidenceSink
    ) -> tuple[StatementLine, ...]:
        """Every movement of the day; nothing at all of a statement that does not add up."""
        return read_statement(self._bank.statement(period.day, evidence), period.day)

    def _session_id(self, payment: PaymentToCheck) -> str:
        """The session's id; asked for by our reference when the answer to the start was lost."""
        if payment.remote_reference:
            return payment.remote_reference
        return mapping.session_id_from_wire(
            self._bank.find_session("", payment.reference, payment.evidence), payment.reference
        )
