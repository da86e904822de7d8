"""`mpay check-config` on what a commit survives: standbys that are none, and databases on somebody else's disk.

Standbys are real WAL receivers of a real server: what the server says of them is what it says of any standby.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy.engine import make_url

from mpay_gateway.storage.durability import shared_file_system
from tests.postgres import PostgresServer, find_programs, unprivileged_user
from tests.scene.waiting import eventually
from tests.unit.databases import make_tables

WAIT_FOR_A = "'standby_a'"


class Cluster:
    """A server of the test's own, whose settings tests change while it runs."""

    def __init__(self, server: PostgresServer) -> None:
        self.server = server
        self.url = server.create_database("gateway")
        self.host = make_url(self.url).query["host"]
        make_tables(self.url)

    def ask(self, statement: str) -> list[tuple[object, ...]]:
        with psycopg.connect(
            host=self.host, user="postgres", dbname="gateway", autocommit=True
        ) as connection:
            done = connection.execute(statement)
            return done.fetchall() if done.description else []

    def configure(self, name: str, value: str) -> None:
        """Change a setting and wait until new sessions have it."""
        self.ask(f"ALTER SYSTEM SET {name} = {value}")
        self.ask("SELECT pg_reload_conf()")
        wanted = value.strip("'")
        eventually(lambda: self.ask(f"SHOW {name}")[0][0], lambda shown: shown == wanted, within=60)

    def reset(self) -> None:
        for name in ("synchronous_standby_names", "synchronous_commit"):
            self.ask(f"ALTER SYSTEM RESET {name}")
        self.ask("SELECT pg_reload_conf()")
        eventually(
            lambda: self.ask("SHOW synchronous_standby_names")[0][0], lambda names: not names, within=60
        )

    @contextmanager
    def standby(self, name: str) -> Iterator[None]:
        """A receiver that has attached itself under this name."""
        folder = self.server.log.parent / name
        folder.mkdir(exist_ok=True)
        owner = unprivileged_user()
        run_as = {} if owner is None else {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        if owner is not None:
            folder.chmod(0o777)
        command = [
            find_programs() / "pg_receivewal", "--synchronous", "--no-loop", "-D", folder,
            "-d", f"host={self.host} user=postgres application_name={name}",
        ]  # fmt: skip
        receiver = subprocess.Popen(command, cwd=folder, stderr=subprocess.DEVNULL, **run_as)
        query = f"SELECT sync_state FROM pg_stat_replication WHERE application_name = '{name}' AND state = 'streaming'"
        try:
            eventually(lambda: self.ask(query), within=60)
            yield
        finally:
            receiver.terminate()
            receiver.wait(30)
            eventually(lambda: not self.ask(query), within=60)


@pytest.fixture(scope="module")
def running_cluster() -> Iterator[Cluster]:
    server = PostgresServer()
    try:
        server.start()
        yield Cluster(server)
    finally:
        server.remove()


@pytest.fixture
def cluster(running_cluster, place) -> Iterator[Cluster]:
    """The server, as its settings were at first, in the configuration."""
    place.configure(running_cluster.url)
    yield running_cluster
    running_cluster.reset()


@pytest.fixture
def said(run):
    """What the check says of the database beyond its shape, and its exit status."""

    def check():
        done = run("check-config")
        lines = [line for line in done.out.splitlines() if line[9:].startswith("database: ")]
        return [line for line in lines if "of this program's shape" not in line], done.status

    return check


def test_a_server_without_standby_is_a_warning(cluster, said):
    (line,), status = said()
    assert line == "warning  database: no standby: a lost disk loses acknowledged money"
    assert status == 0


def test_an_attached_asynchronous_standby_is_refused(cluster, said):
    with cluster.standby("standby_a"):
        (line,), status = said()
    assert line.startswith(
        "problem  database: an asynchronous standby is attached (synchronous_standby_names is"
    )
    assert status == 1


def test_an_asynchronous_standby_may_be_accepted(cluster, said, place):
    line = "[gateway]\naccept_asynchronous_standby = true\n"
    place.configure(cluster.url, replace=("[gateway]\n", line))
    with cluster.standby("standby_a"):
        (line,), status = said()
    assert line.startswith("warning  database: an asynchronous standby is attached")
    assert status == 0


def test_a_synchronous_standby_is_what_is_wanted(cluster, said):
    with cluster.standby("standby_a"):
        cluster.configure("synchronous_standby_names", WAIT_FOR_A)
        assert said() == ([], 0)
        with cluster.standby("standby_b"):
            (line,), status = said()
    assert line == "warning  database: 1 asynchronous standby beside it: never promote such a one"
    assert status == 0


def test_a_named_standby_that_is_not_there_is_a_problem(cluster, said):
    cluster.configure("synchronous_standby_names", WAIT_FOR_A)
    (line,), status = said()
    assert "no standby of synchronous_standby_names (standby_a) is attached: commits wait for it" in line
    assert status == 1


@pytest.mark.parametrize("value", ["local", "off"])
def test_commits_that_do_not_wait_make_a_synchronous_standby_asynchronous(cluster, said, value):
    with cluster.standby("standby_a"):
        cluster.configure("synchronous_standby_names", WAIT_FOR_A)
        cluster.configure("synchronous_commit", value)
        lines, status = said()
    assert lines[-1].startswith(
        f"problem  database: an asynchronous standby is attached (synchronous_commit is {value})"
    )
    assert (len(lines), status) == (2 if value == "off" else 1, 1)


def test_acceptance_does_not_cover_commits_that_are_not_written(cluster, said, place):
    line = "[gateway]\naccept_asynchronous_standby = true\n"
    place.configure(cluster.url, replace=("[gateway]\n", line))
    cluster.configure("synchronous_commit", "off")
    lines, status = said()
    assert lines[0].startswith("problem  database: synchronous_commit is off")
    assert status == 1


def test_a_standby_whose_state_is_hidden_is_not_taken_for_none(cluster, said, place):
    cluster.ask("CREATE ROLE plain LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO plain")
    place.configure(cluster.url.replace("postgres@", "plain@"))
    with cluster.standby("standby_a"):
        lines, status = said()
    assert [line[:7] for line in lines] == ["problem", "warning"]
    assert "GRANT pg_monitor" in lines[1]
    assert status == 1


def test_a_server_that_does_not_flush_is_a_problem(run, place):
    server = PostgresServer(fsync=False)
    try:
        server.start()
        url = server.create_database("gateway")
        make_tables(url)
        place.configure(url)
        done = run("check-config")
    finally:
        server.remove()
    assert "problem  database: fsync is off: a power cut loses everything" in done.out
    assert done.status == 1


MOUNTS = r"""21 1 8:1 / / rw - ext4 /dev/sda1 rw
30 21 0:40 / /srv/shared\040money rw shared:1 - nfs4 server:/money rw
31 30 0:41 / /srv/shared\040money/local rw - xfs /dev/sdb rw
32 21 0:42 / /srv/sha rw - cifs //server/sha rw
"""


@pytest.mark.parametrize(
    ("file", "kind"),
    [("/srv/shared money/gateway.sqlite", "nfs4"), ("/srv/shared money/local/gateway.sqlite", ""),
     ("/srv/sharp/gateway.sqlite", ""), ("/srv/sha/gateway.sqlite", "cifs"), ("/var/lib/gateway.sqlite", "")],
)  # fmt: skip
def test_a_file_that_other_machines_may_share_is_seen(tmp_path, file, kind):
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    assert shared_file_system(make_url(f"sqlite:///{file}"), mounts) == kind


def test_sqlite_on_a_shared_file_system_is_refused(run, ready, monkeypatch):
    monkeypatch.setattr("mpay_gateway.flow.operating.durability_check.shared_file_system", lambda _: "nfs4")
    done = run("check-config")
    assert "problem  database: SQLite on nfs4: other machines may share it" in done.out
    assert done.status == 1
