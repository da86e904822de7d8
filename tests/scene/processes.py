"""Real `mpay` processes beside a gateway under test, which may kill themselves at a crash point."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from mpay_gateway.crash_points import VARIABLE
from tests.scene.gateway import Gateway

START_SECONDS = 60
_DEATH = re.compile(r"^crash point (\S+): process (\d+) kills itself$", re.MULTILINE)


@contextmanager
def process(gateway: Gateway, *arguments: str, crash_point: str = "") -> Iterator[subprocess.Popen[bytes]]:
    """An `mpay` of the gateway's configuration, killed at the end if it still runs."""
    command = [gateway.counterparts.place.command("mpay"), "--config", str(gateway.ini), *arguments]
    environment = os.environ | {VARIABLE: crash_point}
    with (gateway.ini.parent / f"{arguments[0]}.log").open("ab") as log:
        started = subprocess.Popen(
            command, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
        )
        try:
            yield started
        finally:
            if started.poll() is None:
                os.killpg(started.pid, signal.SIGKILL)
            started.wait(20)


def die_at(crash_point: str, gateway: Gateway) -> None:
    """Let a worker do what is due until it kills itself there."""
    with process(gateway, "worker", crash_point=crash_point) as worker:
        code = worker.wait(START_SECONDS)
    assert_died(gateway, "worker", crash_point, pid=worker.pid, code=code)


def assert_died(gateway: Gateway, command: str, crash_point: str, *, pid: int, code: int) -> None:
    """The process killed itself, and at this very point."""
    log = log_of(gateway, command)
    assert (code, deaths(log)[-1:]) == (-signal.SIGKILL, [(named(crash_point), pid)]), log[-2000:]


def deaths(log: str) -> list[tuple[str, int]]:
    """The crash points at which processes killed themselves, with their ids."""
    return [(point, int(pid)) for point, pid in _DEATH.findall(log)]


def named(armed: str) -> str:
    """The point of `point:3`, the third pass."""
    return re.sub(r":[0-9]+$", "", armed)


def log_of(gateway: Gateway, command: str) -> str:
    """What the gateway's processes of this command have written."""
    return (gateway.ini.parent / f"{command}.log").read_text("utf-8", "replace")
