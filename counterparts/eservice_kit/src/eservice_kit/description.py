"""The WSDL that a service publishes."""

from functools import cache
from importlib.resources import files

from lxml import etree

_ADDRESS = "{http://schemas.xmlsoap.org/wsdl/soap/}address"


def describe(address: str) -> bytes:
    """The WSDL 1.1 of IServiceProvider (guide 1.3) for the service at the URL ``address``."""
    root = etree.fromstring(_packaged())
    for element in root.iter(_ADDRESS):
        element.set("location", address)
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


@cache
def _packaged() -> bytes:
    return files("eservice_kit").joinpath("service_provider.wsdl").read_bytes()
