"""How a real process is run until it kills itself at a crash point: a worker, a command, a server with its visitors."""

import io
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import urllib3

from tests.proofs.newborn import SURVIVED
from tests.proofs.nursery import Newborn, Nursery
from tests.scene.gateway import Gateway
from tests.scene.processes import START_SECONDS, assert_died, deaths, log_of, named
from tests.scene.waiting import eventually

GROUPS = {
    "audit",
    "delivery",
    "instruments",
    "operator",
    "pos",
    "refund",
    "resolve",
    "restored",
    "services",
    "statement",
}
"""Commands that have commands."""
_HTTP = urllib3.PoolManager(timeout=30, retries=False)
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding"}


class Survived(Exception):
    """The unit of work ended before the statement at which it was to die: it has fewer."""


@dataclass(frozen=True, slots=True)
class Way:
    """How a process comes to its death. `environment`: of the process, besides the test's own."""

    nursery: Nursery
    gateway: Gateway
    point: str
    environment: Mapping[str, str]

    def process(self, *arguments: str, ahead: int = 0) -> AbstractContextManager[Newborn]:
        """An `mpay` that kills itself at the point."""
        return self.nursery.process(
            self.gateway, *arguments, point=self.point, ahead=ahead, environment=self.environment
        )

    def die_of(self, *arguments: str, ahead: int = 0) -> None:
        """Raises: AssertionError unless the process that is begun so dies at the point."""
        with self.process(*arguments, ahead=ahead) as dying:
            code = dying.wait(START_SECONDS)
        _refuse_survival(deaths(log_of(self.gateway, arguments[0])))
        assert_died(self.gateway, arguments[0], self.point, pid=dying.pid, code=code)


@dataclass(frozen=True, slots=True)
class Worker:
    """`mpay worker`. `ahead`: by so many seconds its clock is ahead of the machine's."""

    ahead: int = 0
    name = "worker"

    def die(self, way: Way) -> None:
        """Raises: AssertionError unless it dies at the point."""
        way.die_of("worker", ahead=self.ahead)


@dataclass(frozen=True, slots=True)
class Command:
    """A command that ends by itself. `token`: of the operator who acts."""

    arguments: tuple[str, ...]
    token: str = ""

    @property
    def name(self) -> str:
        """As the report shows it, without what is another in each run."""
        return " ".join(self.arguments[:2]) if self.arguments[0] in GROUPS else self.arguments[0]

    def die(self, way: Way) -> None:
        """Raises: AssertionError unless it dies at the point."""
        way = replace(way, environment={**way.environment, "MPAY_OPERATOR_TOKEN": self.token})
        way.die_of(*self.arguments)


@dataclass(frozen=True, slots=True)
class Served:
    """`mpay serve`, and somebody who visits it: what he does meets the death, or brings it about.

    `ahead`: as a worker's.
    """

    visit: Callable[[Gateway], object]
    ahead: int = 0
    name = "serve"

    def die(self, way: Way) -> None:
        """Raises: AssertionError unless a process of the server dies at the point."""
        gateway = way.gateway
        port = str(gateway.counterparts.place.gateway_port)
        with way.process("serve", "--port", port, ahead=self.ahead):
            eventually(lambda: _answers(f"{gateway.url}/healthz"), within=START_SECONDS)
            pages = UntilItDies(gateway, lambda: bool(_deaths(gateway)))
            self.visit(replace(gateway, app=pages))
            died = eventually(lambda: _deaths(gateway), within=START_SECONDS)
            eventually(lambda: not _alive(died[0][1]))
        _refuse_survival(died)
        assert died[0][0] == named(way.point), died


class UntilItDies:
    """A WSGI application: the real server until it dies, then the next one, which a browser asks the same again."""

    def __init__(self, gateway: Gateway, dead: Callable[[], bool]) -> None:
        self._gateway = gateway
        self._dead = dead

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        if not self._dead():
            try:
                return self._ask(environ, body, start_response)
            except urllib3.exceptions.HTTPError:
                eventually(self._dead)
        again = environ | {"wsgi.input": io.BytesIO(body)}
        return self._gateway.app(again, start_response)  # type: ignore[operator, no-any-return]

    def _ask(
        self, environ: dict[str, Any], body: bytes, start_response: Callable[..., object]
    ) -> list[bytes]:
        query = f"?{environ['QUERY_STRING']}" if environ.get("QUERY_STRING") else ""
        headers = {
            name[5:].replace("_", "-").title(): value
            for name, value in environ.items()
            if name.startswith("HTTP_")
        }
        if environ.get("CONTENT_TYPE"):
            headers["Content-Type"] = environ["CONTENT_TYPE"]
        answer = _HTTP.request(
            environ["REQUEST_METHOD"], self._gateway.url + environ["PATH_INFO"] + query, body=body or None,
            headers=headers, redirect=False,
        )  # fmt: skip
        kept = [(name, value) for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP]
        start_response(f"{answer.status} {answer.reason or 'Unknown'}", kept)
        return [answer.data]


def _refuse_survival(died: list[tuple[str, int]]) -> None:
    """Raises: Survived."""
    if any(point.startswith(SURVIVED) for point, _ in died):
        raise Survived


def _deaths(gateway: Gateway) -> list[tuple[str, int]]:
    return deaths(log_of(gateway, "serve"))


def _alive(pid: int) -> bool:
    """Whether the process runs: one that is dead and not yet fetched by its parent does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text("utf-8")
    except OSError:
        return False


def _answers(url: str) -> bool:
    try:
        return urllib3.request("GET", url, timeout=2, retries=False).status == 200
    except urllib3.exceptions.HTTPError:
        return False
