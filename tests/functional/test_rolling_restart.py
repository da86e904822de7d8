"""Two gateways and two workers as processes on one PostgreSQL, restarted one after the other while payers pay.

No payer sees an error that a proxy would not have hidden, every payment is confirmed, and nobody waits for a lease of
a process that is gone.
"""

import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace

import pytest
import urllib3
from sqlalchemy import select

from mpay_gateway.domain.payment import DeliveryState
from mpay_gateway.storage.tables import tasks
from tests.scene.counterparts import free_base
from tests.scene.front_door import FrontDoor
from tests.scene.gateway import Gateway, served
from tests.scene.payer import Payer
from tests.scene.processes import START_SECONDS, process
from tests.scene.waiting import eventually

PAYERS = 2
DRAIN = "1"
LIMITS = "lookups_per_hour = 100000\nvisits_per_hour = 100000"


@dataclass
class Fleet:
    """The processes. Each has a stack of its own that ends it."""

    gateway: Gateway
    ports: tuple[int, ...]
    running: dict[str, tuple[ExitStack, subprocess.Popen[bytes]]] = field(default_factory=dict)

    def start(self, name: str) -> None:
        """`worker-0` or `serve-0`, and wait until a server is ready."""
        kind, _, number = name.partition("-")
        port = self.ports[int(number)]
        arguments = ["serve", "--port", str(port), "--drain", DRAIN] if kind == "serve" else [kind]
        stack = ExitStack()
        started = stack.enter_context(process(self.gateway, *arguments))
        self.running[name] = (stack, started)
        if kind == "serve":
            eventually(lambda: is_ready(port), within=START_SECONDS)

    def stop(self, name: str) -> int:
        """In order, as a service manager does. The exit status."""
        stack, running = self.running.pop(name)
        with stack:
            running.send_signal(signal.SIGTERM)
            return running.wait(90)

    def restart(self, name: str) -> None:
        assert self.stop(name) == 0
        self.start(name)

    def close(self) -> None:
        for stack, _ in self.running.values():
            stack.close()


@dataclass
class Crowd:
    """Payers who pay one order after the other until they are told to stop."""

    gateway: Gateway
    told: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def pay_on(self, number: int) -> None:
        payer, shop = Payer(self.gateway, address=f"203.0.113.{number + 1}"), self.gateway.counterparts.shop
        while not self.stop.is_set():
            try:
                page = payer.pay(shop.order())
                eventually(lambda: payer.result(page).says("result.told"), within=60)  # noqa: B023  called at once
                self.told.append(page.payment_id)
            except Exception as error:  # noqa: BLE001  any trouble of a payer is what the test looks for
                self.errors.append(repr(error))
                return

    def wait_for_more(self, count: int = 2) -> None:
        wanted = len(self.told) + count
        eventually(lambda: len(self.told) >= wanted or self.errors, within=120)
        assert self.errors == []


def is_ready(port: int) -> bool:
    try:
        return (
            urllib3.request("GET", f"http://127.0.0.1:{port}/readyz", timeout=2, retries=False).status == 200
        )
    except urllib3.exceptions.HTTPError:
        return False


@pytest.fixture
def engine() -> str:
    return "postgresql"


@pytest.fixture
def door(make_gateway) -> Iterator[tuple[Fleet, Gateway, FrontDoor]]:
    """The fleet behind its proxy, and a gateway whose pages are those behind the door.

    The door opens last: the bank may still have callbacks to bring for payments of earlier tests.
    """
    gateway = make_gateway(served=False, limits=LIMITS)
    base = free_base()
    fleet = Fleet(gateway, (base, base + 1))
    proxy = FrontDoor(fleet.ports, gateway.url.partition("//")[2])
    behind = replace(gateway, app=proxy)
    try:
        for name in ("serve-0", "serve-1", "worker-0", "worker-1"):
            fleet.start(name)
        eventually(lambda: all(each.ready for each in proxy.upstreams), within=START_SECONDS)
        with served(behind):
            yield fleet, behind, proxy
    finally:
        fleet.close()
        proxy.close()


@contextmanager
def paying(crowd: Crowd) -> Iterator[None]:
    threads = [threading.Thread(target=crowd.pay_on, args=(number,)) for number in range(PAYERS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        crowd.stop.set()
        for thread in threads:
            thread.join(120)


def test_a_rolling_restart_loses_nothing_and_drops_no_request(door):
    fleet, behind, proxy = door
    crowd = Crowd(behind)
    with paying(crowd):
        crowd.wait_for_more()
        for name in ("serve-0", "worker-0", "serve-1", "worker-1"):
            fleet.restart(name)
            crowd.wait_for_more()
    assert (crowd.errors, proxy.failures) == ([], [])
    assert all(each.answered for each in proxy.upstreams)
    for name in list(fleet.running):
        assert fleet.stop(name) == 0
    assert leases(behind) == []
    assert {behind.delivery(each).state for each in crowd.told} == {DeliveryState.CONFIRMED}


def leases(gateway: Gateway) -> list[tuple[str, str]]:
    """What is still leased, and to whom."""
    query = select(tasks.c.kind, tasks.c.leased_by).where(tasks.c.lease_until.is_not(None))
    return [tuple(row) for row in gateway.read(lambda work: work.connection.execute(query))]


def test_a_request_under_way_is_answered_though_its_server_was_told_to_stop(door, shop):
    """The service takes its time over the look-up; meanwhile the server is asked to end."""
    fleet, behind, proxy = door
    order = shop.order()
    shop.break_down(lookup="slow", slow_seconds=2)
    pages: list[object] = []
    payer = Payer(behind)
    asking = threading.Thread(target=lambda: pages.append(payer.arrive(order)))
    seen = len(shop.all_lookups())
    asking.start()
    eventually(lambda: len(shop.all_lookups()) > seen, within=30)
    for name in ("serve-0", "serve-1"):  # whichever has it
        fleet.running[name][1].send_signal(signal.SIGTERM)
    asking.join(60)
    shop.repair()
    (page,) = pages
    assert (page.status, proxy.failures) == (200, [])
    assert page.find_form("/pay/") is not None
    for name in ("serve-0", "serve-1"):
        assert fleet.running[name][1].wait(60) == 0
