"""States of the error pages, each reached as a payer would reach it, or by a form that was tampered with."""

from tests.browser.journey import reach_bank, reach_method
from tests.browser.pages import Method
from tests.browser.states.state import Reach, Scene, State
from tests.browser.window import Window


def _address(path: str) -> Reach:
    def reach(window: Window, scene: Scene) -> None:
        window.go(f"{scene.stack.url}{path}")

    return reach


def _tampered(script: str) -> Reach:
    """The form of "Find my payment", changed by a script and sent."""

    def reach(window: Window, scene: Scene) -> None:
        window.go(f"{scene.stack.url}/find")
        window.page.locator("main form").evaluate(f"form => {{ {script} }}")
        window.press(window.page.get_by_role("main").get_by_role("button"))

    return reach


def _overtaken(window: Window, scene: Scene) -> None:
    """Two agree to pay; one starts, then the other wants to."""
    order = scene.stack.shop.order()
    window.go(scene.stack.entrance(order))
    window.press(window.page.get_by_role("main").get_by_role("button"))
    method = Method(window)
    reach_bank(scene.helper, scene.stack, order)
    method.press_on()


def _broken(window: Window, scene: Scene) -> None:
    """A bug of ours: a row that no code of ours writes."""

    def spoil() -> str:
        reach_bank(scene.helper, scene.stack, scene.stack.shop.order())
        address = scene.helper.page.url
        payment = address.removesuffix("/bank").rpartition("/")[2]
        scene.stack.write("UPDATE payments SET next_step = '{' WHERE id = ?", payment)
        return address

    window.go(scene.once("broken", spoil))


def _silent(window: Window, scene: Scene) -> None:
    window.go(scene.arrived("silent", lambda: scene.stack.shop.order("down")))


def _refused(window: Window, scene: Scene) -> None:
    window.go(scene.arrived("access refused", lambda: scene.stack.shop.order("access-refused")))


def _unavailable(window: Window, scene: Scene) -> None:
    """The database lacks a table, for as long as the page is fetched."""

    def agree() -> str:
        reach_method(scene.helper, scene.stack, scene.stack.shop.order())
        return scene.helper.page.url

    address = scene.once("unavailable", agree)
    scene.stack.rename_table("instrument_switches", "switches_away")
    try:
        window.go(address)
    finally:
        scene.stack.rename_table("switches_away", "instrument_switches")


def _suspended(window: Window, scene: Scene) -> None:
    """A backup was restored, and nobody has finished with that yet: for as long as the button is pressed."""
    order = scene.stack.shop.order()
    window.go(scene.stack.entrance(order))
    window.press(window.page.get_by_role("main").get_by_role("button"))
    scene.stack.write(
        "INSERT INTO restorations (epoch, since, noticed_at, noticed_by, reason, finished_by)"
        " SELECT 1, at, at, 'test', ?, '' FROM (SELECT strftime('%Y-%m-%d %H:%M:%f', 'now') AS at)",
        "test",
    )
    try:
        Method(window).press_on()
    finally:
        scene.stack.write("DELETE FROM restorations WHERE epoch > ?", "0")


FAILING = (
    State("error-400", "problem.bad-request.title", _address("/service/pay?ServiceID=DEMO01"), 400),
    State("error-400-form", "problem.stale-form.title", _tampered("form.csrf_token.value = 'forged'"), 400, kept=False),
    State("error-404", "problem.not-found.title", _address("/nothing/here"), 404),
    State("error-405", "problem.method.title", _tampered("form.action = '/help'"), 405, kept=False),
    State("error-409", "problem.not-payable.title", _overtaken, 409, kept=False),
    State("error-413", "problem.too-large.title",
          _tampered("form.reference.removeAttribute('maxlength'); form.reference.value = 'A'.repeat(70000)"),
          413, kept=False),
    State("error-500", "problem.bug.title", _broken, 500),
    State("error-503", "problem.remote.title", _silent, 503),
    State("error-503-refused", "problem.refused.title", _refused, 503),
    State("error-503-suspended", "problem.suspended.title", _suspended, 503, kept=False),
    State("error-503-unavailable", "problem.unavailable.title", _unavailable, 503, kept=False),
)  # fmt: skip
