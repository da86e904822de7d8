"""Very many confirmations wait for a service that is silent; what that costs another service, and how fast they go.

A service has not been told of COUNT payments. Payers go on paying at another one, before, during the silence, and
while the first is healed and told everything: their time from capture to confirmed is compared.
"""

import argparse
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog
from browser import Browser, HttpSite, Request, UnexpectedAnswer
from filling import fill
from latency import capture_to_confirmed
from load import machine_load
from payer import Paid, Payer, PaymentFailed
from processes import cpu_ms
from stack import CHECKOUT, Stack

from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.gateway import build_parts
from mpay_gateway.flow.operating.overdue import waiting_confirmations
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.registration import apply_service
from mpay_gateway.settings import read_services, read_settings

SERVICE = "DRAIN01"
DEFAULT_COUNT = 100_000
PAUSE_SECONDS = 2.0
"""Between two payments at the healthy service."""
_REGISTRATION = """
[[service]]
id = "DRAIN01"
connector = "soap"
name = {{ ro = "Serviciu", ru = "Услуга", en = "Service" }}
order_key_label = {{ ro = "Numărul", ru = "Номер", en = "Number" }}
listed = false
max_in_flight = {max_in_flight}

[service.settings]
url = "{address}/ServiceProvider.svc"
certificates = ["keys/service.crt"]
"""


@dataclass(frozen=True, slots=True)
class Told:
    """What the service itself counted. `told`: different payments; `twice`: repetitions."""

    tries: int
    told: int
    twice: int


class Silent:
    """The silent service's process; a context that ends it."""

    def __init__(self, folder: Path) -> None:
        """`folder`: the stack's, with the keys of the service."""
        program = Path(__file__).with_name("silent_service.py")
        keys = folder / "keys"
        self._command = [
            sys.executable, program, "--key", keys / "service.key", "--certificate", keys / "service.crt"
        ]  # fmt: skip

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        self.address = self._process.stdout.readline().decode().strip()
        self._site = HttpSite(self.address)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait()

    @property
    def pid(self) -> int:
        return self._process.pid

    def heal(self) -> None:
        self._site.send(Request("GET", "/test/heal"), "")

    def told(self) -> Told:
        return Told(**json.loads(self._site.send(Request("GET", "/test/told"), "").body))


class Traffic:
    """One payer who pays at the healthy service every so often, in a thread of his own; a context that ends it."""

    def __init__(self, stack: Stack, when: str) -> None:
        self._stack = stack
        self._when = when
        self._payer = Payer(Browser(HttpSite(stack.place.gateway_url)), stack.instant.site)
        self._paid: list[Paid] = []
        self._failed = 0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._pay, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._thread.join()
        if error is None:
            spread = capture_to_confirmed(self._stack.database_url, self._paid)
            _say(f"{self._when}: capture to confirmed p50 {spread.p50:.0f} ms, p95 {spread.p95:.0f} ms,"
                 f" of {spread.count} payments; {self._failed} failed")  # fmt: skip

    def _pay(self) -> None:
        while not self._end.wait(PAUSE_SECONDS):
            try:
                self._paid.append(self._payer.pay(self._stack.instant.purchase()))
            except (PaymentFailed, UnexpectedAnswer, OSError):
                self._failed += 1


def main() -> int:
    """Measure and print; 1 when something was not told, or the books are not sound."""
    options = _parser().parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started is ended on this way out too
    logging.disable(logging.WARNING)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    _say(f"drain: {options.count:,} confirmations, {options.database}, {machine_load()}")
    with ExitStack() as ending:
        parent = CHECKOUT / "var"
        parent.mkdir(exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="drain-", dir=parent))
        ending.callback(shutil.rmtree, folder, ignore_errors=True)
        stack = ending.enter_context(Stack(options.database, folder))
        silent = ending.enter_context(Silent(folder))
        parts = build_parts(read_settings(folder / "gateway.toml"))
        ending.callback(parts.close)
        return _Drain(stack, silent, parts, options).run()


class _Drain:
    """One run over a running scenario."""

    def __init__(self, stack: Stack, silent: Silent, parts: Parts, options: argparse.Namespace) -> None:
        self._stack = stack
        self._silent = silent
        self._parts = parts
        self._options = options

    def run(self) -> int:
        self._register()
        with Traffic(self._stack, "healthy service alone"):
            time.sleep(self._options.seconds)
        took = fill(self._parts, SERVICE, "instant", self._options.count)
        _say(f"filled {self._options.count:,} in {took:.0f} s")
        self._wait_until_silent()
        with Traffic(self._stack, "while they wait"):
            time.sleep(self._options.seconds)
        _say(f"the silent service was tried {self._silent.told().tries} times so far")
        with Traffic(self._stack, "while they are told"):
            self._drain()
        return self._verdict()

    def _register(self) -> None:
        file = self._stack.place.folder / "drain.toml"
        values = {"address": self._silent.address, "max_in_flight": self._options.in_flight}
        file.write_text(_REGISTRATION.format(**values), "utf-8")
        for service in read_services(file, self._parts.registry.connector_types):
            apply_service(self._parts, service)

    def _wait_until_silent(self) -> None:
        """Until the leases of the processes that died have run out, and the breaker is open."""
        until = time.monotonic() + 300
        while not any(
            breaker.is_open for breaker in self._parts.units.read(lambda work: work.breakers.troubled())
        ):
            if time.monotonic() > until:
                raise TimeoutError("the breaker does not open")
            time.sleep(1)

    def _drain(self) -> None:
        pids = self._stack.pids | {"silent service": self._silent.pid}
        self._silent.heal()
        while self._silent.told().told == 0:
            time.sleep(0.1)
        began, before = time.monotonic(), cpu_ms(pids)
        last = began
        while (left := self._left()) and time.monotonic() - began < self._options.limit:
            time.sleep(1)
            if time.monotonic() - last >= 60:
                last = time.monotonic()
                _say(f"  {last - began:.0f} s: {left:,} left, {machine_load()}")
        took, after = time.monotonic() - began, cpu_ms(pids)
        done = self._options.count - left
        _say(f"told {done:,} in {took:.0f} s: {done / took:.1f} a second")
        for name in ("worker", "PostgreSQL", "silent service", "gateway"):
            if name in after:
                print(
                    f"  CPU ms for each: {name} {(after[name] - before[name]) / max(1, done):.1f}", flush=True
                )

    def _left(self) -> int:
        return next(
            (each.count for each in waiting_confirmations(self._parts) if each.service_id == SERVICE), 0
        )

    def _verdict(self) -> int:
        told, left = self._silent.told(), self._left()
        print(f"the service was told of {told.told:,} payments, {told.twice:,} of them again; {left:,} left")
        print(f"{machine_load()}")
        report = check_books(self._parts.units) if self._options.books else None
        if report is not None:
            print(f"books: {len(report)} violations")
        return int(bool(left) or told.told != self._options.count or bool(report))


def _say(line: str) -> None:
    print(line, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench-drain", description=__doc__)
    count = int(os.environ.get("COUNT") or DEFAULT_COUNT)
    parser.add_argument(
        "--count", type=int, default=count, help="confirmations (default: COUNT, else %(default)s)"
    )
    parser.add_argument("--database", choices=("SQLite", "PostgreSQL"), default="PostgreSQL")
    parser.add_argument("--in-flight", type=int, default=4, help="max_in_flight of the service (%(default)s)")
    parser.add_argument("--seconds", type=float, default=60, help="of traffic before and during the silence")
    parser.add_argument("--limit", type=float, default=3600, help="give up after so many seconds of draining")
    parser.add_argument("--books", action="store_true", help="check the books at the end")
    return parser


if __name__ == "__main__":
    sys.exit(main())
