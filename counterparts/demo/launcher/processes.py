"""The demo's processes: started in groups of their own, watched, and ended by their ids, never by name."""

# ruff: noqa: S603 -- commands are built here from installed programs, never from input

import contextlib
import ctypes
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .place import DemoError

READY_WITHIN = 90.0
STEADY_AFTER = 2.0
END_WITHIN = 12.0
TAIL = 20
_STEP = 0.05
_PR_SET_PDEATHSIG = 1
_LONGEST_TAIL = 16_384


@dataclass(frozen=True, slots=True)
class Program:
    """What to start. `port`: where it answers `/healthz`, 0 for a program without a port.

    `environment` is added to ours.
    """

    name: str
    command: Sequence[str]
    log: Path
    port: int = 0
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Running:
    """A program under way. It is reaped only when its group is ended, so its id stays its own till then."""

    program: Program
    process: subprocess.Popen[bytes]
    since: float

    @property
    def has_ended(self) -> bool:
        if self.process.returncode is not None:
            return True
        look = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self.process.pid, look) is not None

    def ask_to_end(self) -> None:
        """Let the program end in its own way; its group's other processes are its own affair."""
        if not self.has_ended:
            os.kill(self.process.pid, signal.SIGTERM)

    def bury(self) -> int:
        """Kill what is left of the group, a server's own workers among it; the program's exit status."""
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
        return self.process.wait()


class Processes:
    """Programs under way. `stop_asked` says whether the person wants the end: every wait looks at it.

    `orphans`: whether programs go on when the thread that started them is gone, as it is after a SIGKILL. Without them
    the system asks each to end (Linux alone can).
    """

    def __init__(self, stop_asked: Callable[[], bool], *, orphans: bool = True) -> None:
        self._stop_asked = stop_asked
        self._before_running = None if orphans else end_with_parent(os.getpid())
        self._running: list[_Running] = []

    @property
    def pids(self) -> dict[str, int]:
        """The first process of each program under way, by the program's name."""
        return {running.program.name: running.process.pid for running in self._running}

    def run(self, program: Program) -> None:
        """Run a program to its end, or until the end of everything is asked for.

        Raises: DemoError when it fails.
        """
        running = self._start(program)
        while not running.has_ended and not self._stop_asked():
            time.sleep(_STEP)
        _end([running])
        self._running.remove(running)
        if running.process.returncode != 0 and not self._stop_asked():
            raise DemoError(_obituary(running))

    def start(self, program: Program) -> None:
        """Start a program that stays.

        Raises: DemoError when the system cannot.
        """
        self._start(program)

    def wait_until_ready(self) -> None:
        """Wait until every program answers, or, without a port, has run steadily for a moment.

        Raises: DemoError when one ends before, or does not answer in time.
        """
        until = time.monotonic() + READY_WITHIN
        waiting = list(self._running)
        while waiting and not self._stop_asked():
            self.check()
            if time.monotonic() > until:
                raise DemoError(_reproach(waiting))
            waiting = [running for running in waiting if not _is_ready(running)]
            time.sleep(_STEP)

    def watch(self) -> None:
        """Wait until the end is asked for.

        Raises: DemoError when a program ends by itself.
        """
        while not self._stop_asked():
            self.check()
            time.sleep(_STEP * 4)

    def check(self) -> None:
        """Raises: DemoError when a program has ended, with the last lines of its log."""
        for running in self._running:
            if running.has_ended:
                running.bury()
                raise DemoError(_obituary(running))

    def stop(self) -> None:
        """End everything that was started, the last one first; what does not end in time is killed."""
        _end(self._running[::-1])
        self._running.clear()

    def _start(self, program: Program) -> _Running:
        environment = os.environ | {"PYTHONUNBUFFERED": "1"} | dict(program.environment)
        if program.log.exists():
            program.log.replace(program.log.with_suffix(".log.1"))
        try:
            with program.log.open("wb") as log:
                process = subprocess.Popen(
                    program.command,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    preexec_fn=self._before_running,  # noqa: PLW1509  the launcher has one thread
                )
        except OSError as error:
            raise DemoError(f"{program.name} cannot be started: {error}") from error
        running = _Running(program, process, time.monotonic())
        self._running.append(running)
        return running


def end_with_parent(parent: int) -> Callable[[], None] | None:
    """What a new process does first, so that it is asked to end when `parent` is gone; None where no system can."""
    if not sys.platform.startswith("linux"):
        return None
    system = ctypes.CDLL(None, use_errno=True)

    def ask() -> None:
        system.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died in between
            os._exit(1)

    return ask


def refuse_used_ports(ports: Mapping[str, int], hint: str) -> None:
    """Raises: DemoError that names every port that something else listens on, and how to choose others."""
    used = [f"port {port} ({name})" for name, port in ports.items() if not _is_free(port)]
    if used:
        raise DemoError(f"In use already: {', '.join(used)}.\n{hint}")


def get(port: int, path: str, *, timeout: float = 2.0) -> tuple[int, bytes]:
    """Status and body of a GET on loopback; status 0 when nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", path, headers={"Connection": "close"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()


def _is_ready(running: _Running) -> bool:
    if running.program.port:
        return get(running.program.port, "/healthz")[0] == 200
    return time.monotonic() - running.since > STEADY_AFTER


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _end(running: Sequence[_Running]) -> None:
    """Ask each to end, wait for all, then bury them."""
    for each in running:
        each.ask_to_end()
    until = time.monotonic() + END_WITHIN
    while time.monotonic() < until and not all(each.has_ended for each in running):
        time.sleep(_STEP)
    for each in running:
        each.bury()


def _obituary(running: _Running) -> str:
    code = running.process.returncode
    how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"
    return f"{running.program.name} {how}. {_last_lines(running.program)}"


def _reproach(waiting: Sequence[_Running]) -> str:
    names = ", ".join(running.program.name for running in waiting)
    return f"Not ready after {READY_WITHIN:.0f} s: {names}. {_last_lines(waiting[0].program)}"


def _last_lines(program: Program) -> str:
    with program.log.open("rb") as log:
        log.seek(max(0, log.seek(0, os.SEEK_END) - _LONGEST_TAIL))
        text = log.read().decode("utf-8", "replace")
    said = "\n".join(f"  {line}" for line in text.splitlines()[-TAIL:]) or "  (nothing)"
    return f"Its last lines in {program.log}:\n{said}"
