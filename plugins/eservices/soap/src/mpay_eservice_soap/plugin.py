"""The connector's hooks: map, call, map back."""

from datetime import timedelta
from typing import assert_never

from mpay_eservice_soap.client import Exchange, SignedFault, SignedReply, SoapClient
from mpay_eservice_soap.deviations import KINDS
from mpay_eservice_soap.faults import delivery_refusal, is_certain, lookup_refusal, means_unknown_order
from mpay_eservice_soap.mapping import confirmation_members, lookup_members
from mpay_eservice_soap.messages import build, prepare
from mpay_eservice_soap.operations import Operation
from mpay_eservice_soap.reader import Question, read_orders
from mpay_eservice_soap.settings import ConnectorSettings, ServiceSettings
from mpay_gateway.api import (
    ConfirmationToDeliver,
    Connector,
    DeliveryReceipt,
    Deviation,
    OrderLookup,
    OrderQuery,
    PluginContext,
    Service,
    hookimpl,
)


class SoapConnector(Connector):
    """e-Services that implement IServiceProvider over SOAP."""

    settings_type = ConnectorSettings
    service_settings_type = ServiceSettings
    deviation_kinds = KINDS

    @classmethod
    def certificates_of(cls, settings: object) -> tuple[str, ...]:
        """Those that are registered for the service."""
        return (
            tuple(each.pem for each in settings.certificates) if isinstance(settings, ServiceSettings) else ()
        )

    def __init__(self, context: PluginContext, settings: ConnectorSettings) -> None:  # noqa: ARG002 -- fixed form
        """Read the packaged WSDL and the gateway's key. Raises: ConfigurationError."""
        self._client = SoapClient(context)
        prepare()

    @hookimpl
    def mpay_lookup_orders(self, service: Service, query: OrderQuery) -> OrderLookup:
        """Step 5. See the specification for what is raised."""
        settings = _settings_of(service)
        envelope = build(Operation.GET_ORDER_DETAILS, lookup_members(query, settings.contract))
        answer = self._client.call(Exchange(Operation.GET_ORDER_DETAILS, envelope, query.evidence), settings)
        match answer:
            case SignedFault():
                return _without_orders(answer)
            case SignedReply():
                question = Question(query.service_id, query.order_key, service.account, settings.contract)
                return _with_orders(answer, question)
            case _:
                assert_never(answer)

    @hookimpl
    def mpay_deliver_confirmation(
        self, service: Service, confirmation: ConfirmationToDeliver
    ) -> DeliveryReceipt:
        """Step 13. Returns only on a signed ConfirmOrderPaymentResponse."""
        settings = _settings_of(service)
        envelope = build(
            Operation.CONFIRM_ORDER_PAYMENT,
            confirmation_members(confirmation.confirmation, settings.contract),
        )
        answer = self._client.call(
            Exchange(Operation.CONFIRM_ORDER_PAYMENT, envelope, confirmation.evidence), settings
        )
        match answer:
            case SignedFault():
                raise delivery_refusal(answer.fault, answer.proof, answer.deviations)
            case SignedReply():
                return DeliveryReceipt(_seconds(answer.skew), answer.proof, answer.deviations)
            case _:
                assert_never(answer)


def _with_orders(reply: SignedReply, question: Question) -> OrderLookup:
    orders, deviations = read_orders(reply.element, question)
    return OrderLookup(orders, (*reply.deviations, *deviations), reply.skew, reply.proof)


def _without_orders(answer: SignedFault) -> OrderLookup:
    """An unknown order, said with a fault.

    The guide asks for an empty array; services in the field send these faults instead.
    """
    if not means_unknown_order(answer.fault):
        raise lookup_refusal(answer.fault, answer.deviations)
    said = Deviation("fault-for-unknown-order", "Fault/faultcode", answer.fault.code)
    deviations = (*answer.deviations, said)
    certain, code = is_certain(answer.fault), answer.fault.code
    return OrderLookup((), deviations, answer.skew, answer.proof, certain=certain, fault=code)


def _seconds(skew: timedelta) -> float:
    return round(skew.total_seconds(), 3)


def _settings_of(service: Service) -> ServiceSettings:
    if not isinstance(service.settings, ServiceSettings):
        raise TypeError(f"service {service.id} carries settings of another connector")
    return service.settings
