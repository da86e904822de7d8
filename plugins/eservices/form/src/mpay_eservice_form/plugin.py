"""The connector's hooks."""

from datetime import timedelta
from typing import ClassVar

from mpay_eservice_form.forgetting import Forgetter
from mpay_eservice_form.mapping import order_now
from mpay_eservice_form.order_book import OrderBook
from mpay_eservice_form.settings import ConnectorSettings, ServiceForm
from mpay_gateway.api import (
    ConfirmationToDeliver,
    Connector,
    DeliveryReceipt,
    Job,
    MessageMeta,
    OrderLookup,
    OrderQuery,
    PluginContext,
    Service,
    WebConfigurator,
    hookimpl,
)


class FormConnector(Connector):
    """Services without an information system: payers fill in a form, the gateway keeps the orders."""

    settings_type: ClassVar[type] = ConnectorSettings
    service_settings_type: ClassVar[type] = ServiceForm
    entrance: ClassVar[str] = "form"
    jobs: ClassVar[tuple[Job, ...]] = (Job("forget", every=timedelta(hours=1)),)
    commands: ClassVar[str] = "mpay_eservice_form.commands:form"

    def __init__(self, context: PluginContext, settings: ConnectorSettings) -> None:
        self._context = context
        self._paid_kept = timedelta(days=settings.paid_kept_days)
        self._book = OrderBook(lambda: context.gateway.records)

    @hookimpl
    def mpay_includeme(self, config: WebConfigurator) -> None:
        """One page, for the forms of all services."""
        # Not at the top: a worker serves no pages, and starts without Pyramid.
        from mpay_eservice_form.view import TEMPLATE, FormPage

        page = FormPage(self._context, self._book)
        config.add_route(self.entrance, "{service}")
        config.add_view(page.show, route_name=self.entrance, request_method="GET", renderer=TEMPLATE)
        config.add_view(page.take, route_name=self.entrance, request_method="POST", renderer=TEMPLATE)
        config.add_view(page.refuse, route_name=self.entrance, require_csrf=False)

    @hookimpl
    def mpay_lookup_orders(self, service: Service, query: OrderQuery) -> OrderLookup:
        """Step 5: the order as it was made, and whether it was paid since."""
        stored = self._book.find(service.id, query.order_key)
        if stored is None:
            return OrderLookup(())
        return OrderLookup((order_now(stored, query.language, self._context.clock.now()),))

    @hookimpl
    def mpay_deliver_confirmation(self, confirmation: ConfirmationToDeliver) -> DeliveryReceipt:
        """Step 13: written down beside the order, once."""
        told = confirmation.confirmation
        confirmation.evidence.sent(told.to_json().encode(), MessageMeta("confirm", "application/json"))
        self._book.confirm(told, self._context.clock.now())
        return DeliveryReceipt()

    @hookimpl
    def mpay_run_job(self) -> None:
        """The only one: orders whose time is over keep nothing of what was written into their forms."""
        Forgetter(self._book, self._context.gateway.records, self._paid_kept).forget(
            self._context.clock.now()
        )
