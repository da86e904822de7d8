"""One payment in this process, watched from inside: what it commits, signs, verifies, and draws.

The gateway's application is called without a server, over the same database as the one that is measured and
against the stand-ins, whose bank calls nobody back: so nothing happens elsewhere. What it is seen to do is what
the floor is made of.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from unittest.mock import patch

from browser import Browser, InProcessSite
from instant import InstantCounterparts
from payer import Payer
from sqlalchemy.engine.default import DefaultDialect
from stack import Stack

import mpay_eservice_soap.client as soap_client
from mpay_gateway.flow.gateway import build_parts
from mpay_gateway.settings import read_settings
from mpay_gateway.storage import UnitOfWork
from mpay_gateway.web.application import make_app
from mpay_gateway.web.rendering import PageRenderer
from mpay_gateway.wssecurity import TrustedCertificates, Verified


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit of work. `name` is "read" for those that only read; they commit nothing."""

    name: str
    statements: int

    @property
    def commits(self) -> bool:
        return self.name != "read"


@dataclass
class Seen:
    """What one payment made the gateway do. Renders can be repeated."""

    units: list[Unit] = field(default_factory=list)
    signed: list[bytes] = field(default_factory=list)
    verified: list[tuple[bytes, TrustedCertificates]] = field(default_factory=list)
    renders: list[Callable[[], str]] = field(default_factory=list)

    @property
    def commits(self) -> int:
        return sum(unit.commits for unit in self.units)

    @property
    def statements(self) -> int:
        return sum(unit.statements for unit in self.units)


def watch_payment(stack: Stack, counterparts: InstantCounterparts) -> Seen:
    """Pay once to warm up and once watched."""
    parts = build_parts(read_settings(stack.place.folder / "gateway.toml"))
    site = InProcessSite(make_app(parts), stack.place.gateway_url)
    payer = Payer(Browser(site), counterparts.site)
    payer.pay(counterparts.purchase())
    seen = Seen()
    with ExitStack() as watching:
        _watch_units(seen, watching)
        _watch_messages(seen, watching)
        _watch_renders(seen, watching)
        payer.pay(counterparts.purchase())
        parts.background.close()  # the delivery's last commit may come after the page
    return seen


def _watch_units(seen: Seen, watching: ExitStack) -> None:
    statements = [0]
    run, read = UnitOfWork.run, UnitOfWork.read

    def counted(execute: Callable[..., object]) -> Callable[..., object]:
        def count(*arguments: object, **keywords: object) -> object:
            statements[0] += 1
            return execute(*arguments, **keywords)

        return count

    def watched(name: str, call: Callable[[], object]) -> object:
        before = statements[0]
        try:
            return call()
        finally:
            seen.units.append(Unit(name, statements[0] - before))

    def watched_run(self: UnitOfWork, name: str, work: Callable[..., object]) -> object:
        return watched(name, lambda: run(self, name, work))

    def watched_read(self: UnitOfWork, work: Callable[..., object]) -> object:
        return watched("read", lambda: read(self, work))

    for name in ("do_execute", "do_executemany"):  # of every engine, of those that only read too
        execute = getattr(DefaultDialect, name)
        watching.enter_context(patch.object(DefaultDialect, name, counted(execute)))
    watching.enter_context(patch.object(UnitOfWork, "run", watched_run))
    watching.enter_context(patch.object(UnitOfWork, "read", watched_read))


def _watch_messages(seen: Seen, watching: ExitStack) -> None:
    sign, verify = soap_client.sign, soap_client.verify

    def watched_sign(*arguments: object, **keywords: object) -> bytes:
        message: bytes = sign(*arguments, **keywords)
        seen.signed.append(message)
        return message

    def watched_verify(message: bytes, trusted: TrustedCertificates, policy: object) -> Verified:
        seen.verified.append((message, trusted))
        return verify(message, trusted, policy)

    watching.enter_context(patch.object(soap_client, "sign", watched_sign))
    watching.enter_context(patch.object(soap_client, "verify", watched_verify))


def _watch_renders(seen: Seen, watching: ExitStack) -> None:
    fill = PageRenderer.fill

    def watched_fill(self: PageRenderer, name: str, values: object, request: object) -> str:
        seen.renders.append(lambda: fill(self, name, values, request))
        return fill(self, name, values, request)

    watching.enter_context(patch.object(PageRenderer, "fill", watched_fill))
