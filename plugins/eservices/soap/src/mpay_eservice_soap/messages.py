"""Unsigned messages, built by zeep from the packaged WSDL and from nothing else.

zeep gets an object that can read two packaged files and nothing more: it has no way to open a connection.
Only the operation's own serializer is used; zeep's client would add addressing headers that nobody signs,
because the WSDL names wsaw:Action.
"""

from functools import cache
from importlib.resources import files
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from lxml import etree

from mpay_eservice_soap.mapping import Members
from mpay_eservice_soap.operations import NAMESPACE, Operation

if TYPE_CHECKING:
    from zeep import Client

_BINDING = f"{{{NAMESPACE}}}BasicHttpBinding_IServiceProvider"
_WSDL = "iserviceprovider.wsdl"


class PackagedFiles:
    """The part of zeep's transport that this connector needs."""

    def load(self, url: str) -> bytes:
        """The packaged file of this name, wherever the address that leads to it points."""
        return (files("mpay_eservice_soap") / "wsdl" / PurePosixPath(urlsplit(url).path).name).read_bytes()


def build(operation: Operation, members: Members) -> etree._Element:
    """The envelope that calls `operation` with `members`, unsigned, without headers.

    Raises: TypeError when `members` does not fit the WSDL, ValueError when a text cannot stand in XML: both
    are faults of the program.
    """
    bound = _client().wsdl.bindings[_BINDING].get(operation.value)  # type: ignore[no-untyped-call]
    envelope: etree._Element = bound.create(**members).content
    return envelope


@cache
def _client() -> "Client":
    from zeep import Client, Settings  # slow to import, and needed only where messages are sent

    settings = Settings(strict=True, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    return Client(_WSDL, transport=PackagedFiles(), settings=settings)  # type: ignore[no-untyped-call]


def prepare() -> None:
    """Read the WSDL now rather than under the first payer's call."""
    _client()
