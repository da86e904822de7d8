"""The gateway's pages as the payer uses them: found by role and name, never by the way they are built."""

from playwright.sync_api import Download, Locator, expect

from tests.browser.window import Window


class GatewayPage:
    """A page of ours. `heading`: key of its main heading's text; `title`: that text, where a service wrote it."""

    heading = ""

    def __init__(self, window: Window, *, heading: str = "", title: str = "") -> None:
        self.window = window
        self.page = window.page
        self.heading = heading or type(self).heading
        if title or self.heading:
            expect(self._heading(title or self.window.says(self.heading))).to_be_visible()

    def button(self, key: str, **values: object) -> Locator:
        return self.page.get_by_role("button", name=self.window.says(key, **values), exact=True)

    def link(self, key: str, **values: object) -> Locator:
        return self.page.get_by_role("main").get_by_role(
            "link", name=self.window.says(key, **values), exact=True
        )

    def field(self, label: str) -> Locator:
        return self.page.get_by_role("textbox", name=label, exact=True)

    def _heading(self, name: str) -> Locator:
        return self.page.get_by_role("heading", level=1, name=name, exact=True)


class Catalogue(GatewayPage):
    heading = "catalogue.heading"

    def search(self, words: str) -> None:
        self.page.get_by_role("searchbox", name=self.window.says("catalogue.search"), exact=True).fill(words)
        self.window.press(self.button("catalogue.search_button"))

    def services(self) -> list[str]:
        """Names of the services on show."""
        return self.page.locator("main .card-name").all_inner_texts()

    def choose(self, name: str) -> "KeyForm":
        self.window.press(self.page.get_by_role("link", name=name))
        return KeyForm(self.window)


class KeyForm(GatewayPage):
    heading = "key.heading"

    def enter(self, label: str, key: str, factor: tuple[str, str] = ("", "")) -> None:
        """Fill the form in and send it. `factor`: label and value of the second field, where there is one."""
        self.field(label).fill(key)
        if factor[0]:
            self.field(factor[0]).fill(factor[1])
        self.window.press(self.button("form.continue"))


class SecondFactor(GatewayPage):
    heading = "factor.title"

    def enter(self, label: str, value: str) -> None:
        self.field(label).fill(value)
        self.window.press(self.button("form.continue"))


class Invoice(GatewayPage):
    heading = "invoice.heading"

    def pay(self, amount: str) -> "Method":
        """Press the button that names the amount. `amount`: as the page writes it."""
        self.window.press(self.button("invoice.pay", amount=amount))
        return Method(self.window)

    def amount_field(self) -> Locator:
        return self.field(self.window.says("invoice.amount", currency="MDL"))

    def pay_part(self, typed: str) -> None:
        self.amount_field().fill(typed)
        self.window.press(self.button("form.continue"))

    def agree(self) -> "Method":
        """Press the form's button, whatever the amount."""
        self.window.press(self.page.get_by_role("main").get_by_role("button"))
        return Method(self.window)


class Method(GatewayPage):
    heading = "method.title"

    def choices(self) -> Locator:
        return self.page.get_by_role("radio")

    def go_on(self) -> "ToBank":
        """Press the button; the one way to pay is chosen already."""
        self.press_on()
        return ToBank(self.window)

    def press_on(self) -> None:
        self.window.press(self.page.get_by_role("main").get_by_role("button"))


class ToBank(GatewayPage):
    heading = "bank.title.link"

    @property
    def way(self) -> Locator:
        return self.link("bank.go")

    @property
    def session(self) -> str:
        """The bank's number of its session."""
        return str(self.way.get_attribute("href")).partition("?")[0].rpartition("/")[2]

    @property
    def result_address(self) -> str:
        return self.page.url.partition("?")[0].removesuffix("/bank")

    def go_on(self) -> None:
        self.window.press(self.way)

    def see_result(self) -> None:
        self.window.press(self.link("bank.result"))


class Result(GatewayPage):
    """What became of a payment. `outcome`: as in the keys of its texts, `paid` for instance."""

    def __init__(self, window: Window, *, outcome: str = "", heading: str = "") -> None:
        super().__init__(window, heading=heading or f"result.{outcome}.title")

    @property
    def reference(self) -> str:
        return self.page.url.partition("?")[0].rpartition("/")[2]

    def way_back(self, service: str) -> Locator:
        return self.link("result.return", service=service)

    def take_receipt(self) -> Download:
        with self.page.expect_download() as waiting:
            self.window.touch(self.link("result.receipt"))
        return waiting.value


class Find(GatewayPage):
    heading = "find.title"

    def enter(self, reference: str, order_key: str) -> None:
        self.field(self.window.says("find.reference")).fill(reference)
        self.field(self.window.says("find.order_key")).fill(order_key)
        self.window.press(self.button("find.button"))
