"""The other side as real processes: shop, bank and kiosk network, with keys and secrets made for them now."""

import os
import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from counterparts.demo.launcher.configuration import prepare
from counterparts.demo.launcher.place import Place
from counterparts.demo.launcher.processes import Processes
from counterparts.demo.launcher.scenario import programs
from tests.scene.bank import Bank
from tests.scene.kiosks import Kiosks
from tests.scene.shop import Shop

TIME_SCALE = 0.2
"""The bank hurries: its waits are a fifth of the usual, and still longer than a busy machine's page."""
KIOSK_RETRY_SECONDS = 0.3
_PORTS = range(20_000, 30_000)  # below the ports that outgoing connections take


@dataclass(frozen=True, slots=True)
class Counterparts:
    """The other sides of a gateway that is to run at `place`."""

    place: Place
    shop: Shop
    bank: Bank
    kiosks: Kiosks

    def repair(self) -> None:
        """Switch every fault off."""
        self.shop.repair()
        self.bank.repair()
        self.kiosks.repair()


@contextmanager
def running_counterparts(folder: Path, commands: Path) -> Iterator[Counterparts]:
    """Start all on free ports and wait until they answer. `commands`: folder of the installed programs."""
    place = Place(folder, free_base(), commands)
    prepare(place)
    processes = Processes(lambda: False)
    try:
        options = {
            "MPAY_DEMO_BANK_OPTIONS": f"--time-scale {TIME_SCALE}",
            "MPAY_DEMO_KIOSK_OPTIONS": f"--retry-seconds {KIOSK_RETRY_SECONDS}",
        }
        with patch.dict(os.environ, options):
            others = {place.shop_port, place.bank_port, place.kiosk_port}
            chosen = [each for each in programs(place) if each.port in others]
        for program in chosen:
            processes.start(program)
        processes.wait_until_ready()
        yield Counterparts(place, Shop(place.shop_url), Bank(place.bank_url), Kiosks(place.kiosk_url))
    finally:
        processes.stop()


def free_base(count: int = 4) -> int:
    """The first of so many ports in a row that nothing listens on."""
    for _ in range(100):
        base = random.choice(_PORTS)
        if all(_is_free(base + offset) for offset in range(count)):
            return base
    raise AssertionError("no free ports")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
