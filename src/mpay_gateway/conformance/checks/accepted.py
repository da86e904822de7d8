"""SIG-40 to SIG-59: what the service has to understand. The gateway signs in one way; its successors may in the others."""

from collections.abc import Iterator
from functools import partial

from mpay_gateway.conformance.bench import Bench
from mpay_gateway.conformance.caller import Way, recipe_with
from mpay_gateway.conformance.canonical import Algorithm
from mpay_gateway.conformance.signing import KeyInfo, Prefixes
from mpay_gateway.conformance.verdict import Checks, Severity

CHECKS = Checks("signature")
_POLICY = "MustSupportRefKeyIdentifier and MustSupportRefIssuerSerial (section 4)."
_VERIFIER = "Let a library verify the signature as XML; compare no texts."

_WAYS: tuple[tuple[str, str, Severity, str, str, dict[str, object]], ...] = (
    (
        "SIG-40", "KeyInfo as BinarySecurityToken", Severity.PAYMENTS,
        "The request carries a BinarySecurityToken and refers to it: AlwaysToRecipient (section 4).",
        "Read the token that the Reference points at and compare it with the registered certificate.", {"key_info": KeyInfo.TOKEN},
    ),
    (
        "SIG-41", "KeyInfo as subject key identifier", Severity.INTEROPERABILITY,
        _POLICY, "Find the registered certificate by its SubjectKeyIdentifier; the token stands in the message, too.", {"key_info": KeyInfo.KEY_IDENTIFIER},
    ),
    (
        "SIG-42", "KeyInfo as issuer and serial number", Severity.INTEROPERABILITY,
        _POLICY, "Find the registered certificate by issuer and serial number.", {"key_info": KeyInfo.ISSUER_SERIAL},
    ),
    (
        "SIG-43", "KeyInfo as the certificate itself", Severity.ADVICE,
        "X509Data with an X509Certificate is a form that occurs (section 4).",
        "Compare the embedded certificate with the registered one.", {"key_info": KeyInfo.EMBEDDED},
    ),
    (
        "SIG-44", "rsa-sha1", Severity.PAYMENTS,
        "The suite Basic256 signs with rsa-sha1 and sha1: what the gateway sends unless told otherwise (section 4).",
        "Allow rsa-sha1 and sha1 in your library, or have signature = \"rsa-sha256\" registered.", {"algorithm": Algorithm.RSA_SHA1},
    ),
    (
        "SIG-45", "rsa-sha256", Severity.ADVICE,
        "rsa-sha1 is the default of the field, to be left for rsa-sha256 service by service (section 4); Basic256 itself knows only rsa-sha1.",
        "Allow rsa-sha256 and sha256 in your library.", {"algorithm": Algorithm.RSA_SHA256},
    ),
    (
        "SIG-46", "Exclusive C14N without InclusiveNamespaces", Severity.PAYMENTS,
        "Requests use exclusive C14N without InclusiveNamespaces (section 4).", _VERIFIER, {"prefix_list": ""},
    ),
    (
        "SIG-47", "Exclusive C14N with InclusiveNamespaces", Severity.INTEROPERABILITY,
        "WSS libraries of Java add InclusiveNamespaces (Exclusive C14N, section 3).", _VERIFIER, {"prefix_list": "soap-env wsse"},
    ),
    (
        "SIG-48", "Line breaks inside the Signature", Severity.INTEROPERABILITY,
        "Signing libraries put line breaks into SignedInfo and base64; they are signed as they stand (section 4).", _VERIFIER, {"folded": True},
    ),
    (
        "SIG-49", "White space between elements, signed as it stands", Severity.INTEROPERABILITY,
        "White space that was there before signing belongs to the message (XML Signature).",
        "Parse with white space kept; in .NET set PreserveWhitespace.", {"indented": True},
    ),
    (
        "SIG-50", "No white space at all", Severity.PAYMENTS,
        "The gateway sends no white space between elements (section 4).", _VERIFIER, {"indented": False, "folded": False},
    ),
    (
        "SIG-51", "Times without a fraction of a second", Severity.INTEROPERABILITY,
        "Fractions have 0 to 7 digits (section 4).", "Parse xs:dateTime, not one fixed pattern.", {"digits": 0},
    ),
    (
        "SIG-53", "Times with three digits", Severity.PAYMENTS,
        "The gateway stamps in UTC with milliseconds (section 4).", "Parse xs:dateTime, not one fixed pattern.", {"digits": 3},
    ),
    (
        "SIG-54", "Times with seven digits", Severity.INTEROPERABILITY,
        "Fractions have 0 to 7 digits (section 4): .NET writes seven.", "Parse xs:dateTime, not one fixed pattern.", {"digits": 7},
    ),
    (
        "SIG-55", "Other prefixes", Severity.INTEROPERABILITY,
        "Both prefixes and default namespaces occur (section 4): names are what counts.",
        _VERIFIER, {"prefixes": Prefixes("S", "o", "sig")},
    ),
    (
        "SIG-56", "Default namespaces", Severity.INTEROPERABILITY,
        "Both prefixes and default namespaces occur (section 4): names are what counts.",
        _VERIFIER, {"prefixes": Prefixes("", "", "")},
    ),
)  # fmt: skip


def _accepts(title: str, changes: dict[str, object], bench: Bench) -> Iterator[str]:
    bench.found_accepts()
    answer = bench.look_up_with(Way(f"signed so: {title}", recipe=recipe_with(bench, **changes)))
    if not answer.orders:
        yield f"a correct request was not served: {answer.summary}"


@CHECKS.add(
    "SIG-52", "Understood: Times with one to six digits", Severity.INTEROPERABILITY,
    contract="Fractions have 0 to 7 digits (section 4).",
    mend="Parse xs:dateTime, not one fixed pattern.",
)  # fmt: skip
def other_digits(bench: Bench) -> Iterator[str]:
    for digits in (1, 2, 4, 5, 6):
        yield from _accepts(f"times with {digits} digits", {"digits": digits}, bench)


for _id, _title, _severity, _contract, _mend, _changes in _WAYS:
    CHECKS.add(_id, f"Understood: {_title}", _severity, contract=_contract, mend=_mend)(
        partial(_accepts, _title, _changes)
    )
