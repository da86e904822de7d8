"""Which certificate the KeyInfo of an answer names, in each of the contract's four forms."""

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree

from mpay_gateway.conformance import names
from mpay_gateway.conformance.canonical import base64_bytes
from mpay_gateway.conformance.identity import key_identifiers
from mpay_gateway.conformance.issuers import is_issuer


def named_certificate(
    root: etree._Element, registered: tuple[x509.Certificate, ...] = ()
) -> x509.Certificate | None:
    """The certificate that the message brings, or the registered one that it names; None when there is neither."""
    key_info = next(root.iter(f"{{{names.DS}}}KeyInfo"), None)
    if key_info is None:
        return None
    brought = _brought(root, key_info)
    if brought is not None:
        return brought
    return next((each for each in registered if _is_named(key_info, each)), None)


def _brought(root: etree._Element, key_info: etree._Element) -> x509.Certificate | None:
    """From a BinarySecurityToken, an X509Certificate, or a KeyIdentifier that holds one."""
    reference = next(key_info.iter(f"{{{names.WSSE}}}Reference"), None)
    if reference is not None:
        wanted = reference.get("URI", "").removeprefix("#")
        for token in root.iter(f"{{{names.WSSE}}}BinarySecurityToken"):
            if wanted in (token.get(f"{{{names.WSU}}}Id"), token.get("Id")):
                return _certificate(token.text)
        return None
    embedded = next(key_info.iter(f"{{{names.DS}}}X509Certificate"), None)
    if embedded is not None:
        return _certificate(embedded.text)
    identifier = next(key_info.iter(f"{{{names.WSSE}}}KeyIdentifier"), None)
    if identifier is not None and identifier.get("ValueType", "").endswith("#X509v3"):
        return _certificate(identifier.text)
    return None


def _is_named(key_info: etree._Element, certificate: x509.Certificate) -> bool:
    identifier = next(key_info.iter(f"{{{names.WSSE}}}KeyIdentifier"), None)
    if identifier is not None:
        known = identifier.get("ValueType", "").endswith("SubjectKeyIdentifier")
        return known and base64_bytes(identifier.text) in key_identifiers(certificate)
    serial = next(key_info.iter(f"{{{names.DS}}}X509SerialNumber"), None)
    issuer = next(key_info.iter(f"{{{names.DS}}}X509IssuerName"), None)
    if serial is None or issuer is None or (serial.text or "").strip() != str(certificate.serial_number):
        return False
    return is_issuer(issuer.text or "", certificate.issuer)


def _certificate(text: str | None) -> x509.Certificate | None:
    """A certificate with an RSA key, as all that may be registered are; None for anything else."""
    try:
        found = x509.load_der_x509_certificate(base64_bytes(text) or b"")
        return found if isinstance(found.public_key(), rsa.RSAPublicKey) else None
    except (ValueError, UnsupportedAlgorithm):
        return None
