"""One complete scenario in processes of its own: gateway, worker, service, bank, kiosk network, and its database.

The programs, their keys and their configuration are those of the demo's launcher; this only raises limits,
chooses the database, and adds the stand-ins' service and bank.
"""

import json
import os
import secrets
import signal
import socket
import sys
import urllib.request
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from browser import Browser, HttpSite
from instant import InstantCounterparts
from payer import Payer, Purchase

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(CHECKOUT), str(CHECKOUT / "counterparts" / "demo")]

from launcher import scenario  # noqa: E402
from launcher.configuration import prepare  # noqa: E402
from launcher.place import DemoError, Place  # noqa: E402, F401
from launcher.processes import Processes, Program  # noqa: E402

from mpay_gateway.settings import read_settings  # noqa: E402
from tests.postgres import PostgresServer  # noqa: E402

SERVICE = "DEMO01"
SERVER = (("max_connections", "200"), ("shared_buffers", "128MB"))
"""Of PostgreSQL: room for three processes of 52 connections each."""
_LIMITS = """
[limits]
misses_per_10_minutes = 1000000
misses_per_day = 1000000
misses_per_service_per_hour = 1000000
misses_per_key_prefix_per_hour = 1000000
lookups_per_hour = 100000000
visits_per_hour = 100000000
callbacks_per_minute = 100000000
"""
_INSTANT_ACCOUNT = """
[provider.instant]
plugin = "sandbox"
url = "{address}"
secret = {{ file = "{folder}/secrets/bank-api" }}
callback_secret = {{ file = "{folder}/secrets/bank-callbacks" }}

[instrument.instant]
plugin = "bank_card"
providers = ["instant"]
channels = ["portal"]
"""
_INSTANT_SERVICE = """
[[service]]
id = "INSTANT01"
connector = "soap"
name = {{ ro = "Serviciu instantaneu", ru = "Мгновенная услуга", en = "Instant service" }}
order_key_label = {{ ro = "Numărul comenzii", ru = "Номер заказа", en = "Order number" }}
return_hosts = ["127.0.0.1:1"]
listed = false
channels = ["portal"]
max_in_flight = 16

[service.account]
iban = "MD22AG000000022512345678"
bank_code = "AGRNMD2X"
fiscal_code = "1007606001232"
beneficiary = "Demo"

[service.settings]
url = "{address}/ServiceProvider.svc"
certificates = ["keys/service.crt"]
"""


class Stack:
    """A running scenario on `database` ("SQLite" or "PostgreSQL"); a context that ends what it started."""

    def __init__(self, database: str, folder: Path, *, gateway_processes: int = 1) -> None:
        """`folder`: where configuration, logs and databases of this run go. `gateway_processes`: of `mpay serve`."""
        self._gateway_processes = gateway_processes
        self.database = database
        self.database_url = ""
        self._ending = ExitStack()
        self.place = Place(folder, _free_ports(4), Path(sys.executable).parent)
        self._postgres: PostgresServer | None = None
        self._processes = Processes(lambda: False)

    def __enter__(self) -> Self:
        """Start everything and wait until it answers. Raises: launcher.place.DemoError."""
        try:
            prepare(self.place)
            self.instant = self._ending.enter_context(InstantCounterparts(self.place.folder))
            self._configure()
            self._ending.callback(self._processes.stop)
            for step in scenario.setup_steps(self.place):
                self._processes.run(step)
            for program in scenario.programs(self.place):
                self._processes.start(self._sized(program))
            self._processes.wait_until_ready()
        except BaseException:
            self._ending.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.close()

    @property
    def pids(self) -> dict[str, int]:
        """The root process of each part by its name."""
        pids = self._processes.pids
        if self._postgres is not None:
            first = (self._postgres.log.parent / "data" / "postmaster.pid").read_text().split()[0]
            pids["PostgreSQL"] = int(first)
        return pids

    def orders(self, count: int) -> list[str]:
        """Order so much at the demo e-Service; the order keys."""
        return [self._order() for _ in range(count)]

    def purchase(self, order_key: str) -> Purchase:
        """The paying of an order of the demo e-Service."""
        return Purchase(SERVICE, order_key, f"{self.place.shop_url}/orders/{order_key}/returned")

    def payer(self) -> Payer:
        """A payer of such orders, at the sandbox bank, over connections of his own."""
        return Payer(Browser(HttpSite(self.place.gateway_url)), HttpSite(self.place.bank_url))

    def kill(self) -> None:
        """End every program and the database at once, as a power failure does."""
        for pid in self._processes.pids.values():
            os.killpg(pid, signal.SIGKILL)
        if self._postgres is not None:
            self._postgres.kill()
        self._processes.stop()

    def start_again(self) -> None:
        """Start everything that `kill` ended, all at once, and do not wait."""
        if self._postgres is not None:
            self._postgres.launch()
        for program in scenario.programs(self.place):
            self._processes.start(self._sized(program))

    def check(self) -> None:
        """Raises: DemoError when a program has ended, with the last lines of its log."""
        self._processes.check()

    def _sized(self, program: Program) -> Program:
        """The program with as many processes as were asked for, if it is the gateway.

        As an installed one it finds its modules compiled, whatever the environment says of a checkout.
        """
        installed = replace(program, environment={**program.environment, "PYTHONDONTWRITEBYTECODE": ""})
        if program.name != "gateway" or self._gateway_processes == 1:
            return installed
        return replace(installed, command=(*program.command, "--workers", str(self._gateway_processes)))

    def _order(self) -> str:
        body = json.dumps({"kind": "one-line"}).encode()
        request = urllib.request.Request(
            f"{self.place.shop_url}/test/orders", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return str(json.load(answer)["order_key"])

    def _configure(self) -> None:
        instant = {"address": self.instant.address, "folder": str(self.place.folder)}
        toml = self.place.folder / "gateway.toml"
        text = toml.read_text("utf-8")
        if self.database == "PostgreSQL":
            text = text.replace("sqlite:///gateway.sqlite", self._start_postgres())
        toml.write_text(text + _LIMITS + _INSTANT_ACCOUNT.format(**instant), "utf-8")
        with self.place.services.open("a", encoding="utf-8") as services:
            services.write(_INSTANT_SERVICE.format(**instant))
        self.database_url = read_settings(toml).gateway.database

    def _start_postgres(self) -> str:
        self._postgres = PostgresServer(settings=SERVER)
        self._ending.callback(self._postgres.remove)
        self._postgres.start()
        return self._postgres.create_database("bench")


def _free_ports(count: int) -> int:
    """The first of so many neighbouring ports that nothing listens on."""
    while True:
        base = 20_000 + secrets.randbelow(35_000)
        if all(_is_free(base + offset) for offset in range(count)):
            return base


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
