"""One payment, as a payer's browser makes it: every request of the real sequence, and how long each took."""

import html
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from browser import JSON, Answer, Browser, Request, Site

LOOKING_SECONDS = 60.0
"""How long a payer looks at a page that does not know yet."""
FIRST_PAUSE = 2.0
"""Seconds until the page's script looks for the first time."""
CARD = "4000000000001000"
_FIELD = re.compile(rb'<input[^>]*?name="(csrf_token|version|form_token)"[^>]*?value="([^"]*)"')
_WATCHED = re.compile(rb'data-watch="([^"]*)" data-state="([^"]*)"')
_BANK_LINK = re.compile(rb'href="([^"]*/[a-z]+/([A-Za-z0-9_-]{8,64}))"')


@dataclass(frozen=True, slots=True)
class Purchase:
    """What is paid and how. `instrument`: its id in the gateway's settings."""

    service_id: str
    order_key: str
    return_url: str
    instrument: str = "card"


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment that the result page calls paid. `seconds`: time of each request, in order, by its name."""

    payment_id: str
    seconds: dict[str, float]


@dataclass
class Payer:
    """Pays orders, one after the other. `bank`: where the card is given; None when the bank asks for none."""

    browser: Browser
    bank: Site
    receipt: bool = False
    _seconds: dict[str, float] = field(default_factory=dict)

    def pay(self, purchase: Purchase) -> Paid:
        """Raises: UnexpectedAnswer, PaymentFailed, OSError."""
        result = self.give_card(self.go_to_bank(purchase))
        page = self._timed("result page", lambda: self.browser.get(result)).body
        receipt = f"{result.partition('?')[0]}/receipt.pdf"
        if receipt.encode() not in page:
            page = self._look_again(result, page)
        if receipt.encode() not in page:
            raise PaymentFailed(f"{result} shows no receipt but: {_heading(page)}")
        if self.receipt:
            paper = self._timed("receipt", lambda: self.browser.get(receipt))
            if not paper.body.startswith(b"%PDF-"):
                raise PaymentFailed(f"{receipt} is no PDF")
        return Paid(result.partition("?")[0].rpartition("/")[2], dict(self._seconds))

    def go_to_bank(self, purchase: Purchase) -> Answer:
        """Steps 3 to 8; the page that leads on to the bank. Raises: what `pay` raises."""
        self.browser.forget()
        self._seconds = {}
        return self._choose(self._arrive_and_agree(purchase), purchase.instrument)

    def give_card(self, bank_page: Answer, card: str = CARD) -> str:
        """Steps 9 to 11; the address of the result. Raises: what `pay` raises."""
        back = self.pay_at_bank(bank_page, card)
        return self._timed("return", lambda: self.browser.get(back, expected=303)).location

    def pay_at_bank(self, bank_page: Answer, card: str) -> str:
        """Steps 9 and 10; the address to which the bank sends the browser back, empty when it does not."""
        session = _session_of(bank_page)
        body = json.dumps({"card": card}).encode()
        answer = self.bank.send(Request("POST", f"/test/sessions/{session}/pay", body, JSON), "")
        if answer.status != 200:
            raise PaymentFailed(f"the bank answered {answer.status}: {answer.body[:300]!r}")
        return_url = json.loads(answer.body)["return_url"]
        return "/" + return_url.split("/", 3)[3] if return_url else ""

    def _look_again(self, result: str, page: bytes) -> bytes:
        """As the page's script does while it is not known what became of the payment; the page that comes then."""
        until, pause = time.monotonic() + LOOKING_SECONDS, FIRST_PAUSE
        while (watched := _WATCHED.search(page)) and time.monotonic() < until:
            time.sleep(pause)
            pause *= 1.5
            state = json.loads(self.browser.get(html.unescape(watched[1].decode())).body)["state"]
            if state != watched[2].decode():
                return self.browser.get(result).body
        return page

    def _arrive_and_agree(self, purchase: Purchase) -> str:
        """Steps 3 to 6; the address of the choice of instruments."""
        arrival = {
            "ServiceID": purchase.service_id,
            "OrderKey": purchase.order_key,
            "ReturnUrl": purchase.return_url,
        }
        place = self._timed("arrive", lambda: self.browser.post("/service/pay", arrival)).location
        invoice = self._timed("pay page", lambda: self.browser.get(place))
        return self._timed("agree", lambda: self.browser.post(place, _fields(invoice))).location

    def _choose(self, page: str, instrument: str) -> Answer:
        """Steps 7 and 8; the page that leads on to the bank."""
        method = self._timed("method page", lambda: self.browser.get(page))
        chosen = _fields(method) | {"instrument": instrument}
        start = self._timed("start", lambda: self.browser.post(page, chosen)).location
        return self._timed("bank page", lambda: self.browser.get(start))

    def _timed(self, name: str, request: Callable[[], Answer]) -> Answer:
        began = time.perf_counter()
        answer = request()
        self._seconds[name] = time.perf_counter() - began
        return answer


class PaymentFailed(Exception):
    """The payment did not come to its end."""


def _fields(page: Answer) -> dict[str, str]:
    found = {name.decode(): html.unescape(value.decode()) for name, value in _FIELD.findall(page.body)}
    if "csrf_token" not in found:
        raise PaymentFailed("the page has no form to send")
    return found


def _session_of(page: Answer) -> str:
    for link, session in _BANK_LINK.findall(page.body):
        if link.startswith(b"http") and b"/payments/" not in link:
            return str(session.decode())
    raise PaymentFailed("the page does not lead to the bank")


def _heading(page: bytes) -> str:
    """What the page says above all."""
    found = re.search(rb"<h1[^>]*>(.*?)</h1>", page, re.DOTALL)
    return html.unescape(found[1].decode()).strip() if found else "a page without a heading"
