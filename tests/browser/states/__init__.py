"""Every page in every state that a payer can see it in."""

from tests.browser.states.ending import ENDING
from tests.browser.states.entering import ENTERING
from tests.browser.states.failing import FAILING
from tests.browser.states.filling import FILLING
from tests.browser.states.numbered import NUMBERED
from tests.browser.states.paying import PAYING
from tests.browser.states.state import Scene, State
from tests.browser.window import Window

__all__ = ["STATES", "Scene", "State"]


def _page(name: str) -> State:
    def reach(window: Window, scene: Scene) -> None:
        window.go(f"{scene.stack.url}/{name}")

    return State(name, f"{name}.title", reach)


STATES = (
    *ENTERING, *FILLING, *PAYING, *NUMBERED, *ENDING, *map(_page, ("help", "privacy", "accessibility")), *FAILING,
)  # fmt: skip
