"""What payers do: on the gateway's pages and the bank's, or at a kiosk. What each was shown at last is kept."""

import json
import re
import time
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

import urllib3

from tests.proofs.fleet.browsing import Browser, GaveUp, TurnedAway
from tests.proofs.fleet.fleet import Fleet
from tests.scene.shop import ShopOrder

RESULT_SECONDS = 12.0
"""How long a payer watches the result page before he goes."""
_PAYMENT = re.compile(r"/pay/([^/?]+)/payments/([0-9A-Z]{16})")
_BANK = re.compile(r'href="https?://[^"/]+/pay/([A-Za-z0-9_-]{8,64})"')


class Shape(StrEnum):
    """How money comes. The value is the instrument that is chosen on the page."""

    REDIRECT = "card"
    TWO_STEP = "hold"
    KIOSK = "kiosk"


class Leaves(StrEnum):
    """When a payer's browser vanishes."""

    NEVER = "never"
    BEFORE_THE_CARD = "before the card"
    AFTER_THE_CARD = "after the card"


@dataclass(frozen=True, slots=True)
class Purchase:
    """What is paid and how. `amount`: a part, empty for all of it. `card`: the name of a test card."""

    order: ShopOrder
    shape: Shape
    card: str = "approved"
    amount: str = ""
    leaves: Leaves = Leaves.NEVER


@dataclass(frozen=True, slots=True)
class Seen:
    """What a payer knows when he goes. `shown`: the last state of his result page, or the kiosk's word.

    `payment_id`: of the gateway's page, empty when he never got so far; at a kiosk the network's number.
    """

    purchase: Purchase
    payment_id: str
    shown: str

    @property
    def told_paid(self) -> bool:
        return self.shown.startswith("paid.") or self.shown == "accepted"


def pay(fleet: Fleet, purchase: Purchase) -> Seen:
    """One payer's story from the order to his leaving."""
    if purchase.shape is Shape.KIOSK:
        return _at_a_kiosk(fleet, purchase)
    return _Visit(fleet, purchase).pay()


def _at_a_kiosk(fleet: Fleet, purchase: Purchase) -> Seen:
    """His money is in the box once the network has it in its journal; if it dies before, he keeps it."""
    try:
        said = fleet.kiosks.pay(purchase.order, purchase.amount, wait_seconds=RESULT_SECONDS)
    except (urllib3.exceptions.HTTPError, AssertionError):
        return Seen(purchase, "", "no answer")
    return Seen(purchase, str(said.get("txn_id", "")), str(said.get("state", "no answer")))


class _Visit:
    """One payer at the gateway's pages."""

    def __init__(self, fleet: Fleet, purchase: Purchase) -> None:
        self._purchase = purchase
        self._browser = Browser(fleet.place.gateway_url)
        self._bank = Browser(fleet.place.bank_url)
        self._card = fleet.bank.cards[purchase.card]
        self._payment_id = ""

    def pay(self) -> Seen:
        """Steps 3 to 12."""
        try:
            result, session = self._start()
            if self._purchase.leaves is Leaves.BEFORE_THE_CARD:
                return self._gone("left before the card")
            back = self._give_card(session)
            if self._purchase.leaves is Leaves.AFTER_THE_CARD:
                return self._gone("left after the card")
            if back:
                result = self._browser.get(back, expected=303).location.partition("?")[0] or result
            return self._gone(self._watch(result))
        except (GaveUp, TurnedAway) as end:
            return self._gone(f"{type(end).__name__}: {end}")

    def _gone(self, shown: str) -> Seen:
        return Seen(self._purchase, self._payment_id, shown)

    def _start(self) -> tuple[str, str]:
        """Steps 3 to 8: the path of the result page, and the bank's session."""
        order = self._purchase.order
        place = self._browser.post("/service/pay", {"ServiceID": order.service_id, "OrderKey": order.key})
        invoice = self._browser.get(place.location)
        if "csrf_token" not in invoice.fields:
            raise TurnedAway("the invoice takes no payment")
        amount = {"amount": self._purchase.amount} if self._purchase.amount else {}
        methods = self._browser.post(place.location, invoice.fields | amount).location
        if "/method" not in methods:
            raise TurnedAway("the order is another now")
        page = self._press(methods)
        found = _PAYMENT.search(page)
        if found is None:
            raise TurnedAway("the order is another now")
        self._payment_id = found[2]
        session = _BANK.search(self._browser.get(page).text)
        if session is None:
            raise TurnedAway("the bank's page is not known")
        return found[0], session[1]

    def _press(self, methods: str) -> str:
        """Choose how to pay, anew when the bank was down: then the payment that was begun has ended."""
        until = time.monotonic() + self._browser.patience
        while True:
            fields = self._browser.get(methods).fields | {"instrument": self._purchase.shape.value}
            try:
                return self._browser.post(methods, fields).location
            except TurnedAway as no:
                if not str(no).endswith(" 422") or time.monotonic() > until:
                    raise

    def _give_card(self, session: str) -> str:
        """Steps 9 and 10, once: a bank that died while it answered is asked again. Where it leads back to."""
        answer = self._bank.tell(f"/test/sessions/{session}/pay", {"card": self._card})
        if answer.status != 200:
            return ""
        back = urlsplit(json.loads(answer.text)["return_url"] or "")
        return f"{back.path}?{back.query}" if back.path else ""

    def _watch(self, result: str) -> str:
        """Step 12: look until the page stands, or as long as he has patience."""
        self._browser.get(result)
        until = time.monotonic() + RESULT_SECONDS
        while True:
            state = str(json.loads(self._browser.get(f"{result}/status").text)["state"])
            waits = state.startswith(("not-known", "paid.untold"))
            if not waits or time.monotonic() > until:
                return state
            time.sleep(0.5)
