"""The whole scenario as real processes: `mpay serve`, `mpay worker`, the demo shop and the sandbox bank."""

import re
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from counterparts.demo.launcher.configuration import prepare
from counterparts.demo.launcher.place import Place
from counterparts.demo.launcher.processes import Processes, Program
from counterparts.demo.launcher.scenario import programs, setup_steps
from tests.browser.front import Identity, running_front
from tests.scene.bank import Bank
from tests.scene.counterparts import free_base
from tests.scene.shop import Shop, ShopOrder

TIME_SCALE = 0.1
"""The bank's waits are a tenth of the usual."""
PLENTY = """
misses_per_10_minutes = 5000
misses_per_day = 5000
misses_per_service_per_hour = 5000
misses_per_key_prefix_per_hour = 5000
lookups_per_hour = 5000
visits_per_hour = 50000
"""
"""Lines of `[limits]` that never refuse: everybody here has the same address."""
PATIENT = "opens_after = 1000"
"""A line of `[breakers]`: a page's state must not hang on how often its service was silent in the states before it."""


@dataclass(frozen=True)
class FrontedPlace(Place):
    """A place whose gateway is found at another address than the port that it listens on."""

    public_url: str = ""

    @property
    def gateway_url(self) -> str:
        return self.public_url or f"http://127.0.0.1:{self.gateway_port}"


@dataclass(frozen=True, slots=True)
class Stack:
    """Everything that a payer's browser meets."""

    place: FrontedPlace
    shop: Shop
    bank: Bank

    @property
    def url(self) -> str:
        """The gateway's public address."""
        return self.place.gateway_url

    @property
    def sites(self) -> frozenset[str]:
        """Host and port of everybody whom a browser may talk to."""
        return frozenset(urlsplit(url).netloc for url in (self.url, self.shop.url, self.bank.url))

    def entrance(self, order: ShopOrder, *, with_return: bool = True) -> str:
        """The address that the shop's button leads to."""
        fields = {"ServiceID": order.service_id, "OrderKey": order.key}
        if with_return:
            fields["ReturnUrl"] = f"{self.shop.url}{order.page}/returned"
        return f"{self.url}/service/pay?{urlencode(fields)}"

    def look_up(self, statement: str, *values: str) -> str:
        """One value of the gateway's database."""
        with closing(sqlite3.connect(self._database)) as connection:
            row = connection.execute(statement, values).fetchone()
        assert row, (statement, values)
        return str(row[0])

    def write(self, statement: str, *values: str) -> None:
        """Change the gateway's database behind its back."""
        with closing(sqlite3.connect(self._database, timeout=10)) as connection, connection:
            assert connection.execute(statement, values).rowcount == 1, statement

    def rename_table(self, old: str, new: str) -> None:
        """Take a table of the gateway's database away, or put it back."""
        with closing(sqlite3.connect(self._database, timeout=10)) as connection, connection:
            connection.execute(f"ALTER TABLE {old} RENAME TO {new}")

    def hurry_delivery(self, payment: str) -> None:
        """The service's next turn to be told of a payment comes now instead of in a minute."""
        self.write(
            "UPDATE tasks SET due = '2020-01-01 00:00:00.000000' WHERE kind = 'deliver'"
            " AND subject = (SELECT id FROM deliveries WHERE payment_id = ?)", payment,
        )  # fmt: skip

    @property
    def _database(self) -> Path:
        return self.place.folder / "gateway.sqlite"


@contextmanager
def running_stack(folder: Path, *, limits: str = PLENTY, identity: Identity | None = None) -> Iterator[Stack]:
    """Start everything on free ports. `identity`: of a TLS front; without it the gateway is found by http."""
    base = free_base()
    if identity is None:
        with _running(folder, base, limits=limits) as stack:
            yield stack
        return
    trusting = {"SSL_CERT_FILE": str(identity.authority)}
    with (
        running_front(identity, base) as port,
        _running(folder, base, limits=limits, url=f"https://127.0.0.1:{port}", trusting=trusting) as stack,
    ):
        yield stack


@contextmanager
def _running(
    folder: Path, base: int, *, limits: str, url: str = "", trusting: dict[str, str] | None = None
) -> Iterator[Stack]:
    place = FrontedPlace(folder, base, Path(sys.executable).parent, url)
    prepare(place)
    _settle_configuration(place, limits)
    processes = Processes(lambda: False)
    try:
        for step in setup_steps(place):
            processes.run(step)
        for program in programs(place):
            processes.start(_suited(program, place, trusting or {}))
        processes.wait_until_ready()
        yield Stack(place, Shop(place.shop_url), Bank(place.bank_url))
    finally:
        processes.stop()


def _settle_configuration(place: FrontedPlace, limits: str) -> None:
    path = place.folder / "gateway.toml"
    text = re.sub(r"(?m)^public_url = .*$", f'public_url = "{place.gateway_url}"', path.read_text("utf-8"))
    path.write_text(f"{text}\n[breakers]\n{PATIENT}\n[limits]\n{limits}", "utf-8")


def _suited(program: Program, place: Place, trusting: dict[str, str]) -> Program:
    """The bank in a hurry, and trusting the front's authority when it calls back."""
    if program.port != place.bank_port:
        return program
    return replace(
        program, command=(*program.command, "--time-scale", str(TIME_SCALE)),
        environment={**program.environment, **trusting},
    )  # fmt: skip
