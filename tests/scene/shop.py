"""The demo e-Service as a test sees it: through its test controls and its own pages."""

from dataclasses import dataclass

import urllib3
from lxml import html

Json = dict[str, object]
_HTTP = urllib3.PoolManager(timeout=10, retries=False)


@dataclass(frozen=True, slots=True)
class ShopOrder:
    """An order of the shop. `detail`: what the fine's second factor asks for, a number plate."""

    key: str
    service_id: str
    page: str
    total: str
    detail: str
    line_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PayForm:
    """The "Pay" button on the shop's page: where it leads and what it brings."""

    action: str
    fields: tuple[tuple[str, str], ...]


class Shop:
    """The running shop at `url`."""

    def __init__(self, url: str) -> None:
        self.url = url

    def order(self, kind: str = "one-line", **wishes: object) -> ShopOrder:
        """A new order. `wishes`: members of the test control, `amount="10.00"` for instance."""
        return _order(self._post("/test/orders", {"kind": kind} | wishes))

    def fine(self, kind: str = "one-line", **wishes: object) -> ShopOrder:
        """A new order of the other service: its key can be guessed, its refusals give the money back."""
        return self.order(kind, offer="traffic-fine", **wishes)

    def change(self, order: ShopOrder, kind: str) -> None:
        """Let an order behave otherwise from now on."""
        self._post(f"/test/orders/{order.key}", {"kind": kind})

    def break_down(self, **faults: object) -> None:
        """Switch faults of the whole shop, `confirm="down"` for instance."""
        self._post("/test/faults", faults)

    def repair(self) -> None:
        """Switch every fault off."""
        self.break_down(lookup="ok", confirm="ok", slow_seconds=10)

    def state(self, order: ShopOrder) -> Json:
        """The order as the shop has it."""
        return _json("GET", f"{self.url}/test/orders/{order.key}.json")  # type: ignore[return-value]

    def confirmations(self, order: ShopOrder) -> list[Json]:
        """Every ConfirmOrderPayment that arrived for the order, in order."""
        return _json("GET", f"{self.url}/test/confirmations.json?order_key={order.key}")  # type: ignore[return-value]

    def all_confirmations(self) -> list[Json]:
        """The same of all orders."""
        return _json("GET", f"{self.url}/test/confirmations.json")  # type: ignore[return-value]

    def all_lookups(self) -> list[Json]:
        """Every GetOrderDetails that ever arrived."""
        return _json("GET", f"{self.url}/test/lookups.json")  # type: ignore[return-value]

    def lookups(self, order: ShopOrder) -> list[Json]:
        """Every GetOrderDetails for the order."""
        return _json("GET", f"{self.url}/test/lookups.json?order_key={order.key}")  # type: ignore[return-value]

    def page(self, path: str) -> html.HtmlElement:
        """One of the shop's pages."""
        answer = _HTTP.request("GET", self.url + path)
        assert answer.status == 200, (path, answer.status)
        return html.document_fromstring(answer.data.decode())

    def submit_order_form(self, offer: str) -> str:
        """Step 1: fill the form in as its samples say, send it, return the order page's path."""
        form = self.page(f"/services/{offer}").forms[0]
        sent = _HTTP.request(
            "POST", f"{self.url}/services/{offer}", fields=dict(form.form_values()), encode_multipart=False,
            redirect=False,
        )  # fmt: skip
        assert sent.status == 303, (sent.status, sent.data[:500])
        return str(sent.headers["Location"]).removeprefix(self.url)

    def order_of_page(self, path: str) -> ShopOrder:
        """The order that a page shows."""
        key = dict(self.pay_form(path).fields)["OrderKey"]
        return _order(_json("GET", f"{self.url}/test/orders/{key}.json"))

    def pay_form(self, path: str) -> PayForm:
        """Step 2: the "Pay" button of an order's page."""
        form = next(each for each in self.page(path).forms if "OrderKey" in each.fields)
        return PayForm(str(form.action), tuple(form.form_values()))

    def _post(self, path: str, body: dict[str, object]) -> object:
        return _json("POST", self.url + path, body)


def _json(method: str, url: str, body: object = None) -> object:
    answer = _HTTP.request(method, url, json=body) if body is not None else _HTTP.request(method, url)
    assert answer.status == 200, (url, answer.status, answer.data[:500])
    return answer.json()


def _order(said: object) -> ShopOrder:
    assert isinstance(said, dict)
    return ShopOrder(
        said["order_key"], said["service_id"], said["page"], said["total"], said["detail"]["value"],
        tuple(line["line_id"] for line in said["lines"]),
    )  # fmt: skip
