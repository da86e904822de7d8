"""The members of a fleet: programs and the database server, each to be started, killed and asked whether it answers."""

import contextlib
import os
import random
import signal
import subprocess
from pathlib import Path
from typing import Protocol

from counterparts.demo.launcher.processes import Program, get
from tests.postgres import PostgresServer

END_SECONDS = 30


class Member(Protocol):
    """One member. `name` tells it from the others, `kind` groups what is alike."""

    name: str
    kind: str

    def start(self) -> None:
        """Start it, without waiting; what an earlier start left over is ended first."""

    def kill(self, chance: random.Random) -> str:
        """SIGKILL it, or a part of it. Returns how."""

    @property
    def alive(self) -> bool:
        """Whether its first process runs."""

    @property
    def answers(self) -> bool:
        """Whether it does its work, after a start."""

    def end(self) -> None:
        """End it in order, at last by force."""


class ProgramMember:
    """A program of ours or a counterpart's, in a process group of its own, as a service manager keeps it.

    `path`: where it says that it is ready; a program without a port is ready when its log says `said`.
    """

    def __init__(self, kind: str, program: Program, *, path: str = "/healthz", said: str = "") -> None:
        self.name, self.kind = program.name, kind
        self._program = program
        self._path, self._said = path, said.encode()
        self._process: subprocess.Popen[bytes] | None = None
        self._log_before = 0

    def start(self) -> None:
        self._bury()
        environment = os.environ | {"PYTHONUNBUFFERED": "1"} | dict(self._program.environment)
        with self._program.log.open("ab") as log:
            self._log_before = log.tell()
            self._process = subprocess.Popen(
                self._program.command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip

    def kill(self, chance: random.Random) -> str:
        """All of its processes at once, mostly; or the first one alone, or one that the first one started."""
        process = self._process
        if process is None or process.poll() is not None:
            return "was not running"
        children = children_of(process.pid)
        how = chance.choices(("whole", "first process", "child"), (3, 1, 1 if children else 0))[0]
        with contextlib.suppress(ProcessLookupError):
            if how == "whole":
                os.killpg(process.pid, signal.SIGKILL)
            else:
                os.kill(process.pid if how == "first process" else chance.choice(children), signal.SIGKILL)
        if how != "child":
            process.wait()
        return how

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def answers(self) -> bool:
        if self._program.port:
            return get(self._program.port, self._path, timeout=1)[0] == 200
        with self._program.log.open("rb") as log:
            log.seek(self._log_before)
            return self._said in log.read()

    def end(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(END_SECONDS)
        self._bury()

    @property
    def log(self) -> Path:
        return self._program.log

    def _bury(self) -> None:
        """End what is left of the group: a server's own children outlive their parent for a while."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None


class ServerMember:
    """A PostgreSQL server. Its first process is killed, or one of the others: then it recovers by itself."""

    def __init__(self, name: str, server: PostgresServer) -> None:
        self.name = self.kind = name
        self.server = server

    def start(self) -> None:
        self.server.launch()

    def kill(self, chance: random.Random) -> str:
        if not self.alive:
            return "was not running"
        children = children_of(self.server.pid)
        if children and chance.random() < 1 / 3:
            with contextlib.suppress(ProcessLookupError):
                os.kill(chance.choice(children), signal.SIGKILL)
            return "child"
        self.server.behead()
        return "first process"

    @property
    def alive(self) -> bool:
        with contextlib.suppress(RuntimeError):
            return self.server.pid > 0
        return False

    @property
    def answers(self) -> bool:
        return self.alive and self.server.answers

    def end(self) -> None:
        self.server.stop()


def children_of(pid: int) -> list[int]:
    """The processes that a process has started, as long as it lives."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError, IndexError):
                if int((folder / "stat").read_text().rpartition(")")[2].split()[1]) == pid:
                    found.append(int(folder.name))
    return sorted(found)
