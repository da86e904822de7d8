"""Who calls what is not for payers, through a proxy of ours that has checked his certificate: programs and clerks."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import quote, urlsplit

from webtest import TestApp, TestResponse
from webtest.http import StopableWSGIServer

from mpay_gateway.domain.service import Channel
from mpay_gateway.flow.registration import apply_service
from tests.scene.certified_front import HEADER, Certificates, certified_front
from tests.scene.gateway import Gateway
from tests.scene.payer import Page, Payer
from tests.scene.shop import ShopOrder

PROXY, OFFICE = "127.0.0.1", "198.51.100.7"
ACCESS = f"""
[access]
certificate_header = "{HEADER}"
[access.callers.shop]
certificates = ["CN=shop"]
networks = ["{OFFICE}/32"]
services = ["DEMO01"]
[access.callers.near]
certificates = ["CN=near"]
networks = ["{PROXY}/32"]
services = ["*"]
"""
COUNTER = "198.51.100.20"
"""Where the terminal stands."""
VENDOR = f"""
[access.callers.vendor]
certificates = ["CN=vendor"]
networks = ["{OFFICE}/32"]
services = ["DEMO01"]
may = ["pos"]
"""
AT_COUNTERS = """
[instrument.card-here]
plugin = "bank_card"
providers = ["sandbox-main"]
channels = ["counter"]

[instrument.cash-box]
plugin = "cash_terminal"
providers = ["kiosk-network"]
channels = ["counter"]
"""
CONFIGURE = "/PosTerminal/Configure"
TERMINAL = {
    "OrganizationName": "Permits Office", "OrganizationIdno": "1006601000255", "OfficeAddress": "str. Mare 1",
    "Counter": "3", "TerminalId": "T-100", "VendorName": "Invented Bank", "IntendedIp": COUNTER,
}  # fmt: skip


class Integrator:
    """A program of the shop's, behind our proxy."""

    def __init__(self, gateway: Gateway) -> None:
        parts = urlsplit(gateway.url)
        environ = {
            "HTTP_HOST": parts.netloc, "wsgi.url_scheme": parts.scheme, "REMOTE_ADDR": PROXY,
            "HTTP_X_FORWARDED_FOR": OFFICE, "HTTP_X_CLIENT_CERTIFICATE": "CN=shop",
        }  # fmt: skip
        self._app = TestApp(gateway.app, extra_environ=environ)

    def ask(self, path: str, order: ShopOrder, **more: str) -> TestResponse:
        query = {"serviceID": order.service_id, "orderKey": order.key, **more}
        return self._app.get(path, query, expect_errors=True)

    def numbers(self, order: ShopOrder) -> list[str]:
        answer = self.ask("/api/invoices", order)
        assert answer.status_int == 200, answer.text
        return list(answer.json)


class Clerk(Payer):
    """The browser at a POS terminal, behind our proxy."""

    def __init__(self, gateway: Gateway, *, address: str = COUNTER, certificate: str = "CN=vendor") -> None:
        super().__init__(gateway, address=PROXY)
        self.browser.extra_environ |= {
            "HTTP_X_FORWARDED_FOR": address, "HTTP_X_CLIENT_CERTIFICATE": certificate,
        }  # fmt: skip

    @classmethod
    def of_the_office(cls, gateway: Gateway) -> "Clerk":
        """The vendor's own, from where terminals are registered."""
        return cls(gateway, address=OFFICE)

    def ask(self, order: ShopOrder) -> Page:
        return self.post(f"/PosTerminal/Pay/{order.service_id}/{quote(order.key)}", {})

    def register(self, **changes: str) -> TestResponse:
        return self.browser.post(CONFIGURE, TERMINAL | changes, expect_errors=True)


@contextmanager
def behind_front(gateway: Gateway, certificates: Certificates) -> Iterator[int]:
    """The gateway's pages, and before them a proxy with TLS that asks for certificates; its port."""
    with (
        behind_proxy(gateway) as backend,
        certified_front(certificates, backend, urlsplit(gateway.url).netloc) as port,
    ):
        yield port


@contextmanager
def behind_proxy(gateway: Gateway, port: int = 0) -> Iterator[int]:
    """A server of the gateway's pages that lets through what a proxy says in headers; its port."""
    server = StopableWSGIServer(
        gateway.app, host="127.0.0.1", port=port, threads=4, ident=None, clear_untrusted_proxy_headers=False
    )
    runner = threading.Thread(target=server.run, name="integrators-server", daemon=True)
    runner.start()
    try:
        yield server.effective_port
    finally:
        server.shutdown()
        runner.join(10)


def gateway_at_counters(
    make: Callable[..., Gateway], *, more: str = ACCESS + VENDOR + AT_COUNTERS, **plan: object
) -> Gateway:
    """A gateway behind our proxy, made as a `Plan` says, whose shop takes payments at counters."""
    gateway = make(more=more, proxies=(f"{PROXY}/32",), **plan)
    service = gateway.parts.services.get("DEMO01")
    apply_service(gateway.parts, replace(service, channels=(*service.channels, Channel.COUNTER)))
    gateway.parts.services._read_at = float("-inf")
    return gateway
