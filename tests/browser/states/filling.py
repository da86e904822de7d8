"""States of the pages where an order begins: forms of services without an information system."""

import tomllib

from counterparts.demo.launcher.place import CHECKOUT
from tests.browser.states.state import Scene, State
from tests.browser.window import Window
from tests.scene.forms import CHILD, KINDERGARTEN, MUSEUM

_FORMS = {
    service["id"]: service["settings"]
    for service in tomllib.loads((CHECKOUT / "config" / "forms.demo.toml").read_text("utf-8"))["service"]
}


def _kindergarten(window: Window, scene: Scene) -> None:
    window.go(f"{scene.stack.url}/services/{KINDERGARTEN}")


def _museum(window: Window, scene: Scene) -> None:
    window.go(f"{scene.stack.url}/services/{MUSEUM}")


def _send(window: Window) -> None:
    window.press(window.page.get_by_role("main").get_by_role("button"))


def _nothing_filled_in(window: Window, scene: Scene) -> None:
    _kindergarten(window, scene)
    _send(window)


def _wrongly_filled_in(window: Window, scene: Scene) -> None:
    _kindergarten(window, scene)
    _write(window, CHILD | {"field-payer_idnp": "2000000000005", "field-absent_days": "32"})
    _send(window)


def _amount_too_small(window: Window, scene: Scene) -> None:
    _museum(window, scene)
    _write(window, {"amount-donation": "5"})
    _send(window)


def _order_made(window: Window, scene: Scene) -> None:
    def make() -> str:
        _kindergarten(scene.helper, scene)
        _write(scene.helper, CHILD)
        _send(scene.helper)
        return scene.helper.page.url

    window.go(scene.once("kindergarten order", make))


def _write(window: Window, typed: dict[str, str]) -> None:
    for name, value in typed.items():
        control = window.page.locator(f"#{name}")
        if control.evaluate("each => each.tagName") == "SELECT":
            control.select_option(value)
        else:
            control.fill(value)


def _title(service: str) -> dict[str, str]:
    return dict(_FORMS[service]["title"])


FILLING = (
    State("form", "", _kindergarten, titles=_title(KINDERGARTEN)),
    State("form-empty", "", _nothing_filled_in, 422, kept=False, titles=_title(KINDERGARTEN)),
    State("form-wrong", "", _wrongly_filled_in, 422, kept=False, titles=_title(KINDERGARTEN)),
    State("form-amount", "", _museum, titles=_title(MUSEUM)),
    State("form-amount-wrong", "", _amount_too_small, 422, kept=False, titles=_title(MUSEUM)),
    State("form-order", "invoice.heading", _order_made),
)
