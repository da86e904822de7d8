"""Namespaces and addresses of the contract, of SOAP 1.1 and of WS-Security 1.0."""

from typing import Final

CONTRACT: Final = "https://mpay.gov.md"
SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
WSSE: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
DS: Final = "http://www.w3.org/2000/09/xmldsig#"
EXCLUSIVE_C14N: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
XPATH: Final = "http://www.w3.org/TR/1999/REC-xpath-19991116"
HMAC_SHA1: Final = "http://www.w3.org/2000/09/xmldsig#hmac-sha1"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
X509_PROFILE: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0"
X509_V3: Final = f"{X509_PROFILE}#X509v3"
BASE64: Final = (
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary"
)

LOOKUP: Final = "GetOrderDetails"
CONFIRM: Final = "ConfirmOrderPayment"


def action_of(operation: str) -> str:
    """The SOAPAction of an operation."""
    return f"{CONTRACT}/IServiceProvider/{operation}"
