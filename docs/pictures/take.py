"""Take the pictures of the documentation from a running demo.

make demo                                        # in one terminal
.venv/bin/python docs/pictures/take.py           # in another; MPAY_DEMO_PORT_BASE as for the demo
"""

import io
import json
import os
import urllib.request
from pathlib import Path
from urllib.parse import urlencode

from PIL import Image
from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).parent
BASE = int(os.environ.get("MPAY_DEMO_PORT_BASE") or 6543)
GATEWAY, SHOP = (f"http://127.0.0.1:{BASE + place}" for place in (0, 1))
APPROVED = "4000000000001000"
ANOTHER_AMOUNT = "4000000000005001"
PHONE = {"width": 400, "height": 860}


def new_order(kind: str) -> str:
    """The key of a new order at the demo e-Service."""
    request = urllib.request.Request(  # noqa: S310  the demo's own address
        f"{SHOP}/test/orders", json.dumps({"kind": kind}).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        return json.load(answer)["order_key"]


def pay(page: Page, kind: str, card: str, *names: str) -> None:
    """Walk from the Pay button to the result; a picture of invoice, choice and result under each name given."""
    invoice, choice, result = (*names, "", "", "")[:3] if len(names) > 1 else ("", "", names[0])
    query = {"ServiceID": "DEMO01", "OrderKey": new_order(kind), "ReturnUrl": f"{SHOP}/", "lang": "en"}
    page.goto(f"{GATEWAY}/service/pay?{urlencode(query)}")
    take(page, invoice)
    page.click("main form button[type=submit]")
    page.wait_for_url("**/method*")
    take(page, choice)
    page.click("main form button[type=submit]")
    page.click("main a.button")
    page.fill("#card_number", card)
    page.fill("#expiry", "12/30")
    page.fill("#cvv", "123")
    page.click("button.primary")
    page.wait_for_url(f"{GATEWAY}/pay/**")
    page.wait_for_load_state()
    take(page, result)


def take(page: Page, name: str) -> None:
    """The page as it stands, in 64 colours: a text page needs no more."""
    if name:
        page.evaluate("document.activeElement.blur()")
        shot = Image.open(io.BytesIO(page.screenshot()))
        shot.convert("RGB").quantize(64, dither=Image.Dither.NONE).save(HERE / f"{name}.png", optimize=True)


def main() -> None:
    """Take them all."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page(viewport=PHONE)
        pay(page, "one-line", APPROVED, "invoice", "choice", "paid")
        pay(page, "one-line", ANOTHER_AMOUNT, "being-checked")
        browser.close()


if __name__ == "__main__":
    main()
