"""What the journeys share: both counterparts once per test process, and a gateway on each database per test."""

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.postgres import PostgresServer
from tests.scene.books import assert_sound
from tests.scene.counterparts import Counterparts, running_counterparts
from tests.scene.gateway import Gateway, Plan, prepare_database, running_gateway
from tests.scene.payer import Payer

MakeGateway = Callable[..., Gateway]
Databases = Callable[[], str]
ENGINES = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def counterparts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counterparts]:
    """The shop and the bank, as processes."""
    folder = tmp_path_factory.mktemp("counterparts")
    with running_counterparts(folder, Path(sys.executable).parent) as running:
        yield running


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite database with its tables, to copy."""
    path = tmp_path_factory.mktemp("template") / "gateway.sqlite"
    prepare_database(f"sqlite:///{path}")
    return path


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Which database the test runs on: on each, once."""
    return str(request.param)


@pytest.fixture
def database(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a fresh database with its tables."""
    if engine == "postgresql":
        return str(request.getfixturevalue("postgres_url")(prepare=prepare_database))
    path = tmp_path / "gateway.sqlite"
    shutil.copyfile(request.getfixturevalue("template"), path)
    return f"sqlite:///{path}"


@pytest.fixture
def make_gateway(database: str, counterparts: Counterparts, tmp_path: Path) -> Iterator[MakeGateway]:
    """Starts a gateway set up by a `Plan`; at the end of the test its books must be sound."""
    with ExitStack() as running:

        def make(**plan: object) -> Gateway:
            chosen = Plan(**{"database": database} | plan)  # type: ignore[arg-type]
            return running.enter_context(running_gateway(counterparts, chosen, tmp_path))

        made: list[Gateway] = []

        def make_and_note(**plan: object) -> Gateway:
            made.append(make(**plan))
            return made[-1]

        try:
            yield make_and_note
        finally:
            counterparts.repair()
        for gateway in made:
            assert_sound(gateway)


@pytest.fixture
def gateway(make_gateway: MakeGateway) -> Gateway:
    """A gateway as the demo has it."""
    return make_gateway()


@pytest.fixture
def payer(gateway: Gateway) -> Payer:
    return Payer(gateway)


@pytest.fixture
def shop(counterparts: Counterparts):
    return counterparts.shop


@pytest.fixture
def bank(counterparts: Counterparts):
    return counterparts.bank
