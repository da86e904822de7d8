"""The provider's hooks."""

from typing import ClassVar

from mpay_gateway.api import (
    Alphabet,
    Capability,
    Confirms,
    EvidenceSink,
    Need,
    PluginContext,
    ProviderPlugin,
    ReferenceForm,
    StatementLine,
    StatementPeriod,
    WebConfigurator,
    hookimpl,
)
from mpay_provider_osmp import register
from mpay_provider_osmp.client import RegisterSource
from mpay_provider_osmp.protocol import Protocol
from mpay_provider_osmp.settings import OsmpSettings


class OsmpProvider(ProviderPlugin):
    """Cash at the kiosks of a network. Its authenticated `pay` is the truth; its daily register is compared later."""

    settings_type: ClassVar[type] = OsmpSettings
    gives: ClassVar[frozenset[Need]] = frozenset({Need.COLLECTION})
    confirms: ClassVar[Confirms] = Confirms.PUSH
    capabilities: ClassVar[frozenset[Capability]] = frozenset({Capability.STATEMENT})
    reference_form: ClassVar[ReferenceForm] = ReferenceForm(Alphabet.DIGITS, 15)

    def __init__(self, context: PluginContext, settings: OsmpSettings) -> None:
        self._settings = settings
        self._protocol = Protocol(context.gateway, context.clock, settings)
        self._source = RegisterSource(context.http, settings)

    @hookimpl
    def mpay_includeme(self, config: WebConfigurator) -> None:
        """One address, for both commands."""
        # Not at the top: a worker serves no pages, and starts without Pyramid.
        from mpay_provider_osmp.view import METHODS, PaymentView

        view = PaymentView(self._protocol, self._settings)
        config.add_route("payment", "payment")
        config.add_view(view, route_name="payment", request_method=METHODS, require_csrf=False)

    @hookimpl
    def mpay_read_statement(
        self, period: StatementPeriod, evidence: EvidenceSink
    ) -> tuple[StatementLine, ...]:
        """Every payment of the day's register; nothing at all of a register that does not add up."""
        return register.read(self._source.fetch(period.day, evidence), period.day)
