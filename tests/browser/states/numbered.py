"""States of a payment under a number that the payer takes elsewhere: written behind the gateway's back."""

from datetime import UTC, datetime, timedelta

from mpay_gateway.domain.provider_answer import Instructions
from mpay_gateway.storage.serial import next_step_to_text
from tests.browser.journey import reach_bank
from tests.browser.states.state import Scene, State
from tests.browser.window import Window
from tests.scene.shop import ShopOrder

_NUMBER = Instructions("700000000000001", datetime.now(UTC) + timedelta(days=7), remote_reference="")


def _taken(scene: Scene, order: ShopOrder | None = None) -> str:
    """The address of the page with the number."""
    page = reach_bank(scene.helper, scene.stack, order or scene.stack.shop.order("one-line"))
    payment = scene.helper.page.url.split("/payments/")[1].split("/")[0]
    scene.stack.write(
        "UPDATE payments SET state = 'created', instrument_id = 'cash', next_step = ?, session_until = ? WHERE id = ?",
        next_step_to_text(_NUMBER), _NUMBER.until.strftime("%Y-%m-%d %H:%M:%S.%f"), payment,
    )  # fmt: skip
    scene.stack.write("UPDATE claims SET state = 'released' WHERE payment_id = ?", payment)
    assert page.result_address.endswith(payment)
    return scene.helper.page.url


def _own(scene: Scene) -> str:
    return scene.once("number taken", lambda: _taken(scene))


def _number(window: Window, scene: Scene) -> None:
    window.go(_own(scene))


def _awaited(window: Window, scene: Scene) -> None:
    window.go(_own(scene).removesuffix("/bank"))


def _own_invoice(window: Window, scene: Scene) -> None:
    window.go(_own(scene).partition("/payments/")[0])


def _others_invoice(window: Window, scene: Scene) -> None:
    def arrive() -> str:
        order = scene.stack.shop.order()
        _taken(scene, order)
        return scene.stack.entrance(order)

    window.go(scene.once("other's number", arrive))


def _over(window: Window, scene: Scene) -> None:
    def end() -> str:
        address = _taken(scene)
        payment = address.split("/payments/")[1].split("/")[0]
        scene.stack.write("UPDATE payments SET state = 'expired' WHERE id = ?", payment)
        return address.removesuffix("/bank")

    window.go(scene.once("number over", end))


NUMBERED = (
    State("number", "bank.title.number", _number),
    State("number-awaited", "result.awaited.title", _awaited),
    State("number-own-invoice", "invoice.heading", _own_invoice),
    State("number-others-invoice", "invoice.heading", _others_invoice),
    State("number-over", "result.expired.title", _over),
)
