"""A program of the shop's that calls the REST addresses, through a proxy of ours that has checked its certificate."""

from urllib.parse import urlsplit

from webtest import TestApp, TestResponse

from tests.scene.certified_front import HEADER
from tests.scene.gateway import Gateway
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
