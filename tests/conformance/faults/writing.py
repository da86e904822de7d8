"""The fault of each check of what a service has to understand: one form of a request is refused."""

import re
from collections.abc import Callable

from tests.conformance.faults.registry import breaks
from tests.conformance.service import Service


def refuses(when: Callable[[bytes], bool]) -> Callable[[Service], None]:
    def bend(service: Service) -> None:
        service.refuses = when

    return bend


def holds(*texts: bytes) -> Callable[[bytes], bool]:
    return lambda message: all(text in message for text in texts)


def digits(count: int) -> Callable[[bytes], bool]:
    """Whether Created has so many digits of a second."""
    pattern = rb"Created>[^<]*:\d\d" + (rb"\.\d{%d}Z" % count if count else b"Z")
    return lambda message: re.search(pattern, message) is not None


def in_signature(text: bytes) -> Callable[[bytes], bool]:
    return lambda message: text in message.partition(b"SignedInfo>")[2].partition(b"SignedInfo>")[0]


def signed_and(when: Callable[[bytes], bool]) -> Callable[[bytes], bool]:
    return lambda message: b"SignatureValue" in message and when(message)


breaks("SIG-40")(refuses(holds(b"wsse:Reference URI=")))
breaks("SIG-41")(refuses(holds(b"KeyIdentifier")))
breaks("SIG-42")(refuses(holds(b"X509IssuerSerial")))
breaks("SIG-43")(refuses(holds(b"X509Certificate>")))
breaks("SIG-44")(refuses(holds(b"xmldsig#rsa-sha1")))
breaks("SIG-45")(refuses(holds(b"#rsa-sha256")))
breaks("SIG-46")(refuses(signed_and(lambda message: b"InclusiveNamespaces" not in message)))
breaks("SIG-47")(refuses(holds(b"InclusiveNamespaces")))
breaks("SIG-48")(refuses(in_signature(b"\n")))
breaks("SIG-49")(refuses(holds(b">\n  <")))
breaks("SIG-50")(refuses(signed_and(lambda message: b"\n" not in message)))
breaks("SIG-51")(refuses(digits(0)))
breaks("SIG-52")(refuses(digits(5)))
breaks("SIG-53")(refuses(digits(3)))
breaks("SIG-54")(refuses(digits(7)))
breaks("SIG-55")(refuses(holds(b"<S:Envelope")))
breaks("SIG-56")(refuses(holds(b"<Envelope")))

breaks("ENC-08")(refuses(holds(b"<![CDATA[")))
breaks("ENC-09")(refuses(holds(b"&#x")))
breaks("ENC-10")(refuses(lambda message: message.startswith(b"<?xml")))
breaks("ENC-11")(refuses(lambda message: message.startswith(b"\xef\xbb\xbf")))
