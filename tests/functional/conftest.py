"""What the journeys share: the counterparts once per test process, and a gateway on each database per test."""

import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.scene.bank import Bank
from tests.scene.books import assert_sound
from tests.scene.counterparts import Counterparts, running_counterparts
from tests.scene.gateway import Gateway, Plan, prepare_database, running_gateway
from tests.scene.kiosks import Kiosks
from tests.scene.payer import Payer
from tests.scene.shop import Shop

MakeGateway = Callable[..., Gateway]
ENGINES = ("sqlite", "postgresql")
PG_TEMPLATE = "journeys"


@pytest.fixture(scope="session")
def counterparts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counterparts]:
    """The shop and the bank, as processes."""
    folder = tmp_path_factory.mktemp("counterparts")
    with running_counterparts(folder, Path(sys.executable).parent) as running:
        yield running


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite database with its tables, to copy."""
    path = tmp_path_factory.mktemp("template") / "gateway.sqlite"
    prepare_database(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres_server) -> str:
    """The name of a PostgreSQL database with its tables, to copy."""
    prepare_database(postgres_server.create_database(PG_TEMPLATE))
    return PG_TEMPLATE


@contextmanager
def fresh_database(engine: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """The address of a database of the engine with its tables, for a while."""
    if engine == "sqlite":
        path = folder / "gateway.sqlite"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server, name = request.getfixturevalue("postgres_server"), f"journey_{time.monotonic_ns()}"
    yield server.create_database(name, template=request.getfixturevalue("postgres_template"))
    server.drop_database(name)


@contextmanager
def gateways(database: str, counterparts: Counterparts, folder: Path) -> Iterator[MakeGateway]:
    """A function that starts a gateway as a `Plan` says; at the end the books of all must be sound."""
    made: list[Gateway] = []
    with ExitStack() as running:

        def make(**plan: object) -> Gateway:
            chosen = Plan(**{"database": database} | plan)  # type: ignore[arg-type]
            made.append(running.enter_context(running_gateway(counterparts, chosen, folder)))
            return made[-1]

        try:
            yield make
        finally:
            counterparts.repair()
        for gateway in made:
            assert_sound(gateway)


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Which database the test runs on: on each, once."""
    return str(request.param)


@pytest.fixture
def database(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh database with its tables."""
    with fresh_database(engine, request, tmp_path) as url:
        yield url


@pytest.fixture
def make_gateway(database: str, counterparts: Counterparts, tmp_path: Path) -> Iterator[MakeGateway]:
    """Starts gateways on the test's database."""
    with gateways(database, counterparts, tmp_path) as make:
        yield make


@pytest.fixture
def gateway(make_gateway: MakeGateway) -> Gateway:
    """A gateway as the demo has it."""
    return make_gateway()


@pytest.fixture(scope="class", params=ENGINES)
def shared_gateway(
    request: pytest.FixtureRequest, counterparts: Counterparts, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    """One gateway for all tests of a class: for a story that is told step by step, over https as in production.

    Nothing answers at its address, so that the bank's callbacks do not arrive.
    """
    folder, port = tmp_path_factory.mktemp("story"), counterparts.place.gateway_port
    with (
        fresh_database(str(request.param), request, folder) as url,
        gateways(url, counterparts, folder) as make,
    ):
        yield make(public_url=f"https://127.0.0.1:{port}", served=False)


@pytest.fixture(scope="module")
def patient_gateway(
    request: pytest.FixtureRequest, counterparts: Counterparts, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    """One gateway for a module whose tests only knock at its pages; it does not tire of wrong keys."""
    folder = tmp_path_factory.mktemp("patient")
    limits = (
        "misses_per_10_minutes = 10000\nmisses_per_day = 10000\nlookups_per_hour = 10000\n"
        "misses_per_service_per_hour = 10000\nmisses_per_key_prefix_per_hour = 10000\nvisits_per_hour = 10000"
    )
    with (
        fresh_database("sqlite", request, folder) as url,
        gateways(url, counterparts, folder) as make,
    ):
        yield make(limits=limits, served=False)


@pytest.fixture
def payer(gateway: Gateway) -> Payer:
    return Payer(gateway)


@pytest.fixture
def shop(counterparts: Counterparts) -> Shop:
    return counterparts.shop


@pytest.fixture
def bank(counterparts: Counterparts) -> Bank:
    return counterparts.bank


@pytest.fixture
def kiosks(counterparts: Counterparts) -> Kiosks:
    return counterparts.kiosks
