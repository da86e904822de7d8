"""Payers under way: they come at a bounded rate whatever happens to the gateway, each with a seeded plan of his own."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import urllib3

from tests.proofs.fleet.fleet import Fleet
from tests.proofs.fleet.keeper import Keeper
from tests.proofs.fleet.payers import Leaves, Purchase, Seen, Shape, pay
from tests.scene.shop import ShopOrder

MOST_AT_ONCE = 16
"""Payers under way; whoever comes then goes away again."""
ORDER_SECONDS = 60.0
CARDS = (
    "insufficient-funds", "wrong-amount", "captured-twice", "callback-lost", "status-unknown", "callbacks-shuffled",
    "no-callback-no-return", "timeout-after", "three-d-secure",
)  # fmt: skip
HEALED_KINDS = (
    "confirm-down", "confirm-html", "confirm-unsigned", "confirm-fault-unsigned", "confirm-timeout-after-effect",
)  # fmt: skip
"""Orders of which the service cannot be told until it is healed."""
REFUSED_KIND = "confirm-refused"
Story = Callable[["Crowd", random.Random], tuple[Purchase, ...]]


class Crowd:
    """Payers who come at `rate` a second. All that they saw is kept. `stories`: else all that there are."""

    def __init__(
        self,
        fleet: Fleet,
        *,
        rate: float,
        seed: int,
        stories: "Mapping[str, tuple[int, Story]] | None" = None,
    ) -> None:
        self.seen: list[Seen] = []
        self.orders: list[ShopOrder] = []
        self.broken_orders: list[ShopOrder] = []
        self.stories: Counter[str] = Counter()
        self.failures: list[BaseException] = []
        self._fleet = fleet
        self._stories = STORIES if stories is None else stories
        self._rate = rate
        self._chance = random.Random(f"payers {seed}")
        self._stop = threading.Event()
        self._places = threading.Semaphore(MOST_AT_ONCE)
        self._pool = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="payer")
        self._thread = threading.Thread(target=self._come, name="crowd", daemon=True)
        _ = fleet.bank.cards  # read while the bank is up

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Let nobody come any more, and everybody finish. Raises: what broke a payer's story."""
        self._stop.set()
        self._thread.join()
        self._pool.shutdown(wait=True)
        if self.failures:
            raise self.failures[0]

    def order(self, kind: str = "one-line", *, fine: bool = False, amount: str = "") -> ShopOrder:
        """Order something, however often the service dies meanwhile. Raises: TimeoutError."""
        wishes = {"amount": amount} if amount else {}
        make = self._fleet.shop.fine if fine else self._fleet.shop.order
        until = time.monotonic() + ORDER_SECONDS
        while True:
            try:
                made = make(kind, **wishes)
                break
            except (urllib3.exceptions.HTTPError, AssertionError) as error:
                if time.monotonic() > until:
                    raise TimeoutError("the service takes no order") from error
                time.sleep(0.3)
        self.orders.append(made)
        if kind in HEALED_KINDS:
            self.broken_orders.append(made)
        return made

    def _come(self) -> None:
        while not self._stop.wait(self._chance.expovariate(self._rate)):
            (story,) = self._chance.choices(
                list(self._stories), [weight for weight, _ in self._stories.values()]
            )
            own = random.Random(self._chance.random())
            if self._places.acquire(blocking=False):
                self._pool.submit(self._live, story, own)
            else:
                self.stories["went away: too many"] += 1

    def _live(self, story: str, own: random.Random) -> None:
        try:
            self.stories[story] += 1
            purchases = self._stories[story][1](self, own)
            for seen in self._together(purchases, own):
                self.seen.append(seen)
        except BaseException as error:  # noqa: BLE001  raised when the crowd is stopped
            self.failures.append(error)
        finally:
            self._places.release()

    def _together(self, purchases: tuple[Purchase, ...], own: random.Random) -> Iterator[Seen]:
        """All of one order at once, a moment apart."""
        if len(purchases) == 1:
            yield pay(self._fleet, purchases[0])
            return
        with ThreadPoolExecutor(len(purchases)) as pool:
            coming = []
            for purchase in purchases:
                coming.append(pool.submit(pay, self._fleet, purchase))
                time.sleep(own.choice((0.0, 0.05, 0.5, 2.5)))
            for each in coming:
                yield each.result()


def paid_so_far(crowd: Crowd) -> int:
    """How many payers have read that they have paid."""
    return sum(each.told_paid for each in list(crowd.seen))


def progress(crowd: Crowd, keeper: Keeper) -> str:
    """How far a run is, on one line."""
    seen = list(crowd.seen)
    doubt = sum(not each.told_paid and bool(each.payment_id) for each in seen)
    down = ", ".join(sorted(keeper.silent())) or "nobody"
    kills = keeper.counts.kills.total()
    paid = paid_so_far(crowd)
    return f"payers gone {len(seen)}: paid {paid}, in doubt or refused {doubt}; kills {kills}; down: {down}"


def _plain(crowd: Crowd, own: random.Random) -> tuple[Purchase, ...]:
    return (Purchase(crowd.order(own.choice(("one-line", "several-lines"))), Shape.REDIRECT),)


def _held(crowd: Crowd, own: random.Random) -> tuple[Purchase, ...]:
    return (Purchase(crowd.order(), Shape.TWO_STEP, leaves=own.choice(list(Leaves))),)


def _kiosk(crowd: Crowd, own: random.Random) -> tuple[Purchase, ...]:
    return (Purchase(crowd.order(), Shape.KIOSK),)


def _odd_card(crowd: Crowd, own: random.Random) -> tuple[Purchase, ...]:
    return (Purchase(crowd.order(), Shape.REDIRECT, card=own.choice(CARDS)),)


def _leaving(crowd: Crowd, own: random.Random) -> tuple[Purchase, ...]:
    leaves = own.choice((Leaves.BEFORE_THE_CARD, Leaves.AFTER_THE_CARD, Leaves.AFTER_THE_CARD))
    card = own.choice(("approved", "callback-lost"))
    return (Purchase(crowd.order(), Shape.REDIRECT, card=card, leaves=leaves),)


def _rivals(crowd: Crowd, own: random.Random) -> tuple[Purchase, ...]:
    """Two or three at one order; the first one's bank may say no and take the money later all the same."""
    order = crowd.order()
    first = Purchase(order, Shape.REDIRECT, card=own.choice(("approved", "declined-then-captured")))
    others = own.choices((Shape.REDIRECT, Shape.TWO_STEP, Shape.KIOSK), k=own.choice((1, 2)))
    return (first, *(Purchase(order, shape) for shape in others))


def _parts(crowd: Crowd, own: random.Random) -> tuple[Purchase, ...]:
    """Three at once pay parts of one order: not all of them fit."""
    order = crowd.order("partial", amount="100.00")
    return tuple(Purchase(order, Shape.REDIRECT, amount=own.choice(("30.00", "40.00"))) for _ in range(3))


def _untold(crowd: Crowd, own: random.Random) -> tuple[Purchase, ...]:
    shape = own.choice((Shape.REDIRECT, Shape.TWO_STEP))
    return (Purchase(crowd.order(own.choice(HEALED_KINDS)), shape),)


def _refused(crowd: Crowd, own: random.Random) -> tuple[Purchase, ...]:
    """A service that refuses what was paid: of one the money goes back, of the other people decide."""
    return (Purchase(crowd.order(REFUSED_KIND, fine=own.random() < 2 / 3), Shape.REDIRECT),)


STORIES: dict[str, tuple[int, Story]] = {
    "one payer, card": (30, _plain),
    "one payer, two-step": (14, _held),
    "one payer, kiosk": (16, _kiosk),
    "odd cards": (8, _odd_card),
    "browsers that vanish": (8, _leaving),
    "several payers, one order": (10, _rivals),
    "parts of one order at once": (4, _parts),
    "services that cannot be told": (6, _untold),
    "services that refuse": (4, _refused),
}
"""What payers do, and how often of a hundred."""
