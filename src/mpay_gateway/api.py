"""All that a plugin may import (with `mpay_gateway.wssecurity`). Changes follow semantic versioning."""

from mpay_gateway.boundary import Clock
from mpay_gateway.domain.callers import Networks, certified, networks_of, within
from mpay_gateway.domain.confirmation import (
    Confirmation,
    ConfirmationLine,
    ConfirmationToDeliver,
    DeliveryReceipt,
)
from mpay_gateway.domain.deviation import Deviation, DeviationKind
from mpay_gateway.domain.documents import Document, Medium, Receipt
from mpay_gateway.domain.errors import (
    ConfigurationError,
    Conflict,
    DocumentFailed,
    InvalidAnswer,
    InvalidCallback,
    InvalidChoice,
    MpayError,
    NotAuthorised,
    OutcomeUnknown,
    RemoteError,
    RemoteRefused,
    RemoteUnavailable,
    UnknownOrder,
    UnknownService,
)
from mpay_gateway.domain.evidence import Direction, EvidenceSink, MessageMeta
from mpay_gateway.domain.filling import is_idn
from mpay_gateway.domain.identifiers import (
    AccountId,
    Alphabet,
    InvoiceId,
    OrderKey,
    PaymentId,
    ReferenceForm,
    ServiceId,
    clean_order_key,
)
from mpay_gateway.domain.instrument import InstrumentChoice, InstrumentOffer, InstrumentPlan, Need
from mpay_gateway.domain.intake import (
    Accepted,
    AlreadyAccepted,
    Claimed,
    CollectedPayment,
    DueOrder,
    InboundQuery,
    IntakeState,
    IntakeStatus,
    OrderName,
    RefusalReason,
    Refused,
)
from mpay_gateway.domain.invoice import Invoice
from mpay_gateway.domain.language import Language, LocalText
from mpay_gateway.domain.money import Money, sum_money
from mpay_gateway.domain.normal_form import normal_form
from mpay_gateway.domain.order import (
    CustomerType,
    Order,
    OrderLine,
    OrderLookup,
    OrderProperty,
    OrderStatus,
    PaymentAccount,
)
from mpay_gateway.domain.payment import DeclineReason, Payment, PaymentState
from mpay_gateway.domain.proof import Proof
from mpay_gateway.domain.provider_answer import (
    Callback,
    CallbackKind,
    CallbackReading,
    Confirms,
    Instructions,
    NextStep,
    PaymentRequest,
    PaymentToCheck,
    PostForm,
    ProviderCapture,
    ProviderConfirmation,
    ProviderStatus,
    Redirect,
    ReversalAnswer,
    ShowQr,
    StatementLine,
    StatementReading,
)
from mpay_gateway.domain.queries import OrderQuery, PaymentChange, StatementPeriod
from mpay_gateway.domain.records import Record
from mpay_gateway.domain.service import Channel, Service
from mpay_gateway.domain.service_faults import Retry, ServiceOperation, rule_of
from mpay_gateway.hooks import API_VERSION, hookimpl
from mpay_gateway.hooks.plugin import (
    Capability,
    CertificatePem,
    CommandContext,
    Connector,
    InstrumentPlugin,
    Job,
    PluginContext,
    ProviderPlugin,
    Secret,
)
from mpay_gateway.hooks.port import Gateway, Records
from mpay_gateway.hooks.specs import WebConfigurator
from mpay_gateway.outbound import HttpAnswer, HttpClient, HttpRequest

__all__ = [
    "API_VERSION", "Accepted", "AccountId", "Alphabet", "AlreadyAccepted", "Callback", "CallbackKind",
    "CallbackReading", "Capability", "CertificatePem", "Channel", "Claimed", "Clock", "CollectedPayment",
    "CommandContext", "ConfigurationError", "Confirmation", "ConfirmationLine", "ConfirmationToDeliver",
    "Confirms", "Conflict", "Connector", "CustomerType", "DeclineReason", "DeliveryReceipt", "Deviation",
    "DeviationKind", "Direction", "Document", "DocumentFailed", "DueOrder", "EvidenceSink", "Gateway", "HttpAnswer",
    "HttpClient", "HttpRequest", "InboundQuery", "Instructions", "InstrumentChoice", "InstrumentOffer",
    "InstrumentPlan", "InstrumentPlugin", "IntakeState", "IntakeStatus", "InvalidAnswer", "InvalidCallback",
    "InvalidChoice", "Invoice", "InvoiceId", "Job", "Language", "LocalText", "Medium", "MessageMeta",
    "Money", "MpayError", "Need", "Networks", "NextStep", "NotAuthorised", "Order", "OrderKey", "OrderLine",
    "OrderLookup", "OrderName", "OrderProperty", "OrderQuery", "OrderStatus", "OutcomeUnknown", "Payment",
    "PaymentAccount", "PaymentChange", "PaymentId", "PaymentRequest", "PaymentState", "PaymentToCheck",
    "PluginContext", "PostForm", "Proof", "ProviderCapture", "ProviderConfirmation", "ProviderPlugin",
    "ProviderStatus", "Receipt", "Record", "Records", "Redirect", "ReferenceForm", "RefusalReason",
    "Refused", "RemoteError", "RemoteRefused", "RemoteUnavailable", "Retry", "ReversalAnswer", "Secret",
    "Service", "ServiceId", "ServiceOperation", "ShowQr", "StatementLine", "StatementPeriod",
    "StatementReading", "UnknownOrder", "UnknownService", "WebConfigurator", "certified",
    "clean_order_key", "hookimpl", "is_idn", "networks_of", "normal_form", "rule_of", "sum_money", "within",
]  # fmt: skip
