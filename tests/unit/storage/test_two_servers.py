"""One address may name two database servers, of which one can be written to (docs/operations.md, Failover)."""

import threading

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from mpay_gateway.storage import create_engine
from mpay_gateway.storage.engine import SILENCE
from tests.postgres import PostgresServer
from tests.proofs.fleet.standby import StandbyServer, lose_power

DOCUMENTED = "postgresql+psycopg://mpay@/mpay?host=db-a:5432&host=db-b:5432&target_session_attrs=read-write"


@pytest.fixture
def pair():
    primary = PostgresServer()
    standby = None
    try:
        primary.start()
        primary.create_database("gateway")
        standby = StandbyServer(primary)
        standby.start()
        standby.wait_until_attached()
        yield primary, standby
    finally:
        for server in (standby, primary):
            if server is not None:
                server.remove()


def test_a_pool_finds_the_new_primary_by_itself(pair):
    primary, standby = pair
    hosts = f"host={primary.folder}&host={standby.folder}"
    engine = create_engine(f"postgresql+psycopg://postgres@/gateway?{hosts}&target_session_attrs=read-write")
    together = threading.Barrier(3)

    def fill() -> None:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
            together.wait(20)

    threads = [threading.Thread(target=fill) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lose_power(primary)
    with pytest.raises(OperationalError), engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    standby.promote()
    for _ in range(3):
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE IF NOT EXISTS t (n int)"))
    engine.dispose()


def test_the_documented_address_names_both_servers():
    engine = create_engine(DOCUMENTED)
    _, parameters = engine.dialect.create_connect_args(make_url(engine.url))
    assert (parameters["host"], parameters["port"]) == ("db-a,db-b", "5432,5432")
    assert parameters["target_session_attrs"] == "read-write"
    engine.dispose()


@pytest.mark.parametrize(
    ("query", "idle"), [("", str(SILENCE["keepalives_idle"])), ("&keepalives_idle=77", "77")]
)
def test_a_silent_machine_is_given_up_unless_the_address_says_otherwise(query, idle, postgres_url):
    engine = create_engine(postgres_url() + query)
    with engine.connect() as connection:
        parameters = connection.connection.driver_connection.info.get_parameters()
    assert parameters["keepalives_idle"] == idle
    assert parameters["tcp_user_timeout"] == str(SILENCE["tcp_user_timeout"])
    engine.dispose()
