"""How many payers' requests a process serves at once, and who is turned away at the door when there are too many.

Above the rate that is held every page would come late, and at last too late for the browser that waits for it. Whoever
comes then is told so at once, before anything is looked up. Newcomers are the first to be told: what was done for
somebody who is turned away on his third page was done for nothing, and would have served another one. Nobody is turned
away in the middle of a payment: returns from a bank, callbacks, results, and money from elsewhere have threads that no
crowd takes.
"""

import re
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pyramid.registry import Registry
from pyramid.request import Request
from pyramid.response import Response

PATIENCE = 5.0
"""Seconds that a request waits for its turn at most."""
AGAIN = 15
"""Seconds after which a browser may come again."""
_ARRIVES = re.compile(r"/(services/[^/]+|service/pay|i/[0-9]+)?\Z")
"""Where payers come in: the catalogue, an arrival from a service, a number; forms of connectors besides."""
_GOES_ON = re.compile(r"/pay/[^/]+(/(order|factor|method|invoice\.pdf))?\Z")
"""What those see who came in, up to the start of a payment."""


class Crowded(Exception):
    """More payers are here than can be served soon."""


class Crowd:
    """The places at which payers are served, and the line before them: as long as there are places, for newcomers half.

    `places`: None for as many as come.
    """

    def __init__(self, places: int | None = None, *, patience: float = PATIENCE) -> None:
        self._places = places
        self._patience = patience
        self._served = 0
        self._line: deque[threading.Event] = deque()
        self._lock = threading.Lock()

    @contextmanager
    def place(self, *, arriving: bool = False) -> Iterator[None]:
        """A place, for the time of a request. Raises: Crowded when the line is full, or does not move."""
        if self._places is None:
            yield
            return
        turn = self._come(self._places, line=self._places // 2 if arriving else self._places)
        if turn is not None:
            self._wait(turn)
        try:
            yield
        finally:
            self._leave()

    def _come(self, places: int, *, line: int) -> threading.Event | None:
        """Take a place that is free, else stand in the line. Returns what tells whose turn it is, None if it is his."""
        with self._lock:
            if self._served < places:
                self._served += 1
                return None
            if len(self._line) >= line:
                raise Crowded
            turn = threading.Event()
            self._line.append(turn)
            return turn

    def _wait(self, turn: threading.Event) -> None:
        if turn.wait(self._patience):
            return
        with self._lock:
            if turn.is_set():  # in this very moment
                return
            self._line.remove(turn)
        raise Crowded

    def _leave(self) -> None:
        """Hand the place to the first in the line: were it free for a moment, who comes then would be before him."""
        with self._lock:
            if self._line:
                self._line.popleft().set()
            else:
                self._served -= 1


def threads_for(places: int) -> int:
    """So many threads does a server need: for those who are served, for the line, and for what no crowd holds up."""
    return 3 * places


def crowd_tween(handler: Callable[[Request], Response], registry: Registry) -> Callable[[Request], Response]:
    """Let a request that begins something in when there is a place for it. All others pass."""
    crowd: Crowd = registry.crowd
    forms: tuple[str, ...] = registry.payer_paths

    def let_in(request: Request) -> Response:
        path = str(request.environ.get("PATH_INFO", ""))
        arriving = _ARRIVES.match(path) is not None or path.startswith(forms)
        if not arriving and not _GOES_ON.match(path):
            return handler(request)
        with crowd.place(arriving=arriving):
            return handler(request)

    return let_in
