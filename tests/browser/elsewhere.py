"""The pages of the other side as the payer uses them: the demo shop's and the sandbox bank's."""

from playwright.sync_api import Locator, expect

from mpay_gateway.domain.language import Language
from tests.browser.window import Window
from tests.browser.words import bank_says, shop_says


class ShopOrderPage:
    """An order at the shop, with its "Pay" button."""

    def __init__(self, window: Window) -> None:
        self.window = window
        expect(
            window.page.get_by_role("heading", level=1, name=self._says("order.title"), exact=True)
        ).to_be_visible()

    def pay(self, amount: str) -> None:
        """`amount`: as the shop writes it."""
        name = self._says("order.pay_amount", amount=amount)
        self.window.press(self.window.page.get_by_role("button", name=name, exact=True))

    def _says(self, key: str, **values: object) -> str:
        return shop_says(key, Language.RO, **values)


class ShopReturned:
    """The ReturnUrl: what the shop knows of the payment, in whichever language the shop takes the payer's to be."""

    def __init__(self, window: Window) -> None:
        self.window = window

    def turns_to(self, outcome: str) -> None:
        """Wait until the page's heading says so."""
        language = Language(self.window.page.locator("html").get_attribute("lang"))
        title = shop_says(f"returned.title_{outcome}", language)
        expect(self.window.page.get_by_role("heading", level=1, name=title, exact=True)).to_be_visible()


class BankPage:
    """The bank's page for card details, and what follows it."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.page = window.page
        expect(
            self.page.get_by_role("heading", level=1, name=self._says("card_title"), exact=True)
        ).to_be_visible()

    def field(self, key: str) -> Locator:
        return self.page.get_by_role("textbox", name=self._says(key), exact=True)

    def pay_button(self) -> Locator:
        return self.page.locator("form", has=self.field("card_number")).get_by_role("button")

    def enter_card(self, number: str) -> None:
        self.field("card_number").fill(number)
        self.field("expiry").fill("12/35")
        self.field("cvv").fill("123")
        self.window.press(self.pay_button())

    def enter_code(self, code: str) -> None:
        self.field("code").fill(code)
        self.window.press(self.page.get_by_role("button", name=self._says("confirm"), exact=True))

    def cancel(self) -> None:
        self.window.press(self.page.get_by_role("button", name=self._says("cancel"), exact=True))

    def _says(self, key: str) -> str:
        return bank_says(key, self.window.language)
