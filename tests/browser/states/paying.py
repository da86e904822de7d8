"""States of the pages from the invoice to the bank."""

from collections.abc import Callable
from functools import partial

from tests.browser.journey import finish, reach_bank, reach_method
from tests.browser.pages import Invoice, Method
from tests.browser.states.state import Reach, Scene, State
from tests.browser.window import Window


def _order(kind: str) -> Reach:
    """The invoice of an order of a kind."""

    def reach(window: Window, scene: Scene) -> None:
        window.go(scene.arrived(f"order {kind}", lambda: scene.stack.shop.order(kind)))

    return reach


def _amount_wrong(typed: str) -> Reach:
    def reach(window: Window, scene: Scene) -> None:
        _order("partial")(window, scene)
        Invoice(window).pay_part(typed)

    return reach


def _fill(window: Window, *values: str) -> None:
    """Type into the fields of the form, in the order of the page."""
    fields = window.page.get_by_role("main").get_by_role("textbox")
    for place, value in enumerate(values):
        fields.nth(place).fill(value)


def _fill_in_wrong(window: Window, scene: Scene) -> None:
    _order("fill-in")(window, scene)
    _fill(window, "AB-1", "", "2002004005677", "12", "many", "Ștefan Țurcanu")
    window.press(window.page.get_by_role("main").get_by_role("button"))


def _filled_in_before(window: Window, scene: Scene) -> None:
    """A payer comes back to what he has filled in and agreed to."""

    def fill_in() -> str:
        helper = scene.helper
        helper.go(scene.stack.entrance(scene.stack.shop.order("fill-in")))
        address = helper.page.url
        _fill(helper, "AB123456", "069 123 456", "2002004005676", "", "2", "Ana")
        Invoice(helper).agree()
        return address

    window.go(scene.once("filled in", fill_in))


def _amount_missing(window: Window, scene: Scene) -> None:
    _order("amount-unknown")(window, scene)
    Invoice(window).pay_part("")


def _orders_missing(window: Window, scene: Scene) -> None:
    _order("several-orders")(window, scene)
    window.press(window.page.get_by_role("main").get_by_role("button"))


def _choose(window: Window, scene: Scene) -> str:
    """One of several orders is chosen; the address of the choice."""
    window.go(scene.stack.entrance(scene.stack.shop.order("several-orders")))
    address = window.page.url
    window.page.get_by_role("main").locator("label").nth(1).click()
    window.press(window.page.get_by_role("main").get_by_role("button"))
    return address


def _chosen(window: Window, scene: Scene) -> None:
    def choose() -> str:
        _choose(scene.helper, scene)
        return scene.helper.page.url

    window.go(scene.once("chosen", choose))


def _one_paid(window: Window, scene: Scene) -> None:
    def pay_one() -> str:
        helper, stack = scene.helper, scene.stack
        address = _choose(helper, scene)
        Invoice(helper).agree()
        bank = Method(helper).go_on()
        stack.bank.pay(bank.session, "approved")
        helper.go(bank.result_address)
        return address

    window.go(scene.once("one of several paid", pay_one))


def _changed(window: Window, scene: Scene) -> None:
    # The amount rises once, so each look needs an order of its own.
    window.go(scene.stack.entrance(scene.stack.shop.order("amount-changes")))
    Invoice(window)
    window.press(window.page.get_by_role("main").get_by_role("button"))


def _partly_paid(window: Window, scene: Scene) -> None:
    def pay_part() -> str:
        helper, stack = scene.helper, scene.stack
        helper.go(stack.entrance(stack.shop.order("partial", amount="150.00")))
        address = helper.page.url
        Invoice(helper).pay_part("40.00")
        bank = Method(helper).go_on()
        stack.bank.pay(bank.session, "approved")
        helper.go(bank.result_address)
        return address

    window.go(scene.once("partly paid", pay_part))


def _begun(scene: Scene) -> str:
    """A payment that is under way: our page that leads to the bank."""

    def begin() -> str:
        reach_bank(scene.helper, scene.stack, scene.stack.shop.order("one-line"))
        return scene.helper.page.url

    return scene.once("begun", begin)


def _own(window: Window, scene: Scene) -> None:
    window.go(_begun(scene).partition("/payments/")[0])


def _others(window: Window, scene: Scene) -> None:
    def arrive() -> str:
        order = scene.stack.shop.order()
        reach_bank(scene.helper, scene.stack, order)
        return scene.stack.entrance(order)

    window.go(scene.once("others", arrive))


def _paid_here(window: Window, scene: Scene) -> None:
    def pay() -> str:
        order = scene.stack.shop.order()
        finish(scene.helper, scene.stack, order)
        return scene.stack.entrance(order)

    window.go(scene.once("paid here", pay))


def _agreed(scene: Scene) -> str:
    def agree() -> str:
        reach_method(scene.helper, scene.stack, scene.stack.shop.order())
        return scene.helper.page.url

    return scene.once("agreed", agree)


def _method(window: Window, scene: Scene) -> None:
    window.go(_agreed(scene))


def _method_wrong(window: Window, scene: Scene) -> None:
    _method(window, scene)
    window.page.get_by_role("radio").evaluate("choice => { choice.value = 'gold'; }")
    Method(window).press_on()


def _method_off(window: Window, scene: Scene) -> None:
    """Operators have switched the one instrument off, for as long as the page is fetched."""
    address = _agreed(scene)
    now = "2026-01-01 00:00:00.000000"
    scene.stack.write(
        "INSERT INTO instrument_switches (instrument_id, disabled_until, reason, actor, at)"
        " VALUES ('card', '2099-01-01 12:00:00.000000', 'outage', 'shell:test', ?)", now,
    )  # fmt: skip
    try:
        window.go(address)
    finally:
        scene.stack.write("DELETE FROM instrument_switches WHERE instrument_id = 'card'")


def _method_none(window: Window, scene: Scene) -> None:
    """A visit from a kiosk, where no instrument of the demo is offered."""

    def agree() -> str:
        reach_method(scene.helper, scene.stack, scene.stack.shop.order())
        token = scene.helper.page.url.removesuffix("/method").rpartition("/")[2]
        scene.stack.write("UPDATE visits SET channel = 'kiosk' WHERE token = ?", token)
        return scene.helper.page.url

    window.go(scene.once("agreed at a kiosk", agree))


def _bank(window: Window, scene: Scene) -> None:
    window.go(_begun(scene))


def _invoices(heading: str, kinds: dict[str, str]) -> tuple[State, ...]:
    state: Callable[..., State] = partial(State, heading=heading)
    return tuple(state(name=f"invoice-{name}", reach=_order(kind)) for name, kind in kinds.items())


PAYING = (
    *_invoices("invoice.heading", {
        "plain": "one-line", "lines": "several-lines", "part": "partial", "advance": "advance",
        "long-names": "long-names", "large": "large-amount", "deviations": "deviation-rich", "due-soon": "due-soon",
        "fill-in": "fill-in", "flexible": "flexible", "amount-open": "amount-unknown", "doubled-hour": "doubled-hour",
    }),
    *_invoices("standing.expired.title", {"expired": "expired"}),
    *_invoices("standing.cancelled.title", {"cancelled": "cancelled"}),
    *_invoices("standing.paid.title", {"paid": "paid"}),
    *_invoices("standing.refunded.title", {"refunding": "refunding", "refunded": "refunded"}),
    *_invoices("standing.nothing-due.title", {"nothing-due": "nothing-due"}),
    State("invoice-fill-in-wrong", "invoice.heading", _fill_in_wrong, 422, kept=False),
    State("invoice-fill-in-again", "invoice.heading", _filled_in_before),
    State("invoice-amount-missing", "invoice.heading", _amount_missing, 422, kept=False),
    State("orders", "orders.title", _order("several-orders")),
    State("orders-missing", "orders.title", _orders_missing, 422, kept=False),
    State("orders-one-paid", "orders.title", _one_paid),
    State("invoice-chosen", "invoice.heading", _chosen),
    State("invoice-amount-unreadable", "invoice.heading", _amount_wrong("1,5 lei"), 422, kept=False),
    State("invoice-amount-too-much", "invoice.heading", _amount_wrong("99999"), 422, kept=False),
    State("invoice-changed", "invoice.heading", _changed),
    State("invoice-partly-paid", "invoice.heading", _partly_paid),
    State("invoice-own-payment", "standing.in-progress.title", _own),
    State("invoice-in-progress", "standing.in-progress.title", _others),
    State("invoice-paid-here", "standing.paid.title", _paid_here),
    State("method", "method.title", _method),
    State("method-wrong", "method.title", _method_wrong, 422, kept=False),
    State("method-switched-off", "method.title", _method_off, kept=False),
    State("method-none", "method.title", _method_none),
    State("bank", "bank.title.link", _bank),
)  # fmt: skip
