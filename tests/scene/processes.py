"""Real `mpay` processes beside a gateway under test, which may kill themselves at a crash point."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.scene.gateway import Gateway

START_SECONDS = 60


@contextmanager
def process(gateway: Gateway, *arguments: str, crash_point: str = "") -> Iterator[subprocess.Popen[bytes]]:
    """An `mpay` of the gateway's configuration, killed at the end if it still runs."""
    command = [gateway.counterparts.place.command("mpay"), "--config", str(gateway.ini), *arguments]
    environment = os.environ | {"MPAY_CRASHPOINT": crash_point}
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
    assert code == -signal.SIGKILL, (gateway.ini.parent / "worker.log").read_text("utf-8", "replace")[-2000:]
