"""WS-Security signatures of SOAP 1.1 messages: sign them, and verify them strictly.

``sign`` and ``verify`` are for messages of the IServiceProvider contract, in either role. Verification is
written against signature wrapping: the data comes from the very element that was verified.
"""

from mpay_gateway.wssecurity.algorithm import SignatureAlgorithm
from mpay_gateway.wssecurity.certificate import Certificate, SigningKey, TrustedCertificates, UnusableKey
from mpay_gateway.wssecurity.fault import Fault, fault_of, is_fault, read_unsigned_fault
from mpay_gateway.wssecurity.key_info import KeyInfoForm
from mpay_gateway.wssecurity.refusal import RefusalCode, Refused
from mpay_gateway.wssecurity.signing import sign
from mpay_gateway.wssecurity.timestamp import Lifetime
from mpay_gateway.wssecurity.verification import MessageKind, VerificationPolicy, Verified, as_signed, verify

__all__ = [
    "Certificate",
    "Fault",
    "KeyInfoForm",
    "Lifetime",
    "MessageKind",
    "RefusalCode",
    "Refused",
    "SignatureAlgorithm",
    "SigningKey",
    "TrustedCertificates",
    "UnusableKey",
    "VerificationPolicy",
    "Verified",
    "as_signed",
    "fault_of",
    "is_fault",
    "read_unsigned_fault",
    "sign",
    "verify",
]
