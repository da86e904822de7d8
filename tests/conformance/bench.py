"""Running the kit against services of this process."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import pytest
from cryptography import x509
from waitress.server import create_server

from eservice_kit import Signer, Trust
from eservice_kit.keys import load_certificates, load_signing_key
from eservice_kit.make_certificate import make_certificate
from mpay_gateway.conformance import (
    CATALOGUE,
    Check,
    Limits,
    Report,
    Target,
    read_certificates,
    read_identity,
    run_checks,
)
from mpay_gateway.conformance.answer import Answer
from mpay_gateway.conformance.caller import Caller
from tests.conformance import books
from tests.conformance.service import Service, wsgi
from tests.conformance.stopwatch import Stopwatch


@dataclass(frozen=True)
class Keys:
    """Key and certificate in PEM, of the gateway and of the service."""

    gateway: tuple[bytes, bytes]
    service: tuple[bytes, bytes]


def new_keys() -> Keys:
    return Keys(make_certificate("gateway"), make_certificate("service"))


class Host:
    """One server for every service of a test session; each has a path of its own."""

    def __init__(self, keys: Keys, port: int) -> None:
        self.keys = keys
        self.port = port
        self.services: dict[str, Service] = {}

    def service(self, name: str) -> Service:
        """A correct service, mounted."""
        signer = Signer(load_signing_key(*self.keys.service))
        trust = Trust(load_certificates(self.keys.gateway[1]))
        service = Service(signer, trust, Stopwatch())
        path = f"/{name}/ServiceProvider.svc"
        service.url = f"http://127.0.0.1:{self.port}{path}"
        self.services[path] = service
        return service

    def _registered(self, service: Service) -> tuple[x509.Certificate, ...]:
        """The service's own certificate, unless a stranger's key is what is wrong with it."""
        own = service.signer.key.certificate
        return read_certificates(self.keys.service[1]) if service.has_strange_key else (own,)

    def target(self, service: Service) -> Target:
        return Target(
            service.url, books.SERVICE_ID, (books.READ,), self._registered(service),
            read_identity(*self.keys.gateway), pay_order_keys=(*books.RIGID, books.PARTS, books.EXPIRED, books.OPEN),
            limits=Limits(run=timedelta(days=1)),
        )  # fmt: skip


def judge(
    host: Host, service: Service, checks: Iterable[Check] = CATALOGUE, target: Target | None = None
) -> Report:
    """Run checks against a service."""
    with telling_how_many(service):
        return run_checks(
            target or host.target(service),
            service.stopwatch,
            checks,
            kept=lambda *_: None,
            progress=lambda *_: None,
        )


@contextmanager
def telling_how_many(service: Service) -> Iterator[None]:
    """Let the service know how many calls come at once: what must go wrong then does so on the busiest machine."""
    really = Caller.at_once

    def at_once(caller: Caller, calls: Sequence[Callable[[], Answer]]) -> list[Answer]:
        service.at_once = len(calls)
        try:
            return really(caller, calls)
        finally:
            service.at_once = 1

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Caller, "at_once", at_once)
        yield


@contextmanager
def serving(keys: Keys) -> Iterator[Host]:
    """The server, on a free port."""
    services: dict[str, Service] = {}
    server = create_server(wsgi(services.get), host="127.0.0.1", port=0, threads=12)
    host = Host(keys, int(server.effective_port))
    host.services = services
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield host
    finally:
        server.close()
        thread.join(10)
