"""A gateway under test: its parts, its pages, and the same pages served over real HTTP for the bank's callbacks."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from webtest.http import StopableWSGIServer

from mpay_gateway.domain.payment import Capture, Delivery, Payment, Reversal
from mpay_gateway.flow.gateway import build_parts
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.registration import apply_service
from mpay_gateway.settings import read_services, read_settings
from mpay_gateway.storage import UnitOfWork, Work, create_engine
from mpay_gateway.storage.migrate import migrate
from mpay_gateway.storage.tasks import LeaseTime
from mpay_gateway.web import make_app
from mpay_gateway.worker import Worker
from tests.scene.clock import SceneClock
from tests.scene.counterparts import Counterparts

T = TypeVar("T")
SERVICE_SECONDS = 3
"""After so long a service's answer is given up."""
TWO_STEP = """
[provider.sandbox-hold]
plugin = "sandbox"
url = "{bank}"
secret = {{ file = "secrets/bank-api" }}
callback_secret = {{ file = "secrets/bank-callbacks" }}
mode = "two-step"

[instrument.hold]
plugin = "bank_card"
providers = ["sandbox-hold"]
channels = ["portal"]
label = {{ ro = "Card cu rezervare", ru = "Карта с резервированием", en = "Card with reservation" }}
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a gateway is set up. `limits`: lines of the section. `more`: tables of further accounts and instruments, of
    plugins in the distributions `enabled`. `public_url`: empty for where it is served. `proxies`: our
    own, in front of it.

    Only one gateway at a time can be `served`: the shop and the bank know one address.
    """

    database: str
    two_step: bool = False
    limits: str = ""
    more: str = ""
    enabled: tuple[str, ...] = ()
    public_url: str = ""
    process: str = ""
    watermark: str = ""
    proxies: tuple[str, ...] = ()
    served: bool = True


@dataclass(frozen=True, slots=True)
class Gateway:
    """The parts of one gateway, its application, and a look into its books."""

    parts: Parts
    app: object
    counterparts: Counterparts
    clock: SceneClock
    ini: Path
    plan: Plan = field(repr=False)

    @property
    def url(self) -> str:
        return self.parts.settings.gateway.public_url

    def work(self, threads: int = 4) -> int:
        """Do what a worker would find due now. Returns how many tasks there were."""
        self.settle_down()
        return Worker(self.parts, threads).run_due()

    def settle_down(self, within: float = 12.0) -> None:
        """Wait until nothing runs beside the requests any more."""
        until = time.monotonic() + within
        while running := list(self.parts.background._running):
            for key in running:
                assert self.parts.background.wait(key, max(0.0, until - time.monotonic())), f"{key} runs on"

    def read(self, look: Callable[[Work], T]) -> T:
        return self.parts.units.read(look)

    def payment(self, payment_id: str) -> Payment:
        return self.read(lambda work: work.payments.get(payment_id))

    def payments(self, order_key: str, service_id: str = "DEMO01") -> tuple[Payment, ...]:
        return self.read(lambda work: work.payments.of_order(service_id, order_key))

    def captures(self, payment_id: str) -> tuple[Capture, ...]:
        return self.read(lambda work: work.payments.captures_of(payment_id))

    def delivery(self, payment_id: str) -> Delivery | None:
        return self.read(lambda work: work.deliveries.of_payment(payment_id))

    def reversals(self, payment_id: str) -> tuple[Reversal, ...]:
        return self.read(lambda work: work.reversals.of_payment(payment_id))

    def balances(self) -> dict[str, int]:
        """Balances in minor units by account, those that are not zero."""
        found = self.read(lambda work: work.ledger.balances())
        return {name: money.minor for (name, _), money in found.items() if money.minor}


def prepare_database(url: str) -> None:
    """Make the tables. Leaves no connection open."""
    engine = create_engine(url)
    migrate(engine)
    engine.dispose()


@contextmanager
def running_gateway(counterparts: Counterparts, plan: Plan, folder: Path) -> Iterator[Gateway]:
    """A gateway on a database that has its tables, served at its public address until the end."""
    gateway = build_gateway(counterparts, plan, folder)
    try:
        with served(gateway) if plan.served else nullcontext():
            yield gateway
    finally:
        close_gateway(gateway)


def build_gateway(counterparts: Counterparts, plan: Plan, folder: Path) -> Gateway:
    """The same without a server."""
    ini = write_configuration(counterparts, plan, folder)
    clock = SceneClock()
    # Plugins keep the machine's clock: the counterparts check our signatures by theirs.
    built = build_parts(read_settings(ini.with_suffix(".toml")))
    # Leases of processes that died run out when the scene's time moves on, whatever the database's clock says.
    units = UnitOfWork(built.units.engine, built.clock, lease_time=LeaseTime.CALLER)
    parts = replace(built, units=units, clock=clock, process=plan.process or built.process)
    parts.entrance.lead_to(parts)
    for service in read_services(_services(counterparts, folder), parts.registry.connector_types):
        apply_service(parts, service)
    return Gateway(parts, make_app(parts), counterparts, clock, ini, plan)


def close_gateway(gateway: Gateway) -> None:
    """Let the work beside the requests end, and what was started for it."""
    gateway.parts.close()


def write_configuration(counterparts: Counterparts, plan: Plan, folder: Path) -> Path:
    """The ini and the TOML of a gateway on the plan's database; the ini's path."""
    place = counterparts.place
    text = (place.folder / "gateway.toml").read_text("utf-8")
    text = re.sub(r"(?m)^database = .*$", f'database = "{plan.database}"', text)
    if plan.public_url:
        text = re.sub(r"(?m)^public_url = .*$", f'public_url = "{plan.public_url}"', text)
    if plan.watermark:
        text = text.replace("[gateway]\n", f'[gateway]\nwatermark = "{plan.watermark}"\n', 1)
    if plan.proxies:
        text = text.replace("[gateway]\n", f"[gateway]\ntrusted_proxies = {list(plan.proxies)}\n", 1)
    text += f"\n[limits]\n{plan.limits}\n" if plan.limits else ""
    text += f"\n{plan.more}\n"
    text = re.sub(r"(?m)^enabled = \[", f"enabled = [{''.join(f'{each!r}, ' for each in plan.enabled)}", text)
    text += TWO_STEP.format(bank=place.bank_url) if plan.two_step else ""
    text = re.sub(r'"((?:keys|secrets)/)', rf'"{place.folder}/\1', text)
    toml = folder / "gateway.toml"
    toml.write_text(text, "utf-8")
    ini = toml.with_suffix(".ini")
    ini.write_text(place.ini.read_text("utf-8"), "utf-8")
    return ini


def _services(counterparts: Counterparts, folder: Path) -> Path:
    place = counterparts.place
    text = place.services.read_text("utf-8")
    text = re.sub(r'"((?:keys|logos)/)', rf'"{place.folder}/\1', text)
    text = text.replace("[service.settings]", f"[service.settings]\ntimeout_seconds = {SERVICE_SECONDS}")
    path = folder / "services.toml"
    path.write_text(text, "utf-8")
    return path


@contextmanager
def served(gateway: Gateway) -> Iterator[None]:
    """The gateway's pages at its public address, for a while."""
    port = gateway.counterparts.place.gateway_port
    server = StopableWSGIServer(
        gateway.app, host="127.0.0.1", port=port, threads=8, ident=None, clear_untrusted_proxy_headers=True
    )
    runner = threading.Thread(target=server.run, name="gateway-server", daemon=True)
    runner.start()
    try:
        yield
    finally:
        # By its own thread, which would else sleep half a second before it saw that it is to end.
        server.trigger.pull_trigger(server.shutdown)
        runner.join(10)
