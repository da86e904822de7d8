"""Payers at work: a small pool of clients that pay for some seconds, and what that cost whom."""

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

from payer import Paid, Payer, Purchase
from processes import cpu_ms
from stack import Stack

CLIENTS = 4
_LOOK = 0.5
_IDLE_SHARE = 0.1
"""Of one core: all programs of a stack together use less when they wait for payers."""


@dataclass
class Measured:
    """What slices of one variant brought together. CPU in milliseconds by process."""

    payments: list[Paid] = field(default_factory=list)
    seconds: float = 0.0
    cpu: dict[str, float] = field(default_factory=dict)

    def add(self, payments: list[Paid], seconds: float, cpu: dict[str, float]) -> None:
        self.payments += payments
        self.seconds += seconds
        for name, used in cpu.items():
            self.cpu[name] = self.cpu.get(name, 0.0) + used

    @property
    def per_second(self) -> float:
        return len(self.payments) / self.seconds if self.seconds else 0.0

    def cpu_per_payment(self, name: str) -> float:
        return self.cpu.get(name, 0.0) / len(self.payments) if self.payments else 0.0


class Crowd:
    """The clients of one stack. Orders are made beforehand, so that making them costs no measured time."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._orders: SimpleQueue[str] = SimpleQueue()
        self._payers = [stack.payer() for _ in range(CLIENTS)]

    def pay_for(self, seconds: float, *, receipt: bool) -> tuple[list[Paid], float, dict[str, float]]:
        """Pay until the time is over; payments under way are finished. Payments, seconds, and CPU by process.

        Raises: whatever the first failed payment raised.
        """
        before, own, began = cpu_ms(self._stack.pids), time.process_time(), time.perf_counter()
        paid = self._pay(lambda: time.perf_counter() - began < seconds, receipt=receipt)
        took = time.perf_counter() - began
        after = cpu_ms(self._stack.pids)
        cpu = {name: after[name] - before[name] for name in after}
        return paid, took, cpu | {"payers": (time.process_time() - own) * 1000}

    def wait_until_idle(self, seconds: float = 40.0) -> None:
        """Wait until what programs do after their start (templates are compiled then) is done, at most so long."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            before = cpu_ms(self._stack.pids)
            time.sleep(_LOOK)
            after = cpu_ms(self._stack.pids)
            if sum(after.values()) - sum(before.values()) < _IDLE_SHARE * _LOOK * 1000:
                return

    def make_orders(self, count: int) -> None:
        """Have at least so many orders ready."""
        for order_key in self._stack.orders(max(0, count - self._orders.qsize())):
            self._orders.put(order_key)

    def _pay(self, go_on: Callable[[], bool], *, receipt: bool) -> list[Paid]:
        paid: list[Paid] = []
        failures: list[BaseException] = []

        def work(payer: Payer) -> None:
            payer.receipt = receipt
            try:
                while go_on() and not failures:
                    paid.append(payer.pay(self._purchase()))
            except BaseException as error:  # noqa: BLE001  raised again where the slice was asked for
                failures.append(error)

        threads = [threading.Thread(target=work, args=(payer,)) for payer in self._payers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]
        return paid

    def _purchase(self) -> Purchase:
        try:
            order_key = self._orders.get_nowait()
        except Empty:
            order_key = self._stack.orders(1)[0]
        return self._stack.purchase(order_key)


def machine_load() -> str:
    """What else the machine does, as a reader of the figures must know it."""
    one, five, _ = os.getloadavg()
    return f"{os.cpu_count()} cores, load average {one:.1f} (1 min), {five:.1f} (5 min)"
