"""The fleet: gateways behind a front, workers, bank, e-Service, kiosk network and database, each a process."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from counterparts.demo.launcher.configuration import prepare
from counterparts.demo.launcher.place import CHECKOUT, Place
from counterparts.demo.launcher.processes import Program
from counterparts.demo.launcher.scenario import programs
from tests.proofs import broken_mpay
from tests.proofs.fleet.front import running_front
from tests.proofs.fleet.keeper import Keeper
from tests.proofs.fleet.members import Member, ProgramMember
from tests.scene.bank import Bank
from tests.scene.counterparts import KIOSK_RETRY_SECONDS, TIME_SCALE, free_base
from tests.scene.gateway import SERVICE_SECONDS, TWO_STEP
from tests.scene.kiosks import Kiosks
from tests.scene.shop import Shop

READY_SECONDS = 120
CONNECTIONS = (("max_connections", "240"),)
"""What a PostgreSQL server needs for a fleet: 52 for each process (docs/operations.md), and some for those who look."""
_COUNTERPARTS = 4
_THREADS = "8"
_LIMITS = """
[limits]
misses_per_10_minutes = 1000000
misses_per_day = 1000000
misses_per_service_per_hour = 1000000
misses_per_key_prefix_per_hour = 1000000
lookups_per_hour = 100000000
visits_per_hour = 100000000
callbacks_per_minute = 100000000

[breakers]
probe_seconds = 1  # or a service that was killed for a second is left alone for a minute, and nobody pays
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a fleet is made of. `database`: SQLAlchemy address of an empty database.

    `broken`: the mutant with which gateways and workers run, none when empty.
    """

    folder: Path
    database: str
    seed: int
    gateways: int = 2
    workers: int = 2
    broken: str = ""


@dataclass(frozen=True, slots=True)
class Fleet:
    """A running fleet."""

    place: Place
    database: str
    keeper: Keeper
    bank: Bank
    shop: Shop
    kiosks: Kiosks
    gateway_ports: tuple[int, ...]

    def repair(self) -> None:
        """Switch every fault of the other sides off."""
        self.bank.repair()
        self.shop.repair()
        self.kiosks.repair()

    def mpay(self, *arguments: str, token: str = "") -> tuple[int, str]:
        """Run a command that ends. Its exit status, and what it printed. `token`: of the operator who acts."""
        return _mpay(self.place, *arguments, token=token)


@contextmanager
def running_fleet(plan: Plan, others: tuple[Member, ...]) -> Iterator[Fleet]:
    """Start everybody and wait until all answer. `others`: members of the caller's, the database among them.

    The database must run already: its tables are made here.
    """
    place = Place(plan.folder, free_base(_COUNTERPARTS + plan.gateways), Path(sys.executable).parent)
    prepare(place)
    _configure(place, plan.database)
    for step in (("init-db",), ("services", "apply", str(place.services))):
        status, said = _mpay(place, *step)
        assert status == 0, said
    ports = [place.port_base + _COUNTERPARTS + number for number in range(plan.gateways)]
    keeper = Keeper((*others, *_other_sides(place), *_own(place, plan, ports)), plan.seed)
    with ExitStack() as running:
        running.callback(keeper.end)
        keeper.start()
        running.enter_context(running_front(place.gateway_port, ports))
        keeper.wait_until_all_answer(READY_SECONDS)
        sides = Bank(place.bank_url), Shop(place.shop_url), Kiosks(place.kiosk_url)
        yield Fleet(place, plan.database, keeper, *sides, tuple(ports))


def end_on_signals() -> None:
    """Let SIGTERM and SIGINT end the run in order, so that no process of the fleet is left over."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(1))


def _mpay(place: Place, *arguments: str, token: str = "") -> tuple[int, str]:
    command = [place.command("mpay"), "--config", str(place.ini), *arguments]
    environment = os.environ | {"MPAY_OPERATOR_TOKEN": token}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=environment)
    return done.returncode, done.stdout + done.stderr


def _own(place: Place, plan: Plan, ports: list[int]) -> list[Member]:
    start, environment = _program(place, plan)
    mpay, log = (*start, "--config", str(place.ini)), place.folder
    members: list[Member] = []
    for number, port in enumerate(ports, 1):
        command = (*mpay, "serve", "--port", str(port), "--threads", _THREADS)
        program = Program(f"gateway {number}", command, log / f"gateway-{number}.log", port, environment)
        members.append(ProgramMember("gateway", program, path="/readyz"))
    for number in range(1, plan.workers + 1):
        command = (*mpay, "worker", "--threads", _THREADS)
        program = Program(f"worker {number}", command, log / f"worker-{number}.log", environment=environment)
        members.append(ProgramMember("worker", program, said="worker_ready"))
    return members


def _program(place: Place, plan: Plan) -> tuple[tuple[str, ...], dict[str, str]]:
    """How an `mpay` of the fleet is started, and its environment: the shipped command, if nothing is to be broken."""
    if not plan.broken:
        return (place.command("mpay"),), {}
    environment = {broken_mpay.VARIABLE: plan.broken, "PYTHONPATH": str(CHECKOUT)}
    return (sys.executable, "-m", broken_mpay.__name__), environment


def _other_sides(place: Place) -> list[Member]:
    options = {
        "MPAY_DEMO_BANK_OPTIONS": f"--time-scale {TIME_SCALE}",
        "MPAY_DEMO_KIOSK_OPTIONS": f"--retry-seconds {KIOSK_RETRY_SECONDS}",
    }
    with patch.dict(os.environ, options):
        others = {place.shop_port, place.bank_port, place.kiosk_port}
        return [ProgramMember(each.name, each) for each in programs(place) if each.port in others]


def _configure(place: Place, database: str) -> None:
    """The demo's settings on the fleet's database, with a two-step account and no patience for silent services."""
    toml = place.folder / "gateway.toml"
    text = re.sub(r"(?m)^database = .*$", f'database = "{database}"', toml.read_text("utf-8"))
    text += _LIMITS + TWO_STEP.format(bank=place.bank_url)
    toml.write_text(text, "utf-8")
    services = place.services.read_text("utf-8")
    services = services.replace(
        "[service.settings]", f"[service.settings]\ntimeout_seconds = {SERVICE_SECONDS}"
    )
    # The load comes from one address and knows no number plates.
    services = re.sub(r'(?m)^second_factor = "property:.*$', 'second_factor = "none"', services)
    services = re.sub(r"(?m)^second_factor_label = .*\n", "", services)
    place.services.write_text(services, "utf-8")
