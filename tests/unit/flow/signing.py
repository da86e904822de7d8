"""A scripted gateway whose messages with its service are signed, at a time when the keys are valid."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest

from mpay_gateway.boundary import refuse_inside_unit_of_work
from mpay_gateway.domain.evidence import MessageMeta
from mpay_gateway.flow.registration import apply_service
from mpay_gateway.wssecurity import SigningKey, sign
from tests.unit.flow.scripted import (
    SERVICE,
    HandClock,
    ScriptedConnector,
    ScriptedGateway,
    scripted_gateway,
    service_named,
)
from tests.unit.wssecurity.identities import NOW, identity

SIGNED = ("GetOrderDetails", "ConfirmOrderPayment")
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"


def envelope(operation: str, key: SigningKey, clock: HandClock) -> bytes:
    body = f'<{operation} xmlns="https://mpay.gov.md"><Reason>Autorizație</Reason></{operation}>'
    plain = f'<s:Envelope xmlns:s="{SOAP}"><s:Body>{body}</s:Body></s:Envelope>'
    return sign(plain.encode(), key, at=clock.now())


@dataclass
class SignedTalk:
    """What both sides sign with. `theirs` None: the service answers unsigned."""

    gateway: ScriptedGateway
    ours: SigningKey
    theirs: SigningKey | None
    reformat: bool = False

    def call(self, evidence: object, operation: str) -> None:
        refuse_inside_unit_of_work(operation)
        if operation not in SIGNED:
            evidence.sent(b"question", MessageMeta(operation))
            evidence.received(b'{"status": "paid"}', MessageMeta(operation, status=200))
            return
        evidence.sent(envelope(operation, self.ours, self.gateway.clock), MessageMeta(operation))
        evidence.received(self.answer(operation), MessageMeta(operation, status=200))

    def answer(self, operation: str) -> bytes:
        if self.theirs is None:
            return (
                f'<s:Envelope xmlns:s="{SOAP}"><s:Body><{operation}Response/></s:Body></s:Envelope>'.encode()
            )
        signed = envelope(f"{operation}Response", self.theirs, self.gateway.clock)
        return signed.replace(b"><", b">\n  <") if self.reformat else signed


@contextmanager
def signing_gateway(
    database_url: str, monkeypatch: pytest.MonkeyPatch, *, ours: SigningKey | None = None
) -> Iterator[SignedTalk]:
    """The gateway, with its service's certificate registered."""
    clock = HandClock()
    clock.time = NOW
    shop = identity("shop")
    pem = shop.certificate_pem.decode()
    monkeypatch.setattr(ScriptedConnector, "certificates_of", classmethod(lambda cls, settings: (pem,)))
    with scripted_gateway(database_url, clock=clock) as gateway:
        talk = SignedTalk(gateway, ours or identity("gateway").signing_key, shop.signing_key)
        gateway.calls._call = talk.call
        yield talk


def renew_certificate(gateway: ScriptedGateway, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Register another certificate in place of the one that the service had."""
    pem = identity(name).certificate_pem.decode()
    monkeypatch.setattr(ScriptedConnector, "certificates_of", classmethod(lambda cls, settings: (pem,)))
    assert apply_service(gateway.parts, replace(service_named(SERVICE), max_in_flight=3))
