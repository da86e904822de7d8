"""What a state of the pages is: a name, how a payer gets there, and what he finds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.browser.journey import finish
from tests.browser.stack import Stack
from tests.browser.window import Window
from tests.scene.shop import ShopOrder


@dataclass(slots=True)
class Scene:
    """The stack, and addresses of states that cost a whole payment to make: made once, looked at often.

    `helper`: a browser of its own for what has to happen before.
    """

    stack: Stack
    helper: Window
    _made: dict[str, str] = field(default_factory=dict)

    def once(self, name: str, make: Callable[[], str]) -> str:
        """The address of a name, made by `make` when it is first asked for."""
        if name not in self._made:
            self._made[name] = make()
        return self._made[name]

    def arrived(self, name: str, make: Callable[[], ShopOrder]) -> str:
        """The payer's place with an order, before he has agreed to anything."""

        def arrive() -> str:
            self.helper.go(self.stack.entrance(make()))
            return self.helper.page.url

        return self.once(name, arrive)

    def paid(self, outcome: str, card: str = "approved", *, kind: str = "several-lines") -> str:
        """The result page of a payment of a new order."""

        def pay() -> str:
            order = self.stack.shop.order(kind)
            finish(self.helper, self.stack, order, card=card, outcome=outcome)
            return self.helper.page.url

        return self.once(f"{outcome} {card} {kind}", pay)


Reach = Callable[[Window, Scene], None]


@dataclass(frozen=True, slots=True)
class State:
    """A page in one state. `heading`: key of its main heading's text. `reach`: opens it in the window's language.

    `kept`: whether the address alone shows it again, in another language for instance. `titles`: the main heading by
    language, where it is a service's own.
    """

    name: str
    heading: str
    reach: Reach
    status: int = 200
    kept: bool = True
    titles: Mapping[str, str] = field(default_factory=dict)
