"""Namespaces and identifiers of the contract and of WS-Security 1.0."""

from typing import Final

CONTRACT: Final = "https://mpay.gov.md"
SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
WSSE: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
DS: Final = "http://www.w3.org/2000/09/xmldsig#"
EXCLUSIVE_C14N: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
XML: Final = "http://www.w3.org/XML/1998/namespace"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"

X509_PROFILE: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0"
X509_V3: Final = X509_PROFILE + "#X509v3"
X509_SKI: Final = X509_PROFILE + "#X509SubjectKeyIdentifier"
BASE64: Final = (
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary"
)

ACTION: Final = CONTRACT + "/IServiceProvider/"


def contract(local_name: str) -> str:
    """The contract's element name in lxml's notation."""
    return f"{{{CONTRACT}}}{local_name}"


def soap(local_name: str) -> str:
    return f"{{{SOAP}}}{local_name}"


def wsse(local_name: str) -> str:
    return f"{{{WSSE}}}{local_name}"


def wsu(local_name: str) -> str:
    return f"{{{WSU}}}{local_name}"


def ds(local_name: str) -> str:
    return f"{{{DS}}}{local_name}"
