"""The sandbox bank as a test sees it: its test controls, and its pages as a browser without JavaScript sees them."""

import time
from urllib.parse import urljoin

import urllib3
from lxml import html

Json = dict[str, object]
_HTTP = urllib3.PoolManager(timeout=20, retries=False)
_BROWSER = urllib3.PoolManager(timeout=20, retries=urllib3.Retry(5, connect=0, read=0))


class Bank:
    """The running bank at `url`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._cards: dict[str, str] = {}

    @property
    def cards(self) -> dict[str, str]:
        """Numbers of the test cards by name, as the bank lists them."""
        if not self._cards:
            listed = self._json("GET", "/v1/test-cards")["cards"]
            self._cards = {card["name"]: card["number"] for card in listed}  # type: ignore[attr-defined]
        return self._cards

    def pay(self, session: str, card: str = "approved", **more: str) -> Json:
        """Do what the pages do, in one call. `card`: the name of a test card."""
        return self._json("POST", f"/test/sessions/{session}/pay", {"card": self.cards[card]} | more)

    def cancel(self, session: str) -> Json:
        """The payer turns back on the bank's page."""
        return self._json("POST", f"/test/sessions/{session}/cancel", {})

    def give_back(self, session: str, amount_minor: int, *, secret: str) -> None:
        """The bank returns money at the word of somebody else who has the account's secret."""
        answer = _HTTP.request(
            "POST", f"{self.url}/v1/sessions/{session}/reversals", json={"amount_minor": amount_minor},
            headers={"Authorization": f"Bearer {secret}", "Idempotency-Key": f"by-hand-{session}"},
        )  # fmt: skip
        assert answer.status == 200, (answer.status, answer.data[:500])

    def break_down(self, **faults: str) -> None:
        """Switch faults of the whole bank, `callbacks="off"` for instance."""
        self._json("POST", "/test/faults", faults)

    def repair(self) -> None:
        """Switch every fault off."""
        self.break_down(api="ok", callbacks="ok", pages="ok", reversals="ok", statements="ok")

    def books(self) -> Json:
        """Sessions, ledger, callbacks, problems."""
        return self._json("GET", "/test/books.json")

    def session(self, reference: str) -> Json:
        """The one session of a reference of ours."""
        (found,) = self.sessions(reference)
        return found

    def sessions(self, reference: str) -> list[Json]:
        """Every session of a reference of ours."""
        listed = self.books()["sessions"]
        return [each for each in listed if each["reference"] == reference]  # type: ignore[attr-defined]

    def callbacks(self, session: str) -> list[Json]:
        """The session's callbacks, whether or not they were delivered."""
        listed = self.books()["callbacks"]
        return [each for each in listed if each["session_id"] == session]  # type: ignore[attr-defined]

    def _json(self, method: str, path: str, body: object = None) -> Json:
        url = self.url + path
        answer = _HTTP.request(method, url, json=body) if body is not None else _HTTP.request(method, url)
        assert answer.status == 200, (path, answer.status, answer.data[:500])
        return answer.json()  # type: ignore[no-any-return]


class AtTheBank:
    """A payer's browser on the bank's pages: steps 9 to 11."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._show(_BROWSER.request("GET", url))

    def enter_card(self, number: str) -> None:
        """Fill the card form in and send it."""
        self._submit("/card", card_number=number, expiry=f"12/{time.gmtime().tm_year % 100 + 2}", cvv="123")

    def enter_code(self, code: str) -> None:
        """Fill the one-time code in and send it."""
        self._submit("/code", code=code)

    def cancel(self) -> None:
        """Press the cancel button."""
        self._submit("/cancel")

    def wait(self) -> None:
        """Follow the waiting page's refreshes until the bank has decided."""
        for _ in range(20):
            refresh = self.page.xpath("//meta[@http-equiv='refresh']/@content")
            if not refresh or "/wait" not in refresh[0]:
                return
            self._show(_BROWSER.request("GET", urljoin(self.url, refresh[0].partition("url=")[2])))
        raise AssertionError("the bank never decided")

    @property
    def way_back(self) -> str:
        """The address of the gateway that the page's link leads to, empty when there is none."""
        links = [str(link) for link in self.page.xpath("//a[contains(@class, 'primary')]/@href")]
        return links[0] if links else ""

    @property
    def text(self) -> str:
        return " ".join(self.page.text_content().split())

    def _submit(self, action: str, **fields: str) -> None:
        form = next(each for each in self.page.forms if action in each.action)
        values = dict(form.form_values()) | fields
        url = urljoin(self.url, form.action)
        self._show(_BROWSER.request("POST", url, fields=values, encode_multipart=False))

    def _show(self, answer: urllib3.BaseHTTPResponse) -> None:
        self.status = answer.status
        self.url = urljoin(self.url, answer.geturl() or "")
        self.page = html.document_fromstring(answer.data.decode())
