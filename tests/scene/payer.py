"""A payer with a browser without JavaScript, on the gateway's own pages. Which step a call is stands beside it."""

import re
from urllib.parse import urlsplit

from lxml import html
from lxml.html import FormElement
from webtest import TestApp, TestResponse

from mpay_gateway.domain.language import Language
from mpay_gateway.texts import Texts
from tests.scene.bank import AtTheBank
from tests.scene.gateway import Gateway
from tests.scene.shop import ShopOrder

_PAYMENT = re.compile(r"/payments/([^/?]+)")
_TOKEN = re.compile(r"/pay/([^/?]+)")
_texts = Texts.load("portal")


def says(key: str, language: Language = Language.RO, **values: object) -> str:
    """What the portal's pages say under a key, with white space as `Page.text` has it."""
    return " ".join(_texts.text(key, language, **values).split())


class Page:
    """One page as the payer sees it."""

    def __init__(self, response: TestResponse) -> None:
        self.response = response

    @property
    def status(self) -> int:
        return int(self.response.status_int)

    @property
    def path(self) -> str:
        return str(self.response.request.path)

    @property
    def token(self) -> str:
        """The capability in the page's address that holds the payer's place."""
        found = _TOKEN.search(self.path)
        assert found, self.path
        return found[1]

    @property
    def payment_id(self) -> str:
        found = _PAYMENT.search(self.path)
        assert found, self.path
        return found[1]

    @property
    def html(self) -> html.HtmlElement:
        return html.document_fromstring(self.response.text)

    @property
    def text(self) -> str:
        """What can be read on the page, white space collapsed."""
        (body,) = self.html.xpath("//body")
        return " ".join(body.text_content().split())

    @property
    def heading(self) -> str:
        (title,) = self.html.xpath("//h1")
        return " ".join(title.text_content().split())

    def link(self, part: str) -> str:
        """The first link whose address holds `part`, empty when there is none."""
        found = [str(href) for href in self.html.xpath("//a/@href") if part in href]
        return found[0] if found else ""

    def says(self, key: str, language: Language = Language.RO, **values: object) -> bool:
        """Whether the page shows the text of a key."""
        return says(key, language, **values) in self.text

    def find_form(self, action: str = "") -> FormElement:
        """The first form to post whose address holds `action`."""
        found = [each for each in self.html.forms if each.method == "POST" and action in each.action]
        assert found, f"no form {action!r} on {self.path}: {self.status} {self.text}"
        return found[0]

    def form(self, action: str = "") -> dict[str, str]:
        """The hidden and visible fields of the form whose address holds `action`."""
        form = self.find_form(action)
        empty = {each.name: "" for each in form.inputs if each.get("type") == "text"}
        return empty | dict(form.form_values())


class Payer:
    """A browser at one address of the Internet, with cookies of its own."""

    __test__ = False

    def __init__(self, gateway: Gateway, *, address: str = "203.0.113.7") -> None:
        parts = urlsplit(gateway.url)
        self.gateway = gateway
        self.browser = TestApp(
            gateway.app,
            extra_environ={
                "HTTP_HOST": parts.netloc, "SERVER_NAME": str(parts.hostname), "REMOTE_ADDR": address,
                "SERVER_PORT": str(parts.port or {"https": 443}.get(parts.scheme, 80)),
                "wsgi.url_scheme": parts.scheme,
            },
        )  # fmt: skip

    def at(self, gateway: Gateway) -> "Payer":
        """The same browser, where another process serves the pages."""
        moved = Payer(gateway, address=self.browser.extra_environ["REMOTE_ADDR"])
        moved.browser.cookiejar = self.browser.cookiejar
        return moved

    def open(self, address: str, **options: object) -> Page:
        """Follow a link; redirects of ours too."""
        parts = urlsplit(address)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        return self._arrived(self.browser.get(target, expect_errors=True, **options))

    def post(self, path: str, fields: dict[str, str] | list[tuple[str, str]], **options: object) -> Page:
        """Send a form, and follow redirects of ours."""
        return self._arrived(self.browser.post(path, fields, expect_errors=True, **options))

    def arrive(self, order: ShopOrder, *, return_url: str = "", language: str = "") -> Page:
        """Steps 3 to 6: the shop's button brings the browser here; the invoice is shown."""
        fields = {"ServiceID": order.service_id, "OrderKey": order.key}
        fields |= {"ReturnUrl": return_url} if return_url else {}
        fields |= {"lang": language} if language else {}
        return self.post("/service/pay", fields)

    def send(self, page: Page, action: str = "", **filled: str) -> Page:
        """Fill a form of the page in and send it, with what a browser says of the page that it stands on."""
        form = page.find_form(action)
        return self.post(form.action, dict(form.form_values()) | filled, headers=self._origin_of(page))

    def agree(self, invoice: Page, **filled: str) -> Page:
        """Step 6: agree to pay what is shown. `amount`: a part, where the order allows parts."""
        return self.send(invoice, "/pay/", **filled)

    def choose(self, method: Page, instrument: str = "card") -> Page:
        """Steps 7 and 8: choose an instrument, on to the bank."""
        return self.send(method, "/method", instrument=instrument)

    def start(
        self, order: ShopOrder, *, return_url: str = "", instrument: str = "card", **filled: str
    ) -> Page:
        """Steps 3 to 8 at once: the page that leads to the bank."""
        bank = self.choose(self.agree(self.arrive(order, return_url=return_url), **filled), instrument)
        assert "/bank" in bank.path, (bank.status, bank.path, bank.text)
        return bank

    def at_bank(self, page: Page) -> AtTheBank:
        """Step 8: follow the link to the bank."""
        return AtTheBank(page.link(self.gateway.counterparts.bank.url))

    def result(self, page: Page) -> Page:
        """Steps 11 to 13 by the payment's own address."""
        return self.open(f"/pay/{page.token}/payments/{page.payment_id}")

    def pay(self, order: ShopOrder, card: str = "approved", **how: str) -> Page:
        """Steps 3 to 13 at once; the bank's part without its pages. The result page."""
        started = self.start(order, **how)
        session = self.gateway.payment(started.payment_id).remote_reference
        self.gateway.counterparts.bank.pay(session, card)
        return self.result(started)

    def _origin_of(self, page: Page) -> dict[str, str]:
        """`Origin` and `Referer` as Chromium sends them: they hang on the page's own Referrer-Policy."""
        if page.response.headers["Referrer-Policy"] == "no-referrer":
            return {"Origin": "null"}
        return {"Origin": self.gateway.url, "Referer": self.gateway.url + page.path}

    def _arrived(self, response: TestResponse) -> Page:
        for _ in range(5):
            if response.status_int not in {302, 303}:
                break
            response = response.follow(expect_errors=True)
        return Page(response)
