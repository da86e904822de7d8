"""States of the pages before an invoice is seen: catalogue, key form, second factor."""

from tests.browser.pages import KeyForm, SecondFactor
from tests.browser.states.state import Scene, State
from tests.browser.window import Window

_KEY_LABELS = {"ro": "Numărul comenzii", "ru": "Номер заказа", "en": "Order number"}
_TICKET_LABELS = {"ro": "Numărul procesului-verbal", "ru": "Номер протокола", "en": "Ticket number"}
_PLATE_LABELS = {
    "ro": "Numărul de înmatriculare",
    "ru": "Регистрационный номер автомобиля",
    "en": "Number plate",
}


def _catalogue(window: Window, scene: Scene) -> None:
    window.go(scene.stack.url)


def _found(window: Window, scene: Scene) -> None:
    window.go(f"{scene.stack.url}/?q=codru")


def _nothing_found(window: Window, scene: Scene) -> None:
    window.go(f"{scene.stack.url}/?q=zzzz")


def _key_form(window: Window, scene: Scene) -> None:
    window.go(f"{scene.stack.url}/services/DEMO01")


def _key_missing(window: Window, scene: Scene) -> None:
    _key_form(window, scene)
    KeyForm(window).enter(_KEY_LABELS[window.language], "")


def _key_unknown(window: Window, scene: Scene) -> None:
    _key_form(window, scene)
    KeyForm(window).enter(_KEY_LABELS[window.language], "DEMO-26-AAAAAAAAAA")


def _unknown_from_shop(window: Window, scene: Scene) -> None:
    window.go(f"{scene.stack.url}/service/pay?ServiceID=DEMO01&OrderKey=DEMO-26-BBBBBBBBBB")


def _fine_form(window: Window, scene: Scene) -> None:
    window.go(f"{scene.stack.url}/services/DEMO02")


def _fine_missing(window: Window, scene: Scene) -> None:
    _fine_form(window, scene)
    KeyForm(window).enter(_TICKET_LABELS[window.language], "", (_PLATE_LABELS[window.language], ""))


def _factor(window: Window, scene: Scene) -> None:
    window.go(scene.arrived("fine", scene.stack.shop.fine))


def _factor_missing(window: Window, scene: Scene) -> None:
    _factor(window, scene)
    SecondFactor(window).enter(_PLATE_LABELS[window.language], "")


def _factor_wrong(window: Window, scene: Scene) -> None:
    _factor(window, scene)
    SecondFactor(window).enter(_PLATE_LABELS[window.language], "ZZZ 999")


def _landing(window: Window, scene: Scene) -> None:
    token = scene.arrived("landing", scene.stack.shop.order).rpartition("/")[2]
    number = scene.stack.look_up("SELECT invoice_id FROM visits WHERE token = ?", token)
    window.go(f"{scene.stack.url}/i/{number}")


ENTERING = (
    State("catalogue", "catalogue.heading", _catalogue),
    State("catalogue-found", "catalogue.heading", _found),
    State("catalogue-nothing-found", "catalogue.heading", _nothing_found),
    State("key", "key.heading", _key_form),
    State("key-missing", "key.heading", _key_missing, 422, kept=False),
    State("key-unknown", "key.heading", _key_unknown, 404, kept=False),
    State("key-unknown-from-shop", "key.heading", _unknown_from_shop, 404),
    State("key-with-factor", "key.heading", _fine_form),
    State("key-with-factor-missing", "key.heading", _fine_missing, 422, kept=False),
    State("key-from-paper", "key.heading", _landing),
    State("factor", "factor.title", _factor),
    State("factor-missing", "factor.title", _factor_missing, 422, kept=False),
    State("factor-wrong", "factor.title", _factor_wrong, 404, kept=False),
)
