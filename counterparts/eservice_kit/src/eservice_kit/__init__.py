"""A correct IServiceProvider in little code: implement two methods, mount one WSGI application."""

from eservice_kit.algorithms import SignatureAlgorithm
from eservice_kit.faults import Fault, FaultCode
from eservice_kit.keys import SigningKey, UnusableKey, read_certificates, read_signing_key
from eservice_kit.messages import (
    ConfirmationLine,
    CustomerType,
    OrderDetails,
    OrderLine,
    OrderProperty,
    OrderQuery,
    OrderStatus,
    PaymentAccount,
    PaymentConfirmation,
    PaymentProperty,
)
from eservice_kit.payment_check import check_payment
from eservice_kit.payment_register import (
    Delivery,
    content_digest,
    create_payment_register,
    register_payment,
)
from eservice_kit.provider import ServiceProvider
from eservice_kit.refusal import NotVerified, Refusal
from eservice_kit.service import EService
from eservice_kit.sign import KeyInfoForm, Signer
from eservice_kit.verify import Trust, verify_message

__all__ = [
    "ConfirmationLine",
    "CustomerType",
    "Delivery",
    "EService",
    "Fault",
    "FaultCode",
    "KeyInfoForm",
    "NotVerified",
    "OrderDetails",
    "OrderLine",
    "OrderProperty",
    "OrderQuery",
    "OrderStatus",
    "PaymentAccount",
    "PaymentConfirmation",
    "PaymentProperty",
    "Refusal",
    "ServiceProvider",
    "SignatureAlgorithm",
    "Signer",
    "SigningKey",
    "Trust",
    "UnusableKey",
    "check_payment",
    "content_digest",
    "create_payment_register",
    "read_certificates",
    "read_signing_key",
    "register_payment",
    "verify_message",
]
