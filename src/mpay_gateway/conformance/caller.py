"""Asks the service, keeps every exchange, and knows which of them a check has looked at."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from lxml import etree

from mpay_gateway.boundary import Clock
from mpay_gateway.conformance import messages, names
from mpay_gateway.conformance.answer import Answer
from mpay_gateway.conformance.messages import Confirmation, Contract, confirmation_xml
from mpay_gateway.conformance.seal import Seal, read_seal
from mpay_gateway.conformance.signing import Recipe, signed_request
from mpay_gateway.conformance.spending import Spendings
from mpay_gateway.conformance.tampering import Maker
from mpay_gateway.conformance.target import Target
from mpay_gateway.conformance.transport import SOAP_TYPE, Received, Sent, Wire


class NotRun(Exception):
    """A check cannot tell; the text says why."""


class RunOver(NotRun):
    """The time of the run is over: what the service would have answered is not known."""


@dataclass(frozen=True, slots=True)
class Way:
    """How a request is made and sent: all that may differ from what the gateway does.

    `note` tells of the difference. `make` signs; `change` replaces the finished message.
    """

    note: str = ""
    recipe: Recipe | None = None
    make: Maker = signed_request
    action: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    change: Callable[[bytes], bytes] = bytes


PLAIN: Final = Way()
_SHORTEST: Final = 0.001
"""A time-out of zero means something else to a socket."""
Kept = Callable[[Answer, datetime], None]
"""Told of every exchange, and when its answer came."""


class Caller:
    """One run against one service. `looked_at` holds the exchanges of the check that is under way.

    `cut_short` says why the run ended before its end; it is empty as long as the run goes on.
    """

    def __init__(self, target: Target, clock: Clock, *, wire: Wire, kept: Kept) -> None:
        self.target = target
        self.clock = clock
        self.wire = wire
        self.recipe = Recipe(target.gateway)
        self.looked_at: list[Answer] = []
        self.arrivals: dict[int, datetime] = {}
        self.spendings = Spendings()
        self.cut_short = ""
        self._until = clock.monotonic() + target.limits.run.total_seconds()
        self._kept = kept
        self._count = 0
        self._lock = threading.Lock()
        self._shown: dict[str, Answer] = {}
        self._seals: dict[int, Seal] = {}

    def look_up(
        self, key: str, way: Way = PLAIN, *, language: str | None = "RO", service_id: str | None = None
    ) -> Answer:
        """Ask for an order. Services of 2016 know no language."""
        payload = self.asking(key, language=language, service_id=service_id)
        spoken = "" if language == "RO" else f" in {language}" if language else " without Language"
        served = f" of service {service_id}" if service_id else ""
        return self.call(names.LOOKUP, payload, way, said=f"{names.LOOKUP} for {key!r}{served}{spoken}")

    def asking(self, key: str | None, *, language: str | None = "RO", service_id: str | None = None) -> str:
        """The payload that asks for an order, in the form that the service was built by; None leaves the key out."""
        spoken = language if self.target.contract is Contract.GUIDE_1_3 else None
        return messages.lookup(service_id or self.target.service_id, key, spoken)

    def telling(self, told: Confirmation) -> str:
        """The payload that tells of a payment, in that form."""
        return confirmation_xml(told, self.target.contract)

    def confirm(self, told: Confirmation, way: Way = PLAIN) -> Answer:
        """Tell of a payment."""
        said = f"{names.CONFIRM} of {told.total} {told.currency} for {told.order_key!r}, payment {told.payment_id!r}"
        sent = self.signed(names.CONFIRM, self.telling(told), way)
        with self._lock:
            spending = self.spendings.begin(told)
        answer = self.exchange(sent, f"{said}, {way.note}" if way.note else said)
        with self._lock:
            self.spendings.end(spending, answer)
        return answer

    def call(self, operation: str, payload: str, way: Way = PLAIN, *, said: str) -> Answer:
        """Sign a payload and post it."""
        sent = self.signed(operation, payload, way)
        return self.exchange(sent, f"{said}, {way.note}" if way.note else said)

    def signed(self, operation: str, payload: str, way: Way = PLAIN) -> Sent:
        """The request around a payload."""
        message = way.change(way.make(payload, way.recipe or self.recipe, self.clock.now()))
        action = f'"{names.action_of(operation)}"' if way.action is None else way.action
        headers = {"Content-Type": SOAP_TYPE, "SOAPAction": action} | way.headers
        return Sent("POST", self.target.url, headers, message)

    def exchange(self, sent: Sent, said: str) -> Answer:
        """Send anything. Raises: RunOver when no answer can come in time, or came in time."""
        answer = self._keep(said, sent, self.wire.exchange(sent, most_seconds=self._left()))
        self._need_whole(answer)
        return answer

    def in_a_row(self, requests: Sequence[Sent], said: str) -> list[Answer]:
        """Send one after another on one connection, as long as the service keeps it open. Raises: RunOver."""
        found = self.wire.in_a_row(requests, most_seconds=self._left())
        answers = [self._keep(said, *pair) for pair in zip(requests, found, strict=True)]
        for answer in answers:
            self._need_whole(answer)
        return answers

    def is_over(self) -> bool:
        """Whether the run may ask nothing more. Notes why."""
        if not self.cut_short and self.clock.monotonic() >= self._until:
            self.cut_short = f"the run was over after {self.target.limits.run.total_seconds():g} s"
        return bool(self.cut_short)

    def _left(self) -> float:
        if self.is_over():
            raise RunOver(self.cut_short)
        return max(self._until - self.clock.monotonic(), _SHORTEST)

    def _need_whole(self, answer: Answer) -> None:
        """Who had no time left to answer is not to blame. Raises: RunOver."""
        if answer.received.failure and self.is_over():
            raise RunOver(self.cut_short)

    def at_once(self, calls: Sequence[Callable[[], Answer]]) -> list[Answer]:
        """Make calls at the same time; the answers stand in the order of the calls."""
        start = threading.Barrier(len(calls))

        def run(call: Callable[[], Answer]) -> Answer:
            start.wait()
            return call()

        with ThreadPoolExecutor(len(calls)) as pool:
            try:
                return list(pool.map(run, calls))
            except BaseException:
                start.abort()  # an interruption while they gather would leave the first ones waiting for ever
                raise

    def shown(self, key: str) -> Answer:
        """The answer to the first lookup of a key, asked once for all checks."""
        if key not in self._shown:
            self._shown[key] = self.look_up(key)
        self.look_at(self._shown[key])
        return self._shown[key]

    def found(self) -> Answer:
        """The answer that holds the first order that is only read. Raises: NotRun when it holds none."""
        answer = self.shown(self.target.order_keys[0])
        if not answer.orders:
            raise NotRun(
                f"the correct lookup of {self.target.order_keys[0]!r} brought no order: {answer.summary}"
            )
        return answer

    def orders(self) -> list[etree._Element]:
        """The orders of every key that was given, as first shown. Raises: NotRun when there is none."""
        self.found()
        keys = (*self.target.order_keys, *self.target.pay_order_keys)
        return [order for key in dict.fromkeys(keys) for order in self.shown(key).orders or ()]

    def seal(self, answer: Answer) -> Seal:
        """How an answer is signed. Raises: NotRun when it is no envelope."""
        if answer.root is None:
            raise NotRun(f"the answer is no XML: {answer.summary}")
        if answer.number not in self._seals:
            self._seals[answer.number] = read_seal(answer.root, self.target.certificates)
        return self._seals[answer.number]

    def use(self, recipe: Recipe) -> None:
        """Sign so from now on; what was asked before is asked again."""
        self.recipe = recipe
        self._shown.clear()

    def look_at(self, answer: Answer) -> None:
        """Count an earlier exchange among those that the check under way judges."""
        if answer not in self.looked_at:
            self.looked_at.append(answer)

    def _keep(self, said: str, sent: Sent, received: Received) -> Answer:
        now = self.clock.now()
        with self._lock:
            self._count += 1
            answer = Answer(self._count, said, sent, received)
            self.arrivals[answer.number] = now
            self.looked_at.append(answer)
            self._kept(answer, now)
        return answer


def recipe_with(bench: Caller, **changes: object) -> Recipe:
    """The gateway's recipe but for these members."""
    return replace(bench.recipe, **changes)  # type: ignore[arg-type]
