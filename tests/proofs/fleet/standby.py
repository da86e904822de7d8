"""A second PostgreSQL server that follows a first one, and takes its place."""

import contextlib
import os
import signal
import subprocess
import time

from tests.postgres import PostgresServer
from tests.proofs.fleet.members import children_of

NAME = "standby_a"
ATTACH_SECONDS = 30
PROMOTE_SECONDS = 60


class StandbyServer(PostgresServer):
    """A hot standby of `primary`, made by pg_basebackup, which runs."""

    def __init__(self, primary: PostgresServer, settings: tuple[tuple[str, str], ...] = ()) -> None:
        """`settings`: further server parameters, as the primary has them."""
        self._primary = primary
        super().__init__(settings=settings)

    def _initialise(self) -> None:
        origin = f"host={self._primary.folder} user=postgres application_name={NAME}"
        command = [
            self._programs / "pg_basebackup", "--pgdata", self._data, "--dbname", origin, "--write-recovery-conf",
            "--wal-method", "stream", "--checkpoint", "fast", "--no-sync",
        ]  # fmt: skip
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **self._run_as)

    def wait_until_attached(self) -> None:
        """Wait until the primary sends what it writes. Raises: TimeoutError."""
        until = time.monotonic() + ATTACH_SECONDS
        question = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"
        while self._primary.ask(question) != 1:
            if time.monotonic() > until:
                raise TimeoutError(
                    f"the standby does not follow: {self.log.read_text('utf-8', 'replace')[-2000:]}"
                )
            time.sleep(0.1)

    def stop_following(self) -> None:
        """Receive nothing more, as with a broken line: what the primary writes from now on is not here."""
        self.set_parameter("primary_conninfo", "")
        until = time.monotonic() + ATTACH_SECONDS
        while self._primary.ask("SELECT count(*) FROM pg_stat_replication") != 0:
            if time.monotonic() > until:
                raise TimeoutError("the standby goes on following")
            time.sleep(0.1)

    def promote(self) -> float:
        """Become the primary; how many seconds it took. Raises: RuntimeError."""
        began = time.monotonic()
        if not self.ask(f"SELECT pg_promote(true, {PROMOTE_SECONDS})"):
            raise RuntimeError(f"no promotion within {PROMOTE_SECONDS} s")
        return time.monotonic() - began


def commit_at_both(primary: PostgresServer) -> None:
    """Let each commit of the primary wait until the standby has it on its disk."""
    primary.set_parameter("synchronous_standby_names", NAME)


def lose_power(server: PostgresServer) -> None:
    """SIGKILL every process of the server: nothing that it had not sent or written exists any more."""
    others = children_of(server.pid)
    server.behead()
    for pid in others:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
